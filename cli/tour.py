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
    from orbench.tour import Training

__all__ = ["app"]

app = new_app()

_RETURN = "charts/episodic_return"
# As many columns as a terminal of 80 characters shows as a table.
_COLUMNS = f"run_id,exp_name,env_id,seed,metric:{_RETURN}"
# An episode of FrozenLake pays 0 or 1: only the mean of many is a curve.
_SMOOTHING = ("--smooth", "100", "--points", "100")


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
    from orbench.tour import plan_tour

    trainings = plan_tour(seeds, quick=quick)
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "tour.db"
    before = [run.run_id for run in _tour_runs(store)]
    _train(trainings, store)
    if before:
        _remove(store, before)
    figure = folder / "learning_curves"
    _run("list", "project=tour", "--columns", _COLUMNS, "--limit", "6", store=store)
    _run("stats", "project=tour", "--metric", _RETURN, store=store)
    _run(*_plot(figure), store=store)
    _say_what_next(store, figure)


def _tour_runs(store: Path) -> list[RunRecord]:
    """The runs of earlier tours in this store, as list orders them."""
    from orbench.filters import parse
    from orbench.tour import PROJECT

    try:
        with opened_store(str(store)) as opened:
            return opened.runs(parse(f"project={PROJECT}"), order_by=["env_id", "seed", "exp_name"])
    except StoreMissingError:
        return []


def _train(trainings: list[Training], store: Path) -> None:
    from orbench.settings import store_url
    from orbench.tour import train, usable_cores

    cores = usable_cores()
    note(f"training {len(trainings)} runs, {cores} at a time, into {store}")
    began = time.monotonic()
    with progress("trained", len(trainings)) as advance:
        url = store_url(str(store.absolute()))
        train(trainings, url, at_once=cores, on_done=lambda _: advance())
    note(f"trained and recorded {len(trainings)} runs in {time.monotonic() - began:.0f} s")


def _remove(store: Path, run_ids: list[str]) -> None:
    with opened_store(str(store)) as opened:
        removal = opened.remove(run_ids)
    note(f"removed the {removal.runs} runs of the last tour in this folder")


def _plot(figure: Path) -> list[str]:
    """The command that draws the tour's learning curves."""
    return [
        *("plot", "curves", "project=tour", "--metric", _RETURN, *_SMOOTHING),
        *("--y-label", "Episodic return", "--out", str(figure), "--format", "png"),
        *("--format", "svg"),
    ]


def _run(*arguments: str, store: Path) -> None:
    """Print a command line as one would type it, then run it here and now."""
    import typer.main

    from .app import app as orbench

    command = [*arguments, "--store", str(store)]
    print_text(["", f"$ {_typed(command)}"])
    typer.main.get_command(orbench).main(command, prog_name="orbench", standalone_mode=False)


def _say_what_next(store: Path, figure: Path) -> None:
    first, second = _tour_runs(store)[:2]
    numbers = str(figure.with_name("returns.csv"))
    tried = [
        ["show", first.run_id],
        ["diff", first.run_id, second.run_id],
        ["fetch", f"exp_name={first.exp_name}", "--metric", _RETURN, "--out", numbers],
    ]
    print_text(
        [
            "",
            f"The figure is {figure}.png (and .svg), the store {store}. Try next:",
            *(f"  {_typed([*command, '--store', str(store)])}" for command in tried),
        ]
    )


def _typed(arguments: list[str]) -> str:
    """A command line that works where this one was typed: uv does not put orbench on the PATH."""
    program = ["uv", "run", "orbench"] if "UV_RUN_RECURSION_DEPTH" in os.environ else ["orbench"]
    return shlex.join([*program, *arguments])
