"""`orbench reproduce`: run a run again from its record, and say whether it is the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import OrbenchError, UsageError

from .command_help import OrbenchCommand
from .opening import opened_store
from .option_groups import with_groups
from .options import StoreOption, examples, new_app
from .output import note
from .progress import counted, progress
from .reproduce_options import Comparing, Rebuilding, Sampling
from .reproduction_output import VerdictFormat, print_plan, print_verdicts, write_script

if TYPE_CHECKING:
    from orbench.reproduce import Choices, Reproduction, ReproductionPlan
    from orbench.run_store import RunStore

__all__ = ["app"]

app = new_app()


_Run = Annotated[str, typer.Argument(metavar="RUN", help="A run id, or how it begins.")]
_Command = Annotated[
    list[str] | None,
    typer.Argument(metavar="-- CMD", help="Run this instead of the recorded command line."),
]
_Plan = Annotated[bool, typer.Option("--plan", help="Say what would be done, and do nothing.")]
_Script = Annotated[
    Path | None,
    typer.Option("--script", metavar="FILE", help="Write the plan as a shell script instead."),
]
_Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=1, help="End the program after this long."),
]
_FormatOption = Annotated[
    VerdictFormat, typer.Option("--format", "-f", metavar="FORMAT", help="table, json or markdown.")
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench reproduce 3f9k --plan",
        "orbench reproduce 3f9k",
        "orbench reproduce 3f9k --script again.sh",
        "orbench reproduce 3f9k --venv .venv --require exact",
        "orbench reproduce --many 'project=paper status=finished' --sample 5 --jobs 2 -f markdown",
    ),
)
@with_groups
def reproduce(
    *,
    run: _Run = "",
    command: _Command = None,
    plan: _Plan = False,
    script: _Script = None,
    sampling: Sampling,
    rebuilding: Rebuilding,
    comparing: Comparing,
    timeout: _Timeout = None,
    fmt: _FormatOption = VerdictFormat.TABLE,
    store_url: StoreOption = None,
) -> None:
    """Run a run again from its record, and say whether it is the same.

    Source, Python, packages, variables and command line are those of the record, in a new folder
    and a new environment; what cannot be restored is said first. The new run is recorded, and its
    metrics are compared with the original's: bit-exact, within tolerance, or compatible with the
    runs of other seeds. Exit code 0: reproduced, 1: different, 3: cannot tell.

    This runs the program of the run, and what its packages run when they are installed.
    """
    from orbench.reproduce import IGNORED, Choices
    from orbench.settings import store_url as url_of

    if bool(run) == bool(sampling.many):
        raise UsageError("name one run, or runs by --many FILTER")
    url = _absolute_url(url_of(store_url))
    choices = Choices(
        url,
        repositories=tuple(rebuilding.repositories or ()),
        keep=rebuilding.keep,
        venv=rebuilding.venv,
        downloads=rebuilding.downloads,
        project=rebuilding.project,
        tolerance=comparing.tolerance,
        weakest=comparing.weakest,
        ignore=(*IGNORED, *(comparing.ignore or ())),
        only=tuple(comparing.only or ()),
        timeout=timeout,
        say=note,
    )
    without = rebuilding.packages_left_out
    with opened_store(url) as store:
        if sampling.many:
            found = _many(store, sampling.many, sampling, without, choices)
        else:
            planned = _planned(store, run, without, command or ())
            if script is not None:
                return write_script(planned, script)
            if plan:
                return print_plan(planned)
            found = [_one(store, planned, choices)]
    print_verdicts(found, fmt)
    raise typer.Exit(max((one.exit_code for one in found), key=[0, 3, 1].index))


def _absolute_url(url: str) -> str:
    """The URL with an absolute path: the new run is recorded from another folder."""
    from orbench.settings import sqlite_path

    path = sqlite_path(url)
    return url if path is None else f"sqlite:///{path}"


def _planned(
    store: RunStore, run: str, without: Sequence[str], command: Sequence[str] = ()
) -> ReproductionPlan:
    from orbench.reproduce import plan_reproduction

    details = store.details(store.resolve(run))
    return plan_reproduction(details, without=without, command=command)


def _one(store: RunStore, plan: ReproductionPlan, choices: Choices) -> Reproduction:
    from dataclasses import replace

    from orbench.reproduce import reproduce as reproduce_run

    for sentence in plan.losses:
        note(f"not restored: {sentence}")
    with counted("points") as tell:
        return reproduce_run(store, plan, replace(choices, progress=tell))


def _many(
    store: RunStore, where: str, sampling: Sampling, without: Sequence[str], choices: Choices
) -> list[Reproduction]:
    """Reproduce the runs of a filter; one that cannot be planned is one that cannot be told."""
    from dataclasses import replace

    from orbench.errors import NoRunsError
    from orbench.filters import parse
    from orbench.reproduce import Reproduction
    from orbench.reproduce import reproduce as reproduce_run

    if choices.keep is not None:
        raise UsageError("--keep is for one run; reproduce the runs one by one to keep folders")
    runs = [run for run in store.runs(parse(where)) if "reproduction" not in run.tags]
    if not runs:
        raise NoRunsError(f"no run fits '{where}'")
    if sampling.sample is not None and sampling.sample < len(runs):
        chance = random.Random(sampling.sample_seed)  # noqa: S311 - no secret
        drawn = chance.sample(range(len(runs)), sampling.sample)
        note(f"{len(drawn)} of {len(runs)} runs, drawn with --sample-seed {sampling.sample_seed}")
        runs = [runs[place] for place in sorted(drawn)]
    quiet = replace(choices, say=lambda _: None)

    def one(run_id: str) -> Reproduction:
        label = run_id
        try:
            plan = _planned(store, run_id, without)
            return reproduce_run(store, plan, quiet)
        except OrbenchError as error:
            return Reproduction(run_id, label, problem=str(error))
        finally:
            done()

    with progress("reproduced runs", len(runs)) as done, ThreadPoolExecutor(sampling.jobs) as pool:
        return list(pool.map(one, [run.run_id for run in runs]))
