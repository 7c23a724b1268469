"""What every kind of `orbench import` does with the runs it read: delivers them, and tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orbench.errors import ImportFileError, StoreMissingError
from orbench.settings import masked_url, store_url
from orbench.wording import number_of

from .options import Format, split_names
from .output import note, print_table
from .progress import progress
from .table import Field, Table

if TYPE_CHECKING:
    from orbench.importers import Delivery, FoundPath, ImportedRun, Importer
    from orbench.run import JsonValue
    from orbench.run_store import RunStore

    from .import_options import Delivering

__all__ = ["import_found"]

_TABLE_LIMIT = 50
_NOTES_AT_MOST = 20


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
                f"{run.file}: {run}: steps go back {number_of(rows.restarts, 'time')}, repeated "
                f"steps in {number_of(rows.repeated, 'row')}; all are kept (which count: `orbench "
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
        points, runs = number_of(self.points, "point"), number_of(len(self.rows), "run")
        return f"{would} {points} of {runs} ({told or 'none'}) from {number_of(files, 'file')}"


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


def import_found(importer: Importer, found: Sequence[FoundPath], into: Delivering) -> None:
    """Import with any importer, and tell; raises ImportFileError at the end for files left out."""
    with _target(into) as store:
        report = _imported(importer, found, store, into)
    shown = report.rows[:_TABLE_LIMIT] if into.fmt is Format.TABLE else report.rows
    print_table(Table(_FIELDS, shown, empty="no runs found"), into.fmt)
    if len(shown) < len(report.rows):
        note(f"{len(report.rows) - len(shown):,} more not shown; --format csv prints all")
    _note_each(report.peculiar, "more runs like these")
    note(report.summary(len(found), dry_run=into.dry_run))
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
    importer: Importer, found: Sequence[FoundPath], store: RunStore | None, into: Delivering
) -> _Report:
    """Go through what was found; a file that cannot be read does not keep others from it."""
    from orbench.importers import read_sources

    report = _Report()
    what = "read files" if into.dry_run else "imported files"
    with (
        progress(what, len(found)) as done,
        closing(read_sources(importer, found, into.jobs)) as sources,
    ):
        for source in sources:
            for run in source.runs:
                report.add(run, _delivered(run, store, into))
            if source.problem:
                report.problems.append(source.problem)
            elif not source.runs:
                report.peculiar.append(f"{source.found.name}: has no rows")
            done()
    return report


def _delivered(run: ImportedRun, store: RunStore | None, into: Delivering) -> Delivery:
    """Put a run into the store, with the tags that were asked for; or say what would be done."""
    from orbench.importers import deliver, plan_delivery

    if store is None or into.dry_run:
        return plan_delivery(store, run)
    delivery = deliver(store, run)
    if into.tags and delivery.run_id:
        store.change_tags([delivery.run_id], add=split_names(into.tags))
    return delivery


@contextmanager
def _target(into: Delivering) -> Iterator[RunStore | None]:
    """The store to import into, made if it is not there; a dry run makes none."""
    from orbench.run_store import open_store

    place = store_url(into.url)
    try:
        store = open_store(place, create=not into.dry_run)
    except StoreMissingError:
        note(f"there is no store at {masked_url(place)} yet; an import makes it")
        yield None
        return
    with store:
        yield store
