"""`orbench import`: runs out of files that other tools wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import ImportFileError, StoreMissingError, UsageError
from orbench.settings import masked_url, store_url

from .command_help import OrbenchCommand
from .import_sources import add_source_commands
from .import_tensorboard import add_tensorboard_command
from .import_wandb import add_wandb_command
from .options import Format, FormatOption, StoreOption, examples, new_app
from .output import note, print_table
from .progress import progress
from .table import Field, Table

if TYPE_CHECKING:
    from orbench.importers import Delivery, FoundPath, ImportedRun, Importer, TableImporter
    from orbench.run import JsonValue
    from orbench.run_store import RunStore

__all__ = ["app"]

app = new_app()

_TABLE_LIMIT = 50
_NOTES_AT_MOST = 20


@app.callback()
def import_() -> None:
    """Import runs that other tools wrote to files."""


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
_DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Say what would be imported, and how; change nothing."),
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench import table results.csv --dry-run",
        "orbench import table scores.csv --map env_id=task --map step=frames*1e6",
        "orbench import table curves --path '(?P<env_id>.+)_(?P<seed>[0-9]+)[.]npy' \\",
        "    --set exp_name=td3 --map step=@row*5000",
    ),
)
def table(
    paths: _Paths,
    maps: _Maps = None,
    constants: _Constants = None,
    path_pattern: _PathPattern = None,
    wide: _Wide = None,
    glob: _Glob = None,
    transpose: _Transpose = False,
    dry_run: _DryRun = False,
    fmt: FormatOption = Format.TABLE,
    url: StoreOption = None,
) -> None:
    """Import runs out of tables: CSV, JSON, JSON Lines, Parquet and NumPy arrays.

    What is not said is found by usual names of columns (seed, env, algo, step, score ...), and
    --dry-run shows how. Importing again adds nothing, and of a file that has grown only what is
    new. Rows are kept as they are, repeated steps and restarts too; they are counted.
    """
    from orbench.importers import TableImporter, parse_mapping

    importer = TableImporter(
        parse_mapping(maps or (), constants or (), path_pattern, wide), glob, transpose
    )
    found = importer.find(paths)
    importer.plan(found[0])  # a mapping that cannot be is told before a store is made
    if dry_run:
        for sentence in _plans_in_words(importer, found):
            note(sentence)
    _import(importer, found, url, fmt, dry_run)


@dataclass(slots=True)
class _Report:
    """What an import did, or would do, as rows of a table, and what there is to say of it."""

    rows: list[list[JsonValue]] = field(default_factory=list)
    peculiar: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    points: int = 0

    def add(self, run: ImportedRun, delivery: Delivery) -> None:
        """Note a run that was read, and where it went."""
        rows = run.rows
        self.outcomes[delivery.outcome] += 1
        self.points += delivery.added
        self.rows.append(
            [
                *(delivery.outcome.value, delivery.run_id),
                *(run.project, run.exp_name, run.env_id, run.seed, list(run.points)),
                *(run.count, delivery.added, rows.repeated, rows.restarts, rows.empty, run.file),
            ]
        )
        self.peculiar += run.notes
        if rows.restarts:
            self.peculiar.append(
                f"{run.file}: {run}: steps go back {_counted(rows.restarts, 'time')}, repeated "
                f"steps in {_counted(rows.repeated, 'row')}; all are kept (which count: `orbench "
                "stats --repeats`)"
            )
        if delivery.differs:
            self.peculiar.append(
                f"{run.file}: {run}: other rows than run {', '.join(delivery.differs)} of this "
                f"name has; a run of its own, {delivery.run_id}"
            )

    def summary(self, files: int, *, dry_run: bool) -> str:
        """The last sentence."""
        would = "would import" if dry_run else "imported"
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in self.outcomes.items())
        points, runs = _counted(self.points, "point"), _counted(len(self.rows), "run")
        return f"{would} {points} of {runs} ({told or 'none'}) from {_counted(files, 'file')}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


_FIELDS = [
    Field("outcome", heading=""),
    *(Field(name) for name in ("run_id", "project", "exp_name", "env_id", "seed")),
    Field("metrics", may_fold=True),
    Field("points"),
    Field("added"),
    Field("repeated_rows", heading="repeated"),
    Field("restarts"),
    Field("empty_cells", heading="empty"),
    Field("file", may_fold=True),
]


def _import(
    importer: Importer, found: Sequence[FoundPath], url: str | None, fmt: Format, dry_run: bool
) -> None:
    """Import with any importer, and tell; raises ImportFileError at the end for files left out."""
    with _target(url, dry_run=dry_run) as store:
        report = _imported(importer, found, store, dry_run=dry_run)
    shown = report.rows[:_TABLE_LIMIT] if fmt is Format.TABLE else report.rows
    print_table(Table(_FIELDS, shown, empty="no runs found"), fmt)
    if len(shown) < len(report.rows):
        note(f"{len(report.rows) - len(shown):,} more not shown; --format csv prints all")
    _note_each(report.peculiar, "more runs like these")
    note(report.summary(len(found), dry_run=dry_run))
    if len(report.problems) == 1:
        raise ImportFileError(report.problems[0])
    if report.problems:
        _note_each(report.problems, "more files like these")
        raise ImportFileError(f"{len(report.problems):,} files of {len(found):,} were left out")


def _note_each(sentences: Sequence[str], more: str) -> None:
    for sentence in sentences[:_NOTES_AT_MOST]:
        note(sentence)
    if len(sentences) > _NOTES_AT_MOST:
        note(f"{len(sentences) - _NOTES_AT_MOST:,} {more}")


def _imported(
    importer: Importer, found: Sequence[FoundPath], store: RunStore | None, *, dry_run: bool
) -> _Report:
    """Go through what was found; a file that cannot be read does not keep others from it."""
    from orbench.importers import deliver, plan_delivery

    report = _Report()
    with progress("read files" if dry_run else "imported files", len(found)) as done:
        for one in found:
            try:
                before = len(report.rows)
                for run in importer.read(one):
                    if store is None or dry_run:
                        report.add(run, plan_delivery(store, run))
                    else:
                        report.add(run, deliver(store, run))
                if len(report.rows) == before:
                    report.peculiar.append(f"{one.name}: has no rows")
            except (ImportFileError, UsageError) as error:
                report.problems.append(str(error))
            done()
    return report


@contextmanager
def _target(url: str | None, *, dry_run: bool) -> Iterator[RunStore | None]:
    """The store to import into, made if it is not there; a dry run makes none."""
    from orbench.run_store import open_store

    place = store_url(url)
    try:
        store = open_store(place, create=not dry_run)
    except StoreMissingError:
        note(f"there is no store at {masked_url(place)} yet; an import makes it")
        yield None
        return
    with store:
        yield store


def _plans_in_words(importer: TableImporter, found: Sequence[FoundPath]) -> list[str]:
    """How the first file is read."""
    plan = importer.plan(found[0])
    said = [f"{found[0].name} is read as:"]
    said += [f"  {target} = {reading.text}" for target, reading in plan.readings()]
    if plan.step is None:
        said.append("  step = the number of the row in its series")
    for value in plan.values[:_NOTES_AT_MOST]:
        names = "".join(f", {name} {text}" for name, text in value.names.items())
        said.append(f"  value = {value.text} (metric {value.metric or 'of the row'}{names})")
    if plan.unused:
        said.append(f"  not read: {', '.join(plan.unused[:_NOTES_AT_MOST])}")
    return said


add_source_commands(app, _import)
add_tensorboard_command(app, _import)
add_wandb_command(app, _import)
