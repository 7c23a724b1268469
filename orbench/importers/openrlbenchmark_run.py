"""A run in the cache of openrlbenchmark: what is said of it, by its file or by the database.

`run.json` was first W&B's own object, as far as it is JSON (`_attrs`), and is a plain mapping since
0.2. `offline.sqlite` has the same of every run of a project, in tables that peewee made.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ..errors import ImportFileError
from ..run import Document, JsonValue

__all__ = ["CachedRun", "cached_run", "runs_of_database"]

_MOST_RUNS = 200_000
_MOST_BYTES = 64 * 2**20
# Instructions of SQLite's machine; a database may hold work without end in place of rows.
_MOST_WORK = 500_000_000
_WORK_AT_ONCE = 1_000_000
_TABLES = ("offlinerun", "tag", "tag_offlinerun_through")

_RUNS = """
select rowid, id, name, state, url, path, username, project, entity, config from offlinerun
order by rowid
"""
# An id of digits alone is a number on one side of the join and a text on the other: as SQLite
# compares them they are equal.
_TAGS = """
select r.rowid, t.name from tag_offlinerun_through x join tag t on t.id = x.tag_id
join offlinerun r on r.id = x.offlinerun_id order by x.rowid
"""
_OWN = ("_wandb", "wandb_version")


@dataclass(frozen=True, slots=True)
class CachedRun:
    """What openrlbenchmark keeps of a run of W&B, besides its history."""

    entity: str
    project: str
    run_id: str
    name: str = ""
    state: str = ""
    url: str = ""
    user: str = ""
    created: str = ""
    tags: tuple[str, ...] = ()
    config: Document = field(default_factory=dict)
    summary: Document = field(default_factory=dict)


def cached_run(document: Mapping[str, JsonValue]) -> CachedRun:
    """The run that a `run.json` describes, of the older form or of the newer one."""
    inner = document.get("_attrs")
    said = {**document, **inner} if isinstance(inner, dict) else document
    is_older = isinstance(inner, dict)
    # In W&B's own object `name` is the id, and `displayName` the name.
    return CachedRun(
        entity=_text(document, "entity", "_entity"),
        project=_text(document, "project"),
        run_id=_text(document, "id"),
        name=_text(said, "displayName" if is_older else "name"),
        state=_text(said, "state", "_state"),
        url=_text(document, "url"),
        user=_user(document.get("user")) or _user(said.get("user")),
        created=_text(said, "createdAt"),
        tags=_texts(said.get("tags")),
        config=_config(said.get("config")),
        summary=_mapping(said.get("summaryMetrics")),
    )


def runs_of_database(path: Path, name: str) -> list[CachedRun]:
    """The runs in an `offline.sqlite`, which is opened to be read only; raises ImportFileError."""
    try:
        with _opened(path) as connection:
            _check_tables(connection, name)
            tags: dict[JsonValue, list[str]] = {}
            for row_id, tag in connection.execute(_TAGS):
                tags.setdefault(row_id, []).append(str(tag))
            rows = connection.execute(_RUNS).fetchmany(_MOST_RUNS + 1)
    except sqlite3.Error as error:
        raise ImportFileError(
            f"{name}: cannot be read as a database of openrlbenchmark: {error}"
        ) from error
    if len(rows) > _MOST_RUNS:
        raise ImportFileError(f"{name}: has more than {_MOST_RUNS:,} runs")
    return [_of_row(row, tags) for row in rows]


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The database, so that nothing in it can write, take much memory or go on for ever."""
    url = f"file:{quote(str(path.resolve()))}?mode=ro"
    with closing(sqlite3.connect(url, uri=True)) as connection:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
        connection.execute("pragma trusted_schema = off")
        rounds = iter(range(_MOST_WORK // _WORK_AT_ONCE))
        connection.set_progress_handler(lambda: next(rounds, None) is None, _WORK_AT_ONCE)
        yield connection


def _check_tables(connection: sqlite3.Connection, name: str) -> None:
    found = dict(connection.execute("select name, type from sqlite_master"))
    missing = [table for table in _TABLES if found.get(table) != "table"]
    if missing:
        raise ImportFileError(
            f"{name}: is no database of openrlbenchmark: it has no table {', '.join(missing)}"
        )


def _of_row(row: tuple[JsonValue, ...], tags: Mapping[JsonValue, list[str]]) -> CachedRun:
    row_id, run_id, name, state, url, _, user, project, entity, config = row
    return CachedRun(
        entity=str(entity or ""),
        project=str(project or ""),
        run_id=str(run_id or ""),
        name=str(name or ""),
        state=str(state or ""),
        url=str(url or ""),
        user=str(user or ""),
        tags=tuple(tags.get(row_id, ())),
        config=_config(_parsed(config)),
    )


def _config(value: JsonValue) -> Document:
    """The config without W&B's own part; its raw form keeps each value beside a description."""
    return {
        key: told["value"] if isinstance(told, dict) and set(told) == {"desc", "value"} else told
        for key, told in _mapping(_parsed(value)).items()
        if key not in _OWN
    }


def _user(value: JsonValue) -> str:
    told = _mapping(value)
    return _text(told, "username") or _text(_mapping(told.get("_attrs")), "username")


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _parsed(value: JsonValue) -> JsonValue:
    """What a text of JSON holds; nothing for one that is none."""
    if not isinstance(value, str):
        return value
    try:
        parsed: JsonValue = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return parsed


def _text(said: Mapping[str, JsonValue], *keys: str) -> str:
    found = (said.get(key) for key in keys)
    return next((value for value in found if isinstance(value, str) and value), "")


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
