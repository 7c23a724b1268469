"""`orbench tour`: the main job, on real training, from the first run to the figure."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import StoreMissingError

from .command_help import OrbenchCommand
from .opening import opened_store
from .options import examples, new_app
from .output import note, print_text
from .progress import progress

if TYPE_CHECKING:
    from orbench.run import RunRecord

__all__ = ["app"]

app = new_app()

_RETURN = "charts/episodic_return"
_COLUMNS = f"run_id,exp_name,env_id,seed,status,duration,metric:{_RETURN}"
# Episodes of FrozenLake pay 0 or 1: single ones show nothing.
_SMOOTHING = "50"


@app.command(
    cls=OrbenchCommand,
    epilog=examples("orbench tour", "orbench tour --seeds 10 --folder /tmp/tour"),
)
def tour(
    folder: Annotated[
        Path,
        typer.Option(
            "--folder",
            metavar="PATH",
            file_okay=False,
            help="Where the tour keeps its store and its figures, apart from your runs.",
        ),
    ] = Path("runs/tour"),
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, max=100, help="Seeds of agent and env.")
    ] = 5,
    quick: Annotated[
        bool, typer.Option("--quick", help="Play a tenth of the episodes: less is learned.")
    ] = False,
) -> None:
    """Train, record, find, compare and draw, in a minute.

    Two small agents (Q-learning and SARSA) learn three Gymnasium envs with several seeds, in
    parallel processes that record themselves. Another tour in the same folder replaces the runs
    of the last one when its own are complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "tour.db"
    before = [run.run_id for run in _tour_runs(store)]
    _train(store, seeds, quick=quick)
    if before:
        _remove(store, before)
    figure = folder / "learning_curves"
    _run("list", "project=tour", "--columns", _COLUMNS, "--limit", "6", store=store)
    _run("stats", "project=tour", "--metric", _RETURN, store=store)
    _run(*_plot(figure), store=store)
    _say_what_next(store, figure)
