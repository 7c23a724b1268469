"""What `orbench rlops` compares and computes: the command line of openrlbenchmark over a store.

`compared_sets` reads the strings of `--filters` and `--env-ids`; `select_runs` finds their runs in
a store; `set_result` makes the numbers of one set; `normalised_results` puts them on one scale.
Nothing here draws or writes; see `docs/rlops.md` for the flags.
"""

from .aggregates import STATISTIC_NAMES, Normalised, efficiency_statistic, normalised_results
from .axes import TIME_UNITS
from .curves import GRID_POINTS, SetCurve
from .grammar import SOURCE_KEYS, Experiment, Source, parse_experiment, parse_source
from .groups import ComparedSet, compared_sets, metrics_compared, one_metric
from .hns import HumanNormalised, human_normalised, read_result_table
from .results import CurveOptions, Samples, SetResult, set_result
from .selecting import SelectedSet, select_runs

__all__ = [
    "GRID_POINTS",
    "SOURCE_KEYS",
    "STATISTIC_NAMES",
    "TIME_UNITS",
    "ComparedSet",
    "CurveOptions",
    "Experiment",
    "HumanNormalised",
    "Normalised",
    "Samples",
    "SelectedSet",
    "SetCurve",
    "SetResult",
    "Source",
    "compared_sets",
    "efficiency_statistic",
    "human_normalised",
    "metrics_compared",
    "normalised_results",
    "one_metric",
    "parse_experiment",
    "parse_source",
    "read_result_table",
    "select_runs",
    "set_result",
]
