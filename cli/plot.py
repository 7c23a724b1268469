"""`orbench plot`: figures of run sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .command_help import OrbenchCommand
from .opening import opened_store
from .options import FilterArguments, StoreOption, examples, new_app, where_from
from .output import note, print_text
from .statistics_options import (
    ByOption,
    IncludeOption,
    LevelOption,
    MetricOption,
    SeedOption,
    names_or,
    runs_and_series,
)

__all__ = ["app"]

app = new_app()


@app.callback()
def plot() -> None:
    """Draw figures."""


_Out = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="FILE", help="Where to write; its suffix is a format."),
]

_Aggregate = Annotated[
    str, typer.Option("--aggregate", metavar="NAME", help="The line: mean, median or iqm.")
]

_Interval = Annotated[
    str,
    typer.Option(
        "--interval", metavar="METHOD", help="The band: calibrated, percentile, std or none."
    ),
]

_Smooth = Annotated[
    int,
    typer.Option(
        "--smooth", metavar="ROWS", help="Rolling mean over this many rows of a run; 1 is none."
    ),
]

_Points = Annotated[
    int, typer.Option("--points", metavar="N", help="At most this many points a line.")
]

_Reps = Annotated[int, typer.Option("--reps", metavar="N", help="How often runs are redrawn.")]

_EachRun = Annotated[
    bool, typer.Option("--each-run", help="Draw the single runs too, as thin lines.")
]

_Title = Annotated[str, typer.Option("--title", metavar="TEXT", help="A title.")]

_YLabel = Annotated[
    str, typer.Option("--y-label", metavar="TEXT", help="By default the metric's name.")
]

_Formats = Annotated[
    list[str] | None,
    typer.Option("--format", "-f", metavar="FORMAT", help="png, svg or pdf; repeatable."),
]

_Theme = Annotated[str, typer.Option("--theme", metavar="NAME", help="light or dark.")]

_Width = Annotated[
    str | None,
    typer.Option("--width", metavar="NAME", help="single or double column; by default fits."),
]

_Columns = Annotated[
    int | None, typer.Option("--columns", metavar="N", min=1, help="Panels side by side.")
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench plot curves --metric charts/episodic_return --out curves.png",
        "orbench plot curves env_id=CartPole-v1 -m loss --by config.lr -o loss.pdf",
        "orbench plot curves -m charts/episodic_return -o figure --format png --format svg",
    ),
)
def curves(
    metric: MetricOption,
    out: _Out,
    where: FilterArguments = None,
    by: ByOption = None,
    aggregate: _Aggregate = "mean",
    interval: _Interval = "calibrated",
    level: LevelOption = 0.95,
    smooth: _Smooth = 1,
    points: _Points = 400,
    reps: _Reps = 2000,
    seed: SeedOption = 0,
    include: IncludeOption = None,
    each_run: _EachRun = False,
    title: _Title = "",
    y_label: _YLabel = "",
    formats: _Formats = None,
    theme: _Theme = "light",
    width: _Width = None,
    columns: _Columns = None,
    store_url: StoreOption = None,
) -> None:
    """Draw learning curves: a panel for each env, a line for each run set.

    The caption (.txt) and every number drawn (.csv) are written beside the picture, and the paths
    of all files are printed. Repeated, the files are the same byte for byte.
    """
    from orbench.plotting import Look, plot_curves, save_figure
    from orbench.run_set import DEFAULT_INCLUDE

    with opened_store(store_url) as store:
        runs, series = runs_and_series(store, where_from(where), metric)
    figure = plot_curves(
        runs,
        series,
        group_by=names_or(by, ("exp_name",)),
        include=names_or(include, DEFAULT_INCLUDE),
        aggregate=aggregate,
        interval=interval,
        level=level,
        smoothing=smooth,
        points=points,
        reps=reps,
        seed=seed,
        each_run=each_run,
        title=title,
        y_label=y_label or metric,
    )
    look = Look(theme=theme, width=width, columns=columns)
    paths = save_figure(figure, out, formats=formats or (), look=look)
    print_text(map(str, paths))
    note(figure.caption)
