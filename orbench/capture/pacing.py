"""Pacing: background work in short slices, and never longer than its time."""

from __future__ import annotations

import time

__all__ = ["Deadline", "Pace"]


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


class Deadline:
    """A moment, some seconds from now, by which work must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self._end - time.monotonic())
