"""Opening the store for a command, so that every command sees what crashed runs left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orbench.errors import StoreMissingError
from orbench.settings import journal_folder, masked_url, store_url

from .output import note

if TYPE_CHECKING:
    from orbench.run_store import RunStore

__all__ = ["opened_store"]


@contextmanager
def opened_store(url: str | None, *, create: bool = False) -> Iterator[RunStore]:
    """The store at `url`, with what earlier processes left in its journal shipped into it first.

    `create` makes one where there is none, for commands that bring runs.
    What was shipped is told on stderr. Raises StoreMissingError, which says how to record a
    first run, when there is neither a store nor a journal that one could be made of.
    """
    from orbench.run_store import open_store
    from orbench.shipper import recover, run_folders

    place = store_url(url)
    journal = journal_folder(place)
    left_behind = next(run_folders(journal), None) is not None
    try:
        store = open_store(place, create=create or left_behind)
    except StoreMissingError:
        raise StoreMissingError(
            f"there is no store at {masked_url(place)} yet; `orbench record -- python train.py` "
            "makes one, --store or ORBENCH_STORE names another"
        ) from None
    with store:
        if left_behind:
            for sentence in recover(store, journal).sentences:
                note(f"orbench: note: {sentence}")
        yield store
