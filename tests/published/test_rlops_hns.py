"""openrlbenchmark: the four human-normalised scores of its README, by `orbench rlops-hns`."""

from __future__ import annotations

import pytest

from orbench.rlops import human_normalised

pytestmark = pytest.mark.published

# Median and mean, as its README prints them.
README = [
    ("openrlbenchmark/baselines/baselines-ppo2-cnn ({})", 0.7959851540635047, 4.54588939893709),
    (
        "openrlbenchmark/envpool-atari/ppo_atari_envpool_xla_jax_truncation ({})",
        0.9783505154639175,
        6.841083973256849,
    ),
]


def test_the_scores_of_the_readme_are_reached_to_the_last_digit(published) -> None:
    table = published("openrlbenchmark__openrlbenchmark/static/cleanrl_vs_baselines.csv")
    found = human_normalised([table])
    assert [(row.label, row.median, row.mean) for row in found] == README
    assert {row.envs for row in found} == {57}
