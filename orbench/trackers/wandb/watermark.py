"""How far a push has come: the document that the store keeps for a run and a place.

A batch is written down before it is sent (`planned`). If no answer comes, the next push sends the
very same rows to the very same places, as W&B's own client does after a lost answer, however the
run has grown in between: the server writes them over themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...run import Document

__all__ = ["StreamMark", "Watermark"]


@dataclass(frozen=True, slots=True)
class StreamMark:
    """How many rows of a stream are there, and how many points of each metric are in them.

    `planned` has the points that the batch under way comes to; empty if none is.
    """

    rows: int = 0
    points: Mapping[str, int] = field(default_factory=dict)
    planned: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watermark:
    """What W&B has of a run.

    `history` and `events` are the streams of metrics and of system metrics, `console` counts the
    lines of output and `last_line` is the last of them, `files` has the hash of each file by its
    name, `said` the hash of all that is said of the run besides (config, tags, state), `complete`
    whether its end was told. `offline` are the folders that were written for `wandb sync` and are
    not known to be there, `part` the one that is being written.
    """

    history: StreamMark = StreamMark()
    events: StreamMark = StreamMark()
    console: int = 0
    last_line: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    complete: str = ""
    step_key: str = ""
    part: str = ""
    offline: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: Document) -> Watermark:
        """The watermark in a link's document; one that says nothing is at the beginning."""
        return cls(
            history=_stream(document.get("history")),
            events=_stream(document.get("events")),
            console=int(document.get("console") or 0),
            last_line=str(document.get("last_line") or ""),
            files=dict(document.get("files") or {}),
            said=str(document.get("said") or ""),
            complete=str(document.get("complete") or ""),
            step_key=str(document.get("step_key") or ""),
            part=str(document.get("part") or ""),
            offline=tuple(map(str, document.get("offline") or ())),
        )

    def document(self) -> dict[str, Any]:
        """The same as a document."""
        return {
            "history": _written(self.history),
            "events": _written(self.events),
            "console": self.console,
            "last_line": self.last_line,
            "files": dict(self.files),
            "said": self.said,
            "complete": self.complete,
            "step_key": self.step_key,
            "part": self.part,
            "offline": list(self.offline),
        }

    def with_file(self, name: str, sha256: str) -> Watermark:
        """The watermark once a file has been sent."""
        return replace(self, files={**self.files, name: sha256})


def _stream(told: Any) -> StreamMark:
    if not isinstance(told, Mapping):
        return StreamMark()
    return StreamMark(
        int(told.get("rows") or 0), dict(told.get("points") or {}), dict(told.get("planned") or {})
    )


def _written(mark: StreamMark) -> dict[str, Any]:
    return {"rows": mark.rows, "points": dict(mark.points), "planned": dict(mark.planned)}
