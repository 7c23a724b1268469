"""`orbench import table`: runs out of CSV, JSON, JSON Lines, Parquet and NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .command_help import OrbenchCommand
from .import_options import Delivering
from .importing import import_found
from .option_groups import with_groups
from .options import examples
from .output import note

if TYPE_CHECKING:
    from orbench.importers import FoundPath, TableImporter

__all__ = ["add_table_command"]

_VALUES_AT_MOST = 20

_Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH", help="Files (csv, tsv, json, jsonl, npy, npz, parquet), or folders."
    ),
]
_Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="TARGET=COLUMN",
        help="What a column is: project, exp_name, env_id, seed, step, wall_time, elapsed, "
        "metric, value (repeatable, or * for all), metric:NAME or config.KEY. A column may be "
        "scaled (frames*1e6), summed (cumsum(l)) or averaged (mean(results)); @row is the row's "
        "number, @NAME a group of --path. Repeatable.",
    ),
]
_Constants = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="TARGET=TEXT",
        help="What is the same in all rows, as exp_name=td3 or seed=none. Repeatable.",
    ),
]
_PathPattern = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="REGEX",
        help="What the path of a file tells, as '(?P<exp_name>[^/]+)/(?P<env_id>[^/]+)[.]csv'.",
    ),
]
_Wide = Annotated[
    str | None,
    typer.Option(
        "--wide",
        metavar="REGEX",
        help="Columns whose names fit hold one run each, as 'seed_(?P<seed>[0-9]+)'.",
    ),
]
_Glob = Annotated[
    str | None,
    typer.Option("--glob", metavar="PATTERN", help="Which files of a folder, as '*.monitor.csv'."),
]
_Transpose = Annotated[
    bool, typer.Option("--transpose", help="Rows of a 2-D array are columns, and the reverse.")
]


def add_table_command(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        "table",
        cls=OrbenchCommand,
        epilog=examples(
            "orbench import table results.csv --dry-run",
            "orbench import table scores.csv --map env_id=task --map step=frames*1e6",
            "orbench import table curves --path '(?P<env_id>.+)_(?P<seed>[0-9]+)[.]npy' \\",
            "    --set exp_name=td3 --map step=@row*5000",
        ),
    )
    @with_groups
    def table(
        paths: _Paths,
        into: Delivering,
        maps: _Maps = None,
        constants: _Constants = None,
        path_pattern: _PathPattern = None,
        wide: _Wide = None,
        glob: _Glob = None,
        transpose: _Transpose = False,
    ) -> None:
        """Import runs out of tables: CSV, JSON, JSON Lines, Parquet and NumPy arrays.

        What is not said is found by usual names of columns (seed, env, algo, step, score ...), and
        --dry-run shows how. Importing again adds nothing, and of a file that has grown only what
        is new. Rows are kept as they are, repeated steps and restarts too; they are counted.
        """
        from orbench.importers import TableImporter, parse_mapping

        importer = TableImporter(
            parse_mapping(maps or (), into.constants(constants), path_pattern, wide),
            glob,
            transpose,
        )
        found = importer.find(paths)
        importer.plan(found[0])  # a mapping that cannot be is told before a store is made
        if into.dry_run:
            for sentence in _plans_in_words(importer, found):
                note(sentence)
        import_found(importer, found, into)


def _plans_in_words(importer: TableImporter, found: Sequence[FoundPath]) -> list[str]:
    """How the first file is read."""
    plan = importer.plan(found[0])
    said = [f"{found[0].name} is read as:"]
    said += [f"  {target} = {reading.text}" for target, reading in plan.readings()]
    if plan.step is None:
        said.append("  step = the number of the row in its series")
    for value in plan.values[:_VALUES_AT_MOST]:
        names = "".join(f", {name} {text}" for name, text in value.names.items())
        said.append(f"  value = {value.text} (metric {value.metric or 'of the row'}{names})")
    if plan.unused:
        said.append(f"  not read: {', '.join(plan.unused[:_VALUES_AT_MOST])}")
    return said
