"""The pace: a limit of requests a second, and waits between the tries of one."""

from __future__ import annotations

import threading
import time

import pytest

from orbench.errors import TrackerError, TrackerUnavailableError
from orbench.trackers import Pace


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def paced(**how) -> tuple[Pace, Time]:
    time = Time()
    return Pace(sleep=time.sleep, clock=time.clock, **how), time


def failing(times: int, error: Exception):
    left = iter([error] * times)

    def ask() -> str:
        for one in left:
            raise one
        return "answer"

    return ask


def test_requests_are_spread_over_time() -> None:
    pace, time = paced(rate=10)
    for _ in range(21):
        pace.call(lambda: None)
    assert time.now == pytest.approx(2.0)


def test_a_rate_of_zero_is_no_limit() -> None:
    pace, time = paced(rate=0)
    for _ in range(100):
        pace.call(lambda: None)
    assert time.now == 0


def test_waits_double_and_are_shortened_at_random() -> None:
    pace, time = paced(rate=0, tries=5, first_wait=1, longest_wait=3)
    assert pace.call(failing(4, TrackerUnavailableError("down"))) == "answer"
    for slept, longest in zip(time.slept, (1, 2, 3, 3), strict=True):
        assert longest / 2 <= slept <= longest


def test_a_tracker_that_says_how_long_is_obeyed_within_reason() -> None:
    pace, time = paced(rate=0, longest_wait=30)
    pace.call(failing(1, TrackerUnavailableError("busy", retry_after=7)))
    assert time.slept == [7]
    pace.call(failing(1, TrackerUnavailableError("busy", retry_after=3600)))
    assert time.slept[1] == 60


def test_the_last_error_comes_through() -> None:
    pace, time = paced(rate=0, tries=3)
    with pytest.raises(TrackerUnavailableError, match="down"):
        pace.call(failing(3, TrackerUnavailableError("down")))
    assert len(time.slept) == 2


def test_what_another_try_cannot_help_is_not_tried_again() -> None:
    pace, time = paced(rate=0)
    with pytest.raises(TrackerError, match="refused"):
        pace.call(failing(1, TrackerError("refused")))
    assert time.slept == []


def test_what_has_ended_is_waited_for_no_more() -> None:
    ended = threading.Event()
    asked = []

    def ask() -> None:
        asked.append(1)
        threading.Timer(0.05, ended.set).start()
        raise TrackerUnavailableError("busy", retry_after=60)

    began = time.monotonic()
    with pytest.raises(TrackerUnavailableError, match="busy"):
        Pace(rate=0, tries=2).call(ask, ended)
    assert time.monotonic() - began < 5
    assert len(asked) == 2
