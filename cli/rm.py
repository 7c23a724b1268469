"""`orbench rm`: remove runs for good, after saying what would go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import UsageError
from orbench.run import RunStatus
from orbench.wording import number_of

from .cells import Kind, for_people
from .command_help import OrbenchCommand
from .opening import opened_store
from .options import StoreOption, examples, new_app
from .output import note
from .selecting import runs_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbench.run_store import Removal, RunStore

__all__ = ["app"]

app = new_app()


@app.command(
    cls=OrbenchCommand,
    epilog=examples("orbench rm 3f9k 8qz2 --yes", "orbench rm --where 'status=failed' --yes"),
)
def rm(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Run ids, or how they begin."),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option("--where", "-w", metavar="FILTER", help="Remove the runs that this selects."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do it; without this, only say what would go.")
    ] = False,
    store_url: StoreOption = None,
) -> None:
    """Remove runs for good; asks for --yes.

    Their series, console output and artifacts go with them; an artifact that another run holds
    as well stays. Without --yes nothing is removed and the exit code is 2.
    """
    if bool(runs) == bool(where):
        raise UsageError("give run ids, or --where FILTER, one of the two")
    with opened_store(store_url) as store:
        ids = runs_named(store, runs or [where or ""])
        _refuse_running(store, ids)
        if not yes:
            raise UsageError(f"{_what_would_go(store, ids)}; nothing was removed, --yes does it")
        note(_what_went(store.remove(ids)))


def _refuse_running(store: RunStore, ids: Sequence[str]) -> None:
    running = [id_ for id_ in ids if store.details(id_).record.status is RunStatus.RUNNING]
    if running:
        raise UsageError(
            f"{', '.join(running)} {'is' if len(running) == 1 else 'are'} being recorded; "
            "end the program first (a run whose program is gone becomes 'lost' in two minutes)"
        )


def _what_would_go(store: RunStore, ids: Sequence[str]) -> str:
    details = [store.details(id_) for id_ in ids]
    series = [summary for run in details for summary in run.metrics]
    blobs = {artifact.sha256: artifact.size for run in details for artifact in run.artifacts}
    points = sum(summary.n for summary in series)
    held = f" ({for_people(sum(blobs.values()), Kind.SIZE)}, less what other runs hold)"
    return (
        f"{number_of(len(ids), 'run')} would go ({', '.join(ids[:5])}"
        f"{' ...' if len(ids) > 5 else ''}) with {len(series)} series, "
        f"{number_of(points, 'point')} and {number_of(len(blobs), 'artifact')}"
        f"{held if blobs else ''}"
    )


def _what_went(removal: Removal) -> str:
    size = for_people(removal.artifact_bytes, Kind.SIZE)
    kept = removal.artifacts_kept
    return (
        f"removed {number_of(removal.runs, 'run')} with {removal.series} series, "
        f"{number_of(removal.points, 'point')} and {number_of(removal.artifacts, 'artifact')}"
        f" ({size})"
        + (f"; {number_of(kept, 'artifact')} stayed, other runs hold them" if kept else "")
    )
