"""`orbench compare`: all tables and figures of run sets at once, and a page that has them all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .command_help import OrbenchCommand
from .comparison_output import drawn_parts, sources_of, write_folder, write_page
from .opening import opened_store
from .option_groups import with_groups
from .options import examples, new_app, where_from
from .output import note, print_text
from .plot_options import RedrawnOften, Scoring, Selected
from .selecting import require_metrics
from .statistics_options import BestOption, best_or_default, names_or

if TYPE_CHECKING:
    from orbench.comparison_settings import ComparisonSettings
    from orbench.plotting import Look

__all__ = ["app"]

app = new_app()

_FOLDER = Path("comparison")


@dataclass(frozen=True, slots=True)
class _Output:
    """Where a comparison is written, and how it looks."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="The folder of the figures and tables: 'comparison', or none where --html is "
            "given alone.",
        ),
    ] = None
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write one page that has everything in it."),
    ] = None
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="png, svg or pdf; repeatable, by default png and pdf.",
        ),
    ] = None
    theme: Annotated[str, typer.Option("--theme", metavar="NAME", help="light or dark.")] = "light"
    width: Annotated[
        str | None,
        typer.Option("--width", metavar="NAME", help="single or double column; by default fits."),
    ] = None

    @property
    def folder(self) -> Path | None:
        """The folder to write to, None for none."""
        return self.out or (None if self.html else _FOLDER)

    @property
    def look(self) -> Look:
        """How figures look."""
        from orbench.plotting import Look

        return Look(theme=self.theme, width=self.width)

    @property
    def file_formats(self) -> tuple[str, ...]:
        """The formats of the figures in the folder."""
        return names_or(self.formats, ("png", "pdf")) if self.folder else ()


@dataclass(frozen=True, slots=True)
class _Curves:
    """How curves are made, besides how their bands are."""

    smooth: Annotated[
        int,
        typer.Option(
            "--smooth", metavar="ROWS", help="Rolling mean over this many rows of a run; 1 is none."
        ),
    ] = 1
    curve_reps: Annotated[
        int,
        typer.Option(
            "--curve-reps", metavar="N", help="How often runs are redrawn for bands and profiles."
        ),
    ] = 2000


_Statistics = Annotated[
    list[str] | None,
    typer.Option(
        "--statistic",
        metavar="NAME",
        help="mean, median, iqm or optimality_gap, over envs; repeatable, by default the first "
        "three, and the last too where scores are normalised.",
    ),
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench compare --metric charts/episodic_return --html report.html",
        "orbench compare exp_name=ppo,sac -m charts/episodic_return --normalise atari -o figures",
        "orbench compare -m charts/episodic_return --by config.lr --interval percentile",
    ),
)
@with_groups
def compare(
    context: typer.Context,
    selected: Selected,
    scoring: Scoring,
    intervals: RedrawnOften,
    curves: _Curves,
    output: _Output,
    statistic: _Statistics = None,
    best: BestOption = "",
) -> None:
    """All tables and figures of run sets, into a folder or one page.

    Each figure comes with its caption (.txt) and all of its numbers (.csv, .json), each table as
    CSV, JSON, Markdown and LaTeX. The page (--html) needs no other file and fetches nothing.
    Repeated, every file is the same byte for byte. The paths of all files are printed.
    """
    from orbench.comparison import compare as compared
    from orbench.finding import find_runs
    from orbench.plotting import vertices

    with opened_store(selected.store_url) as store:
        where = where_from(selected.where)
        runs = find_runs(store, where)
        require_metrics(store, where, [selected.metric])
        settings = _settings(selected, scoring, intervals, curves, statistic)
        settings = replace(settings, best=best_or_default(best, scoring.select))
        settings = replace(settings, points=vertices(len({run.env_id for run in runs})))
        read = partial(store.series, metric=selected.metric)
        comparison = compared(runs, read, settings)
        sources = sources_of(store, runs)
    parts = drawn_parts(
        comparison, sources, output.look, output.file_formats, with_page=bool(output.html)
    )
    written = write_folder(parts, output.folder) if output.folder else []
    if output.html:
        facts = {"Filter": where.text if where else "all runs"}
        written.append(write_page(parts, output.html, context.obj, facts))
    print_text(map(str, written))
    note(" ".join(comparison.notes))


def _settings(
    selected: Selected,
    scoring: Scoring,
    intervals: RedrawnOften,
    curves: _Curves,
    statistic: list[str] | None,
) -> ComparisonSettings:
    from orbench.comparison_settings import ComparisonSettings
    from orbench.repeats import parse_repeats
    from orbench.selection import parse_selection

    return ComparisonSettings(
        metric=selected.metric,
        group_by=selected.group_by,
        include=selected.included,
        select=parse_selection(scoring.select),
        repeats=parse_repeats(scoring.repeats),
        normalise=scoring.normalise,
        statistics=tuple(statistic or ()),
        method=intervals.interval,
        level=intervals.level,
        reps=intervals.reps,
        seed=intervals.seed,
        engine=intervals.engine,
        curve_reps=curves.curve_reps,
        smoothing=curves.smooth,
    )
