"""Progress of long work on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from .output import note

__all__ = ["counted", "progress"]

_PLAIN_LINES = 5


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show progress while the block runs; call what it gives once for each part that is done.

    Where stderr is no terminal there are about five lines in all, so that logs stay short.
    """
    numbers = count(1)
    with counted(what) as tell:
        yield lambda: tell(next(numbers), total)


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """The same for work that counts itself; call what it gives with how much is done and of all."""
    if sys.stderr.isatty():
        with _bar(what) as tell:
            yield tell
    else:
        yield _plain(what)


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _plain(what: str) -> Callable[[int, int], None]:
    before = 0

    def tell(done: int, total: int) -> None:
        nonlocal before
        if _PLAIN_LINES * before // total != _PLAIN_LINES * done // total:
            note(f"{what}: {done} of {total}")
        before = done

    return tell
