"""`orbench doctor`: what in a project would stop its runs from being reproduced."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orbench.wording import number_of

from .command_help import OrbenchCommand
from .options import Format, FormatOption, examples, new_app
from .output import note, print_table
from .table import Field, Table

__all__ = ["app"]

app = new_app()


@app.command(
    cls=OrbenchCommand,
    context_settings={"allow_interspersed_args": False},
    epilog=examples("orbench doctor", "orbench doctor -- python train.py --seed 1"),
)
def doctor(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- CMD", help="The command line that a run would have."),
    ] = None,
    fmt: FormatOption = Format.TABLE,
) -> None:
    """Tell what in this project would stop a run from being reproduced.

    It looks at what a run started here would record: repository, changes, packages, lock files,
    seeds. Nothing is changed. Exit code 0: no problem, 1: problems.
    """
    from orbench.doctor import Level, examine

    findings = examine(Path.cwd(), command or ())
    rows = [[str(one.level), one.subject, one.sentence] for one in findings]
    fields = [Field("level", heading=""), Field("subject"), Field("sentence", may_fold=True)]
    print_table(Table(fields, rows, empty="nothing to tell"), fmt)
    problems = sum(one.level is Level.PROBLEM for one in findings)
    warnings = sum(one.level is Level.WARNING for one in findings)
    note(f"{number_of(problems, 'problem')}, {number_of(warnings, 'warning')}")
    raise typer.Exit(1 if problems else 0)
