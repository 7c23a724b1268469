"""`orbench store`: make, inspect, upgrade, check and copy stores."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from orbench.settings import masked_url, store_url

from .cells import Kind, for_people
from .command_help import OrbenchCommand
from .layout import Column, plain_records
from .opening import opened_store
from .options import (
    Format,
    FormatOption,
    PageFormat,
    PageFormatOption,
    StoreOption,
    examples,
    new_app,
)
from .output import note, page_width, print_object, print_table, print_text
from .progress import counted
from .table import Field, Table

__all__ = ["app"]

app = new_app()

_TITLES = {
    "store_id": "store id",
    "schema_version": "schema",
    "artifact_bytes": "of artifacts",
    "size_bytes": "on disk",
}


@app.callback()
def store() -> None:
    """Make, inspect, upgrade, check and copy stores."""


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench store init",
        "orbench store init --store postgresql+psycopg://me@db.example/orbench",
    ),
)
def init(url: StoreOption = None) -> None:
    """Make an empty store.

    Recording makes one by itself; this is for a place that is to be made ready, or tried.
    """
    from orbench.storage import init_store

    place = store_url(url)
    made = init_store(place)
    note(f"{'made' if made else 'there is already'} a store at {masked_url(place)}")


@app.command(cls=OrbenchCommand)
def info(url: StoreOption = None, fmt: PageFormatOption = PageFormat.TABLE) -> None:
    """Say what the store is and holds."""
    with opened_store(url) as opened:
        about = asdict(opened.info())
    if fmt is PageFormat.JSON:
        print_object(about)
        return
    cells = [Column(_TITLES.get(name, name), [_in_words(name, about[name])]) for name in about]
    print_text(plain_records(cells, page_width()))


@app.command(cls=OrbenchCommand)
def upgrade(url: StoreOption = None) -> None:
    """Bring the store's tables to this version of orbench."""
    from orbench.storage import upgrade_store

    before, after = upgrade_store(store_url(url))
    note(f"schema {after} already" if before == after else f"schema {before} -> {after}")


@app.command(
    cls=OrbenchCommand,
    epilog=examples("orbench store check", "orbench store check --format json > findings.json"),
)
def check(url: StoreOption = None, fmt: FormatOption = Format.TABLE) -> None:
    """Read the whole store and say what is damaged, missing or left over.

    Nothing is changed. The exit code is 1 if something is damaged, missing or contradictory,
    and 0 if the store is whole or only holds what takes up space.
    """
    from orbench.storage import FindingKind, check_store

    with opened_store(url):
        pass  # what crashed runs left behind is checked too
    with counted("checked") as tell:
        findings = check_store(store_url(url), progress=tell)
    fields = [Field("kind"), Field("subject", may_fold=True), Field("sentence", may_fold=True)]
    rows = [[finding.kind.value, finding.subject, finding.sentence] for finding in findings]
    print_table(Table(fields, rows, empty="the store is whole"), fmt)
    lost = {FindingKind.DAMAGED, FindingKind.MISSING, FindingKind.DISAGREES}
    if any(finding.kind in lost for finding in findings):
        raise typer.Exit(1)


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench store copy sqlite:///runs/orbench.db postgresql+psycopg://me@db.example/orbench",
        "orbench store copy runs/orbench.db backup.db",
    ),
)
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The URL of the store to copy.")],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="The URL to copy to; a store is made there.")
    ],
) -> None:
    """Copy every run of a store into another, and read it back.

    A copy that was cut off goes on where it was when it is made again. A run of which the target
    holds more is left as it is, and told.
    """
    from orbench.storage import copy_store

    with opened_store(source):
        pass  # what crashed runs left behind is copied too
    with counted("copied") as tell:
        report = copy_store(
            store_url(source), store_url(target), progress=lambda done, total, _: tell(done, total)
        )
    for sentence in report.kept:
        note(f"kept {sentence}")
    note(
        f"copied {report.copied} runs, replaced {report.replaced}, {report.already_there} were "
        f"there already: {report.points} points, {report.artifacts} artifacts"
    )


def _in_words(name: str, value: str | int) -> str:
    return for_people(value, Kind.SIZE if name.endswith("_bytes") else Kind.VALUE)
