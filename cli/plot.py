"""`orbench plot`: figures of run sets."""

from __future__ import annotations

from typing import Annotated

import typer

from .command_help import OrbenchCommand
from .curve_options import CurveBands, CurveLook, TrainingLines
from .option_groups import with_groups
from .options import examples, new_app
from .plot_options import Picture, Redrawn, RedrawnByEngine, RedrawnOften, Scoring, Selected
from .statistics_options import names_or

__all__ = ["app"]

app = new_app()


@app.callback()
def plot() -> None:
    """Draw figures.

    Each command writes pictures, a caption that says how every number was made (.txt) and every
    number drawn (.csv, .json), and prints the paths. Repeated, the files are the same byte for
    byte. A run set has the same colour in all figures of the same filter and --by.
    """


_Runs = Annotated[bool, typer.Option("--runs", help="Draw the single runs too.")]
_LogScore = Annotated[bool, typer.Option("--log-x", help="A logarithmic axis of scores.")]
_Statistics = Annotated[
    list[str] | None,
    typer.Option(
        "--statistic",
        metavar="NAME",
        help="mean, median, iqm or optimality_gap, over envs; repeatable.",
    ),
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench plot curves --metric charts/episodic_return --out curves.png",
        "orbench plot curves env_id=CartPole-v1 -m loss --by config.lr -o loss.pdf",
        "orbench plot curves -m charts/episodic_return -o figure --format png --format svg",
    ),
)
@with_groups
def curves(selected: Selected, lines: CurveLook, bands: CurveBands, picture: Picture) -> None:
    """Draw learning curves: a panel for each env, a line for each run set."""
    lines.draw(selected, bands, picture, over="step")


@app.command(
    cls=OrbenchCommand,
    epilog=examples("orbench plot walltime --metric charts/episodic_return --out walltime.pdf"),
)
@with_groups
def walltime(selected: Selected, lines: CurveLook, bands: CurveBands, picture: Picture) -> None:
    """Draw learning curves over the time since a run's first row."""
    lines.draw(selected, bands, picture, over="wall time")


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench plot intervals --metric charts/episodic_return --normalise atari --out iqm.pdf",
        "orbench plot intervals -m success -o success.svg --statistic mean --interval percentile",
    ),
)
@with_groups
def intervals(
    selected: Selected,
    scoring: Scoring,
    resampling: RedrawnOften,
    picture: Picture,
    statistic: _Statistics = None,
    log_x: _LogScore = False,
) -> None:
    """Draw aggregates over envs with intervals.

    A panel for each statistic, a row for each run set; all must have the same envs.
    """
    from orbench.plotting import AGGREGATES, plot_intervals, points_on_log_axis

    runs, matrices = scoring.read(selected)
    figure = plot_intervals(
        matrices,
        statistics=names_or(statistic, AGGREGATES),
        settings=resampling.settings,
        title=picture.title,
    )
    picture.save(points_on_log_axis(figure) if log_x else figure, selected.labels(runs))


@app.command(
    cls=OrbenchCommand,
    epilog=examples("orbench plot scores --metric charts/episodic_return --runs --out scores.pdf"),
)
@with_groups
def scores(
    selected: Selected,
    scoring: Scoring,
    resampling: RedrawnOften,
    picture: Picture,
    each_run: _Runs = False,
    log_x: _LogScore = False,
) -> None:
    """Draw scores on every env with intervals.

    A panel for each env, a row for each run set.
    """
    from orbench.plotting import plot_scores, points_on_log_axis

    runs, matrices = scoring.read(selected)
    figure = plot_scores(
        matrices, settings=resampling.settings, each_run=each_run, title=picture.title
    )
    picture.save(points_on_log_axis(figure) if log_x else figure, selected.labels(runs))


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench plot profiles --metric charts/episodic_return --normalise atari --out profile.pdf",
        "orbench plot profiles -m success -o p.svg --thresholds 0,0.25,0.5,0.75,1",
    ),
)
@with_groups
def profiles(
    selected: Selected,
    scoring: Scoring,
    resampling: RedrawnByEngine,
    picture: Picture,
    thresholds: Annotated[
        str,
        typer.Option(
            "--thresholds",
            metavar="LIST",
            help="Scores in rising order: 0,0.5,1 or FROM:TO:NUMBER; by default 101 over all.",
        ),
    ] = "",
    log_x: _LogScore = False,
) -> None:
    """Draw performance profiles: the share of runs, and of envs, above each score.

    All run sets must have the same envs.
    """
    from orbench.plotting import on_log_axes, plot_profiles

    from .thresholds import parse_thresholds

    at = parse_thresholds(thresholds) if thresholds else None
    runs, matrices = scoring.read(selected)
    figure = plot_profiles(
        matrices, thresholds=at, settings=resampling.settings, log_x=log_x, title=picture.title
    )
    picture.save(on_log_axes(figure, x=log_x), selected.labels(runs))


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench plot improvement --metric charts/episodic_return --out improvement.pdf",
        "orbench plot improvement -m charts/episodic_return --baseline ppo -o over_ppo.pdf",
    ),
)
@with_groups
def improvement(
    selected: Selected,
    scoring: Scoring,
    resampling: RedrawnByEngine,
    picture: Picture,
    baseline: Annotated[
        str,
        typer.Option("--baseline", metavar="LABEL", help="Only against this run set."),
    ] = "",
) -> None:
    """Draw how probable it is that one run set beats another.

    All run sets must have the same envs.
    """
    from orbench.plotting import plot_improvement

    runs, matrices = scoring.read(selected)
    figure = plot_improvement(
        matrices, baseline=baseline, settings=resampling.settings, title=picture.title
    )
    picture.save(figure, selected.labels(runs))


@app.command(
    cls=OrbenchCommand,
    epilog=examples("orbench plot ranks --metric charts/episodic_return --out ranks.pdf"),
)
@with_groups
def ranks(
    selected: Selected,
    scoring: Scoring,
    resampling: Redrawn,
    picture: Picture,
    lower_is_better: Annotated[
        bool,
        typer.Option(
            "--lower-is-better", help="Rank 1 has the lowest score; implied by --select lowest."
        ),
    ] = False,
) -> None:
    """Draw mean ranks over envs with intervals, and how probable each rank is.

    All run sets must have the same envs.
    """
    from orbench.plotting import plot_ranks

    runs, matrices = scoring.read(selected)
    figure = plot_ranks(
        matrices,
        lower_is_better=lower_is_better or scoring.select == "lowest",
        settings=resampling.settings,
        title=picture.title,
    )
    picture.save(figure, selected.labels(runs))


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench plot efficiency --metric charts/episodic_return --normalise atari --out iqm.pdf",
        "orbench plot efficiency -m success -o success.svg --statistic mean --over wall-time",
    ),
)
@with_groups
def efficiency(
    selected: Selected,
    scoring: Scoring,
    lines: TrainingLines,
    resampling: RedrawnByEngine,
    picture: Picture,
    statistic: _Statistics = None,
) -> None:
    """Draw sample efficiency.

    An aggregate over envs, by default the IQM, at every point of training, with a band. All run
    sets must have the same envs. --select matters only to --normalise maxmin.
    """
    from orbench.plotting import on_log_axes, plot_efficiency

    runs, curves, normaliser = lines.read(selected, scoring)
    figure = plot_efficiency(
        curves,
        statistics=names_or(statistic, ("iqm",)),
        normaliser=normaliser,
        points=lines.points,
        settings=resampling.settings,
        title=picture.title,
    )
    picture.save(on_log_axes(figure, x=lines.log_x, y=lines.log_y), selected.labels(runs))
