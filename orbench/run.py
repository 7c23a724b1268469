"""The run: what one process that trained one algorithm variant on one env with one seed is."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = [
    "LOST_AFTER_SECONDS",
    "Document",
    "JsonValue",
    "RunRecord",
    "RunStatus",
    "derived_run_id",
    "new_run_id",
]

# Whatever JSON can hold, NaN and infinities included. Nested, hence not expressible without Any.
JsonValue = Any
Document = Mapping[str, JsonValue]

# Crockford's base 32 without look-alikes: ids are read aloud, typed by prefix, and put in paths.
_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 12

LOST_AFTER_SECONDS = 120.0
"""A running run whose heartbeat is older than this many seconds is shown as lost."""


def new_run_id() -> str:
    """A fresh run id: 12 characters of base 32, 60 random bits."""
    return _spelled(secrets.randbits(5 * _ID_LENGTH))


def derived_run_id(digest: bytes) -> str:
    """The run id that a digest of at least 8 bytes stands for: equal digests, equal ids."""
    return _spelled(int.from_bytes(digest[:8], "big"))


def _spelled(bits: int) -> str:
    return "".join(_ID_ALPHABET[(bits >> 5 * place) & 31] for place in range(_ID_LENGTH))


class RunStatus(StrEnum):
    """The state of a run. `lost` is never stored: it is `running` with a stopped heartbeat."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as a store knows it, without its series.

    Times are seconds since the epoch, UTC. `config` is nested as the program gave it;
    `config_notes` says, by flattened key, how a value that JSON cannot hold was kept.
    """

    run_id: str
    project: str
    exp_name: str
    env_id: str
    seed: int | None
    status: RunStatus
    started: float
    ended: float | None = None
    heartbeat: float | None = None
    exit_code: int | None = None
    signal: int | None = None
    error: str | None = None
    parent_id: str | None = None
    host: str = ""
    starts: int = 1
    config: Document = field(default_factory=dict)
    config_notes: Mapping[str, str] = field(default_factory=dict)
    summary: Document = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def duration(self) -> float | None:
        """Seconds from the first start to the end (or the last heartbeat), None if unknown."""
        last = self.ended if self.ended is not None else self.heartbeat
        return None if last is None else max(0.0, last - self.started)
