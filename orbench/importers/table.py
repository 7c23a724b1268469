"""The table importer: runs out of CSV, JSON, JSON Lines, npy and npz files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from ..errors import ImportFileError
from ..run import Document, JsonValue
from .found_files import checked_path, name_of, sha256_of
from .imported import FoundPath, ImportedRun
from .mapping import TableMapping
from .row_plan import RowPlan, plan_rows
from .table_file import SUFFIXES, TableFile, open_table
from .table_rows import RunRows, read_rows

__all__ = ["TableImporter"]


@dataclass(frozen=True, slots=True)
class TableImporter:
    """Reads tables as a mapping says; see `TableMapping`.

    In a folder, files are taken whose names fit `glob`, by default all with a suffix of a table.
    `transpose` turns 2-D arrays round.
    """

    mapping: TableMapping = field(default_factory=TableMapping)
    glob: str | None = None
    transpose: bool = False
    name: str = "table"

    def find(self, paths: Sequence[Path]) -> list[FoundPath]:
        """The files at these paths and in the folders among them, each once, in order.

        Raises ImportFileError for a path that is not there, is no table or has none in it.
        """
        found = [file for path in paths for file in self._at(path)]
        return list({file.path.resolve(): file for file in found}.values())

    def _at(self, path: Path) -> Iterable[FoundPath]:
        if path.is_dir():
            files = [FoundPath(file, name_of(file, path)) for file in self._in_folder(path)]
            if not files:
                what = f"file that fits '{self.glob}'" if self.glob else f"table ({_SUFFIXES_SAID})"
                raise ImportFileError(f"{path}: the folder has no {what}")
            return files
        checked_path(path)
        if not path.is_file() or path.suffix.lower() not in SUFFIXES:
            raise ImportFileError(f"{path}: is no table; tables are files {_SUFFIXES_SAID}")
        return [FoundPath(path, name_of(path, path.parent))]

    def _in_folder(self, folder: Path) -> list[Path]:
        """The tables in a folder and the folders in it; links to folders are not followed."""
        files = [
            Path(place) / name
            for place, _, names in os.walk(folder)
            for name in names
            if PurePath(name).suffix.lower() in SUFFIXES
        ]
        fitting = [file for file in files if self.glob is None or file.match(self.glob)]
        return sorted(file for file in fitting if file.is_file())

    def plan(self, found: FoundPath) -> RowPlan:
        """How the rows of a file would be read."""
        return self._planned(found)[1]

    def read(self, found: FoundPath) -> Iterator[ImportedRun]:
        """The runs in a file; raises ImportFileError and UsageError before it gives the first."""
        table, plan = self._planned(found)
        runs = read_rows(table, plan)
        provenance: dict[str, JsonValue] = {
            "importer": self.name,
            "file": found.name,
            "sha256": sha256_of(found.path),
            "mapping": self.mapping.document(),
            "read_as": plan.document(),
        }
        modified = found.path.stat().st_mtime
        for rows in runs:
            notes = tuple(table.cut) if rows is runs[-1] else ()
            yield replace(_imported(rows, found, provenance, modified), notes=notes)

    def _planned(self, found: FoundPath) -> tuple[TableFile, RowPlan]:
        table = open_table(found.path, found.name, transpose=self.transpose)
        return table, plan_rows(self.mapping, table, self._groups(found))

    def _groups(self, found: FoundPath) -> dict[str, str]:
        """What the name of a file tells; raises ImportFileError if `--path` does not fit it."""
        name = PurePath(found.name)
        told = {"file": name.name.partition(".")[0], "folder": name.parent.name}
        pattern = self.mapping.path
        if pattern is None:
            return told
        fitted = pattern.search(found.name)
        if fitted is None:
            raise ImportFileError(
                f"{found.name}: --path '{pattern.pattern}' does not fit this name"
            )
        return told | {key: text or "" for key, text in fitted.groupdict().items()}


_SUFFIXES_SAID = ", ".join(SUFFIXES)


def _imported(
    rows: RunRows, found: FoundPath, provenance: Document, modified: float
) -> ImportedRun:
    """A run with its times: those of its rows, else that of the file for all of them."""
    span = rows.span()
    if span is None:
        offset, span = modified, (modified, modified)
    else:
        # Of a run that knows only how long it took, the file was written at its end.
        offset = modified - span[1] if rows.timed == "elapsed" else 0.0
        start = min(span[0], 0.0) if rows.timed == "elapsed" else span[0]
        span = (start + offset, span[1] + offset)
    points = rows.points(offset)
    counts = rows.counts(points)
    return ImportedRun(
        importer="table",
        file=found.name,
        project=rows.project,
        exp_name=rows.exp_name,
        env_id=rows.env_id,
        seed=rows.seed,
        points=points,
        started=span[0],
        ended=span[1],
        config=rows.config,
        rows=counts,
        provenance={
            **provenance,
            "repeated_rows": counts.repeated,
            "restarts": counts.restarts,
            "empty_cells": counts.empty,
            "times": rows.timed or "of the file",
        },
    )
