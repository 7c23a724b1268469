"""What MLflow takes as names, params and tags, and what it refuses."""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..config_values import join_key
from ..run import RunStatus

if TYPE_CHECKING:
    from ..run import Document, JsonValue, RunRecord
    from ..run_store import RunDetails

__all__ = [
    "RECORD_TAG",
    "RUN_TAG",
    "STATUS",
    "milliseconds",
    "params_of",
    "refused_name",
    "tags_of",
]

RUN_TAG = "orbench.run_id"
RECORD_TAG = "orbench.record"
"""Set last, to a hash of what was pushed: a run without it was not pushed to its end."""

STATUS = {
    RunStatus.RUNNING: "RUNNING",
    RunStatus.LOST: "RUNNING",
    RunStatus.FINISHED: "FINISHED",
    RunStatus.FAILED: "FAILED",
    RunStatus.KILLED: "KILLED",
}

_LONGEST_NAME = 250
_LONGEST_PARAM = 6_000
_LONGEST_TAG = 5_000
_NAME = re.compile(r"[/\w.\- :]+")


def refused_name(name: str) -> str:
    """Why MLflow refuses a name of a metric or param, or an empty string.

    >>> refused_name("charts/episodic_return")
    ''
    """
    if len(name) > _LONGEST_NAME:
        return f"its name has {len(name)} characters, MLflow takes {_LONGEST_NAME}"
    if _NAME.fullmatch(name) is None:
        return "MLflow takes only letters, digits, / _ - . : and spaces in a name"
    if posixpath.normpath(name) != name or name.startswith(("/", "..")) or name == ".":
        return "MLflow takes no name that is not a plain path"
    return ""


def milliseconds(seconds: float | None) -> int:
    """A time as MLflow holds it; always the same for the same time."""
    return 0 if seconds is None or not math.isfinite(seconds) else math.floor(seconds * 1000)


def params_of(config: Document) -> tuple[dict[str, str], list[str]]:
    """A flattened config as params, and sentences on what is only in the record."""
    params: dict[str, str] = {}
    notes: list[str] = []
    for key, value in _flattened(config, ""):
        text = value if isinstance(value, str) else json.dumps(value)
        reason = refused_name(key)
        if not reason and len(text) > _LONGEST_PARAM:
            reason = f"its value has {len(text):,} characters, MLflow takes {_LONGEST_PARAM:,}"
        if reason:
            notes.append(f"config {key[:60]} is in the record only: {reason}")
        else:
            params[key] = text
    return params, notes


def tags_of(details: RunDetails, parent: str) -> dict[str, str]:
    """The tags that tell what a run is; `parent` is the id of its parent in MLflow, if any."""
    run = details.record
    tags = {
        RUN_TAG: run.run_id,
        "mlflow.runName": _run_name(run),
        "orbench.project": run.project,
        "orbench.exp_name": run.exp_name,
        "orbench.env_id": run.env_id,
        "orbench.seed": "" if run.seed is None else str(run.seed),
        "orbench.tags": json.dumps(list(run.tags)),
    }
    if run.summary:
        tags["orbench.summary"] = json.dumps(dict(run.summary))
    if parent:
        tags["mlflow.parentRunId"] = parent
    commit = details.facts.get("source", {}).get("commit")
    if isinstance(commit, str):
        tags["mlflow.source.git.commit"] = commit
    return {key: text for key, text in tags.items() if len(text) <= _LONGEST_TAG}


def _run_name(run: RunRecord) -> str:
    seed = "" if run.seed is None else f"__{run.seed}"
    return f"{run.env_id}__{run.exp_name}{seed}"[:_LONGEST_NAME]


def _flattened(values: Mapping[str, JsonValue], prefix: str) -> Iterator[tuple[str, JsonValue]]:
    for name, value in values.items():
        key = join_key(prefix, name)
        if isinstance(value, Mapping) and value:
            yield from _flattened(value, key)
        else:
            yield key, value
