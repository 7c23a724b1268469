"""How events change what a store knows of a run: pure, one event after the other.

Segments of one run may be shipped in any order, so nothing here trusts that a start comes before
an end or the first start before a later one: times decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from orbench.capture import merge_seeds
from orbench.config import config_hash, merge
from orbench.events import (
    ConfigUpdated,
    Event,
    FactsCaptured,
    RunEnded,
    RunStarted,
    SummaryUpdated,
    TagsChanged,
)
from orbench.run import JsonValue, RunStatus

from .columns import finite_time, fitted, small_integer, storable, wide_integer
from .documents import document_text, parse_document
from .records import document_in

__all__ = ["RunState", "first_state"]

_NAME_LIMITS = {"project": 200, "exp_name": 200, "env_id": 200, "parent_id": 32, "host": 255}
_END_STATUSES = (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)


def first_state(run_id: str, started: float) -> dict[str, Any]:
    """The columns of a run of which nothing is known but that something of it arrived.

    `starts` is 0 until an event tells of a start.
    """
    return {
        "run_id": run_id,
        "status": RunStatus.RUNNING.value,
        "started": started,
        "last_started": started,
        "starts": 0,
    }


class RunState:
    """The columns of one run while events are applied to them.

    `changed` has the columns that are to be written back; `tags` says for each tag that was
    touched whether the run has it now.
    """

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row
        self.changed: dict[str, Any] = {}
        self.tags: dict[str, bool] = {}
        self._documents: dict[str, dict[str, JsonValue]] = {}

    def document(self, column: str) -> dict[str, JsonValue]:
        """The document in `config`, `config_notes`, `summary` or `seeds`, as it is now.

        Raises StoreDamagedError: nothing is laid over a document that cannot be read.
        """
        if column not in self._documents:
            known = self._row[column] is not None
            self._documents[column] = document_in(self._row, column) if known else {}
        return self._documents[column]

    def apply(self, event: Event) -> None:
        """Apply an event; those that do not concern the run's own columns change nothing."""
        match event:
            case RunStarted():
                self._started(event)
            case RunEnded():
                self._ended(event)
            case ConfigUpdated():
                self._merge("config", event.values)
                self._merge("config_notes", event.notes)
            case SummaryUpdated():
                self._merge("summary", event.values)
                self._merge("config_notes", event.notes)
            case FactsCaptured(kind="seeds"):
                # Each process and each integration knows of some generators.
                self._documents["seeds"] = merge_seeds(self.document("seeds"), event.document)
                self._put("seeds", document_text(self._documents["seeds"]))
            case TagsChanged():
                self.tags |= {fitted(tag, 200): True for tag in event.added}
                self.tags |= {fitted(tag, 200): False for tag in event.removed}

    def seen_alive(self, time: float | None) -> None:
        """Move the heartbeat forward to a time."""
        if time is not None and math.isfinite(time):
            self._put("heartbeat", max(time, self._get("heartbeat") or time))

    def _get(self, column: str) -> Any:
        return self.changed.get(column, self._row[column])

    def _put(self, column: str, value: Any) -> None:
        if value != self._get(column):
            self.changed[column] = value

    def _merge(self, column: str, values: Mapping[str, JsonValue]) -> None:
        if not values:
            return
        text = document_text(merge(self.document(column), values))
        self._put(column, text)
        self._documents[column] = parse_document(text)  # as it will be read
        if column == "config":
            self._put("config_hash", config_hash(self._documents[column]))

    def _started(self, event: RunStarted) -> None:
        self._identify(event)
        self.seen_alive(event.started)
        if event.attached:
            return
        started = finite_time(event.started, self._get("started"))
        first = self._get("starts") == 0
        self._put("starts", self._get("starts") + 1)
        self._put("started", started if first else min(started, self._get("started")))
        if first or started >= self._get("last_started"):
            self._put("last_started", started)
            if event.resumed:
                self._put("status", RunStatus.RUNNING.value)
                for column in ("ended", "exit_code", "signal", "error"):
                    self._put(column, None)

    def _identify(self, event: RunStarted) -> None:
        """Take over the identity fields that are said; an attached process fills only gaps."""
        for column, limit in _NAME_LIMITS.items():
            said = fitted(getattr(event, column) or "", limit)
            if said and not (event.attached and self._get(column)):
                self._put(column, said)
        if event.seed is None or (event.attached and self._get("seed") is not None):
            return
        self._put("seed", wide_integer(event.seed))
        if wide_integer(event.seed) is None:
            note = f"{event.seed} has more than the 64 bits that a store keeps of a run's seed"
            self._merge("config_notes", {"run.seed": note})

    def _ended(self, event: RunEnded) -> None:
        ended = finite_time(event.ended, self._get("last_started"))
        known = self._get("ended")
        if ended < self._get("last_started") or (known is not None and ended < known):
            return
        error = event.error
        status = event.status
        if status not in _END_STATUSES:
            status = RunStatus.FAILED.value
            error = f"ended with status '{event.status}', which is not known here: {error}"
        self._put("status", str(status))
        self._put("ended", ended)
        self._put("exit_code", small_integer(event.exit_code))
        self._put("signal", small_integer(event.signal))
        self._put("error", None if error is None else storable(error))
