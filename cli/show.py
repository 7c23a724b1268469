"""`orbench show`: everything that is known of one run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from orbench.errors import NotFoundError, UsageError
from orbench.run import Document

from .command_help import OrbenchCommand
from .documents import diff_of, packages_of
from .layout import Column, plain_records
from .opening import opened_store
from .options import (
    Format,
    PageFormat,
    PageFormatOption,
    RunArgument,
    StoreOption,
    examples,
    new_app,
)
from .output import page_width, print_object, print_table, print_text, table_lines
from .run_page import Section, run_object, sections_of, tail_of
from .table import Field, Table

__all__ = ["app"]

app = new_app()


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench show 3f9k",
        "orbench show 3f9k --packages",
        "orbench show 3f9k --diff | git apply",
        "orbench show 3f9k --format json",
    ),
)
def show(
    run: RunArgument,
    packages: Annotated[
        bool, typer.Option("--packages", help="Only the installed packages, with their origin.")
    ] = False,
    console: Annotated[
        bool, typer.Option("--console", help="Only what it wrote, every byte, in order.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Only the uncommitted changes of its source.")
    ] = False,
    fmt: PageFormatOption = PageFormat.TABLE,
    store_url: StoreOption = None,
) -> None:
    """Show everything that is known of one run."""
    if packages + console + diff > 1:
        raise UsageError("give one of --packages, --console and --diff")
    if (console or diff) and fmt is PageFormat.JSON:
        raise UsageError("--console and --diff print as they are; leave out --format json")
    with opened_store(store_url) as store:
        run_id = store.resolve(run)
        if console:
            _print_bytes(piece.data for piece in store.console(run_id))
            return
        details = store.details(run_id)
        if packages:
            print_table(_package_table(details.facts.get("environment", {})), Format(fmt.value))
        elif diff:
            _print_bytes([_diff_on_record(run_id, details.facts.get("source", {}))])
        elif fmt is PageFormat.JSON:
            print_object(run_object(details, tail_of(store.console(run_id))))
        else:
            _print_page(sections_of(details, tail_of(store.console(run_id))))


def _package_table(environment: Document) -> Table:
    packages = packages_of(environment)
    others = sorted({name for package in packages for name in package} - {"name", "version"})
    names = ["name", "version", *others]
    return Table(
        [Field(name, may_fold=name not in ("name", "version")) for name in names],
        [[package.get(name) for name in names] for package in packages],
        empty="the run's packages were not captured",
    )


def _diff_on_record(run_id: str, source: Document) -> bytes:
    diff = diff_of(source)
    if not diff:
        raise NotFoundError(
            f"run {run_id} has no uncommitted changes on record; "
            "the sections Source and Capture notes of `orbench show` say what there is"
        )
    return diff


def _print_bytes(pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _print_page(sections: Sequence[Section]) -> None:
    width = page_width()
    for number, section in enumerate(sections):
        title = typer.style(section.title, bold=True) if sys.stdout.isatty() else section.title
        body = _body(section, None if width is None else width - 2)
        print_text([*([""] if number else []), title, *(f"  {line}".rstrip() for line in body)])


def _body(section: Section, width: int | None) -> Sequence[str]:
    if section.table is not None and section.table.rows:
        return table_lines(section.table, width)
    if section.pairs:
        return plain_records([Column(name, [value]) for name, value in section.pairs], width)
    return section.lines or [section.empty]
