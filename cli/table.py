"""A table of raw values under named fields, and the text that people see of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orbench.run import JsonValue

from .cells import Kind, for_people
from .layout import Column

__all__ = ["Field", "Table", "text_columns"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table: its name for programs and, if another, its heading for people."""

    name: str
    kind: Kind = Kind.VALUE
    heading: str = ""
    may_fold: bool = False

    @property
    def title(self) -> str:
        """The heading for people."""
        return self.heading or self.name


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of raw values under fields; `rows[i][j]` belongs to `fields[j]`."""

    fields: Sequence[Field]
    rows: Sequence[Sequence[JsonValue]]
    empty: str = "nothing to show"

    def without(self, names: Iterable[str]) -> Table:
        """The table without the fields of these names."""
        dropped = set(names)
        kept = [index for index, field in enumerate(self.fields) if field.name not in dropped]
        rows = [[row[index] for index in kept] for row in self.rows]
        return Table([self.fields[index] for index in kept], rows, self.empty)


def text_columns(table: Table) -> list[Column]:
    """The columns as people read them; numbers stand to the right."""
    return [
        Column(
            heading=place.title,
            cells=[for_people(row[index], place.kind) for row in table.rows],
            right=all(_is_number(row[index]) for row in table.rows) and place.kind is not Kind.TIME,
            may_fold=place.may_fold,
        )
        for index, place in enumerate(table.fields)
    ]


def _is_number(value: JsonValue) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
