"""`orbench sync`: runs to a tracker and from it, and how the two stand."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import NoRunsError, StoreMissingError, TrackerError, UsageError
from orbench.settings import store_url
from orbench.wording import number_of

from .cells import Kind
from .command_help import OrbenchCommand
from .opening import opened_store
from .options import (
    FilterArguments,
    Format,
    FormatOption,
    StoreOption,
    examples,
    new_app,
    where_from,
)
from .output import note, print_table
from .progress import counted
from .table import Field, Table

if TYPE_CHECKING:
    from orbench.run import RunRecord
    from orbench.run_store import RunStore
    from orbench.trackers import RunSync, Tracker

__all__ = ["app"]

app = new_app()

_NOTES_AT_MOST = 20
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


@app.callback()
def sync() -> None:
    """Push runs to W&B or MLflow, and pull them from there."""


_PlaceArgument = Annotated[
    str,
    typer.Argument(
        metavar="PLACE",
        help="mlflow://HOST:PORT/EXPERIMENT, mlflow+https://HOST/EXPERIMENT, "
        "wandb://ENTITY/PROJECT or wandb://HOST/ENTITY/PROJECT. User and password come from where "
        "the tracker's own client looks for them.",
    ),
]
_Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Runs at a time.")]
_Rate = Annotated[
    float, typer.Option("--rate", min=0.0, help="Requests a second at most; 0 for no limit.")
]
_Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only runs that changed since then: 2026-01-31, 2026-01-31T12:00, or 90m, 6h, 2d, 1w "
        "ago.",
    ),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would go over; change nothing.")]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench sync push mlflow://localhost:5000/cartpole project=demo",
        "orbench sync push wandb://my-team/cartpole exp_name=ppo --since 1d",
    ),
)
def push(
    place: _PlaceArgument,
    filter_: FilterArguments = None,
    since: _Since = None,
    jobs: _Jobs = 4,
    rate: _Rate = 50.0,
    again: Annotated[
        bool,
        typer.Option("--again", help="Forget what was pushed before, as after it was deleted."),
    ] = False,
    dry_run: _DryRun = False,
    offline: Annotated[
        Path | None,
        typer.Option(
            "--offline",
            metavar="FOLDER",
            help="Write folders for `wandb sync` to send from elsewhere, and use no network.",
        ),
    ] = None,
    fmt: FormatOption = Format.TABLE,
    url: StoreOption = None,
) -> None:
    """Push the runs that a filter selects to a tracker, what is new of each.

    A push that was cut off goes on where it was when it is made again; nothing is doubled.
    """
    from orbench.trackers import push as push_runs

    with opened_store(url) as store, _tracker(place, rate, offline) as tracker:
        runs = _selected(store, filter_, since)
        with counted("checked" if dry_run else "pushed") as tell:
            done = push_runs(
                store, tracker, runs, jobs=jobs, again=again, dry_run=dry_run, tell=tell
            )
    _report(done, fmt, dry_run=dry_run)


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench sync pull mlflow://localhost:5000/cartpole",
        "orbench sync pull wandb://my-team/cartpole --since 2026-01-31 --dry-run",
    ),
)
def pull(
    place: _PlaceArgument,
    since: _Since = None,
    jobs: _Jobs = 4,
    rate: _Rate = 50.0,
    dry_run: _DryRun = False,
    fmt: FormatOption = Format.TABLE,
    url: StoreOption = None,
) -> None:
    """Pull the runs of a place in a tracker into the store, with every point.

    A run that orbench pushed comes back as it was. One that this store recorded itself stays as
    it is, and what the tracker has otherwise is told.
    """
    from orbench.trackers import pull as pull_runs

    start = _time(since)
    with (
        _tracker(place, rate) as tracker,
        _target(url, tracker, dry_run=dry_run) as store,
        counted("read" if dry_run else "pulled") as tell,
    ):
        done = pull_runs(store, tracker, since=start, jobs=jobs, dry_run=dry_run, tell=tell)
    _report(done, fmt, dry_run=dry_run)


@app.command(
    cls=OrbenchCommand, epilog=examples("orbench sync status mlflow://localhost:5000/cartpole")
)
def status(
    place: _PlaceArgument,
    filter_: FilterArguments = None,
    rate: _Rate = 50.0,
    fmt: FormatOption = Format.TABLE,
    url: StoreOption = None,
) -> None:
    """Say which runs a tracker has, lacks, or has not got all of."""
    from orbench.trackers import status as status_of

    with opened_store(url) as store, _tracker(place, rate) as tracker:
        stand = status_of(store, tracker, store.runs(where_from(filter_)))
    fields = [
        Field("state"),
        Field("run_id"),
        Field("name", may_fold=True),
        Field("remote_id", heading="id there"),
        Field("synced", Kind.TIME),
    ]
    rows = [[one.state.value, one.run_id, one.name, one.remote_id, one.synced] for one in stand]
    print_table(Table(fields, rows, empty="no runs"), fmt)
    note(_counts(Counter(one.state.value for one in stand)))


@contextmanager
def _tracker(place: str, rate: float, offline: Path | None = None) -> Iterator[Tracker]:
    from orbench.trackers import Pace, open_tracker

    with closing(open_tracker(place, Pace(rate), offline=offline)) as tracker:
        yield tracker


@contextmanager
def _target(url: str | None, tracker: Tracker, *, dry_run: bool) -> Iterator[RunStore | None]:
    """The store to pull into, made if it is not there once the tracker has answered."""
    from orbench.run_store import open_store

    try:
        with opened_store(url) as store:
            yield store
        return
    except StoreMissingError:
        tracker.check()
    if dry_run:
        yield None
        return
    with open_store(store_url(url), create=True) as store:
        yield store


def _selected(store: RunStore, filter_: list[str] | None, since: str | None) -> list[RunRecord]:
    start = _time(since)
    runs = store.runs(where_from(filter_))
    if start is not None:
        runs = [run for run in runs if _last_change(run) >= start]
    if not runs:
        raise NoRunsError("no run is selected; `orbench list` shows what there is")
    return runs


def _last_change(run: RunRecord) -> float:
    return max(run.started, run.ended or 0.0, run.heartbeat or 0.0)


def _time(text: str | None) -> float | None:
    """Seconds since the epoch, for a time or for how long ago."""
    if text is None:
        return None
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text.strip())
    if ago is not None:
        return time.time() - float(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except ValueError:
        raise UsageError(
            f"--since {text} is no time; write 2026-01-31, 2026-01-31T12:00, or 6h, 2d for ago"
        ) from None


def _report(done: Sequence[RunSync], fmt: Format, *, dry_run: bool) -> None:
    """Print what happened; raises TrackerError at the end for the runs that failed."""
    fields = [
        Field("state"),
        Field("run_id"),
        Field("name", may_fold=True),
        Field("remote_id", heading="id there"),
        Field("points"),
        Field("artifacts"),
    ]
    rows = [
        [one.state.value, one.run_id, one.name, one.remote_id, one.points, one.artifacts]
        for one in done
    ]
    print_table(Table(fields, rows, empty="no runs there"), fmt)
    _note_each([f"{one.run_id or one.remote_id}: {said}" for one in done for said in one.notes])
    points = sum(one.points for one in done)
    counts = _counts(Counter(one.state.value for one in done))
    note(f"{counts}; {points:,} points {'would go' if dry_run else 'went'} over")
    failed = [
        f"{one.run_id or one.remote_id} ({one.name}): {one.error}" for one in done if one.error
    ]
    if len(failed) == 1:
        raise TrackerError(failed[0])
    if failed:
        _note_each(failed)
        raise TrackerError(
            f"{len(failed):,} runs of {len(done):,} failed; the same command goes on with them"
        )


def _note_each(sentences: Sequence[str]) -> None:
    for sentence in sentences[:_NOTES_AT_MOST]:
        note(sentence)
    if len(sentences) > _NOTES_AT_MOST:
        note(f"{len(sentences) - _NOTES_AT_MOST:,} more like these")


def _counts(counts: Counter[str]) -> str:
    told = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    return f"{number_of(sum(counts.values()), 'run')}: {told or 'none'}"
