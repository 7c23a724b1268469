"""Runs worth pushing, with everything in them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np
import pytest

from orbench.events import (
    ArtifactLogged,
    ConfigUpdated,
    ConsoleWritten,
    FactsCaptured,
    RunEnded,
    RunStarted,
    SummaryUpdated,
    TagsChanged,
)
from orbench.run import new_run_id
from orbench.run_store import Points, RunStore, Shipment, open_store

_STARTED = 1.7e9


@pytest.fixture
def full_run(tmp_path) -> Callable[..., str]:
    """Puts a run with everything in it into a store: `full_run(store, seed=1)`."""

    def put(store: RunStore, seed: int = 1, n: int = 1500, **started: object) -> str:
        run_id = new_run_id()
        blob = tmp_path / f"policy-{run_id}"
        blob.write_bytes(b"\x00policy" * seed)
        sha256 = hashlib.sha256(blob.read_bytes()).hexdigest()
        random = np.random.default_rng(seed)
        losses = random.normal(size=n)
        losses[:4] = [math.nan, math.inf, -math.inf, -0.0]
        times = _STARTED + np.arange(n) * 0.123456789
        steps = np.arange(n)
        steps[n // 2 :] -= 10  # a restart
        events = [
            RunStarted(
                started=_STARTED,
                project="demo",
                exp_name="ppo",
                env_id="CartPole-v1",
                seed=seed,
                host="somewhere",
                **started,
            ),
            ConfigUpdated(values={"optim": {"lr": 3e-4, "betas": [0.9, 0.99]}, "long": "x" * 7000}),
            SummaryUpdated(values={"best": math.inf, "n": seed}),
            TagsChanged(added=("v1.2", "good one")),
            FactsCaptured(kind="command", document={"argv": ["python", "train.py"]}),
            FactsCaptured(kind="machine", document={"cpu": "one"}),
            ConsoleWritten(stream="stdout", time=_STARTED, data="über\n".encode()),
            ConsoleWritten(stream="stderr", time=_STARTED + 1, data=b"\xff bad\n"),
            ArtifactLogged(
                name="models/policy.pt",
                sha256=sha256,
                size=blob.stat().st_size,
                logged=_STARTED + 2,
                kind="model",
                metadata={"epoch": 3},
            ),
            RunEnded(status="failed", ended=_STARTED + 600.25, exit_code=3, error="it broke"),
        ]
        points = {
            "charts/episodic_return": Points(steps, random.normal(size=n), times),
            "loss": Points(steps, losses, times),
            "system/cpu": Points(steps[:5], random.normal(size=5), times[:5]),
        }
        shipment = Shipment(
            f"{run_id}/a",
            run_id,
            0,
            10,
            tuple(events),
            points,
            {sha256: blob},
            heartbeat=_STARTED + 600.25,
            closed=True,
        )
        assert store.ship(shipment)
        return run_id

    return put


@pytest.fixture
def store(sqlite_url: str):
    """An empty store."""
    with open_store(sqlite_url, create=True) as one:
        yield one


@pytest.fixture
def other_store(tmp_path):
    """Another one, to pull into."""
    with open_store(f"sqlite:///{tmp_path / 'other.db'}", create=True) as one:
        yield one
