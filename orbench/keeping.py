"""What goes on around a run while it is recorded: capture, console, signals, the background."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import weakref
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from .events import FactsCaptured
from .keeper import Keeper
from .recorder import Run
from .run import Document
from .settings import RecordingSettings

if TYPE_CHECKING:
    from .capture import Pace

__all__ = ["begin_keeping", "begin_telling"]


def begin_keeping(
    run: Run,
    *,
    seed: int | None,
    env_id: str,
    console: bool,
    system_metrics: bool,
    program: Sequence[str] | None,
) -> None:
    """Start what the owner of a run needs: facts, console, keeper, an end whatever happens.

    `program` is the command line of a program that is recorded from outside; its process tells
    its own console and seeds.
    """
    from dataclasses import replace

    from .capture import PacedThread, capture_at_start, capture_in_background

    redactor = run.redactor
    at_start = capture_at_start(redactor, program)
    for kind, document in at_start.items():
        _emit_facts(run, kind, document)

    def capture(pace: Pace) -> None:
        capture_in_background(
            lambda kind, document: _emit_facts(run, kind, document),
            redactor,
            seed=seed,
            env_id=env_id,
            program=program,
            left_out=at_start.get("capture", {}).get("left_out", ()),
            pace=pace,
        )

    run.capture = PacedThread("orbench-capture", capture)
    run.capture.start()
    settings = RecordingSettings.from_environment()
    if not system_metrics:
        settings = replace(settings, system_seconds=0.0)
    run.keeper = Keeper(run.writer, run.store_url, settings, run.sample_system)
    run.keeper.start()
    if program is None:
        if console:
            from .console import tee_console

            run.on_end.enter_context(tee_console(run.emit, redactor))
        _end_on_sigterm(run)
        _look_at_seeds_again(run, seed)
    _end_at_exit(run)


def begin_telling(run: Run, *, seed: int | None, env_id: str) -> None:
    """Start what a process that joined a run can tell better than the recorder outside it."""
    from .capture import PacedThread, capture_inside

    def capture(pace: Pace) -> None:
        capture_inside(
            lambda kind, document: _emit_facts(run, kind, document),
            run.redactor,
            seed=seed,
            env_id=env_id,
            pace=pace,
        )

    run.capture = PacedThread("orbench-capture", capture)
    run.capture.start()
    _look_at_seeds_again(run, seed)
    _end_at_exit(run)


def _look_at_seeds_again(run: Run, seed: int | None) -> None:
    """At the end of the run too, since many programs seed their generators after its start."""

    def look() -> None:
        from .capture.seeds import capture_seeds

        _emit_facts(run, "seeds", capture_seeds(seed))

    run.on_end.callback(look)


def _emit_facts(run: Run, kind: str, document: Document) -> None:
    """From a background thread: what comes after the journal was closed is too late."""
    run.facts[kind] = document
    if not run.writer.closed:
        run.emit(FactsCaptured(kind=kind, document=dict(document)))


def _end_at_exit(run: Run) -> None:
    """End the run when the interpreter exits, if the program did not."""
    reference = weakref.ref(run)

    def finish() -> None:
        living = reference()
        if living is None or living.ended:
            return
        error = getattr(sys, "last_value", None)
        if error is None:
            living.finish()
        else:
            living.finish_with(error)

    atexit.register(finish)
    run.on_end.callback(atexit.unregister, finish)


def _end_on_sigterm(run: Run) -> None:
    """Say in the journal that SIGTERM ended the run, then die of it as without us.

    Only where the program has no handler of its own, and only from the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def die(number: int, frame: FrameType | None) -> None:
        try:
            run.end_by_signal(number)
        finally:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def restore() -> None:
        on_main = threading.current_thread() is threading.main_thread()
        if on_main and signal.getsignal(signal.SIGTERM) is die:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, die)
    run.on_end.callback(restore)
