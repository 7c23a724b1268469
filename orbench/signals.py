r"""Signals of a process that stands before another one: which are meant for the other.

The two are in one process group, as with `time` or `env`, so that Ctrl-C, Ctrl-\, Ctrl-Z and
the end of a terminal reach both from the kernel and must not be passed on. What somebody sends
with kill(2) reaches only us and must be. The kernel says which it was, so the signals are blocked
and waited for (a handler is not told). Where it does not say (macOS, or a thread that took the
signal although it was blocked), INT, QUIT and TSTP are taken for the terminal's while we are in
its foreground.

What a whole process group is sent with kill(2) reaches the other twice: from the sender and from
us. Nobody can tell that apart from what was sent to us alone.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

__all__ = ["FORWARDED", "HeldSignals", "Received"]

FORWARDED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTSTP,
    signal.SIGCONT,
)
_WATCHED = (*FORWARDED, signal.SIGCHLD, signal.SIGWINCH)
_TYPED = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)


@dataclass(frozen=True, slots=True)
class Received:
    """A signal that came; `sender` is the process that sent it, None if the kernel did."""

    number: signal.Signals
    from_terminal: bool
    sender: int | None = None

    def is_for(self, child: int) -> bool:
        """Whether to pass it on: not what the child has already, nor what its own tree sent."""
        if self.number not in FORWARDED:
            return False
        if self.from_terminal:
            # Of a terminal that goes away the kernel tells the leader of the session alone.
            return self.number == signal.SIGHUP and os.getsid(0) == os.getpid()
        return self.sender is None or not _descends(self.sender, child)


class HeldSignals:
    """Within this context signals wait to be fetched with `next` instead of taking effect.

    To be entered in the main thread, before other threads start: they inherit that the signals
    are blocked. `original_mask` is what a child process is to be started with. Signals that
    were ignored on entry (nohup, a background job of a script) stay ignored, here and there.
    """

    def __init__(self) -> None:
        self.original_mask: set[int] = set()
        self._numbers: tuple[signal.Signals, ...] = ()
        self._handlers: dict[signal.Signals, Any] = {}  # Any: what signal.getsignal gives

    def __enter__(self) -> Self:
        owner = threading.get_ident()
        self._numbers = tuple(
            number
            for number in _WATCHED
            if number == signal.SIGCHLD or signal.getsignal(number) is not signal.SIG_IGN
        )
        for number in self._numbers:
            self._handlers[number] = signal.signal(number, _handing_back_to(owner))
        self.original_mask = {
            int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, self._numbers)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            while self.next(0) is not None:  # came too late for the child, and must not kill us
                pass
        for number, handler in self._handlers.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.original_mask)

    def next(self, seconds: float) -> Received | None:
        """The next signal, None if none comes within this time."""
        if not hasattr(signal, "sigtimedwait"):
            return self._next_without_origin(seconds)
        info = signal.sigtimedwait(self._numbers, seconds)
        if info is None:
            return None
        number = signal.Signals(info.si_signo)
        if info.si_pid == os.getpid():
            return Received(number, _may_be_typed(number))
        # Codes above 0 are the kernel's: its terminal driver, for the signals that we hold.
        return Received(number, info.si_code > 0, info.si_pid or None)

    def _next_without_origin(self, seconds: float) -> Received | None:
        if not seconds and not signal.sigpending() & set(self._numbers):
            return None
        number = signal.Signals(signal.sigwait(self._numbers))
        return Received(number, _may_be_typed(number))

    def stop_ourselves(self) -> None:
        """Stop as SIGTSTP stops a process; returns when somebody has us continue."""
        if signal.SIGTSTP in signal.sigpending():  # else it would stop us a second time
            signal.sigwait([signal.SIGTSTP])
        ours = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTSTP])
        signal.raise_signal(signal.SIGTSTP)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTSTP])
        signal.signal(signal.SIGTSTP, ours)


def _handing_back_to(thread: int) -> Callable[[int, FrameType | None], None]:
    """A handler for threads that do not block the signal: the one that waits gets it."""

    def hand_back(number: int, frame: FrameType | None) -> None:
        signal.pthread_kill(thread, number)

    return hand_back


def _may_be_typed(number: signal.Signals) -> bool:
    """Whether the terminal may have sent this to our process group, being in its foreground."""
    if number not in _TYPED:
        return False
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _descends(pid: int, ancestor: int) -> bool:
    """Whether a process is another one or comes from it, as far as /proc tells."""
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:
            return False
        # The name stands in brackets and may hold brackets; state and parent follow the last one.
        pid = int(status.rpartition(")")[2].split()[1])
    return False
