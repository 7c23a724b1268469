"""Pacing: background work in short slices, and never longer than its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Deadline", "Pace", "PacedThread"]


class Pace:
    """Rests after each slice of work, so that the training thread gets the interpreter's lock.

    Call it between small steps of work.
    """

    def __init__(self, slice_seconds: float = 0.002, rest_seconds: float = 0.002) -> None:
        self._slice = slice_seconds
        self._rest = rest_seconds
        self._began = time.perf_counter()

    def __call__(self) -> None:
        """Rest if the present slice is used up."""
        if time.perf_counter() - self._began >= self._slice:
            time.sleep(self._rest)
            self._began = time.perf_counter()

    def hurry(self) -> None:
        """Rest no more: somebody waits for the work. May be called from another thread."""
        self._rest = 0.0


class PacedThread(threading.Thread):
    """A daemon thread whose work keeps a pace, which it is given, until it is waited for."""

    def __init__(self, name: str, work: Callable[[Pace], object]) -> None:
        super().__init__(name=name, daemon=True)
        self._pace = Pace()
        self._work = work

    def run(self) -> None:
        """Do the work."""
        self._work(self._pace)

    def is_done_within(self, seconds: float) -> bool:
        """Wait so long for the work, which hurries now; whether it is done."""
        self._pace.hurry()
        self.join(seconds)
        return not self.is_alive()


class Deadline:
    """A moment, some seconds from now, by which work must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self._end - time.monotonic())
