"""Progress of long work on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .output import note

__all__ = ["progress"]

_PLAIN_LINES = 5


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show progress while the block runs; call what it gives once for each part that is done.

    Where stderr is no terminal there are about five lines in all, so that logs stay short.
    """
    if sys.stderr.isatty():
        with _bar(what, total) as advance:
            yield advance
    else:
        yield _plain(what, total)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        task = bars.add_task(what, total=total)
        yield lambda: bars.advance(task)


def _plain(what: str, total: int) -> Callable[[], None]:
    done = 0

    def advance() -> None:
        nonlocal done
        before, done = done, done + 1
        if _PLAIN_LINES * before // total != _PLAIN_LINES * done // total:
            note(f"{what}: {done} of {total}")

    return advance
