"""The flags of `orbench rlops`, each spelled and explained once; `--pc.*` plot, `--rc.*` rate."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "AggregateReps",
    "AggregatePlots",
    "CheckEmpty",
    "ColumnInches",
    "EfficiencyMethod",
    "EfficiencyPlots",
    "EfficiencyReps",
    "EfficiencySize",
    "EnvIds",
    "Filters",
    "HSpace",
    "IntervalMethod",
    "LastRowsOption",
    "LegendColumns",
    "MaxSteps",
    "Normalisation",
    "Offline",
    "OutputFilename",
    "PanelColumns",
    "ProfileReps",
    "ProfilePlots",
    "Project",
    "Report",
    "Rliable",
    "Rolling",
    "RowInches",
    "ScanHistory",
    "ShareX",
    "Subsamples",
    "Threshold",
    "TimeUnit",
    "WSpace",
    "XLabel",
    "YLabel",
]

Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filters",
        metavar="SOURCE EXP...",
        help="A group: where runs come from, '?we=ENTITY&wpn=PROJECT&ceik=KEY&cen=KEY&metric=NAME', "
        "then experiments, 'NAME?tag=TAG&user=USER&cl=LEGEND&KEY=VALUE'. Repeatable.",
    ),
]
EnvIds = Annotated[
    list[str] | None,
    typer.Option(
        "--env-ids",
        metavar="ENV...",
        help="The envs, once for all groups, or once for each under the names it has there.",
    ),
]
OutputFilename = Annotated[
    str,
    typer.Option(
        "--output-filename", metavar="PATH", help="What the names of all files begin with."
    ),
]
LastRowsOption = Annotated[
    int,
    typer.Option(
        "--metric-last-n-average-window",
        metavar="N",
        help="The score of a run is the mean of its last N rows.",
    ),
]
ScanHistory = Annotated[
    bool,
    typer.Option(
        "--scan-history/--no-scan-history", help="Accepted: a store always gives every point."
    ),
]
CheckEmpty = Annotated[
    bool,
    typer.Option(
        "--check-empty-runs/--no-check-empty-runs",
        help="Whether an experiment without a run on some env is an error.",
    ),
]
Report = Annotated[
    bool,
    typer.Option("--report/--no-report", help="Accepted: `orbench compare` writes a report page."),
]
Project = Annotated[
    str,
    typer.Option(
        "--wandb-project-name", metavar="NAME", help="The project of sources without wpn."
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline/--no-offline", help="Accepted: only the store is ever read.")
]
Rliable = Annotated[
    bool,
    typer.Option(
        "--rliable/--no-rliable", help="Compare over all envs too, on normalised scores."
    ),
]

PanelColumns = Annotated[
    int, typer.Option("--pc.ncols", metavar="N", min=1, help="Panels side by side.")
]
LegendColumns = Annotated[
    int,
    typer.Option("--pc.ncols-legend", metavar="N", min=1, help="Legend entries side by side."),
]
XLabel = Annotated[
    str, typer.Option("--pc.xlabel", metavar="TEXT", help="Below the curves over steps.")
]
YLabel = Annotated[str, typer.Option("--pc.ylabel", metavar="TEXT", help="Beside all curves.")]
ShareX = Annotated[
    bool,
    typer.Option("--pc.sharex/--pc.no-sharex", help="Give all panels one horizontal axis."),
]
MaxSteps = Annotated[
    int | None, typer.Option("--pc.max-steps", metavar="N", help="Draw no step beyond this one.")
]
Rolling = Annotated[
    int,
    typer.Option(
        "--pc.rolling",
        metavar="N",
        help="Rolling mean over this many of the 10,000 points of a curve.",
    ),
]
TimeUnit = Annotated[
    str, typer.Option("--pc.time-unit", metavar="UNIT", help="Times in s, m or h.")
]
ColumnInches = Annotated[
    float, typer.Option("--pc.cm", metavar="INCHES", help="The width of a panel.")
]
RowInches = Annotated[
    float, typer.Option("--pc.rm", metavar="INCHES", help="The height of a panel.")
]
HSpace = Annotated[
    float | None,
    typer.Option("--pc.hspace", metavar="PART", help="Room between rows, in parts of a panel."),
]
WSpace = Annotated[
    float | None,
    typer.Option("--pc.wspace", metavar="PART", help="Room between columns, in parts of a panel."),
]

Subsamples = Annotated[
    int,
    typer.Option("--rc.nsubsamples", metavar="N", help="Points of a sample-efficiency curve."),
]
Normalisation = Annotated[
    str,
    typer.Option(
        "--rc.score-normalization-method",
        metavar="NAME",
        help="maxmin (over what is compared), atari, or any other that orbench knows, or a file.",
    ),
]
Threshold = Annotated[
    float,
    typer.Option(
        "--rc.normalized-score-threshold",
        metavar="SCORE",
        help="Where performance profiles end.",
    ),
]
EfficiencyPlots = Annotated[
    bool,
    typer.Option(
        "--rc.sample-efficiency-plots/--rc.no-sample-efficiency-plots",
        help="Whether to make PATH_sample_efficiency and PATH_sample_walltime_efficiency.",
    ),
]
EfficiencySize = Annotated[
    str | None,
    typer.Option(
        "--rc.sample-efficiency-figsize",
        metavar="WIDTH HEIGHT",
        help="The size of PATH_sample_efficiency in inches; by default fits.",
    ),
]
EfficiencyMethod = Annotated[
    str,
    typer.Option(
        "--rc.sample-efficiency-and-walltime-efficiency-method",
        metavar="NAME",
        help="What PATH_sample_walltime_efficiency shows: Median, IQM, Mean, 'Optimality Gap' or "
        "None.",
    ),
]
ProfilePlots = Annotated[
    bool,
    typer.Option(
        "--rc.performance-profile-plots/--rc.no-performance-profile-plots",
        help="Whether to make PATH_performance_profile.",
    ),
]
AggregatePlots = Annotated[
    bool,
    typer.Option(
        "--rc.aggregate-metrics-plots/--rc.no-aggregate-metrics-plots",
        help="Whether to make PATH_aggregate.",
    ),
]
EfficiencyReps = Annotated[
    int,
    typer.Option(
        "--rc.sample-efficiency-num-bootstrap-reps",
        metavar="N",
        help="Replicates of those bands; below 100, which make none, the default counts.",
    ),
]
ProfileReps = Annotated[
    int,
    typer.Option(
        "--rc.performance-profile-num-bootstrap-reps", metavar="N", help="The same for profiles."
    ),
]
AggregateReps = Annotated[
    int,
    typer.Option(
        "--rc.interval-estimates-num-bootstrap-reps", metavar="N", help="The same for aggregates."
    ),
]
IntervalMethod = Annotated[
    str,
    typer.Option(
        "--rc.interval",
        metavar="METHOD",
        help="New: percentile, as rliable has it, or calibrated, which is right for few seeds.",
    ),
]
