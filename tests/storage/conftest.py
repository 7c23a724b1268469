"""Fixtures of the store's tests: an open store, and a journal reduced to what the store sees."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orbench.events import Event
from orbench.run_store import Points, Shipment
from orbench.storage import SqlStore

Values = list[tuple[int, float]]


class JournalSegment:
    """One journal segment of a run: each `ship` is the stretch that follows the last one."""

    def __init__(self, store: SqlStore, run_id: str, name: str) -> None:
        self.store = store
        self.run_id = run_id
        self.segment_id = f"{run_id}/{name}"
        self.position = 0

    def shipment(
        self,
        *events: Event,
        points: Mapping[str, Points] | None = None,
        blobs: Mapping[str, Path] | None = None,
        **more: Any,
    ) -> Shipment:
        """The next stretch, ten bytes long."""
        return Shipment(
            self.segment_id,
            self.run_id,
            self.position,
            self.position + 10,
            events,
            points or {},
            blobs or {},
            **more,
        )

    def ship(self, *events: Event, **more: Any) -> bool:
        """Ship the next stretch and stand behind it."""
        stored = self.store.ship(self.shipment(*events, **more))
        self.position += 10
        return stored


@pytest.fixture
def segment(store: SqlStore) -> Callable[..., JournalSegment]:
    """Makes journal segments that go to `store`: `segment(run_id, name)`."""

    def make(run_id: str = "run1", name: str = "a") -> JournalSegment:
        return JournalSegment(store, run_id, name)

    return make


@pytest.fixture
def segment_of() -> Callable[[SqlStore, str, str], JournalSegment]:
    """Makes journal segments that go to any store: `segment_of(store, run_id, name)`."""
    return JournalSegment


@pytest.fixture
def points() -> Callable[..., Points]:
    """Makes points: `points(first, last)` at these steps, with values and times that differ."""

    def make(first: int, end: int, *, offset: float = 0.0) -> Points:
        steps = np.arange(first, end)
        return Points(steps, np.sin(steps * 0.1) + offset, 1.7e9 + steps * 0.25)

    return make


@pytest.fixture
def now() -> float:
    """The time at which the test began."""
    return time.time()
