"""Work on many runs in several threads, which Ctrl-C ends within a moment.

Not by the executors of the standard library: those wait for whatever is under way, and once more
when the interpreter ends, however long a tracker does not answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

__all__ = ["side_by_side"]

_LAST_WAIT_SECONDS = 1.0
"""How long what is under way may take to end once nobody waits for its result any more."""

_P = TypeVar("_P")
_R = TypeVar("_R")
_K = TypeVar("_K")


def side_by_side(
    work: Callable[[_P], _R],
    keep: Callable[[_P, _R], _K],
    parts: Sequence[_P],
    jobs: int,
    *,
    stop: Callable[[], None],
) -> list[_K]:
    """What `keep` makes of each part and what `work` gave for it, in the order of the parts.

    `work` is called in up to `jobs` threads, `keep` in this one, as results come; no more than a
    few results wait for it. What either raises is raised here. If this ends early, by an error or
    by Ctrl-C, nothing more is started, and `stop` is called, which is to make what is under way
    fail; what goes on for longer than a second then is left alone, and goes down with the process.
    """
    kept: dict[int, _K] = {}
    crew = _Crew(work, parts, max(1, min(jobs, len(parts))))
    try:
        crew.start()
        while len(kept) < len(parts):
            place, result = crew.next_result()
            kept[place] = keep(parts[place], result)
    except BaseException:
        crew.dismiss()
        stop()
        raise
    finally:
        crew.join()
    return [kept[place] for place in range(len(parts))]


class _Crew(Generic[_P, _R]):
    """Threads that take the parts one after the other."""

    def __init__(self, work: Callable[[_P], _R], parts: Sequence[_P], size: int) -> None:
        self._work = work
        self._waiting = iter(enumerate(parts))
        self._lock = threading.Lock()
        self._dismissed = False
        self._results: SimpleQueue[tuple[int, _R] | BaseException] = SimpleQueue()
        # A part is begun only if the results that nobody has taken yet are few.
        self._room = threading.Semaphore(2 * size)
        self._threads = [
            threading.Thread(target=self._take, name=f"orbench-sync-{number}", daemon=True)
            for number in range(size)
        ]

    def start(self) -> None:
        """Begin with the first parts."""
        for thread in self._threads:
            thread.start()

    def next_result(self) -> tuple[int, _R]:
        """The next part that is done, and what came of it; raises what its work raised."""
        result = self._results.get()
        self._room.release()
        if isinstance(result, BaseException):
            raise result
        return result

    def dismiss(self) -> None:
        """Begin no more parts."""
        self._dismissed = True
        self._room.release(len(self._threads))

    def join(self) -> None:
        """Wait for the threads to end, but not for long."""
        deadline = time.monotonic() + _LAST_WAIT_SECONDS
        for thread in filter(threading.Thread.is_alive, self._threads):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _take(self) -> None:
        while (part := self._next_part()) is not None:
            place, given = part
            try:
                self._results.put((place, self._work(given)))
            except BaseException as error:
                self._results.put(error)

    def _next_part(self) -> tuple[int, _P] | None:
        self._room.acquire()
        with self._lock:
            part = None if self._dismissed else next(self._waiting, None)
        if part is None:
            self._room.release()  # for the next thread, which will find nothing either
        return part
