"""The runs of a W&B project, as they are listed: a page of a hundred is one request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...errors import TrackerError
from ...run import Document, JsonValue
from ..tracker import RemoteRun
from .connection import Connection
from .place import WandbPlace
from .queries import PROJECT, RUN, RUNS

__all__ = ["MARK", "WandbRun", "check_project", "find_run", "list_runs", "seconds"]

MARK = "orbench"
"""The config key under which a run that orbench pushed says so, and how its steps are kept."""

_PAGE = 100


@dataclass(frozen=True, slots=True)
class WandbRun:
    """A run as the list of a project tells it: all but its histories and files.

    `counts` has how many rows of the history have each key; `config` is without W&B's own part.
    `mark` is what orbench left when it pushed the run, empty for other runs.
    """

    name: str
    display_name: str
    state: str
    group: str
    user: str
    tags: tuple[str, ...]
    notes: str
    created: float
    heartbeat: float
    config: Document
    summary: Document
    mark: Document
    rows: int
    events: int
    log_lines: int
    counts: Mapping[str, int]
    last_step: int
    revision: str

    def remote(self) -> RemoteRun:
        """The same as the trackers' common list has it."""
        return RemoteRun(
            remote_id=self.name,
            name=self.display_name or self.name,
            revision=self.revision,
            orbench_run_id=str(self.mark.get("run_id") or ""),
            client=self,
        )


def list_runs(
    connection: Connection,
    place: WandbPlace,
    *,
    where: Document | None = None,
    since: float | None = None,
) -> Iterator[WandbRun]:
    """The runs that a filter of W&B's (Mongo-style JSON) selects, the last to change first.

    With `since`, in seconds since the epoch, those that changed after it. Raises TrackerError for
    a project that is not there or not to be seen.
    """
    cursor = None
    while True:
        data = connection.graphql(
            RUNS,
            project=place.project,
            entity=place.entity,
            cursor=cursor,
            perPage=_PAGE,
            order="-heartbeat_at",
            filters=json.dumps(where or {}),
        )
        page = _project(data, place)["runs"]
        for edge in page["edges"]:
            run = _run(edge["node"])
            if since is not None and run.heartbeat <= since:
                return
            yield run
        if not page["pageInfo"]["hasNextPage"]:
            return
        cursor = page["pageInfo"]["endCursor"]


def check_project(connection: Connection, place: WandbPlace) -> None:
    """Raise TrackerError where the project is not there, or not to be seen with our key."""
    _project(connection.graphql(PROJECT, project=place.project, entity=place.entity), place)


def find_run(connection: Connection, place: WandbPlace, name: str) -> WandbRun | None:
    """One run by its id there, None where it is not (or not any more)."""
    data = connection.graphql(RUN, project=place.project, entity=place.entity, name=name)
    project = data.get("project")
    node = project and project.get("run")
    return _run(node) if node else None


def seconds(text: object) -> float:
    """The seconds since the epoch of W&B's times, 0 for none."""
    try:
        at = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _project(data: Mapping[str, Any], place: WandbPlace) -> Mapping[str, Any]:
    project: Mapping[str, Any] | None = data.get("project")
    if project is None:
        raise TrackerError(
            f"W&B at {place.host} has no project '{place.name}', or your key may not see it"
        )
    return project


def _run(node: Mapping[str, Any]) -> WandbRun:
    config = _plain_config(_document(node.get("config")))
    mark = config.pop(MARK, None)
    keys = node.get("historyKeys") or {}
    summary = _document(node.get("summaryMetrics"))
    return WandbRun(
        name=str(node["name"]),
        display_name=str(node.get("displayName") or ""),
        state=str(node.get("state") or ""),
        group=str(node.get("group") or ""),
        user=str((node.get("user") or {}).get("username") or ""),
        tags=tuple(map(str, node.get("tags") or ())),
        notes=str(node.get("notes") or ""),
        created=seconds(node.get("createdAt")),
        heartbeat=seconds(node.get("heartbeatAt")),
        config=config,
        summary=summary,
        mark=mark if isinstance(mark, dict) else {},
        rows=int(node.get("historyLineCount") or 0),
        events=int(node.get("eventsLineCount") or 0),
        log_lines=int(node.get("logLineCount") or 0),
        counts={key: _count(told) for key, told in (keys.get("keys") or {}).items()},
        last_step=max(_whole(keys.get("lastStep")), _whole(summary.get("_step"))),
        revision=_revision(node),
    )


def _revision(node: Mapping[str, Any]) -> str:
    """A hash of all that the list says: a new row, tag, state or summary changes it."""
    text = json.dumps(node, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _count(told: Mapping[str, Any]) -> int:
    return sum(int(each.get("count") or 0) for each in told.get("typeCounts") or ())


def _plain_config(raw: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The config as the program gave it: W&B keeps each value beside a description."""
    return {
        key: told["value"] if isinstance(told, dict) and "value" in told else told
        for key, told in raw.items()
        if key not in ("_wandb", "wandb_version")
    }


def _document(text: object) -> dict[str, JsonValue]:
    """A JSON object that came as text; an empty one for anything else."""
    try:
        value = json.loads(text, strict=False) if isinstance(text, str) else text
    except ValueError:
        return {}
    return dict(value) if isinstance(value, dict) else {}
