"""Warnings to the person at the terminal: one line each, on the real stderr, never an exception."""

from __future__ import annotations

import contextlib
import sys

__all__ = ["warn"]


def warn(text: str) -> None:
    """Print `orbench: warning: <text>` on stderr; a closed or broken stderr is not an error.

    The stream that the process began with is used where there is one, so that the warning does
    not end up in the recorded output of the run that it is about.
    """
    stream = sys.__stderr__ or sys.stderr
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            stream.write(f"orbench: warning: {text}\n")
            stream.flush()
