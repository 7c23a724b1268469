"""Sources read one after the other, or by several processes at once: the same runs, in one order.

Reading is Python's work on bytes, so that threads do not pay. A process costs its start, though, so
that few or short sources are read by this one.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from ..errors import OrbenchError
from .imported import FoundPath, ImportedRun, Importer

__all__ = ["ReadSource", "read_sources"]

_ALONE_SECONDS = 0.5
"""How long sources are read here before other processes are thought of."""

_WORTH_SECONDS = 4.0
"""Of less than this the start of processes, half a second each, would take too large a part."""

_AHEAD = 2
"""Sources that are read ahead for each process: what was read waits in memory."""


@dataclass(frozen=True, slots=True)
class ReadSource:
    """What was read of a source: all its runs, or what is wrong with it, in a sentence."""

    found: FoundPath
    runs: tuple[ImportedRun, ...] = ()
    problem: str = ""


def read_sources(
    importer: Importer, found: Sequence[FoundPath], jobs: int | None = None
) -> Generator[ReadSource, None, None]:
    """Read sources by so many processes; by None as many as there are idle cores, once that pays.

    What comes, and in which order, is the same however many there are. Close what this gives to
    end the processes.
    """
    if jobs is not None and jobs > 1 and len(found) > 1 and _can_be_sent(importer):
        yield from _by_processes(importer, found, jobs)
        return
    spent = 0.0
    for done, one in enumerate(found):
        if jobs is None and _pays(spent, done, len(found) - done) and _can_be_sent(importer):
            yield from _by_processes(importer, found[done:], _cores())
            return
        before = time.perf_counter()
        source = _read(importer, one)
        spent += time.perf_counter() - before
        yield source


def _pays(spent: float, done: int, left: int) -> bool:
    """Whether other processes pay for what is left, by what was spent on what is done."""
    if spent < _ALONE_SECONDS or left < 2 or _cores() < 2:
        return False
    return spent / done * left > _WORTH_SECONDS


def _read(importer: Importer, one: FoundPath) -> ReadSource:
    try:
        return ReadSource(one, tuple(importer.read(one)))
    except OrbenchError as error:
        return ReadSource(one, problem=str(error))
    except OSError as error:
        if error.strerror is None:
            raise
        return ReadSource(one, problem=f"{one.name}: cannot be read: {error.strerror}")


def _cores() -> int:
    """The cores that this process may use and no other does; its own is one of them."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    busy = max(0, round(os.getloadavg()[0]) - 1)
    return max(1, cores - busy)


# -- several processes


def _can_be_sent(importer: Importer) -> bool:
    """Whether an importer can be given to another process; one that a package brings may not."""
    from multiprocessing.reduction import ForkingPickler

    try:
        ForkingPickler.dumps(importer)
    except Exception:  # whatever a foreign object raises when it is taken apart
        return False
    return True


def _by_processes(
    importer: Importer, found: Sequence[FoundPath], jobs: int
) -> Generator[ReadSource, None, None]:
    """Read ahead by processes, and give what they read in the order of the sources."""
    import multiprocessing
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(
        min(jobs, len(found)),
        # A copy of this process (fork) may wait for ever for a lock that a thread held.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(importer,),
    )
    waiting: deque[Future[ReadSource]] = deque()
    done = 0
    try:
        for one in found:
            while len(waiting) >= jobs * _AHEAD:
                yield waiting.popleft().result()
                done += 1
            waiting.append(pool.submit(_read_there, one))
        while waiting:
            yield waiting.popleft().result()
            done += 1
    except BrokenProcessPool:
        yield from (ReadSource(one, problem=_killed(one)) for one in found[done:])
    finally:
        if done < len(found):
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
                child.join()
        pool.shutdown(cancel_futures=True)


def _killed(one: FoundPath) -> str:
    return (
        f"{one.name}: was not read: a process that reads was killed, as it is where memory runs "
        "out; --jobs 1 reads one source at a time"
    )


_importer: Importer | None = None


def _begin(importer: Importer) -> None:
    """What a process that reads does first; Ctrl-C is for the one that it reads for."""
    global _importer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _importer = importer


def _read_there(one: FoundPath) -> ReadSource:
    assert _importer is not None
    return _read(_importer, one)
