"""From the beginning of a run id to the run."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from orbench.errors import AmbiguousRunError, RunNotFoundError

from .columns import Columns
from .engine import Database
from .tables import runs

__all__ = ["edit_distance", "resolve"]

_CANDIDATES_SHOWN = 8
_NEAR_SHOWN = 3
_NEAR_SEARCHED = 20_000


def resolve(database: Database, prefix: str) -> str:
    """See `RunStore.resolve`; capital letters are tried as they are and as small ones."""
    prefix = prefix.strip()
    if not prefix:
        raise RunNotFoundError("a run id is empty; `orbench list` shows the ids")
    for wanted in dict.fromkeys((prefix, prefix.lower())):
        rows = _starting_with(database, wanted)
        ids: list[str] = [row["run_id"] for row in rows]
        if wanted in ids or len(ids) == 1:
            return wanted if wanted in ids else ids[0]
        if rows:
            raise AmbiguousRunError(_ambiguous(prefix, rows))
    near = _near(database, prefix.lower())
    meant = f"; did you mean {' or '.join(near)}?" if near else "; `orbench list` shows them"
    raise RunNotFoundError(f"no run '{prefix}' in the store{meant}")


def edit_distance(a: str, b: str) -> int:
    """The fewest letters to insert, delete or replace to make `b` of `a`."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            replaced = diagonal + (letter != other)
            diagonal = row[j]
            row[j] = min(replaced, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def _starting_with(database: Database, prefix: str) -> Sequence[Columns]:
    # Not LIKE: it folds case on SQLite, and a prefix may hold its wildcards.
    starts = func.substr(runs.c.run_id, 1, len(prefix)) == prefix
    columns = (runs.c.run_id, runs.c.exp_name, runs.c.env_id, runs.c.seed)
    query = select(*columns).where(starts).order_by(runs.c.run_id)
    with database.read() as connection:
        return connection.execute(query).mappings().all()


def _ambiguous(prefix: str, rows: Sequence[Columns]) -> str:
    shown = [_described(row) for row in rows[:_CANDIDATES_SHOWN]]
    more = f" and {len(rows) - len(shown)} more" if len(rows) > len(shown) else ""
    return f"'{prefix}' fits {len(rows)} runs: {', '.join(shown)}{more}; give more of the id"


def _described(row: Columns) -> str:
    seed = "" if row["seed"] is None else f"seed {row['seed']}"
    about = " ".join(part for part in (row["exp_name"], row["env_id"], seed) if part)
    return f"{row['run_id']} ({about})" if about else str(row["run_id"])


def _near(database: Database, prefix: str) -> list[str]:
    """The newest ids whose beginnings differ least from `prefix`, by two letters at most."""
    query = select(runs.c.run_id).order_by(runs.c.started.desc()).limit(_NEAR_SEARCHED)
    with database.read() as connection:
        ids = list(connection.execute(query).scalars())
    allowed = min(2, len(prefix) // 3)
    distances = {run_id: edit_distance(prefix, run_id[: len(prefix)].lower()) for run_id in ids}
    best = sorted(
        (run_id for run_id in ids if distances[run_id] <= allowed), key=distances.__getitem__
    )
    return best[:_NEAR_SHOWN]
