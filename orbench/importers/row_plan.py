"""The row plan: a mapping applied to the columns of one table, ready to be run over its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from ..errors import UsageError, near
from .cells import CellError, as_number
from .mapping import ALL_COLUMNS, IDENTITY, Source, TableMapping, parse_source
from .table_file import Cell, TableFile

__all__ = [
    "DEFAULT_PROJECT",
    "USUAL_NAMES",
    "Reading",
    "RowPlan",
    "ValueColumn",
    "mean_columns",
    "plan_rows",
]

USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "project": ("project",),
    "exp_name": ("exp_name", "algo", "algorithm", "agent", "method", "variant"),
    "env_id": ("env_id", "env", "environment", "env_name", "task", "game"),
    "seed": ("seed", "run_seed", "random_seed"),
    "step": (
        *("step", "steps", "global_step", "timestep", "timesteps", "total_timesteps"),
        *("env_step", "env_steps", "frame", "frames"),
    ),
    "wall_time": ("wall_time", "timestamp"),
    "metric": ("metric", "metric_name"),
}
"""What columns and config keys are usually called, by target."""

_USUAL_VALUES = (
    *("value", "score", "return", "reward", "episodic_return", "episode_return"),
    *("episode_reward", "ep_rew_mean", "success", "success_rate"),
)
DEFAULT_PROJECT = "imported"
_PEEKED_ROWS = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """How one target is read: from a `source` in the row, or it is `constant`. `text` says it."""

    text: str
    source: Source | None = None
    constant: Cell = None

    @property
    def is_from_path(self) -> bool:
        """Whether it is a text that the path of the file has."""
        return self.source is None and self.text.startswith("@")


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """A column of values. `names` are the targets that its own name tells (`--wide`).

    `metric` is its metric, None where the row has one (`RowPlan.metric`).
    """

    source: Source
    text: str
    metric: str | None
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RowPlan:
    """Where everything is in the rows of a table; `None` for what is not there.

    `identity` has project, exp_name, env_id and seed, `config` the config values by their keys.
    `unused` are the columns that nothing is read from.
    """

    columns: tuple[str, ...]
    identity: Mapping[str, Reading]
    config: Mapping[str, Reading]
    step: Reading | None
    wall_time: Reading | None
    elapsed: Reading | None
    metric: Reading | None
    values: tuple[ValueColumn, ...]

    def readings(self) -> Iterator[tuple[str, Reading]]:
        """Every target that is read once in a row, with how."""
        yield from self.identity.items()
        rest = ("step", "wall_time", "elapsed", "metric")
        yield from ((name, found) for name in rest if (found := getattr(self, name)) is not None)
        yield from ((f"config.{key}", reading) for key, reading in self.config.items())

    @property
    def unused(self) -> list[str]:
        """The columns that nothing is read from."""
        sources = [reading.source for _, reading in self.readings() if reading.source]
        used = _used_columns([*sources, *(value.source for value in self.values)], self.columns)
        return [column for column in self.columns if column not in used]

    def document(self) -> dict[str, str | list[str]]:
        """The plan as the provenance of a run has it: what each target was read from."""
        said: dict[str, str | list[str]] = {name: one.text for name, one in self.readings()}
        return said | {"value": [value.text for value in self.values]}


def plan_rows(mapping: TableMapping, table: TableFile, groups: Mapping[str, str]) -> RowPlan:
    """Apply a mapping to a table; `groups` is what the path of the file tells.

    Raises UsageError, naming the columns there are, for a column that is not there and for what
    a run needs and nothing says.
    """
    _check_columns(table)
    resolver = _Resolver(mapping, table, groups)
    found = {name: resolver.reading(name) for name in USUAL_NAMES}
    config = {
        target.removeprefix("config."): resolver.required(target)
        for target in dict.fromkeys((*dict(mapping.sources), *mapping.constants))
        if target.startswith("config.")
    }
    elapsed = resolver.reading("elapsed")
    if elapsed is not None:
        if resolver.is_said("wall_time"):
            raise UsageError("wall_time and elapsed both say when a row was: map one of them")
        found["wall_time"] = None
    metric = found["metric"]
    known = [
        one.source for one in (*found.values(), *config.values(), elapsed) if one and one.source
    ]
    values = resolver.values(metric, known)
    by_column = set[str]().union(*(value.names for value in values))
    identity = {
        name: found[name] or resolver.missing(name) for name in IDENTITY if name not in by_column
    }
    return RowPlan(
        columns=table.columns,
        identity=identity,
        config=config,
        step=found["step"],
        wall_time=found["wall_time"],
        elapsed=elapsed,
        metric=metric,
        values=values,
    )


def _check_columns(table: TableFile) -> None:
    repeated = [name for name in table.columns if table.columns.count(name) > 1][:1]
    if repeated:
        raise UsageError(f"{table.name}: has two columns called '{repeated[0]}'; rename one")


@dataclass(frozen=True, slots=True)
class _Resolver:
    """Finds the source of each target: said, then in the path, then by a usual name."""

    mapping: TableMapping
    table: TableFile
    groups: Mapping[str, str]

    def reading(self, target: str) -> Reading | None:
        """How a target is read, None if nothing says."""
        mapping = self.mapping
        if self.is_said(target):
            return self.required(target)
        if target in (mapping.path.groupindex if mapping.path else ()):
            return Reading(f"@{target}", constant=self.groups[target])
        if target in (mapping.wide.groupindex if mapping.wide else ()):
            return None  # the names of the value columns tell
        column = self.usual_column(USUAL_NAMES.get(target, ()))
        return Reading(column, Source("column", column)) if column is not None else None

    def is_said(self, target: str) -> bool:
        """Whether `--map` or `--set` says what a target is."""
        return target in dict(self.mapping.sources) or target in self.mapping.constants

    def required(self, target: str) -> Reading:
        """How a target is read that the mapping has."""
        if target in self.mapping.constants:
            value = self.mapping.constants[target]
            return Reading(f"{value} (set)", constant=value)
        return self.read(target, dict(self.mapping.sources)[target])

    def read(self, target: str, text: str) -> Reading:
        """How a source is read; raises UsageError if it is nothing in this table."""
        source = parse_source(text, self.table.columns)
        if source is None:
            raise UsageError(f"{self.table.name}: --map {target}={text}: {self.no_column(text)}")
        if source.kind != "group" or source.name == "row":
            return Reading(text, source)
        if source.name not in self.groups:
            raise UsageError(
                f"{self.table.name}: --map {target}={text}: the path has no group "
                f"'{source.name}'; there are @{', @'.join(['row', *self.groups])}"
            )
        if source.is_scaled:
            raise UsageError(f"--map {target}={text}: a text from the path is not scaled")
        return Reading(text, constant=self.groups[source.name])

    def usual_column(self, names: Sequence[str]) -> str | None:
        """The column that has the first of these names, in any case of letters."""
        by_name = {column.lower(): column for column in reversed(self.table.columns)}
        return next((by_name[name] for name in names if name in by_name), None)

    def missing(self, target: str) -> Reading:
        """The default of a target that names a run; raises UsageError where there is none."""
        if target == "project":
            return Reading(f"{DEFAULT_PROJECT} (default)", constant=DEFAULT_PROJECT)
        none = ", or --set seed=none" if target == "seed" else ""
        raise UsageError(
            f"{self.table.name}: nothing says the {target} of its runs: --map {target}=COLUMN, "
            f"--set {target}=TEXT, or --path '(?P<{target}>...)'{none}; {self.columns_in_words()}"
        )

    def no_column(self, text: str) -> str:
        """The clause about a source that is no column."""
        inner = re.split(r"[*/()]", text)[0]
        return (
            f"there is no such column{near(inner, self.table.columns)}; {self.columns_in_words()}"
        )

    def columns_in_words(self) -> str:
        """The columns there are, as an error lists them."""
        names = list(self.table.columns)
        more = f" and {len(names) - 20} more" if len(names) > 20 else ""
        return f"the columns are {', '.join(names[:20])}{more}"

    # -- values

    def values(self, metric: Reading | None, others: Sequence[Source]) -> tuple[ValueColumn, ...]:
        """The columns of values: by `--wide`, as mapped, or by their usual names."""
        used = _used_columns(others, self.table.columns)
        if self.mapping.wide is not None:
            return self.wide_values(self.mapping.wide, used, metric)
        values = [
            value
            for target, text in self.mapping.sources
            if target == "value" or target.startswith("metric:")
            for value in self.mapped_values(target, text, used)
        ] or [
            ValueColumn(Source("column", column), column, column, {})
            for column in self.usual_values(used, single=metric is not None)
        ]
        if metric is None:
            return tuple(values)
        if len(values) > 1:
            raise UsageError(
                f"{self.table.name}: there are {len(values)} columns of values and one name for "
                "their metric; name each: --map metric:NAME=COLUMN"
            )
        (value,) = values
        constant = None if metric.source else str(metric.constant)
        return (ValueColumn(value.source, value.text, constant, {}),)

    def mapped_values(self, target: str, text: str, used: set[str]) -> list[ValueColumn]:
        """The columns of one `value=` or `metric:NAME=`."""
        if text == ALL_COLUMNS and target == "value" and ALL_COLUMNS not in self.table.columns:
            return [
                ValueColumn(Source("column", column), column, column, {})
                for column in _number_columns(self.table)
                if column not in used
            ]
        reading = self.read(target, text)
        if reading.source is None:
            raise UsageError(f"--map {target}={text}: a value comes from a column")
        name = target.removeprefix("metric:") if target != "value" else reading.source.name
        return [ValueColumn(reading.source, text, name, {})]

    def wide_values(
        self, wide: re.Pattern[str], used: set[str], metric: Reading | None
    ) -> tuple[ValueColumn, ...]:
        """One column of values for each column whose name fits `--wide`."""
        unknown = [name for name in wide.groupindex if name not in (*IDENTITY, "metric")]
        if unknown:
            raise UsageError(
                f"--wide: the group '{unknown[0]}' is none of {', '.join(IDENTITY)}, metric"
            )
        if metric is not None and metric.source is not None:
            raise UsageError("--wide reads the columns of one metric; --set metric=NAME names it")
        name = "value" if metric is None else str(metric.constant)
        values = []
        for column in self.table.columns:
            if column in used or (found := wide.fullmatch(column)) is None:
                continue
            told = {key: text for key, text in found.groupdict().items() if text is not None}
            metric_name = told.pop("metric", name)
            values.append(ValueColumn(Source("column", column), column, metric_name, told))
        if not values:
            raise UsageError(
                f"{self.table.name}: --wide '{wide.pattern}' fits no column; "
                f"{self.columns_in_words()}"
            )
        return tuple(values)

    def usual_values(self, used: set[str], *, single: bool) -> list[str]:
        """The columns with usual names of values; raises UsageError if there is none."""
        free = {c.lower(): c for c in self.table.columns if c not in used}
        found = [free[name] for name in _USUAL_VALUES if name in free]
        if not found:
            raise UsageError(
                f"{self.table.name}: nothing says which column is the value: --map value=COLUMN, "
                f"repeatable, or --map 'value=*' for all of numbers; {self.columns_in_words()}"
            )
        return found[:1] if single else found


def _used_columns(sources: Sequence[Source], columns: Sequence[str]) -> set[str]:
    used: set[str] = set()
    for source in sources:
        if source.kind == "mean":
            used |= set(mean_columns(source.name, columns))
        elif source.kind != "group":
            used.add(source.name)
    return used


def mean_columns(name: str, columns: Sequence[str]) -> list[str]:
    """The columns that `mean(name)` averages."""
    parts = [column for column in columns if re.fullmatch(rf"{re.escape(name)}\.\d+", column)]
    return parts or [name]


def _number_columns(table: TableFile) -> list[str]:
    """The columns that hold numbers, or nothing, in the first rows."""
    rows = list(islice(table.rows(), _PEEKED_ROWS))
    return [
        column
        for place, column in enumerate(table.columns)
        if all(_holds_number(row[place]) for row in rows)
    ]


def _holds_number(cell: Cell) -> bool:
    try:
        as_number(cell)
    except CellError:
        return False
    return True
