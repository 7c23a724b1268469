"""`orbench rlops-hns`: human-normalised scores of result tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Format, FormatOption, examples, new_app
from .output import note, print_table
from .rlops_arguments import RlopsCommand, values_of
from .table import Field, Table

__all__ = ["app"]

app = new_app()

_Files = Annotated[
    list[str] | None,
    typer.Option("--files", metavar="FILE...", help="The tables, as rlops writes them (.csv)."),
]


@app.command(
    "rlops-hns",
    cls=RlopsCommand,
    epilog=examples("orbench rlops-hns --files compare.csv"),
)
def rlops_hns(files: _Files = None, fmt: FormatOption = Format.TABLE) -> None:
    """Human-normalised scores of result tables: median and mean over Atari games.

    0 is random play, 1 a human player. Every column of every file is a row; of columns of one name
    the first counts. Cells without a number are left out, which is told on stderr.
    """
    from orbench.rlops import human_normalised

    paths = [Path(path) for group in values_of(files) for path in group]
    rows = human_normalised(paths)
    table = Table(
        [Field("run_set", heading="run set"), Field("envs"), Field("median"), Field("mean")],
        [[row.label, row.envs, row.median, row.mean] for row in rows],
    )
    print_table(table, fmt)
    for row in rows:
        if row.missing:
            note(f"orbench: note: {row.label} has no score on {', '.join(row.missing)}")
