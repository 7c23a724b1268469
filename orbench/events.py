"""The events of a journal: everything a run tells besides its points.

Each event is a tagged msgpack map. Fields may be added with a default and kinds may be added;
a reader keeps count of kinds it does not know. Times are seconds since the epoch, UTC.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .run import JsonValue

__all__ = [
    "FACT_KINDS",
    "SHARED_FACT_KINDS",
    "ArtifactLogged",
    "ConfigUpdated",
    "ConsoleWritten",
    "Event",
    "FactsCaptured",
    "RunEnded",
    "RunStarted",
    "SummaryUpdated",
    "TagsChanged",
    "decode_event",
    "encode_event",
]


class _Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Common base; `frozen` so that a parsed journal cannot be changed under a shipper."""


class RunStarted(_Event, tag="started", frozen=True):
    """A process began (or resumed) a run. Empty identity fields mean: not known here."""

    started: float
    project: str = ""
    exp_name: str = ""
    env_id: str = ""
    seed: int | None = None
    parent_id: str | None = None
    resumed: bool = False
    # An attached process joins a run that another process began: identity only, no new start.
    attached: bool = False
    host: str = ""


class ConfigUpdated(_Event, tag="config", frozen=True):
    """Config values, nested; merged over what is there, key by key at every depth."""

    values: dict[str, JsonValue]
    notes: dict[str, str] = {}


class SummaryUpdated(_Event, tag="summary", frozen=True):
    """Summary values, nested; merged like config."""

    values: dict[str, JsonValue]
    notes: dict[str, str] = {}


class TagsChanged(_Event, tag="tags", frozen=True):
    """Tags put on and taken off."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class FactsCaptured(_Event, tag="facts", frozen=True):
    """What capture found: `kind` is one of `FACT_KINDS`, the later document replaces the earlier.

    environment, source and machine are deduplicated by content hash in the store; command,
    variables, seeds and capture (what was left out and why) belong to the run alone.
    """

    kind: str
    document: dict[str, JsonValue]


FACT_KINDS = ("environment", "source", "machine", "command", "variables", "seeds", "capture")
SHARED_FACT_KINDS = ("environment", "source", "machine")


class ArtifactLogged(_Event, tag="artifact", frozen=True):
    """A file was logged; its bytes lie in the run's journal folder as `blobs/<sha256>`."""

    name: str
    sha256: str
    size: int
    logged: float
    kind: str = "file"
    metadata: dict[str, JsonValue] = {}


class ConsoleWritten(_Event, tag="console", frozen=True):
    """A piece of stdout or stderr, redacted, as the program wrote it."""

    stream: str
    time: float
    data: bytes


class RunEnded(_Event, tag="ended", frozen=True):
    """A run ended: status is finished, failed or killed."""

    status: str
    ended: float
    exit_code: int | None = None
    signal: int | None = None
    error: str | None = None


Event = (
    RunStarted
    | ConfigUpdated
    | SummaryUpdated
    | TagsChanged
    | FactsCaptured
    | ArtifactLogged
    | ConsoleWritten
    | RunEnded
)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """The msgpack bytes of an event."""
    return _encoder.encode(event)


def decode_event(data: bytes) -> Event | None:
    """The event in these bytes, or None if its kind is not known to this version."""
    try:
        event: Event = _decoder.decode(data)
    except msgspec.ValidationError:
        return None
    return event
