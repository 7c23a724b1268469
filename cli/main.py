"""`main`: runs a command and turns every error into one line and an exit code.

| exit code | when |
|---|---|
| 0 | done |
| 2 | wrong usage, or nothing found: every `OrbenchError` and every error of a file named |
| 70 | a fault of orbench itself |
| 126, 127 | `record`: the program cannot be executed, does not exist |
| 130 | interrupted from the keyboard |
| 141 | whoever read our output went away |
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer.main

from orbench.errors import FilterError, OrbenchError, near

from .app import CommandInterruptedError, PipeClosedError, app

__all__ = ["Report", "main", "report"]

_USAGE, _FAULT, _INTERRUPTED, _PIPE_CLOSED = 2, 70, 130, 141
_WIDEST_HELP = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What to print on stderr about an error, and the exit code."""

    lines: tuple[str, ...]
    exit_code: int


def report(error: BaseException) -> Report:
    """The one table of errors: what each kind prints and which exit code it gives."""
    if isinstance(error, OrbenchError):
        pointer = error.pointer.splitlines() if isinstance(error, FilterError) else []
        first = f"orbench: error: {error}"
        return Report((first, *(f"  {line}" for line in pointer)), error.exit_code)
    if _is_click_error(error):
        return Report((f"orbench: error: {_click_message(error)}",), _USAGE)
    if isinstance(error, KeyboardInterrupt | CommandInterruptedError):
        return Report(("orbench: interrupted",), _INTERRUPTED)
    if isinstance(error, OSError) and error.filename is not None:
        return Report((f"orbench: error: {error.filename}: {error.strerror}",), _USAGE)
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return Report(
        (f"orbench: fault: {said}; `orbench --debug COMMAND ...` shows where it happened",), _FAULT
    )


def _is_click_error(error: BaseException) -> bool:
    # Typer carried Click as a package before and carries a copy inside now: go by what it can do.
    return callable(getattr(error, "format_message", None))


def _click_message(error: BaseException) -> str:
    said = " ".join(str(error.format_message()).split())  # type: ignore[attr-defined]
    if near_options := getattr(error, "possibilities", None):
        option = getattr(error, "option_name", "")
        return f"no option '{option}'{near(option, near_options, at_most=1)}"
    # A validator's own word for its messages, of no use to who reads them.
    said = said.replace("Value error, ", "")
    context = getattr(error, "ctx", None)
    hint = f"; see `{context.command_path} --help`" if context is not None else ""
    return f"{said[:1].lower()}{said[1:].rstrip('.')}{hint}"


def main(args: Sequence[str] | None = None) -> int:
    """Run `orbench` with these arguments (default: the program's) and return its exit code."""
    arguments = list(sys.argv[1:] if args is None else args) or ["--help"]
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets an escape instead of a UnicodeEncodeError.
        if callable(reconfigure := getattr(stream, "reconfigure", None)):
            reconfigure(errors="backslashreplace")
    try:
        return _run(arguments)
    except PipeClosedError:
        _forget_stdout()
        return _PIPE_CLOSED
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in arguments[:2]:
            import traceback

            traceback.print_exc()
        told = report(error)
        _print_on_stderr(told.lines)
        return told.exit_code


def _run(arguments: list[str]) -> int:
    command = typer.main.get_command(app)
    width = min(shutil.get_terminal_size().columns, _WIDEST_HELP)
    # A command finds its whole command line in its context: a report says how it was made.
    result = command.main(
        arguments,
        prog_name="orbench",
        standalone_mode=False,
        terminal_width=width,
        obj=tuple(arguments),
    )
    return result if isinstance(result, int) else 0


def _print_on_stderr(lines: Sequence[str]) -> None:
    try:
        for line in lines:
            print(line, file=sys.stderr)  # noqa: T201 - the one place where errors are printed
    except OSError:
        pass


def _forget_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not fail as well."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
