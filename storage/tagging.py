"""Tags put on runs and taken off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from orbench.errors import RunNotFoundError

from .columns import fitted
from .engine import Database, batched
from .run_writing import store_tags
from .tables import runs, tags

__all__ = ["change_tags", "run_keys"]


def change_tags(
    database: Database, run_ids: Sequence[str], add: Iterable[str], remove: Iterable[str]
) -> int:
    """See `RunStore.change_tags`; RunNotFoundError, and nothing changed, if a run is missing."""
    wanted = {fitted(tag, 200): True for tag in add} | {fitted(tag, 200): False for tag in remove}
    changed = 0
    with database.write() as connection:
        # In one order everywhere: two callers must not wait for each other in a ring.
        for key in sorted(run_keys(connection, run_ids).values()):
            query = select(tags.c.tag).where(tags.c.run_key == key)
            has = set(connection.execute(query).scalars())
            different = {tag: on for tag, on in wanted.items() if (tag in has) != on}
            store_tags(connection, key, different)
            changed += bool(different)
    return changed


def run_keys(connection: Connection, run_ids: Sequence[str]) -> dict[str, int]:
    """The keys of runs by their ids, in the order asked for; raises RunNotFoundError."""
    found: dict[str, int] = {}
    for batch in batched(dict.fromkeys(run_ids)):
        query = select(runs.c.run_id, runs.c.run_key).where(runs.c.run_id.in_(batch))
        found |= {row.run_id: row.run_key for row in connection.execute(query)}
    for run_id in run_ids:
        if run_id not in found:
            raise RunNotFoundError(f"no run '{run_id}' in the store; `orbench list` shows them")
    return {run_id: found[run_id] for run_id in dict.fromkeys(run_ids)}
