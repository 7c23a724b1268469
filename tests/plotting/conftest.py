"""Experiments to draw: run records and their series, made up but shaped like training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from orbench.metric import Series
from orbench.run import RunRecord, RunStatus

Experiment = tuple[list[RunRecord], list[Series]]


def _experiment(
    exp_names: Sequence[str] = ("ppo", "sac"),
    envs: Sequence[str] = ("CartPole-v1", "Acrobot-v1"),
    seeds: int = 3,
    rows: int = 30,
) -> Experiment:
    random = np.random.default_rng(0)
    runs, series = [], []
    for env in envs:
        for exp_name in exp_names:
            for seed in range(seeds):
                run_id = f"{exp_name}-{env}-{seed}"
                steps = np.arange(1, rows + 1, dtype=np.int64) * 1000
                values = 100 * (1 - np.exp(-np.arange(rows) / 8)) + random.normal(0, 3, rows)
                runs.append(
                    RunRecord(
                        run_id=run_id,
                        project="demo",
                        exp_name=exp_name,
                        env_id=env,
                        seed=seed,
                        status=RunStatus.FINISHED,
                        started=float(seed),
                    )
                )
                series.append(
                    Series(run_id, "charts/episodic_return", steps, values, np.zeros(rows))
                )
    return runs, series


@pytest.fixture
def experiment() -> Callable[..., Experiment]:
    """Makes runs of these experiments on these envs: `experiment(exp_names, envs, seeds, rows)`."""
    return _experiment
