"""Tables of the runs of a comparison: which they are, their source and their configs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from orbench.comparison import ComparedRun
from orbench.config import flatten
from orbench.run import Document, JsonValue

from .tables import Cell, Column, Table

__all__ = ["run_table", "shared_config_table", "source_in_words"]

# Stands for a config value that a run does not have; every other text is JSON.
_ABSENT = ""

_COLUMNS = (
    Column("run_id", "run", numeric=False),
    Column("run_set", "run set", numeric=False),
    Column("env_id", "env", numeric=False),
    Column("seed", "seed"),
    Column("score", "score"),
    Column("left_out", "left out", numeric=False),
    Column("status", "status", numeric=False),
    Column("started", "started (UTC)", numeric=False),
    Column("source", "source", numeric=False),
)


def run_table(runs: Sequence[ComparedRun], sources: Mapping[str, Document]) -> Table:
    """A row for each run, with a column for each config key in which runs differ.

    `sources` has the documents of kind `source` by run id; a run without one says so.
    """
    configs = _configs(runs)
    keys = _differing(configs)
    columns = (*_COLUMNS, *(Column(f"config.{key}", key, numeric=False) for key in keys))
    rows = tuple(
        (*_cells(run, sources.get(run.record.run_id)), *(config.get(key, _ABSENT) for key in keys))
        for run, config in zip(runs, configs, strict=True)
    )
    counted = sum(run.score is not None for run in runs)
    notes = (f"{counted} of {len(runs)} runs are counted. Scores are in the units logged.",)
    return Table("Every run", columns, rows, notes)


def shared_config_table(runs: Sequence[ComparedRun]) -> Table:
    """The config keys in which all the runs are alike, with their values as JSON."""
    configs = _configs(runs)
    differing = set(_differing(configs))
    shared = {key: value for key, value in configs[0].items() if key not in differing}
    return Table(
        "Config that all runs share",
        (Column("key", "key", numeric=False), Column("value", "value", numeric=False)),
        tuple(sorted(shared.items())),
    )


def source_in_words(source: Document | None) -> str:
    """What a run's source was: the commit, and whether there was more than the commit.

    >>> source_in_words({"kind": "git", "commit": "1a2b3c", "dirty": True})
    '1a2b3c with uncommitted changes'
    """
    if not source:
        return "not known"
    commit = source.get("commit")
    if not commit:
        return "no commit" if source.get("kind") == "git" else "not in a repository"
    more = [
        words
        for name, words in (("dirty", "uncommitted changes"), ("untracked", "untracked files"))
        if source.get(name)
    ]
    return f"{commit} with {' and '.join(more)}" if more else str(commit)


def _cells(run: ComparedRun, source: Document | None) -> tuple[Cell, ...]:
    record = run.record
    started = datetime.fromtimestamp(record.started, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return (
        record.run_id,
        run.label,
        record.env_id,
        record.seed,
        run.score,
        run.left_out,
        str(record.status),
        started,
        source_in_words(source),
    )


def _configs(runs: Sequence[ComparedRun]) -> list[dict[str, str]]:
    return [
        {key: _as_text(value) for key, value in flatten(run.record.config).items()} for run in runs
    ]


def _differing(configs: Sequence[Mapping[str, str]]) -> list[str]:
    """The keys that some runs do not have, or have with another value, sorted."""
    keys = {key for config in configs for key in config}
    return sorted(key for key in keys if len({config.get(key, _ABSENT) for config in configs}) > 1)


def _as_text(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
