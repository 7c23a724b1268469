"""What is said of a run besides its points, in the words of W&B."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any

from ...run import Document, JsonValue, RunRecord, RunStatus
from .runs import MARK

__all__ = ["Said", "exit_code_of", "said_of", "summary_of"]

_FORMAT = 1

# W&B's own encoding of define_metric: all metrics over this one.
_AXIS = "m"


@dataclass(frozen=True, slots=True)
class Said:
    """The arguments of the mutation that makes or changes a run, as W&B's client writes them.

    `values` is the config in plain form, `config` the same as W&B keeps it.
    """

    display_name: str
    group: str
    tags: list[str]
    host: str
    values: Document
    config: str
    summary: str

    @property
    def digest(self) -> str:
        """A hash, to tell whether anything is new."""
        told = [self.display_name, self.group, self.tags, self.host, self.config, self.summary]
        return hashlib.sha256(json.dumps(told).encode("utf-8", "surrogatepass")).hexdigest()


def said_of(run: RunRecord, step_key: str) -> Said:
    """What W&B is told of a run; its config gets the run's names where it does not have them."""
    names: dict[str, JsonValue] = {
        "env_id": run.env_id,
        "exp_name": run.exp_name,
        "seed": run.seed,
    }
    config = {**{key: value for key, value in names.items() if value is not None}, **run.config}
    mark = {
        "format": _FORMAT,
        "run_id": run.run_id,
        "project": run.project,
        "step_key": step_key,
        "started": run.started,
        **names,
    }
    plain = {key: _jsonable(value) for key, value in config.items()} | {MARK: mark}
    raw: dict[str, Any] = {key: {"value": value} for key, value in plain.items()}
    raw["_wandb"] = {"value": {_AXIS: [{"1": step_key, "6": [3]}, {"2": "*", "5": 1, "6": [1]}]}}
    seed = "no seed" if run.seed is None else f"seed {run.seed}"
    return Said(
        display_name=f"{run.exp_name} {run.env_id} {seed}"[:128],
        group=run.exp_name[:128],
        tags=list(run.tags),
        host=run.host,
        values=plain,
        config=json.dumps(raw, allow_nan=False),
        summary=json.dumps(summary_of(run), allow_nan=False),
    )


def summary_of(run: RunRecord) -> dict[str, JsonValue]:
    """The summary as W&B can hold it."""
    return {key: _jsonable(value) for key, value in run.summary.items()}


def exit_code_of(run: RunRecord) -> int | None:
    """The exit code that tells W&B how a run ended, None while it goes on."""
    if run.status is RunStatus.FINISHED:
        return 0
    if run.status in (RunStatus.FAILED, RunStatus.KILLED):
        return run.exit_code or (255 if run.status is RunStatus.KILLED else 1)
    return None


def _jsonable(value: JsonValue) -> JsonValue:
    """A value without what JSON has no number for: these are texts, as W&B's client writes them.

    `values` is the config in plain form, `config` the same as W&B keeps it.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {key: _jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(inner) for inner in value]
    return value
