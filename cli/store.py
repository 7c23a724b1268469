"""`orbench store`: make, inspect, upgrade, check and copy stores."""

from __future__ import annotations

from dataclasses import asdict

from orbench.settings import masked_url, store_url

from .cells import Kind, for_people
from .command_help import OrbenchCommand
from .layout import Column, plain_records
from .opening import opened_store
from .options import (
    PageFormat,
    PageFormatOption,
    StoreOption,
    examples,
    new_app,
)
from .output import note, page_width, print_object, print_text

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


def _in_words(name: str, value: str | int) -> str:
    return for_people(value, Kind.SIZE if name.endswith("_bytes") else Kind.VALUE)
