"""`orbench metrics`: which metrics the runs of a filter have logged."""

from __future__ import annotations

from .command_help import OrbenchCommand
from .opening import opened_store
from .options import (
    FilterArguments,
    Format,
    FormatOption,
    StoreOption,
    examples,
    new_app,
    where_from,
)
from .output import print_table
from .table import Field, Table

__all__ = ["app"]

app = new_app()


@app.command(
    cls=OrbenchCommand,
    epilog=examples("orbench metrics", "orbench metrics exp_name=ppo --format json"),
)
def metrics(
    where: FilterArguments = None,
    fmt: FormatOption = Format.TABLE,
    store_url: StoreOption = None,
) -> None:
    """List the metrics that runs have logged.

    Each with the number of runs that have it. Names that start with system/ are sampled by
    orbench itself.
    """
    condition = where_from(where)
    with opened_store(store_url) as store:
        names = store.metric_names(condition)
    table = Table(
        [Field("metric"), Field("runs")],
        [[name, runs] for name, runs in names.items()],
        empty="the selected runs have logged no metric",
    )
    print_table(table, fmt)
