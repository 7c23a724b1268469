"""The flags of `orbench rlops`, each spelled and explained once, in three groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

__all__ = ["CompareFlags", "PlotFlags", "RliableFlags"]


@dataclass(frozen=True, slots=True)
class CompareFlags:
    """What is compared, and where the files go."""

    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filters",
            metavar="SOURCE EXP...",
            help="A group: where runs come from, '?we=ENTITY&wpn=PROJECT&ceik=KEY&cen=KEY&"
            "metric=NAME', then experiments, 'NAME?tag=TAG&user=USER&cl=LEGEND&KEY=VALUE'. "
            "Repeatable.",
        ),
    ] = None
    env_ids: Annotated[
        list[str] | None,
        typer.Option(
            "--env-ids",
            metavar="ENV...",
            help="The envs, once for all groups, or once for each under the names it has there.",
        ),
    ] = None
    output_filename: Annotated[
        str,
        typer.Option(
            "--output-filename", metavar="PATH", help="What the names of all files begin with."
        ),
    ] = "compare"
    last_rows: Annotated[
        int,
        typer.Option(
            "--metric-last-n-average-window",
            metavar="N",
            help="The score of a run is the mean of its last N rows.",
        ),
    ] = 100
    scan_history: Annotated[
        bool,
        typer.Option(
            "--scan-history/--no-scan-history",
            help="Accepted: a store always gives every point.",
        ),
    ] = False
    check_empty_runs: Annotated[
        bool,
        typer.Option(
            "--check-empty-runs/--no-check-empty-runs",
            help="Whether an experiment without a run on one of the envs is an error.",
        ),
    ] = True
    report: Annotated[
        bool,
        typer.Option(
            "--report/--no-report", help="Accepted: `orbench compare --html` writes a page."
        ),
    ] = False
    wandb_project_name: Annotated[
        str,
        typer.Option(
            "--wandb-project-name", metavar="NAME", help="The project of sources without wpn."
        ),
    ] = "cleanrl"
    offline: Annotated[
        bool,
        typer.Option("--offline/--no-offline", help="Accepted: only the store is ever read."),
    ] = False
    rliable: Annotated[
        bool,
        typer.Option(
            "--rliable/--no-rliable", help="Compare over all envs too, on normalised scores."
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class PlotFlags:
    """How curves are made and drawn: `--pc.*`."""

    ncols: Annotated[
        int, typer.Option("--pc.ncols", metavar="N", min=1, help="Panels side by side.")
    ] = 2
    ncols_legend: Annotated[
        int,
        typer.Option(
            "--pc.ncols-legend", metavar="N", min=1, help="Legend entries side by side, at most."
        ),
    ] = 2
    xlabel: Annotated[
        str, typer.Option("--pc.xlabel", metavar="TEXT", help="Below the curves over steps.")
    ] = "Steps"
    ylabel: Annotated[
        str, typer.Option("--pc.ylabel", metavar="TEXT", help="Beside the curves.")
    ] = "Episodic Return"
    sharex: Annotated[
        bool,
        typer.Option("--pc.sharex/--pc.no-sharex", help="Give all panels one horizontal axis."),
    ] = False
    max_steps: Annotated[
        int | None,
        typer.Option("--pc.max-steps", metavar="N", help="Draw no step beyond this one."),
    ] = None
    rolling: Annotated[
        int,
        typer.Option(
            "--pc.rolling",
            metavar="N",
            help="Rolling mean over N of the 10,000 points of a curve.",
        ),
    ] = 100
    time_unit: Annotated[
        str, typer.Option("--pc.time-unit", metavar="UNIT", help="Times in s, m or h.")
    ] = "m"
    cm: Annotated[
        float, typer.Option("--pc.cm", metavar="INCHES", help="The width of a panel.")
    ] = 4.0
    rm: Annotated[
        float, typer.Option("--pc.rm", metavar="INCHES", help="The height of a panel.")
    ] = 3.0
    hspace: Annotated[
        float | None,
        typer.Option("--pc.hspace", metavar="PART", help="Room between rows, in panel heights."),
    ] = None
    wspace: Annotated[
        float | None,
        typer.Option("--pc.wspace", metavar="PART", help="Room between columns, in panel widths."),
    ] = None


@dataclass(frozen=True, slots=True)
class RliableFlags:
    """What `--rliable` makes: `--rc.*`."""

    nsubsamples: Annotated[
        int,
        typer.Option("--rc.nsubsamples", metavar="N", help="Points of a sample-efficiency curve."),
    ] = 20
    score_normalization_method: Annotated[
        str,
        typer.Option(
            "--rc.score-normalization-method",
            metavar="NAME",
            help="maxmin (over what is compared), atari, another that orbench knows, or a file.",
        ),
    ] = "maxmin"
    normalized_score_threshold: Annotated[
        float,
        typer.Option(
            "--rc.normalized-score-threshold",
            metavar="SCORE",
            help="Where performance profiles end.",
        ),
    ] = 8.0
    sample_efficiency_plots: Annotated[
        bool,
        typer.Option(
            "--rc.sample-efficiency-plots/--rc.no-sample-efficiency-plots",
            help="Whether to make PATH_sample_efficiency and PATH_sample_walltime_efficiency.",
        ),
    ] = True
    sample_efficiency_figsize: Annotated[
        str | None,
        typer.Option(
            "--rc.sample-efficiency-figsize",
            metavar="WIDTH HEIGHT",
            help="The size of PATH_sample_efficiency in inches.",
        ),
    ] = None
    efficiency_method: Annotated[
        str,
        typer.Option(
            "--rc.sample-efficiency-and-walltime-efficiency-method",
            metavar="NAME",
            help="What PATH_sample_walltime_efficiency shows: Median, IQM, Mean, 'Optimality Gap' "
            "or None.",
        ),
    ] = "Median"
    performance_profile_plots: Annotated[
        bool,
        typer.Option(
            "--rc.performance-profile-plots/--rc.no-performance-profile-plots",
            help="Whether to make PATH_performance_profile.",
        ),
    ] = True
    aggregate_metrics_plots: Annotated[
        bool,
        typer.Option(
            "--rc.aggregate-metrics-plots/--rc.no-aggregate-metrics-plots",
            help="Whether to make PATH_aggregate.",
        ),
    ] = True
    efficiency_reps: Annotated[
        int,
        typer.Option(
            "--rc.sample-efficiency-num-bootstrap-reps",
            metavar="N",
            help="Replicates of those bands; below 100, which make none, the default counts.",
        ),
    ] = 2_000
    profile_reps: Annotated[
        int,
        typer.Option(
            "--rc.performance-profile-num-bootstrap-reps",
            metavar="N",
            help="The same for profiles.",
        ),
    ] = 2_000
    aggregate_reps: Annotated[
        int,
        typer.Option(
            "--rc.interval-estimates-num-bootstrap-reps",
            metavar="N",
            help="The same for aggregates.",
        ),
    ] = 50_000
    interval: Annotated[
        str,
        typer.Option(
            "--rc.interval",
            metavar="METHOD",
            help="New: percentile, as rliable has it, or calibrated, which holds its level with "
            "few seeds.",
        ),
    ] = "percentile"
