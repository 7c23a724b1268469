"""Writes docs/cli.md from the help texts: `python docs/make_cli_reference.py`."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

from orbench.cli import main
from orbench.cli.app import COMMANDS

PAGE = Path(__file__).with_name("cli.md")

INTRO = """\
# Command line

This page is made from the help texts by `docs/make_cli_reference.py`.

Data goes to stdout, notes and progress to stderr. A table is drawn to fit the terminal; where it
does not fit it becomes records of `name: value`, nothing is cut off. In a pipe a line is as long
as it needs to be, unless `COLUMNS` is set.

`--format json` prints one array (a page about one thing: one object). Numbers are exact, times
are ISO 8601 in UTC, durations are in seconds, sizes in bytes. JSON has no NaN and no infinities:
they are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`. `csv` holds the same values, lists
and mappings as JSON.

An argument that a command does not know, a filter that does not parse, a run that is not there:
each is one line on stderr that begins with `orbench: error:`, with what to do next.

| exit code | when |
|---|---|
| 0 | done |
| 2 | wrong usage, nothing found, or the store cannot be used |
| 70 | a fault of orbench itself; `orbench --debug COMMAND ...` prints the traceback |
| 126, 127 | `orbench record`: the program cannot be executed, does not exist |
| 130 | interrupted from the keyboard |
| 141 | whoever read the output went away (as `orbench list \\| head -1` may) |

`orbench record` ends as its program ends: with its exit code, or by the signal that ended it.
"""


def reference() -> str:
    """The whole page."""
    sections = [f"## {' '.join(path)}\n\n```text\n{help_of(path)}\n```\n" for path in paths()]
    return "\n".join([INTRO, *sections])


def paths() -> Iterator[tuple[str, ...]]:
    """`orbench`, then each command and the commands of groups, in the order of the help."""
    yield ("orbench",)
    for name, entry in COMMANDS.items():
        yield ("orbench", name)
        app = importlib.import_module(f"orbench.cli.{entry.module}").app
        if app.registered_callback is not None:
            for command in app.registered_commands:
                yield ("orbench", name, command.name or command.callback.__name__)


def help_of(path: tuple[str, ...]) -> str:
    """The help text of one command at 80 columns."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        main([*path[1:], "--help"])
    return text.getvalue().rstrip()


if __name__ == "__main__":
    os.environ["COLUMNS"] = "80"
    PAGE.write_text(reference(), encoding="utf-8")
