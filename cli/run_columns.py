"""The columns of a list of runs: what each is called and how its value is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbench.errors import UsageError, near
from orbench.run import JsonValue, RunRecord

from .cells import Kind
from .table import Field

if TYPE_CHECKING:
    from orbench.metric import SeriesSummary

__all__ = [
    "DEFAULT_COLUMNS",
    "RUN_FIELDS",
    "RunColumn",
    "column_for",
    "metric_of",
    "missing_keys",
]

DEFAULT_COLUMNS = (
    "run_id",
    "project",
    "exp_name",
    "env_id",
    "seed",
    "status",
    "started",
    "duration",
    "tags",
)

_ALIASES = {"id": "run_id", "parent": "parent_id", "tag": "tags"}

# As in the filter language: last(METRIC) and so on, by the field of a series' summary.
_OF_SERIES = {
    "last": "last",
    "min": "minimum",
    "max": "maximum",
    "count": "n",
    "nans": "nan_count",
    "step": "max_step",
}
_SERIES_COLUMN = re.compile(rf"({'|'.join(_OF_SERIES)})\((.+)\)")

RUN_FIELDS: dict[str, Field] = {
    "run_id": Field("run_id"),
    "project": Field("project", may_fold=True),
    "exp_name": Field("exp_name"),
    "env_id": Field("env_id"),
    "seed": Field("seed"),
    "status": Field("status"),
    "started": Field("started", Kind.TIME, heading="started (UTC)"),
    "ended": Field("ended", Kind.TIME, heading="ended (UTC)"),
    "heartbeat": Field("heartbeat", Kind.TIME, heading="heartbeat (UTC)"),
    "duration": Field("duration", Kind.DURATION),
    "exit_code": Field("exit_code"),
    "signal": Field("signal"),
    "error": Field("error", may_fold=True),
    "parent_id": Field("parent_id"),
    "host": Field("host"),
    "starts": Field("starts"),
    "tags": Field("tags", may_fold=True),
    "config": Field("config", may_fold=True),
    "summary": Field("summary", may_fold=True),
}
"""The columns that are fields of a run; besides them config.KEY, summary.KEY and metric:NAME."""

Summaries = Mapping[tuple[str, str], "SeriesSummary"]


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A column: `value` takes a run and the summaries of its series by (run id, metric)."""

    field: Field
    value: Callable[[RunRecord, Summaries], JsonValue]


def column_for(name: str) -> RunColumn:
    """The column of this name; raises UsageError with near names for one there is not."""
    head, dot, key = name.partition(".")
    if dot and head in ("config", "summary"):
        return RunColumn(Field(name, may_fold=True), _document_value(head, key))
    if found := _SERIES_COLUMN.fullmatch(_in_full(name)):
        return RunColumn(Field(name), _series_value(found[2], _OF_SERIES[found[1]]))
    field = RUN_FIELDS.get(_ALIASES.get(name, name))
    if field is None:
        there_are = f"; there are {', '.join(RUN_FIELDS)}, config.KEY, summary.KEY and metric:NAME"
        raise UsageError(f"no column '{name}'{near(name, RUN_FIELDS, at_most=1) or there_are}")
    return RunColumn(field, lambda run, _: getattr(run, field.name))


def metric_of(name: str) -> str | None:
    """The metric in a column such as `metric:NAME` or `max(NAME)`, None for other columns."""
    found = _SERIES_COLUMN.fullmatch(_in_full(name))
    return found[2] if found else None


def _in_full(name: str) -> str:
    return f"last({name.removeprefix('metric:')})" if name.startswith("metric:") else name


def _series_value(metric: str, attribute: str) -> Callable[[RunRecord, Summaries], JsonValue]:
    def value(run: RunRecord, summaries: Summaries) -> JsonValue:
        summary = summaries.get((run.run_id, metric))
        return None if summary is None else getattr(summary, attribute)

    return value


def _document_value(attribute: str, key: str) -> Callable[[RunRecord, Summaries], JsonValue]:
    def value(run: RunRecord, _: Summaries) -> JsonValue:
        return _look_up(getattr(run, attribute), key)

    return value


def _look_up(document: Mapping[str, JsonValue], key: str) -> JsonValue:
    """The value at a dotted key: a leaf, or a whole branch."""
    from orbench.config import flatten

    leaves = flatten(document)
    if key in leaves:
        return leaves[key]
    branch: JsonValue = document
    for part in key.split("."):
        branch = branch.get(part) if isinstance(branch, Mapping) else None
    return branch


def missing_keys(
    columns: Sequence[str], rows: Sequence[Sequence[JsonValue]], records: Sequence[RunRecord]
) -> list[str]:
    """A sentence for each config or summary column that none of these runs has."""
    from orbench.config import flatten

    sentences = []
    for index, name in enumerate(columns):
        head, dot, _ = name.partition(".")
        if not dot or head not in ("config", "summary") or not rows:
            continue
        if all(row[index] is None for row in rows):
            known = {f"{head}.{key}" for run in records for key in flatten(getattr(run, head))}
            sentences.append(f"no run listed has {name}{near(name, sorted(known))}")
    return sentences
