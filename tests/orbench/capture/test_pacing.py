"""Pacing: background work rests between its slices, and no longer once somebody waits for it."""

import threading

from orbench.capture import PacedThread
from orbench.capture.pacing import Pace


def test_work_rests_after_each_slice(monkeypatch):
    rests = []
    monkeypatch.setattr("orbench.capture.pacing.time.sleep", rests.append)
    pace = Pace(slice_seconds=0.0, rest_seconds=0.5)
    pace()
    assert rests == [0.5]


def test_who_waits_for_the_work_makes_it_hurry(monkeypatch):
    rests = []
    monkeypatch.setattr("orbench.capture.pacing.time.sleep", rests.append)
    pace = Pace(slice_seconds=0.0, rest_seconds=0.5)
    pace()
    pace.hurry()
    pace()
    assert rests == [0.5, 0.0]


def test_work_that_takes_longer_is_not_done():
    release = threading.Event()
    thread = PacedThread("test", lambda pace: release.wait())
    thread.start()
    assert not thread.is_done_within(0.05)
    release.set()
    assert thread.is_done_within(30)
