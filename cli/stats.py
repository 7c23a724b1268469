"""`orbench stats`: final scores per env and over envs, with intervals."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .command_help import OrbenchCommand
from .layout import Column
from .opening import opened_store
from .options import (
    FilterArguments,
    StoreOption,
    examples,
    new_app,
    where_from,
)
from .output import print_columns, print_text, wrapped
from .statistics_options import (
    BestOption,
    ByOption,
    EngineOption,
    IncludeOption,
    LevelOption,
    MetricOption,
    NormaliseOption,
    RepeatsOption,
    SeedOption,
    SelectOption,
    best_or_default,
    names_or,
    runs_and_series,
)

if TYPE_CHECKING:
    from orbench.plotting import Table

__all__ = ["app"]

app = new_app()


class _Format(StrEnum):
    """How a table of numbers is printed on stdout."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"
    HTML = "html"


_Statistic = Annotated[
    list[str] | None,
    typer.Option(
        "--statistic",
        metavar="NAME",
        help="mean, median, iqm or optimality_gap, over envs; repeatable, by default the "
        "first three.",
    ),
]

_Interval = Annotated[
    str,
    typer.Option(
        "--interval",
        metavar="METHOD",
        help="How intervals are made: calibrated, percentile, basic, bc or bca.",
    ),
]

_Reps = Annotated[int, typer.Option("--reps", metavar="N", help="How often scores are redrawn.")]

_Layout = Annotated[
    str,
    typer.Option(
        "--layout", metavar="LAYOUT", help="long (a row a number) or wide (a row an env)."
    ),
]

_Spread = Annotated[
    str,
    typer.Option(
        "--spread",
        metavar="SPREAD",
        help="Beside a mean in the wide layout: interval, or std (over runs).",
    ),
]

_Ddof = Annotated[
    int,
    typer.Option(
        "--ddof", metavar="N", help="std has n - 1 (--ddof 1) or n (0) in the denominator."
    ),
]

_FormatOption = Annotated[
    _Format,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="table, json (one array), csv, markdown, latex (booktabs, siunitx) or html.",
    ),
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench stats --metric charts/episodic_return",
        "orbench stats env_id=CartPole-v1 -m loss --by config.lr --select lowest",
        "orbench stats -m charts/episodic_return --normalise atari --statistic iqm",
        "orbench stats -m charts/episodic_return --layout wide --spread std --format latex",
    ),
)
def stats(
    metric: MetricOption,
    where: FilterArguments = None,
    by: ByOption = None,
    select: SelectOption = "last-10%",
    repeats: RepeatsOption = "keep",
    statistic: _Statistic = None,
    interval: _Interval = "calibrated",
    level: LevelOption = 0.95,
    reps: _Reps = 50_000,
    seed: SeedOption = 0,
    engine: EngineOption = "numpy",
    include: IncludeOption = None,
    normalise: NormaliseOption = "",
    best: BestOption = "",
    layout: _Layout = "long",
    spread: _Spread = "interval",
    ddof: _Ddof = 1,
    fmt: _FormatOption = _Format.TABLE,
    store_url: StoreOption = None,
) -> None:
    """Final scores, per env and over envs.

    Each run gives one score, by --select. Intervals come from redrawing whole runs within each
    env. Runs that did not finish are left out, and named, unless --include counts them. The best
    of an env, and what does not differ from it significantly, is bold or has a star.
    """
    from orbench.normalisation import normalised
    from orbench.plotting import score_table
    from orbench.repeats import parse_repeats
    from orbench.run_set import DEFAULT_INCLUDE
    from orbench.score import score_matrices
    from orbench.selection import parse_selection
    from orbench.stats import DEFAULT_STATISTICS, summarise_scores

    rule = parse_selection(select)
    with opened_store(store_url) as store:
        runs, series = runs_and_series(store, where_from(where), metric)
    matrices = score_matrices(
        runs,
        series,
        metric=metric,
        group_by=names_or(by, ("exp_name",)),
        select=rule,
        include=names_or(include, DEFAULT_INCLUDE),
        repeats=parse_repeats(repeats),
    )
    summary = summarise_scores(
        normalised(matrices, normalise) if normalise else matrices,
        statistics=names_or(statistic, DEFAULT_STATISTICS),
        method=interval,
        level=level,
        reps=reps,
        seed=seed,
        ddof=ddof,
        best=best_or_default(best, select),
        engine=engine,
    )
    _print(score_table(summary, layout=layout, spread=spread), fmt)


def _print(table: Table, fmt: _Format) -> None:
    """Print a table of numbers; the sentences that belong to it come with it in every format."""
    from orbench.plotting import render_table

    if fmt is not _Format.TABLE:
        print_text([render_table(table, fmt.value).removesuffix("\n")])
        return
    print_columns(
        [
            Column(column.title, [row[index] for row in table.texts], right=column.numeric)
            for index, column in enumerate(table.columns)
        ]
    )
    print_text(["", *(line for sentence in table.notes for line in wrapped(sentence))])
