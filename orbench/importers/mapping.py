r"""The mapping: which column of a table is what, as `--map`, `--set`, `--path` and `--wide` say.

A *target* is what a run needs: see TARGETS. A *source* is where it comes from in a row; groups of
`--path` and `--wide` that are called like a target are its source without further words.

| source | is |
|---|---|
| `score` | the cell in the column `score` |
| `frames*1e6`, `time/1000` | the cell times, or through, a number |
| `cumsum(l)` | the sum of the column up to this row, within the run |
| `mean(results)` | the mean of the columns `results.0`, `results.1`, ... |
| `@row` | the number of the row, from 0 |
| `@seed` | the group `(?P<seed>...)` of `--path` |
| `@file`, `@folder` | the name of the file without its suffixes, of the folder it lies in |
| `*` (for value) | every column of numbers that nothing else uses |
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..errors import UsageError, near
from ..run import Document, JsonValue

__all__ = [
    "ALL_COLUMNS",
    "IDENTITY",
    "TARGETS",
    "Source",
    "TableMapping",
    "known_target",
    "parse_mapping",
    "parse_source",
]

IDENTITY = ("project", "exp_name", "env_id", "seed")
"""The targets that name a run."""

TARGETS = (*IDENTITY, "step", "wall_time", "elapsed", "metric", "value")
"""What a column can be, besides `metric:NAME` (a value) and `config.KEY`.

wall_time is seconds since the epoch or an ISO time; elapsed is seconds since the run began.
"""

ALL_COLUMNS = "*"

_PREFIXES = ("metric:", "config.")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_SCALED = re.compile(rf"(?P<inner>.+?)\s*(?P<sign>[*/])\s*(?P<factor>{_NUMBER})")
_CALL = re.compile(r"(?P<function>cumsum|mean)\((?P<column>.+)\)")
_LONGEST_PATTERN = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: `kind` is column, cumsum, mean or group; times `scale`.

    A divisor is kept as one: a number through 10 is not always that number times 0.1.
    """

    kind: str
    name: str
    scale: float = 1.0
    divisor: float = 1.0

    @property
    def is_scaled(self) -> bool:
        """Whether the number is another one than what stands in the table."""
        return self.scale != 1 or self.divisor != 1

    def scaled(self, sign: str, factor: float) -> Source:
        """The source times (`*`) or through (`/`) a number besides."""
        if sign == "*":
            return replace(self, scale=self.scale * factor)
        return replace(self, divisor=self.divisor * factor)


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How tables become runs, as it was asked for; what is not said is found by usual names.

    `sources` has the source text, for the targets that may have several (value, metric:NAME) one
    pair each; `constants` what is the same for all rows.
    """

    sources: tuple[tuple[str, str], ...] = ()
    constants: Mapping[str, JsonValue] = field(default_factory=dict)
    path: re.Pattern[str] | None = None
    wide: re.Pattern[str] | None = None

    def document(self) -> Document:
        """The mapping as the provenance of a run has it; only what was said."""
        said: dict[str, JsonValue] = {
            "map": [f"{target}={source}" for target, source in self.sources],
            "set": dict(self.constants),
            "path": self.path.pattern if self.path else None,
            "wide": self.wide.pattern if self.wide else None,
        }
        return {name: value for name, value in said.items() if value}


def parse_mapping(
    maps: Sequence[str] = (),
    constants: Sequence[str] = (),
    path: str | None = None,
    wide: str | None = None,
) -> TableMapping:
    """The mapping that `target=source` and `target=constant` texts and two expressions spell.

    Raises UsageError, with near names, for what is no target and no regular expression.
    """
    sources = tuple(_assignment(text, "--map", "COLUMN") for text in maps)
    fixed = [_assignment(text, "--set", "TEXT") for text in constants]
    named = [target for target, _ in (*sources, *fixed) if target != "value"]
    twice = next((target for target in named if named.count(target) > 1), None)
    if twice is not None:
        raise UsageError(f"'{twice}' is mapped twice; say once what it is")
    if "value" in dict(fixed) or any(target.startswith("metric:") for target, _ in fixed):
        raise UsageError("a value comes from a column: --map value=COLUMN")
    return TableMapping(
        sources,
        {target: _constant(target, text) for target, text in fixed},
        _pattern(path, "--path"),
        _pattern(wide, "--wide"),
    )


def known_target(target: str) -> bool:
    """Whether this is something that a run has."""
    return target in TARGETS or any(
        target.startswith(prefix) and len(target) > len(prefix) for prefix in _PREFIXES
    )


def parse_source(text: str, columns: Sequence[str]) -> Source | None:
    """What a source means in a table with these columns; None if it is nothing there.

    A column of just this name is meant first: `a/2` is a column if there is one.
    """
    if text in columns:
        return Source("column", text)
    if (call := _CALL.fullmatch(text)) is not None:
        return _call(call, columns)
    if (scaled := _SCALED.fullmatch(text)) is not None:
        inner = parse_source(scaled["inner"].strip(), columns)
        return inner and inner.scaled(scaled["sign"], _factor(scaled))
    return Source("group", text[1:]) if text.startswith("@") else None


def _call(call: re.Match[str], columns: Sequence[str]) -> Source | None:
    column = call["column"].strip()
    if call["function"] == "cumsum":
        return Source("cumsum", column) if column in columns else None
    parts = [name for name in columns if re.fullmatch(rf"{re.escape(column)}\.\d+", name)]
    return Source("mean", column) if parts or column in columns else None


def _factor(scaled: re.Match[str]) -> float:
    factor = float(scaled["factor"])
    if factor == 0 or not math.isfinite(factor):
        raise UsageError(f"'{scaled.string}': {scaled['factor']} is no number to scale by")
    return factor


def _assignment(text: str, option: str, what: str) -> tuple[str, str]:
    target, equals, source = text.partition("=")
    target = target.strip()
    if not equals or not target or not source.strip():
        raise UsageError(
            f"{option} '{text}' is not of the form TARGET={what}, as {option} env_id=..."
        )
    if not known_target(target):
        raise UsageError(
            f"{option} '{text}': a run has no '{target}'{near(target, TARGETS)}; there are "
            f"{', '.join(TARGETS)}, metric:NAME and config.KEY"
        )
    return target, source.strip()


def _constant(target: str, text: str) -> JsonValue:
    """A constant: the text itself, save for a seed (a whole number or none) and config values."""
    if target == "seed":
        if text == "none":
            return None
        if re.fullmatch(r"[-+]?\d{1,19}", text) is None:
            raise UsageError(f"--set seed={text}: a seed is a whole number, or none")
        return int(text)
    if target in ("step", "wall_time", "elapsed"):
        if re.fullmatch(_NUMBER, text) is None:
            raise UsageError(f"--set {target}={text}: that is not a number")
        return float(text)
    if target.startswith("config."):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def _pattern(text: str | None, option: str) -> re.Pattern[str] | None:
    if not text:
        return None
    if len(text) > _LONGEST_PATTERN:
        raise UsageError(f"{option}: a pattern has at most {_LONGEST_PATTERN} characters")
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(f"{option} '{text}' is no regular expression: {error}") from error
    if not pattern.groupindex:
        raise UsageError(
            f"{option} '{text}' names no group; write one as (?P<seed>[0-9]+) for each of what it "
            "finds"
        )
    return pattern
