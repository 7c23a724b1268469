"""The tree of a filter: what `filters.parse` makes, a store compiles and `str` writes back.

Every condition is either true or false of a run, never unknown: a comparison is false of a run
that lacks the value, `!=` and `!~` included, and `not` turns it around.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = [
    "ALL",
    "And",
    "Compare",
    "Field",
    "Filter",
    "Has",
    "Not",
    "Or",
    "Value",
    "quote",
    "size_of",
]

_BARE_NAME = re.compile(r"""[^\s()=!<>~,"']+""")


class Filter:
    """A condition on runs, immutable and comparable; `parse(str(a_filter)) == a_filter`.

    Filters compose with `&`, `|` and `~`, or with `all_of` and `any_of`.
    """

    __slots__ = ()

    @property
    def text(self) -> str:
        """The filter in the filter language; the same for every way to write it."""
        return _written(self)

    def __str__(self) -> str:
        return self.text

    def __and__(self, other: Filter) -> Filter:
        return Filter.all_of(self, other)

    def __or__(self, other: Filter) -> Filter:
        return Filter.any_of(self, other)

    def __invert__(self) -> Filter:
        return self.part if isinstance(self, Not) else Not(self)

    @staticmethod
    def all_of(*filters: Filter) -> Filter:
        """The filter that is true where all of these are; of none it is true of every run."""
        parts: list[Filter] = []
        for one in filters:
            parts += one.parts if isinstance(one, And) else [one]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    @staticmethod
    def any_of(*filters: Filter) -> Filter:
        """The filter that is true where one of these is; of none it is true of no run."""
        parts: list[Filter] = []
        for one in filters:
            parts += one.parts if isinstance(one, Or) else [one]
        if len(parts) > 1:
            return Or(tuple(parts))
        return parts[0] if parts else ~ALL


@dataclass(frozen=True, slots=True)
class And(Filter):
    """True where every part is; made by `Filter.all_of`, so that no part is an `And` itself."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or(Filter):
    """True where a part is; made by `Filter.any_of`, so that no part is an `Or` itself."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not(Filter):
    """True where the part is not; made by `~`, so that the part is not a `Not` itself."""

    part: Filter


@dataclass(frozen=True, slots=True)
class Field:
    """What a condition looks at: `space` is a name of `filter_fields`; `name` a key within it.

    A run's own fields have no name: Field("seed"), but Field("config", "optim.lr").
    """

    space: str
    name: str = ""

    def __str__(self) -> str:
        if not self.name:
            return self.space
        name = self.name if _BARE_NAME.fullmatch(self.name) else quote(self.name)
        dotted = self.space in ("config", "summary", "package")
        return f"{self.space}.{name}" if dotted else f"{self.space}({name})"


@dataclass(frozen=True, slots=True)
class Value:
    """A value as written: quoted it is a text, bare it is whatever it can be read as."""

    text: str
    quoted: bool = False

    @property
    def is_glob(self) -> bool:
        """Whether the value is a pattern of `*`, `?` and `[...]`."""
        return not self.quoted and any(sign in self.text for sign in "*?[")

    def __str__(self) -> str:
        return quote(self.text) if self.quoted else self.text


@dataclass(frozen=True, slots=True)
class Compare(Filter):
    """A field beside values; several values (of `=` and `!=` only) are a membership."""

    field: Field
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Has(Filter):
    """True of runs that have the field at all; a text that is empty counts as not there."""

    field: Field


ALL = And(())
"""The filter that is true of every run; written `all`."""


def size_of(where: Filter) -> tuple[int, int]:
    """How many conditions a filter has, and how deep they stand in each other."""
    conditions, deepest = 0, 0
    left = [(where, 1)]
    while left:
        one, depth = left.pop()
        deepest = max(deepest, depth)
        parts = (
            one.parts if isinstance(one, And | Or) else (one.part,) if isinstance(one, Not) else ()
        )
        conditions += not parts
        left += [(part, depth + 1) for part in parts]
    return conditions, deepest


def quote(text: str) -> str:
    r"""The text in double quotes, `"` and backslash escaped by a backslash."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _written(where: Filter) -> str:
    match where:
        case And(parts):
            return " ".join(_grouped(part, Or) for part in parts) or "all"
        case Or(parts):
            return " or ".join(map(_written, parts))
        case Not(part):
            return f"not {_grouped(part, Or, And)}"
        case Has(field):
            return f"has:{field}"
        case Compare(field, operator, values):
            written = ",".join(map(str, values))
            named = field.space in ("tag", "metric") and operator == "="
            return f"{field}:{written}" if named else f"{field}{operator}{written}"
    raise TypeError(f"{where!r} is no filter")


def _grouped(part: Filter, *looser: type[Filter]) -> str:
    written = _written(part)
    return f"({written})" if isinstance(part, looser) and part != ALL else written
