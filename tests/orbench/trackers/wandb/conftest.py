"""A store with one run of everything, and trackers at the stand-in for W&B's server."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from orbench.events import (
    ArtifactLogged,
    ConfigUpdated,
    ConsoleWritten,
    Event,
    FactsCaptured,
    RunEnded,
    RunStarted,
    SummaryUpdated,
    TagsChanged,
)
from orbench.metric import Series
from orbench.run_store import ArtifactRecord, Points, RunStore, Shipment, open_store
from orbench.trackers import Pace, parse_place
from orbench.trackers.wandb import WandbTracker

RUN_ID = "r1abc"
START = 1.7e9
PLACE = "wandb://team/demo"


def impatient() -> Pace:
    """Fails at the first fault, and waits for nothing."""
    return Pace(rate=0.0, tries=1)


def new_folder() -> Path:
    """An empty folder for the files of one pull."""
    return Path(tempfile.mkdtemp(dir=os.environ["HOME"]))


@dataclass
class Pushed:
    """A run of a store as pushes read it, and the link that they leave."""

    store: RunStore
    folder: Path
    run_id: str = RUN_ID
    link: dict = field(default_factory=dict)

    @property
    def details(self):
        return self.store.details(self.run_id)

    def series(self, metric: str) -> Series:
        return self.store.series([self.run_id], metric)[0]

    def console(self):
        return self.store.console(self.run_id)

    def artifact_file(self, artifact: ArtifactRecord) -> Path:
        path = self.folder / artifact.sha256
        with path.open("wb") as out:
            self.store.read_artifact(artifact.sha256, out)
        return path

    def push(self, tracker: WandbTracker):
        """Push it, and keep the link as `orbench sync` does: whatever happens."""
        return tracker.push(self, dict(self.link), lambda document: self.keep(document))

    def keep(self, document) -> None:
        self.link = dict(document)

    def grow(self, *events: Event, **points: Points) -> None:
        """Log more to the run."""
        start = self.store.watermark(f"{self.run_id}/a")
        shipment = Shipment(
            f"{self.run_id}/a", self.run_id, start, start + 1, events, points, closed=True
        )
        assert self.store.ship(shipment)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Pushed]:
    """A finished run with odd values, names and steps, system metrics, output and artifacts."""
    times = START + np.arange(50) * 0.37
    values = np.random.default_rng(0).normal(size=50)
    values[[3, 5, 6]] = math.nan, math.inf, -math.inf
    points = {
        "loss": Points(np.arange(50) * 10, values, times),
        "charts/episodic_return": Points(np.arange(0, 50, 2) * 10, values[::2], times[::2]),
        "_odd": Points(np.array([1, 1, 0]), np.array([1e300, 5e-324, 2.0]), np.full(3, START)),
        "system/cpu_percent": Points(np.arange(5), np.arange(5) * 1.1, times[:5]),
    }
    path = tmp_path / "policy"
    path.write_bytes(b"\x00\x01policy")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    events = (
        RunStarted(started=START, project="p", exp_name="ppo", env_id="X-v1", seed=3, host="node1"),
        ConfigUpdated(values={"lr": 3e-4, "net": {"layers": [64, 64]}, "clip": math.inf}),
        TagsChanged(added=("v1",)),
        SummaryUpdated(values={"best": 3.5}),
        FactsCaptured(kind="machine", document={"host": "node1"}),
        FactsCaptured(kind="command", document={"argv": ["python", "train.py"]}),
        ConsoleWritten(stream="stdout", time=START + 1, data=b"hello\nwor"),
        ConsoleWritten(stream="stderr", time=START + 2, data=b"caf\xe9\n"),
        ConsoleWritten(stream="stdout", time=START + 3, data=b"ld\n"),
        ArtifactLogged(name="models/policy.bin", sha256=sha256, size=8, logged=START + 4),
        RunEnded(status="finished", ended=START + 60, exit_code=0),
    )
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", create=True) as store:
        blobs = {sha256: path}
        assert store.ship(
            Shipment(f"{RUN_ID}/a", RUN_ID, 0, 10, events, points, blobs, closed=True)
        )
        yield Pushed(store, tmp_path)


@pytest.fixture
def other_store(tmp_path: Path) -> Iterator[RunStore]:
    """An empty store."""
    with open_store(f"sqlite:///{tmp_path / 'other.db'}", create=True) as store:
        yield store


@pytest.fixture
def tracker(wandb) -> Iterator[WandbTracker]:
    """The project `demo` of W&B, which does not exist yet; fails at the first fault."""
    made = WandbTracker(parse_place(PLACE), impatient(), timeout=1.0)
    yield made
    made.close()


@pytest.fixture
def tracker_at(wandb) -> Iterator[Callable[..., WandbTracker]]:
    """Makes trackers, closed at the end."""
    made: list[WandbTracker] = []

    def make(place: str = PLACE, **options) -> WandbTracker:
        made.append(WandbTracker(parse_place(place), impatient(), timeout=1.0, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def same_run() -> Callable[[RunStore, RunStore], list[str]]:
    """What differs between a run in two stores; heartbeats are the store's own."""

    def compare(one: RunStore, other: RunStore) -> list[str]:
        here, there = one.details(RUN_ID), other.details(RUN_ID)
        fields = set(here.record.__dataclass_fields__) - {"heartbeat"}
        differs = [
            name
            for name in sorted(fields)
            if getattr(here.record, name) != getattr(there.record, name)
        ]
        for metric in one.metric_names():
            mine, theirs = one.series([RUN_ID], metric)[0], other.series([RUN_ID], metric)[0]
            same = np.array_equal(mine.steps, theirs.steps)
            same &= np.array_equal(mine.values.view("u8"), theirs.values.view("u8"))
            same &= np.array_equal(mine.wall_times, theirs.wall_times)
            differs += [] if same else [metric]
        differs += [] if list(one.console(RUN_ID)) == list(other.console(RUN_ID)) else ["console"]
        differs += [] if here.artifacts == there.artifacts else ["artifacts"]
        command = there.facts["command"]
        differs += [] if here.facts["command"].items() <= command.items() else ["command"]
        differs += [] if here.facts["machine"] == there.facts["machine"] else ["machine"]
        return differs

    return compare
