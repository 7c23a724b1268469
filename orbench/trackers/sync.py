"""Many runs to a tracker and from it, side by side; what one of them fails at stops no other.

How far a run is in step is a `TrackerLink` in the store, saved after each step that the tracker has
confirmed: whatever is cut off goes on from there. A run that this store recorded itself is never
changed by a pull: the store is the truth, and a difference is told.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OrbenchError, TrackerUnavailableError
from ..importers import Outcome, deliver, plan_delivery
from ..run_store import ArtifactRecord, ConsolePiece, RunDetails, TrackerLink
from .differing import differences, fingerprint
from .side_by_side import side_by_side

if TYPE_CHECKING:
    from ..importers import ImportedRun
    from ..metric import Series
    from ..run import Document, RunRecord
    from ..run_store import RunStore
    from .tracker import RemoteRun, Tracker

__all__ = ["RunSync", "RunSyncStatus", "SyncState", "pull", "push", "status"]

Tell = Callable[[int, int], None]
"""Called with how many runs are done, and of how many."""

_MOST_UNREACHED = 8


class SyncState(StrEnum):
    """What a sync did with a run, or how the run stands.

    A run differs where the store recorded it itself and the tracker has it otherwise.
    """

    PUSHED = "pushed"
    PULLED = "pulled"
    KNOWN = "in step"
    DIFFERS = "differs"
    EMPTY = "empty"
    FAILED = "failed"
    BEHIND = "behind"
    NOT_PUSHED = "not pushed"
    NOT_PULLED = "not pulled"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class RunSync:
    """What happened to one run: how many points and artifacts went over, and what is to be said."""

    run_id: str
    name: str
    remote_id: str
    state: SyncState
    points: int = 0
    artifacts: int = 0
    notes: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunSyncStatus:
    """How a run stands: `synced` is when it last went over, in seconds since the epoch."""

    run_id: str
    name: str
    remote_id: str
    state: SyncState
    synced: float | None = None


def push(
    store: RunStore,
    tracker: Tracker,
    runs: Sequence[RunRecord],
    *,
    jobs: int = 4,
    again: bool = False,
    dry_run: bool = False,
    tell: Tell = lambda done, total: None,
) -> list[RunSync]:
    """Push what is new of these runs, parents before their children; in the order of `runs`.

    With `again` what earlier pushes left in the store is forgotten: everything is sent, to the
    runs that orbench finds there or to new ones. A dry run asks the tracker nothing.
    """
    if not dry_run:
        tracker.check(create=True)
    links = _links(store, [run.run_id for run in runs], tracker.place)
    many = _Many(len(runs), tell)

    def one(run: RunRecord) -> RunSync:
        link = None if again else links.get(run.run_id)
        return many.guarded(
            RunSync(run.run_id, str(_name(run)), _remote_id(link), SyncState.FAILED),
            lambda: _push_one(store, tracker, run, link, dry_run=dry_run),
        )

    results: dict[str, RunSync] = {}
    for wave in _waves(runs):
        done = side_by_side(one, many.count, wave, jobs, stop=tracker.close)
        results |= {each.run_id: each for each in done}
    return [results[run.run_id] for run in runs]


def pull(
    store: RunStore | None,
    tracker: Tracker,
    *,
    since: float | None = None,
    jobs: int = 4,
    dry_run: bool = False,
    tell: Tell = lambda done, total: None,
) -> list[RunSync]:
    """Pull the runs of the place, those changed after `since` if it is given, into the store.

    Without a store (a dry run where there is none yet) every run is one to pull.
    """
    tracker.check()
    remote = list(tracker.runs(since=since))
    links = {} if store is None else _links(store, None, tracker.place)
    by_remote = {_remote_id(link): link for link in links.values()}
    many = _Many(len(remote), tell)

    def one(run: RemoteRun) -> RunSync:
        return many.guarded(
            RunSync(run.orbench_run_id, run.name, run.remote_id, SyncState.FAILED),
            lambda: _pull_one(store, tracker, run, by_remote.get(run.remote_id), dry_run=dry_run),
        )

    return side_by_side(one, many.count, remote, jobs, stop=tracker.close)


def status(store: RunStore, tracker: Tracker, runs: Sequence[RunRecord]) -> list[RunSyncStatus]:
    """How these runs stand at the place, and after them the runs there that the store lacks."""
    tracker.check()
    remote = {run.remote_id: run for run in tracker.runs()}
    links = _links(store, [run.run_id for run in runs], tracker.place)
    stand = [_status_of(store, run, links.get(run.run_id), remote) for run in runs]
    linked = {_remote_id(link) for link in _links(store, None, tracker.place).values()}
    stand += [
        RunSyncStatus(run.orbench_run_id, run.name, run.remote_id, SyncState.NOT_PULLED)
        for run in remote.values()
        if run.remote_id not in linked
    ]
    return stand


# -- one run


def _push_one(
    store: RunStore, tracker: Tracker, run: RunRecord, link: TrackerLink | None, *, dry_run: bool
) -> RunSync:
    details = store.details(run.run_id)
    now = fingerprint(details)
    document: Document = link.document if link is not None else {}
    done = RunSync(run.run_id, _name(run), _remote_id(link), SyncState.KNOWN)
    if document.get("pushed") == now:
        return done
    if dry_run:
        return replace(
            done,
            state=SyncState.BEHIND if done.remote_id else SyncState.NOT_PUSHED,
            points=sum(summary.n for summary in details.metrics),
            artifacts=len(details.artifacts),
        )
    last = dict(document)

    def save(confirmed: Document) -> None:
        last.clear()
        last.update(confirmed)
        store.link_tracker(TrackerLink(run.run_id, tracker.place, dict(last), time.time()))

    with tempfile.TemporaryDirectory(prefix="orbench-push-") as folder:
        report = tracker.push(_StoredRun(store, details, Path(folder)), document, save)
    save({**last, "pushed": now})
    return replace(
        done,
        state=SyncState.PUSHED,
        remote_id=str(last.get("remote_id", "")),
        points=report.points,
        artifacts=report.artifacts,
        notes=report.notes,
    )


def _pull_one(
    store: RunStore | None,
    tracker: Tracker,
    remote: RemoteRun,
    link: TrackerLink | None,
    *,
    dry_run: bool,
) -> RunSync:
    known_as = link.run_id if link is not None else remote.orbench_run_id
    done = RunSync(known_as, remote.name, remote.remote_id, SyncState.KNOWN)
    if link is not None and link.document.get("pulled") == remote.revision:
        return done
    if dry_run and store is None:
        return replace(done, state=SyncState.NOT_PULLED)
    assert store is not None
    with tempfile.TemporaryDirectory(prefix="orbench-pull-") as folder:
        run = tracker.pull(remote, Path(folder))
        if run.run_id and _recorded_here(store, run.run_id):
            done = _compared(store, run, done)
        else:
            done = _delivered(store, run, done, dry_run=dry_run)
    if not dry_run and done.state is not SyncState.EMPTY:
        document = dict(link.document) if link is not None else {}
        document |= {"remote_id": remote.remote_id, "pulled": remote.revision}
        store.link_tracker(TrackerLink(done.run_id, tracker.place, document, time.time()))
    return done


def _compared(store: RunStore, run: ImportedRun, done: RunSync) -> RunSync:
    """A run that this store recorded: what there is of it at the tracker changes nothing."""
    said = differences(store, run)
    state = SyncState.DIFFERS if said else SyncState.KNOWN
    return replace(done, run_id=run.run_id, state=state, notes=(*run.notes, *said))


def _delivered(store: RunStore, run: ImportedRun, done: RunSync, *, dry_run: bool) -> RunSync:
    delivery = plan_delivery(store, run) if dry_run else deliver(store, run)
    states = {Outcome.KNOWN: SyncState.KNOWN, Outcome.EMPTY: SyncState.EMPTY}
    new = SyncState.NOT_PULLED if dry_run else SyncState.PULLED
    notes = run.notes
    if delivery.differs:
        notes += (
            f"other points than run {', '.join(delivery.differs)} of the store has; "
            f"a run of its own, {delivery.run_id}",
        )
    return replace(
        done,
        run_id=delivery.run_id,
        state=states.get(delivery.outcome, new),
        points=delivery.added,
        artifacts=len(run.artifacts),
        notes=notes,
    )


def _status_of(
    store: RunStore, run: RunRecord, link: TrackerLink | None, remote: dict[str, RemoteRun]
) -> RunSyncStatus:
    if link is None or not _remote_id(link):
        return RunSyncStatus(run.run_id, _name(run), "", SyncState.NOT_PUSHED)
    there = remote.get(_remote_id(link))
    state = SyncState.BEHIND
    if there is None:
        state = SyncState.GONE
    elif link.document.get("pushed") == fingerprint(store.details(run.run_id)) or (
        link.document.get("pulled") == there.revision
    ):
        state = SyncState.KNOWN
    return RunSyncStatus(run.run_id, _name(run), _remote_id(link), state, link.updated)


@dataclass(frozen=True, slots=True)
class _StoredRun:
    """A `RunSource`: reads a run from the store when it is asked to."""

    store: RunStore
    details: RunDetails
    folder: Path

    def series(self, metric: str) -> Series:
        """One metric, in the order logged."""
        return self.store.series([self.details.record.run_id], metric)[0]

    def console(self) -> Iterable[ConsolePiece]:
        """The console output, in order of arrival."""
        return self.store.console(self.details.record.run_id)

    def artifact_file(self, artifact: ArtifactRecord) -> Path:
        """The bytes of an artifact, verified while they are written."""
        path = self.folder / artifact.sha256
        if not path.exists():
            with path.open("wb") as file:
                self.store.read_artifact(artifact.sha256, file)
        return path


def _recorded_here(store: RunStore, run_id: str) -> bool:
    """Whether the store has a run that no import put there."""
    from ..filters import where

    known = store.run_ids(where(run_id=[run_id]))
    return bool(known) and store.watermark(f"{run_id}/import") == 0


def _name(run: RunRecord) -> str:
    env = f" on {run.env_id}" if run.env_id else ""
    seed = "" if run.seed is None else f" seed {run.seed}"
    return f"{run.exp_name}{env}{seed}"


def _remote_id(link: TrackerLink | None) -> str:
    return "" if link is None else str(link.document.get("remote_id", ""))


def _links(store: RunStore, run_ids: Sequence[str] | None, place: str) -> dict[str, TrackerLink]:
    return {link.run_id: link for link in store.tracker_links(run_ids, place)}


# -- many runs


def _waves(runs: Sequence[RunRecord]) -> Iterator[list[RunRecord]]:
    """The runs in an order in which each parent among them is done before its children start."""
    waiting = list(runs)
    while waiting:
        ids = {run.run_id for run in waiting}
        ready = [run for run in waiting if run.parent_id not in ids] or waiting
        yield ready
        ids -= {run.run_id for run in ready}
        waiting = [run for run in waiting if run.run_id in ids]


class _Many:
    """Counts the runs that are done, and gives up once several in a row do not reach the tracker.

    Each of them has been tried for as long as the tracker's pace says, so that the next thousand
    would take hours to fail.
    """

    def __init__(self, total: int, tell: Tell) -> None:
        self._total = total
        self._tell = tell
        self._done = 0
        self._unreached = 0

    def guarded(self, failed: RunSync, work: Callable[[], RunSync]) -> RunSync:
        """What `work` gives, or `failed` with the reason; called in any thread."""
        if self._unreached >= _MOST_UNREACHED:
            said = f"not tried, after {_MOST_UNREACHED} runs that did not reach the tracker"
            return replace(failed, error=said)
        try:
            done = work()
        except TrackerUnavailableError as error:
            self._unreached += 1
            return replace(failed, error=str(error))
        except OrbenchError as error:
            return replace(failed, error=str(error))
        if done.state is not SyncState.KNOWN:  # which is often told from the store alone
            self._unreached = 0
        return done

    def count(self, _: object, done: RunSync) -> RunSync:
        """Tell that one more run is done; called in one thread."""
        self._done += 1
        self._tell(self._done, self._total)
        return done
