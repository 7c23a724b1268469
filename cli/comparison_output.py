"""What `orbench compare` writes: a folder of figures and tables, and a page with all of them."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .progress import progress

if TYPE_CHECKING:
    from orbench.comparison import Comparison
    from orbench.plotting import AnyFigure, Look, Table
    from orbench.run import Document, RunRecord
    from orbench.run_store import RunStore

__all__ = ["DrawnParts", "drawn_parts", "sources_of", "write_folder", "write_page"]

_TABLE_SUFFIXES = {"csv": ".csv", "json": ".json", "markdown": ".md", "latex": ".tex"}
# What the numbers and pictures of a page depend on, besides Python.
_PACKAGES = ("numpy", "matplotlib")


@dataclass(frozen=True, slots=True)
class DrawnParts:
    """A comparison ready to be written: its figures with their files by suffix, and its tables.

    `formats` are those of the folder; a page has SVG besides.
    """

    comparison: Comparison
    figures: Mapping[str, AnyFigure]
    files: Mapping[str, Mapping[str, bytes]]
    tables: Mapping[str, Table]
    look: Look
    formats: tuple[str, ...]


def sources_of(store: RunStore, runs: Iterable[RunRecord]) -> dict[str, Document]:
    """The documents that say what code runs were of, by run id; runs without one are left out."""
    facts = ((run.run_id, store.details(run.run_id).facts) for run in runs)
    return {run_id: found["source"] for run_id, found in facts if "source" in found}


def drawn_parts(
    comparison: Comparison,
    sources: Mapping[str, Document],
    look: Look,
    formats: tuple[str, ...],
    *,
    with_page: bool,
) -> DrawnParts:
    """Draw every figure once, in the formats asked for and, for a page, as SVG."""
    from orbench.plotting import comparison_figures, comparison_tables, figure_files

    look = replace(look, labels=comparison.labels)
    wanted = tuple(dict.fromkeys((*formats, "svg"))) if with_page else formats
    figures = comparison_figures(comparison)
    files = {}
    with progress("drawing", len(figures)) as tell:
        for name, figure in figures.items():
            files[name] = figure_files(figure, formats=wanted, look=look)
            tell()
    tables = comparison_tables(comparison, sources)
    return DrawnParts(comparison, figures, files, tables, look, formats)


def write_folder(parts: DrawnParts, folder: Path) -> list[Path]:
    """Write every figure and table into a folder; returns the paths. Raises FigureError."""
    from orbench.plotting import render_table, write_file

    not_asked_for = set() if "svg" in parts.formats else {".svg"}
    contents = {
        folder / f"{name}{suffix}": content
        for name, files in parts.files.items()
        for suffix, content in files.items()
        if suffix not in not_asked_for
    }
    contents |= {
        folder / f"{name}{suffix}": render_table(table, form).encode()
        for name, table in parts.tables.items()
        for form, suffix in _TABLE_SUFFIXES.items()
    }
    for path, content in contents.items():
        write_file(path, content)
    return list(contents)


def write_page(
    parts: DrawnParts, path: Path, arguments: Sequence[str], facts: Mapping[str, str]
) -> Path:
    """Write the page; `arguments` are those of the command that makes it, `facts` stand at its top.

    Secrets in them are masked. Raises FigureError.
    """
    from orbench.capture import Redactor
    from orbench.plotting import comparison_report, report_page, write_file

    redactor = Redactor.from_environment(os.environ)
    report = comparison_report(
        parts.comparison,
        {name: (figure, parts.files[name][".svg"]) for name, figure in parts.figures.items()},
        parts.tables,
        facts={name: redactor.text(value) for name, value in facts.items()},
        command=shlex.join(redactor.argv(["orbench", *arguments])),
        versions=_versions(),
        theme=parts.look.theme,
    )
    write_file(path, report_page(report).encode())
    return path


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    found = {name: version(name) for name in ("orbench", *_PACKAGES)}
    return {**found, "Python": platform.python_version()}
