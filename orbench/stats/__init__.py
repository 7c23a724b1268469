"""Statistics: pure functions of arrays, numpy only, one seed gives the same bytes everywhere.

Words: a *score matrix* is runs x tasks of one run set; tasks may have different numbers of runs.
Definitions are those of Agarwal et al. 2021, "Deep RL at the Edge of the Statistical Precipice".

`orbench stats [FILTER] --metric M` is, in full:

    runs = store.runs(filter)
    series = store.series([run.run_id for run in runs], metric)
    matrices = score_matrices(runs, series, metric=metric, group_by=by,
                              select=parse_selection(select), include=include)   # orbench.score
    summary = summarise_scores(matrices, statistics=statistics, method=interval, level=level,
                               reps=reps, seed=seed)
    table = score_table(summary, layout=layout)          # orbench.plotting
    print(render_table(table, format))                   # markdown, latex, csv, json, text
                                                         # or draw `table.columns`, `table.rows`
                                                         # and `table.notes` with Rich

| option | argument | default |
|---|---|---|
| `--metric M` | the series asked for | required |
| `--by KEY` (repeatable) | `group_by`: exp_name, project, tag, config.x, ... | exp_name |
| `--select last/last-100/last-10%/best/lowest/at-1e6` | `select` | last-10% |
| `--statistic NAME` (repeatable) | `statistics`, see STATISTICS | mean, median, iqm |
| `--interval calibrated/percentile` | `method` | calibrated |
| `--level 0.95` | `level` | 0.95 |
| `--reps N`, `--seed N` | `reps`, `seed` of the bootstrap | 50000, 0 |
| `--include STATUS` (repeatable) | `include`: states besides finished | none |
| `--layout long/wide` | `layout` of the table | long |
"""

from .aggregate import (
    IQM,
    STATISTICS,
    Mean,
    Median,
    OptimalityGap,
    Scores,
    Statistic,
    as_tasks,
    statistic_named,
)
from .best import best_run_sets, holm
from .curves import (
    CURVE_AGGREGATES,
    CURVE_INTERVALS,
    CurveEstimate,
    RunCurve,
    curve_estimate,
    run_curve,
    smoothed,
)
from .estimates import Estimate, interval_estimates
from .intervals import (
    INTERVALS,
    Basic,
    BCa,
    BiasCorrected,
    Calibrated,
    Interval,
    Percentile,
    interval_named,
)
from .learning_curves import CurveSettings, LearningCurve, LearningCurves, learning_curves
from .peak import CurvePeak, curve_peak
from .rows import RowStatistics, row_statistics
from .summary import BEST, DEFAULT_STATISTICS, ScoreRow, ScoreSummary, summarise_scores

__all__ = [
    "BEST",
    "CURVE_AGGREGATES",
    "CURVE_INTERVALS",
    "DEFAULT_STATISTICS",
    "INTERVALS",
    "IQM",
    "STATISTICS",
    "BCa",
    "Basic",
    "BiasCorrected",
    "Calibrated",
    "CurveEstimate",
    "CurvePeak",
    "CurveSettings",
    "Estimate",
    "Interval",
    "LearningCurve",
    "LearningCurves",
    "Mean",
    "Median",
    "OptimalityGap",
    "Percentile",
    "RowStatistics",
    "RunCurve",
    "ScoreRow",
    "ScoreSummary",
    "Scores",
    "Statistic",
    "as_tasks",
    "best_run_sets",
    "curve_estimate",
    "curve_peak",
    "holm",
    "interval_estimates",
    "interval_named",
    "learning_curves",
    "row_statistics",
    "run_curve",
    "smoothed",
    "statistic_named",
    "summarise_scores",
]
