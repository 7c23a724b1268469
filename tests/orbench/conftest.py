"""Fixtures of the gate: scores of two sides, and a store of runs with a candidate that is worse."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from orbench.events import ConfigUpdated, FactsCaptured, RunEnded, RunStarted, TagsChanged
from orbench.gate import TaskPair
from orbench.run import new_run_id
from orbench.run_store import Points, RunStore, Shipment
from orbench.storage import open_store

METRIC = "charts/return"


@pytest.fixture(scope="session")
def scores() -> Callable[..., list[TaskPair]]:
    """Draws scores around 100: `scores(seed, sizes, drops, sd=15)`, drops in sd by task."""

    def draw(seed, sizes, drops=(0.0,), sd=15.0):
        random = np.random.default_rng(seed)
        return [
            TaskPair(
                f"env{task}",
                100 + sd * random.normal(size=sizes[0]),
                100 + sd * (random.normal(size=sizes[1]) - drop),
            )
            for task, drop in enumerate(drops)
        ]

    return draw


@pytest.fixture(scope="session")
def put_run() -> Callable[..., str]:
    """Puts a run with one score into a store: `put_run(store, tag, env, seed, score, ...)`.

    A `commit` of "none" is that of files in no repository, an empty one of no source at all.
    """

    def put(
        store: RunStore,
        tag: str,
        env_id: str,
        seed: int | None,
        score: float,
        *,
        status: str = "finished",
        seconds: float = 60.0,
        commit: str = "1a2b3c4d5e6f7a8b",
        argv: Sequence[str] | None = None,
        metric: str = METRIC,
        exp_name: str = "ppo",
        host: str = "",
    ) -> str:
        run_id = new_run_id()
        started = 1.7e9 + (seed or 0)
        words = ["python", "train.py", "--seed", str(seed)] if argv is None else list(argv)
        events = [
            RunStarted(
                started=started,
                project="demo",
                exp_name=exp_name,
                env_id=env_id,
                seed=seed,
                host=host,
            ),
            ConfigUpdated(values={"lr": 0.1}),
            TagsChanged(added=(tag,)),
        ]
        if commit:
            git = {"kind": "git", "commit": commit}
            source = {"kind": "files"} if commit == "none" else git
            events.append(FactsCaptured(kind="source", document=source))
        if words:
            document = {"argv": words, "cwd": "."}
            events.append(FactsCaptured(kind="command", document=document))
        if status != "running":
            events.append(RunEnded(ended=started + seconds, status=status, exit_code=0))
        rows = Points(np.array([1, 100]), np.full(2, score), started + np.array([0.0, 50.0]))
        shipment = Shipment(
            f"{run_id}/a",
            run_id,
            0,
            10,
            tuple(events),
            {metric: rows},
            heartbeat=time.time(),
            closed=True,
        )
        assert store.ship(shipment)
        return run_id

    return put


@pytest.fixture(scope="session")
def gated_url(tmp_path_factory, put_run, scores) -> str:
    """A store with v1 (8 runs on 3 envs), v2 (5, as good) and bad (5, collapsed on env1)."""
    url = f"sqlite:///{tmp_path_factory.mktemp('gate') / 'store.db'}"
    with open_store(url, create=True) as store:
        for pair in scores(1, (8, 10), (0.0, 0.0, 0.0), sd=3.0):
            for seed, score in enumerate(pair.baseline):
                put_run(store, "v1", pair.task, seed, float(score))
            for place, score in enumerate(pair.candidate):
                worse = 40.0 if pair.task == "env1" and place >= 5 else 0.0
                tag = "bad" if place >= 5 else "v2"
                put_run(store, tag, pair.task, place % 5, float(score) - worse)
    return url


@pytest.fixture
def gated_store(gated_url) -> RunStore:
    """That store, open."""
    with open_store(gated_url) as store:
        yield store


@pytest.fixture
def own_store(tmp_path) -> RunStore:
    """An empty store of this test's own."""
    with open_store(f"sqlite:///{tmp_path / 'own.db'}", create=True) as store:
        yield store
