"""Reference scores and human-normalised numbers that others published."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from orbench.normalisation import normalised, normaliser
from orbench.score import ScoreMatrix, TaskScores
from orbench.stats import Mean, Median

pytestmark = pytest.mark.published

DATA = Path(os.environ.get("ORBENCH_PUBLISHED_DATA", Path(__file__).parents[3] / "shared/data"))


def published(name: str) -> Path:
    """A file of published results; the test is skipped where it is absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"no published results at {path} (ORBENCH_PUBLISHED_DATA says where)")
    return path


def test_atari_has_the_57_pairs_of_the_list():
    pairs = json.loads(published("atari_human_random_scores.json").read_text())
    atari = normaliser("atari")
    found = {env_id: atari.reference(env_id) for env_id in pairs}
    assert {env: [one.low, one.high] for env, one in found.items()} == pairs
    assert len(pairs) == len(atari.references) == 57


@pytest.mark.parametrize(
    ("column", "median", "mean"),
    [
        ("ppo2", 0.7959851540635047, 4.54588939893709),
        ("envpool", 0.9783505154639175, 6.841083973256849),
    ],
)
def test_human_normalised_scores_of_openrlbenchmark(column, median, mean):
    path = published("openrlbenchmark__openrlbenchmark/static/cleanrl_vs_baselines.csv")
    rows = list(csv.DictReader(path.open()))
    (name,) = [name for name in rows[0] if column in name]
    scores = {row[next(iter(row))]: float(row[name].split()[0]) for row in rows}
    columns = tuple(
        TaskScores(env_id, np.array([score]), (None,), (env_id,))
        for env_id, score in scores.items()
    )
    matrix = ScoreMatrix(column, "charts/episodic_return", "the published table", columns)
    (after,) = normalised([matrix], "atari")
    assert len(after.tasks) == 57
    assert Median()(tuple(after.arrays())) == pytest.approx(median, abs=1e-12)
    assert Mean()(tuple(after.arrays())) == pytest.approx(mean, abs=1e-12)
