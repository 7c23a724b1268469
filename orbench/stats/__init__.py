"""Statistics: pure functions of arrays, numpy only, one seed gives the same bytes everywhere.

Words: a *score matrix* is runs x tasks of one run set; tasks may have different numbers of runs.
Definitions are those of Agarwal et al. 2021, "Deep RL at the Edge of the Statistical Precipice".

`orbench stats [FILTER] --metric M` is, in full:

    runs = store.runs(filter)
    series = store.series([run.run_id for run in runs], metric)
    matrices = score_matrices(runs, series, metric=metric, group_by=by,
                              select=parse_selection(select), include=include)   # orbench.score
    matrices = normalised(matrices, normalise)           # orbench.normalisation
    summary = summarise_scores(matrices, statistics=statistics, method=interval, level=level,
                               reps=reps, seed=seed, ddof=ddof, best=best)
    table = score_table(summary, layout=layout, spread=spread)          # orbench.plotting
    print(render_table(table, format))                   # markdown, latex, html, csv, json, text
                                                         # or draw `table.columns`, `table.rows`
                                                         # and `table.notes` with Rich

| option | argument | default |
|---|---|---|
| `--metric M` | the series asked for | required |
| `--by KEY` (repeatable) | `group_by`: exp_name, project, tag, config.x, ... | exp_name |
| `--select last/last-100/last-10%/best/lowest/at-1e6` | `select` | last-10% |
| `--repeats keep/average/last-pass/longest-pass` | `repeats`, see orbench.repeats | keep |
| `--statistic NAME` (repeatable) | `statistics`, see STATISTICS | mean, median, iqm |
| `--interval calibrated/percentile` | `method` | calibrated |
| `--level 0.95` | `level` | 0.95 |
| `--reps N`, `--seed N` | `reps`, `seed` of the bootstrap | 50000, 0 |
| `--engine numpy/rliable` | `engine` | numpy |
| `--include STATUS` (repeatable) | `include`: states besides finished | none |
| `--normalise NAME/FILE` | `normalise`, see orbench.normalisation | none |
| `--best highest/lowest/none` | `best`: what is marked, by test | highest |
| `--ddof 1/0` | `ddof` of standard deviations | 1 |
| `--spread interval/std` | `spread` beside a score of a wide table | interval |
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
from .bands import Band
from .best import best_run_sets, holm
from .curves import (
    CURVE_AGGREGATES,
    CURVE_AXES,
    CURVE_INTERVALS,
    CurveEstimate,
    RunCurve,
    averaged_in_words,
    curve_estimate,
    run_curve,
    smoothed,
)
from .efficiency import CurveScores, area_under_curve, efficiency_bands, sample_efficiency
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
from .over_envs import CurvesOverEnvs, curves_over_envs
from .pairs import (
    PairEstimate,
    difference_estimates,
    probability_of_improvement,
    ratio_estimates,
)
from .peak import CurvePeak, curve_peak
from .profiles import PROFILE_KINDS, performance_profile
from .ranks import RankEstimate, rank_estimates
from .rates import RATE_INTERVALS, RateEstimate, rate_estimate
from .resampling import ENGINES
from .rows import RowStatistics, row_statistics
from .summary import BEST, DEFAULT_STATISTICS, ScoreRow, ScoreSummary, summarise_scores
from .times import TimeEstimate, first_reach, time_to_threshold

__all__ = [
    "BEST",
    "CURVE_AGGREGATES",
    "CURVE_AXES",
    "CURVE_INTERVALS",
    "DEFAULT_STATISTICS",
    "ENGINES",
    "INTERVALS",
    "IQM",
    "PROFILE_KINDS",
    "RATE_INTERVALS",
    "STATISTICS",
    "BCa",
    "Band",
    "Basic",
    "BiasCorrected",
    "Calibrated",
    "CurveEstimate",
    "CurvePeak",
    "CurveScores",
    "CurveSettings",
    "CurvesOverEnvs",
    "Estimate",
    "Interval",
    "LearningCurve",
    "LearningCurves",
    "Mean",
    "Median",
    "OptimalityGap",
    "PairEstimate",
    "Percentile",
    "RankEstimate",
    "RateEstimate",
    "RowStatistics",
    "RunCurve",
    "ScoreRow",
    "ScoreSummary",
    "Scores",
    "Statistic",
    "TimeEstimate",
    "area_under_curve",
    "as_tasks",
    "averaged_in_words",
    "best_run_sets",
    "curve_estimate",
    "curve_peak",
    "curves_over_envs",
    "difference_estimates",
    "efficiency_bands",
    "first_reach",
    "holm",
    "interval_estimates",
    "interval_named",
    "learning_curves",
    "performance_profile",
    "probability_of_improvement",
    "rank_estimates",
    "rate_estimate",
    "ratio_estimates",
    "row_statistics",
    "run_curve",
    "sample_efficiency",
    "smoothed",
    "statistic_named",
    "summarise_scores",
    "time_to_threshold",
]
