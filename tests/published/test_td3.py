"""TD3, Table 1 (arXiv 1802.09477): the largest mean over 10 seeds that any step has."""

from __future__ import annotations

import pytest

from orbench import fetch
from orbench.stats import CurveSettings, curve_peak, learning_curves

pytestmark = pytest.mark.published

# As the paper has them: Reacher aside, which cannot be reached from the files.
TABLE_1 = {
    "HalfCheetah-v1": "9636.95 +- 859.065",
    "Hopper-v1": "3564.07 +- 114.74",
    "Walker2d-v1": "4682.82 +- 539.64",
    "Ant-v1": "4372.44 +- 1000.33",
    "InvertedPendulum-v1": "1000.00 +- 0.00",
    "InvertedDoublePendulum-v1": "9337.47 +- 14.96",
}


@pytest.fixture(scope="module")
def curves(published, imported):
    """One curve for each env, a value for each 5,000 steps."""
    store = imported(
        published("sfujim__TD3/learning_curves"),
        *("--path", r"(?P<exp_name>TD3)_(?P<env_id>.+)_(?P<seed>\d+)[.]npy"),
        *("--map", "step=@row*5000", "--set", "metric=eval/return"),
    )
    table = fetch(metric="eval/return", store=store)
    made = learning_curves(table.runs, table.series, settings=CurveSettings(interval="none"))
    return {curve.env_id: curve.estimate for curve in made.curves}


def test_every_run_of_every_env_is_there(curves):
    assert {env: curve.n for env, curve in curves.items()} == dict.fromkeys(
        [*TABLE_1, "Reacher-v1"], 10
    )
    assert all(
        curve.steps.tolist() == list(range(0, 1_000_001, 5_000)) for curve in curves.values()
    )


@pytest.mark.parametrize("env", TABLE_1)
def test_the_published_maximum_is_reached(curves, env):
    peak = curve_peak(curves[env])
    digits = len(TABLE_1[env].partition(".")[2].partition(" ")[0])
    spread_digits = len(TABLE_1[env].rpartition(".")[2])
    assert f"{peak.point:.{digits}f} +- {peak.std:.{spread_digits}f}" == TABLE_1[env]


def test_reacher_is_near_what_was_published(curves):
    """Published: -3.60 +- 0.56; no step of the files has it."""
    peak = curve_peak(curves["Reacher-v1"])
    assert f"{peak.point:.2f} +- {peak.std:.2f}" == "-3.70 +- 0.51"
