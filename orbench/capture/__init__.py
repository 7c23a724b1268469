"""Capture: what a run knows without being asked. It never raises and never holds a run up.

`capture_at_start` takes milliseconds. The rest is read in a background thread, bounded in time;
what could not be read, or was cut, is said in the document `capture`. No document holds a secret.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..config_values import storable_text
from ..run import Document
from .command import capture_command, source_folder
from .pacing import Pace, PacedThread
from .secrets import RedactingStream, Redactor
from .seeds import merge_seeds
from .system_metrics import SystemSampler
from .variables import capture_variables

__all__ = [
    "Pace",
    "PacedThread",
    "RedactingStream",
    "Redactor",
    "SystemSampler",
    "capture_at_start",
    "capture_in_background",
    "capture_inside",
    "merge_seeds",
]

Emit = Callable[[str, Document], None]


def capture_at_start(
    redactor: Redactor, program: Sequence[str] | None = None
) -> dict[str, Document]:
    """The documents `command` and `variables`, in milliseconds; `capture` if one failed.

    `program` is the command line of a program recorded from outside; by default it is this
    process's own.
    """
    argv = sys.orig_argv if program is None else program
    documents: dict[str, Document] = {}
    sentences: list[str] = []
    pieces: dict[str, Callable[[], Document]] = {
        "command": lambda: capture_command(redactor, argv, Path.cwd()),
        "variables": lambda: capture_variables(redactor, os.environ),
    }
    for kind, read in pieces.items():
        try:
            documents[kind] = read()
        except Exception as error:  # no failure of capture may fail a run
            sentences.append(_failed(redactor, kind, error))
    if sentences:
        documents["capture"] = {"left_out": sentences}
    return documents


def capture_in_background(
    emit: Emit,
    redactor: Redactor,
    *,
    seed: int | None,
    env_id: str = "",
    program: Sequence[str] | None = None,
    left_out: Sequence[str] = (),
    pace: Pace | None = None,
) -> None:
    """Read the documents machine, source, environment and seeds, and `emit` each when it is there.

    For a daemon thread: it works in short slices, at `pace`, and ends within seconds. What failed
    or was left out is emitted as `capture` at the end, after the sentences of `left_out`.
    """
    from .environment import capture_environment
    from .machine import capture_machine
    from .seeds import capture_seeds
    from .source import capture_source

    pace = pace or Pace()
    argv = sys.orig_argv if program is None else program
    pieces: dict[str, Callable[[], Document]] = {
        "machine": capture_machine,
        "source": lambda: capture_source(
            redactor, pace, argv, Path.cwd(), own_process=program is None
        ),
        "environment": lambda: capture_environment(
            pace, source_folder(argv, Path.cwd()), env_id=env_id, program=program
        ),
        "seeds": lambda: capture_seeds(seed, pace),
    }
    if program is not None:
        pieces["seeds"] = lambda: {"declared": seed}
    _emit_pieces(pieces, emit, redactor, pace, list(left_out))


def capture_inside(
    emit: Emit,
    redactor: Redactor,
    *,
    seed: int | None,
    env_id: str = "",
    pace: Pace | None = None,
) -> None:
    """Emit what a process that joined a run can tell better than the recorder outside it.

    These are its own Python with its packages, and its generators.
    """
    from .environment import capture_environment
    from .seeds import capture_seeds

    pace = pace or Pace()
    folder = source_folder(sys.orig_argv, Path.cwd())
    pieces: dict[str, Callable[[], Document]] = {
        "environment": lambda: capture_environment(pace, folder, env_id=env_id),
        "seeds": lambda: capture_seeds(seed, pace),
    }
    _emit_pieces(pieces, emit, redactor, pace, [])


def _emit_pieces(
    pieces: dict[str, Callable[[], Document]],
    emit: Emit,
    redactor: Redactor,
    pace: Pace,
    sentences: list[str],
) -> None:
    for kind, read in pieces.items():
        try:
            document = redactor.document(read(), pace)
            sentences += [f"{kind}: {sentence}" for sentence in document.get("left_out", ())]
            emit(kind, document)
        except Exception as error:  # no failure of capture may fail a run
            sentences.append(_failed(redactor, kind, error))
    if sentences:
        try:
            emit("capture", {"left_out": sentences})
        except Exception:  # the run has ended, or its journal cannot be written: it says so itself
            return


def _failed(redactor: Redactor, kind: str, error: Exception) -> str:
    said = redactor.text(storable_text(f"{type(error).__name__}: {error}"))
    return f"{kind} could not be captured: {said}"
