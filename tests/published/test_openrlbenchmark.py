"""openrlbenchmark: human-normalised scores of 57 Atari games, from its own result table."""

from __future__ import annotations

import pytest

from orbench import fetch
from orbench.normalisation import normalised
from orbench.score import score_matrices
from orbench.selection import parse_selection
from orbench.stats import Mean, Median, as_tasks

pytestmark = pytest.mark.published

# Median and mean, as its README prints them.
HUMAN_NORMALISED = {
    "baselines-ppo2-cnn": (0.7959851540635047, 4.54588939893709),
    "ppo_atari_envpool_xla_jax_truncation": (0.9783505154639175, 6.841083973256849),
}


@pytest.fixture(scope="module")
def matrices(published, imported):
    """The scores of two run sets, one run for each game: the table has means only."""
    store = imported(
        published("openrlbenchmark__openrlbenchmark/static/cleanrl_vs_baselines.csv"),
        *("--wide", r".+/(?P<exp_name>[^/ ]+) \(.*\)", "--map", "env_id=0"),
        *("--set", "seed=none", "--set", "metric=charts/episodic_return"),
    )
    table = fetch(metric="charts/episodic_return", store=store)
    found = score_matrices(
        table.runs,
        table.series,
        metric="charts/episodic_return",
        select=parse_selection("last"),
    )
    return {matrix.label: matrix for matrix in found}


def test_both_columns_have_all_games(matrices):
    assert {label: len(matrix.tasks) for label, matrix in matrices.items()} == dict.fromkeys(
        HUMAN_NORMALISED, 57
    )


@pytest.mark.parametrize("label", HUMAN_NORMALISED)
def test_median_and_mean_are_reached_to_the_last_digit(matrices, label):
    (after,) = normalised([matrices[label]], "atari")
    scores = as_tasks(after.arrays())
    assert (Median()(scores), Mean()(scores)) == HUMAN_NORMALISED[label]
