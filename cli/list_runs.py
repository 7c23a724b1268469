"""`orbench list`: the runs that a filter selects, in columns of one's choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import ProjectNotFoundError

from .command_help import OrbenchCommand
from .opening import opened_store
from .options import (
    FilterArguments,
    Format,
    FormatOption,
    StoreOption,
    examples,
    new_app,
    split_names,
    where_from,
)
from .output import fits_page, note, print_table
from .run_columns import DEFAULT_COLUMNS, column_for, metric_of, missing_keys
from .selecting import require_metrics
from .table import Table

if TYPE_CHECKING:
    from orbench.filters import Filter
    from orbench.metric import SeriesSummary
    from orbench.run import RunRecord
    from orbench.run_store import RunStore

__all__ = ["app"]

app = new_app()

_TABLE_LIMIT = 50


_Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        "-c",
        metavar="NAMES",
        help="Which columns, split by commas: fields of a run, config.KEY, summary.KEY, "
        "metric:NAME (its last value), min(NAME), max(NAME), count(NAME). "
        f"By default {', '.join(DEFAULT_COLUMNS)}.",
    ),
]

_Sort = Annotated[
    list[str] | None,
    typer.Option(
        "--sort",
        "-s",
        metavar="NAMES",
        help="Sort by these, split by commas, - before one to descend; by default -started.",
    ),
]

_Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        "-n",
        metavar="N",
        min=0,
        help="At most this many runs, 0 for all; by default 50 in a table, else all.",
    ),
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench list exp_name=ppo 'seed>=3' --sort -duration",
        "orbench list --columns run_id,config.lr,metric:charts/episodic_return",
        "orbench list status=failed --format json",
    ),
)
def list_runs(
    where: FilterArguments = None,
    columns: _Columns = None,
    sort: _Sort = None,
    limit: _Limit = None,
    fmt: FormatOption = Format.TABLE,
    store_url: StoreOption = None,
) -> None:
    """List the runs that a filter selects."""
    condition = where_from(where)
    names = split_names(columns) or list(DEFAULT_COLUMNS)
    chosen = [column_for(name) for name in names]
    at_most = _TABLE_LIMIT if limit is None and fmt is Format.TABLE else limit or None
    with opened_store(store_url) as store:
        runs = store.runs(condition, order_by=split_names(sort) or ["-started"], limit=at_most)
        summaries = _summaries(store, condition, runs, names)
        nothing = "" if runs else _why_nothing(store, condition)
        left_out = len(store.run_ids(condition)) - len(runs) if len(runs) == at_most else 0
    rows = [[column.value(run, summaries) for column in chosen] for run in runs]
    for sentence in missing_keys(names, rows, runs):
        note(f"orbench: note: {sentence}")
    table = Table([column.field for column in chosen], rows, empty=nothing)
    print_table(_for_page(table) if fmt is Format.TABLE and not columns else table, fmt)
    if left_out:
        note(f"{left_out} more not shown; --limit 0 shows all")


# What a table of the default columns can do without where the page is too narrow, first first.
_DISPENSABLE = ("duration", "project", "started")


def _for_page(table: Table) -> Table:
    """The default columns that have something in them, as many of them as fit; tells the others.

    Where even the fewest do not fit all are kept, and shown as records.
    """
    table = table.without(
        field.name
        for index, field in enumerate(table.fields)
        if field.name != "run_id" and all(row[index] in (None, "", ()) for row in table.rows)
    )
    left_out: list[str] = []
    narrower = table
    for name in _DISPENSABLE:
        if fits_page(narrower):
            break
        left_out.append(name)
        narrower = table.without(left_out)
    if not left_out or not fits_page(narrower):
        return table
    note(f"no room for {', '.join(left_out)}; --columns chooses what to show")
    return narrower


def _why_nothing(store: RunStore, where: Filter | None) -> str:
    """Why no run is listed. A project that no run belongs to is an error all the same."""
    from orbench.finding import no_runs

    reason = no_runs(store, where)
    if isinstance(reason, ProjectNotFoundError):
        raise reason
    return str(reason)


def _summaries(
    store: RunStore, where: Filter | None, runs: Sequence[RunRecord], names: Sequence[str]
) -> dict[tuple[str, str], SeriesSummary]:
    """Summaries of the metrics among the columns; raises MetricNotFoundError for an unknown one."""
    metrics = [metric for name in names if (metric := metric_of(name)) is not None]
    if not metrics or not runs:
        return {}
    found = store.summaries([run.run_id for run in runs], metrics)
    seen = {summary.metric for summary in found}
    require_metrics(store, where, [metric for metric in metrics if metric not in seen])
    return {(summary.run_id, summary.metric): summary for summary in found}
