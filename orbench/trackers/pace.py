"""How often a tracker is asked, and how often again when it does not answer."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ..errors import TrackerUnavailableError

__all__ = ["Pace"]

_T = TypeVar("_T")


@dataclass(slots=True)
class Pace:
    """A limit of requests a second and the retries of one, for all threads of a sync together.

    Waits between tries double from `first_wait` to `longest_wait` seconds and are shortened by
    up to half at random, so that many clients do not come back at once; a tracker that says how
    long to wait is obeyed. `rate` of 0 is no limit. `sleep` is how to wait, if not as usual.
    """

    rate: float = 50.0
    tries: int = 5
    first_wait: float = 0.5
    longest_wait: float = 30.0
    sleep: Callable[[float], None] | None = None
    clock: Callable[[], float] = time.monotonic
    _free_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, ask: Callable[[], _T], ended: threading.Event | None = None) -> _T:
        """What `ask` gives, asked again where it raises TrackerUnavailableError.

        `ask` must be safe to repeat: that an answer was lost does not mean that nothing was done.
        Raises the last error once all tries are used up, or once `ended` is set, which ends waits.
        """
        ended = ended or threading.Event()
        for attempt in range(1, self.tries + 1):
            self.wait(ended)
            try:
                return ask()
            except TrackerUnavailableError as error:
                if attempt >= self.tries or ended.is_set():
                    raise
                self._back_off(attempt, error.retry_after, ended)
        raise AssertionError("a pace has at least one try")

    def wait(self, ended: threading.Event | None = None) -> None:
        """Sleep until one more request may be made."""
        if self.rate <= 0:
            return
        with self._lock:
            now = self.clock()
            mine = max(now, self._free_at)
            self._free_at = mine + 1 / self.rate
        if mine > now:
            self._sleep(mine - now, ended or threading.Event())

    def _back_off(self, attempt: int, retry_after: float | None, ended: threading.Event) -> None:
        wait = min(self.first_wait * 2 ** (attempt - 1), self.longest_wait)
        wait *= random.uniform(0.5, 1)  # noqa: S311 - spreads clients out, keeps no secret
        if retry_after is not None:
            # A tracker that asks for an hour is told to the user rather than waited for.
            wait = max(wait, min(retry_after, 2 * self.longest_wait))
        self._sleep(wait, ended)

    def _sleep(self, seconds: float, ended: threading.Event) -> None:
        if self.sleep is None:
            ended.wait(seconds)
        else:
            self.sleep(seconds)
