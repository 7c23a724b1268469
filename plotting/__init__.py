"""Figures and tables: data first, drawn second, written last.

A figure is a frozen value that holds every number it shows: lines with bands (`CurvesFigure`),
points with intervals (`PointsFigure`) or ranks (`RanksFigure`). The functions `plot_KIND` make one
of runs or of score matrices, and `KIND_figure` of results that are there already; `draw_figure`
turns any of them into a matplotlib figure; `save_figure` writes PNG, SVG and PDF that are
byte-identical when repeated, with the caption (`.txt`) and the plotted numbers (`.csv`, `.json`)
beside them. A table is data too (`Table`), rendered as text, Markdown, LaTeX, HTML, CSV or JSON.

Importing this package does not import matplotlib; drawing does.

`orbench plot curves [FILTER] --metric M` is, in full:

    runs = store.runs(filter)
    series = store.series([run.run_id for run in runs], metric)
    figure = plot_curves(runs, series, group_by=by, aggregate=aggregate, interval=interval,
                         level=level, smoothing=smooth, points=points, reps=reps, seed=seed,
                         include=include, each_run=each_run, y_label=y_label, title=title)
    paths = save_figure(figure, out, formats=formats, look=Look(theme=theme, width=width,
                        columns=columns))

| option | argument | default |
|---|---|---|
| `--metric M` | the series asked for | required |
| `--by KEY` (repeatable) | `group_by`: exp_name, project, tag, config.x, ... | exp_name |
| `--aggregate mean/median/iqm` | `aggregate` | mean |
| `--interval calibrated/percentile/std/none` | `interval` | calibrated |
| `--level 0.95` | `level` | 0.95 |
| `--smooth ROWS` | `smoothing`: rolling mean over this many rows of a run | 1 (none) |
| `--points N` | `points`: vertices of a line at most | by the number of envs |
| `--reps N`, `--seed N` | `reps`, `seed` of the bootstrap | 2000, 0 |
| `--include STATUS` (repeatable) | `include`: states besides finished | none |
| `--runs` | `each_run`: the single runs too, as thin lines | off |
| `--title`, `--y-label` | `title`, `y_label` | none, the metric |
| `--out PATH` | `save_figure` path; its suffix is a format | required |
| `--format png/svg/pdf` (repeatable) | `formats` | the suffix of --out, or png |
| `--log-x`, `--log-y` | `on_log_axes(figure, x=, y=)` | off |
| `--theme light/dark`, `--width single/double`, `--columns N` | `Look` | light, by panels |

`orbench plot walltime` is the same with `over="wall time"`; the others begin with score matrices
(`orbench.score`), normalised if asked for (`orbench.normalisation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .axis import Axis
from .cell_text import SPREADS, ScoreCell, Term, cell_text
from .comparison_parts import comparison_figures, comparison_report, comparison_tables
from .curves import CurveLine, CurvesFigure, Panel, RunLine, on_log_axes
from .efficiency import efficiency_figure, plot_efficiency
from .figures import AnyFigure, draw_figure
from .gate import check_figure, power_figure
from .improvement import improvement_figure, improvement_pairs, plot_improvement
from .interval_settings import IntervalSettings
from .learning_curves import curves_figure, plot_curves, vertices
from .pictures import FIGURE_FORMATS
from .points import Mark, PointsFigure, PointsPanel, RunPoint, points_on_log_axis
from .profiles import plot_profiles, profiles_figure
from .ranks import RankRow, RanksFigure, plot_ranks, ranks_figure
from .render_tables import TABLE_FORMATS, render_table
from .report import Report, ReportFigure, ReportSection, report_page
from .rlops import rlops_curves, rlops_run_times, rlops_scores
from .rlops_aggregates import (
    rlops_aggregates,
    rlops_bands,
    rlops_efficiency,
    rlops_profiles,
    rlops_walltime_efficiency,
)
from .save import figure_files, save_figure, write_file
from .score_figures import (
    AGGREGATES,
    intervals_figure,
    plot_intervals,
    plot_scores,
    scores_figure,
)
from .score_tables import LAYOUTS, score_table
from .style import THEMES, WIDTHS, Look
from .tables import Column, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "AGGREGATES",
    "FIGURE_FORMATS",
    "LAYOUTS",
    "SPREADS",
    "TABLE_FORMATS",
    "THEMES",
    "WIDTHS",
    "AnyFigure",
    "Axis",
    "Column",
    "CurveLine",
    "CurvesFigure",
    "IntervalSettings",
    "Look",
    "Mark",
    "Panel",
    "PointsFigure",
    "PointsPanel",
    "RankRow",
    "RanksFigure",
    "Report",
    "ReportFigure",
    "ReportSection",
    "RunLine",
    "RunPoint",
    "ScoreCell",
    "Table",
    "Term",
    "cell_text",
    "check_figure",
    "comparison_figures",
    "comparison_report",
    "comparison_tables",
    "curves_figure",
    "draw_curves",
    "draw_figure",
    "efficiency_figure",
    "figure_files",
    "improvement_figure",
    "improvement_pairs",
    "intervals_figure",
    "on_log_axes",
    "plot_curves",
    "plot_efficiency",
    "plot_improvement",
    "plot_intervals",
    "plot_profiles",
    "plot_ranks",
    "plot_scores",
    "points_on_log_axis",
    "power_figure",
    "profiles_figure",
    "ranks_figure",
    "render_table",
    "report_page",
    "rlops_aggregates",
    "rlops_bands",
    "rlops_curves",
    "rlops_efficiency",
    "rlops_profiles",
    "rlops_run_times",
    "rlops_scores",
    "rlops_walltime_efficiency",
    "save_figure",
    "score_table",
    "scores_figure",
    "vertices",
    "write_file",
]


def draw_curves(figure: CurvesFigure, look: Look | None = None) -> Figure:
    """Draw learning curves as a matplotlib figure, which is imported only now."""
    from .drawing import draw_curves as draw

    return draw(figure, look)
