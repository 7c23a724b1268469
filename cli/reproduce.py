"""`orbench reproduce`: run a run again from its record, and say whether it is the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import OrbenchError, UsageError

from .command_help import OrbenchCommand
from .opening import opened_store
from .options import StoreOption, examples, new_app, split_names
from .output import note, print_object, print_text, wrapped
from .progress import counted, progress

if TYPE_CHECKING:
    from orbench.reproduce import Choices, Reproduction, ReproductionPlan
    from orbench.run_store import RunStore

__all__ = ["app"]

app = new_app()


class _Format(StrEnum):
    """How a verdict is printed on stdout."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class _Weakest(StrEnum):
    """The weakest sense that counts as reproduced."""

    EXACT = "exact"
    TOLERANCE = "tolerance"
    STATISTICAL = "statistical"


_Run = Annotated[str, typer.Argument(metavar="[RUN]", help="A run id, or how it begins.")]
_Command = Annotated[
    list[str] | None,
    typer.Argument(metavar="[-- CMD]", help="Run this instead of the recorded command line."),
]
_Plan = Annotated[bool, typer.Option("--plan", help="Say what would be done, and do nothing.")]
_Script = Annotated[
    Path | None,
    typer.Option("--script", metavar="FILE", help="Write the plan as a shell script instead."),
]
_Many = Annotated[
    str | None, typer.Option("--many", metavar="FILTER", help="Reproduce the runs of a filter.")
]
_Sample = Annotated[
    int | None,
    typer.Option("--sample", metavar="N", min=1, help="With --many: this many of them."),
]
_SampleSeed = Annotated[
    int, typer.Option("--sample-seed", metavar="N", help="Which sample --sample draws.")
]
_Jobs = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=1, help="With --many: so many at once.")
]
_Repositories = Annotated[
    list[str] | None,
    typer.Option(
        "--repo", metavar="PATH", help="A repository (or URL) to ask for the commit; repeatable."
    ),
]
_Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="PACKAGE", help="Leave a package out; repeatable."),
]
_Venv = Annotated[
    Path | None,
    typer.Option("--venv", metavar="FOLDER", help="Run in this environment, and build none."),
]
_Downloads = Annotated[
    bool, typer.Option("--downloads", help="Let uv fetch a Python that is not at hand.")
]
_Keep = Annotated[
    Path | None,
    typer.Option("--keep", metavar="FOLDER", help="Work in this new folder, and leave it there."),
]
_Project = Annotated[
    str,
    typer.Option(
        "--project",
        metavar="NAME",
        help="The new run's project; by default the run's own with -reproductions added.",
    ),
]
_Require = Annotated[
    _Weakest,
    typer.Option(
        "--require", metavar="SENSE", help="What counts: exact, tolerance or statistical."
    ),
]
_Relative = Annotated[
    float, typer.Option("--rtol", metavar="X", min=0, help="Relative tolerance of a value.")
]
_Absolute = Annotated[
    float, typer.Option("--atol", metavar="X", min=0, help="Absolute tolerance of a value.")
]
_Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="GLOB",
        help="Metrics that are not compared, besides those that measure the machine; repeatable.",
    ),
]
_Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="Compare these metrics alone; repeatable."),
]
_Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=1, help="End the program after this long."),
]
_FormatOption = Annotated[
    _Format, typer.Option("--format", "-f", metavar="FORMAT", help="table, json or markdown.")
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
def reproduce(
    run: _Run = "",
    command: _Command = None,
    plan: _Plan = False,
    script: _Script = None,
    many: _Many = None,
    sample: _Sample = None,
    sample_seed: _SampleSeed = 0,
    jobs: _Jobs = 1,
    repositories: _Repositories = None,
    without: _Without = None,
    venv: _Venv = None,
    downloads: _Downloads = False,
    keep: _Keep = None,
    project: _Project = "",
    require: _Require = _Weakest.STATISTICAL,
    relative: _Relative = 1e-6,
    absolute: _Absolute = 1e-12,
    ignore: _Ignore = None,
    only: _Only = None,
    timeout: _Timeout = None,
    fmt: _FormatOption = _Format.TABLE,
    store_url: StoreOption = None,
) -> None:
    """Run a run again from its record, and say whether it is the same.

    Source, Python, packages, variables and command line are those of the record, in a new folder
    and a new environment; what cannot be restored is said first. The new run is recorded, and its
    metrics are compared with the original's: bit-exact, within tolerance, or compatible with the
    runs of other seeds. Exit code 0: reproduced, 1: different, 3: cannot tell.

    This runs the program of the run, and what its packages run when they are installed.
    """
    from orbench.reproduce import IGNORED, Choices, Sense, Tolerance
    from orbench.settings import store_url as url_of

    if bool(run) == bool(many):
        raise UsageError("name one run, or runs by --many FILTER")
    senses = dict(zip(_Weakest, Sense, strict=False))
    url = _absolute_url(url_of(store_url))
    choices = Choices(
        url,
        tuple(repositories or ()),
        keep,
        venv,
        downloads,
        project,
        Tolerance(relative, absolute),
        senses[require],
        (*IGNORED, *(ignore or ())),
        tuple(only or ()),
        timeout,
        say=note,
    )
    with opened_store(url) as store:
        if many is not None:
            found = _many(store, many, sample, sample_seed, jobs, split_names(without), choices)
        else:
            planned = _planned(store, run, split_names(without), command or ())
            if plan or script is not None:
                _print_plan(planned, script)
                return
            found = [_one(store, planned, choices)]
    _print(found, fmt)
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
    store: RunStore,
    where: str,
    sample: int | None,
    seed: int,
    jobs: int,
    without: Sequence[str],
    choices: Choices,
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
    if sample is not None and sample < len(runs):
        drawn = random.Random(seed).sample(range(len(runs)), sample)  # noqa: S311 - no secret
        note(f"{sample} of {len(runs)} runs, drawn with --sample-seed {seed}")
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

    with progress("reproduced runs", len(runs)) as done, ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, [run.run_id for run in runs]))


def _print_plan(plan: ReproductionPlan, script: Path | None) -> None:
    from orbench.reproduce import shell_script

    if script is not None:
        script.write_text(shell_script(plan), encoding="utf-8")
        script.chmod(0o755)
        note(f"{script}: written; it needs git and uv, and takes a folder to work in")
        return
    source, run = plan.source, plan.record
    changes = len(source.files) + bool(source.diff)
    lines = [
        f"run {run.run_id}: {run.exp_name} on {run.env_id}, seed {run.seed}",
        f"source: {f'commit {source.commit}' if source.commit else 'recorded files'}"
        + (f" from {', '.join(source.remotes)}" if source.remotes else "")
        + (f", with {changes} recorded changes and files" if changes else ""),
        f"Python: {plan.implementation} {plan.python}",
        f"packages: {len(plan.packages)}"
        + (f" (lock files then: {', '.join(plan.lock_files)})" if plan.lock_files else ""),
        *(f"  {one.requirement or one.name + ' ' + one.version}" for one in plan.packages),
        *(["variables:"] if plan.variables else []),
        *(f"  {name}={value}" for name, value in plan.variables.items()),
        f"command, in {plan.folder}: {' '.join(plan.command)}",
        *(f"not restored: {sentence}" for sentence in plan.losses),
        *(f"not known to be seeded: {sentence}" for sentence in plan.unseeded),
    ]
    print_text(lines)


def _print(found: Sequence[Reproduction], fmt: _Format) -> None:
    from orbench.reproduce import markdown_report, report_document

    if fmt is _Format.JSON:
        documents = [report_document(one) for one in found]
        print_object(documents[0] if len(documents) == 1 else documents)
    elif fmt is _Format.MARKDOWN:
        print_text([markdown_report(one) for one in found])
    elif len(found) == 1:
        _print_page(found[0])
    else:
        _print_summary(found)


def _print_page(found: Reproduction) -> None:
    from .options import Format
    from .output import print_table
    from .table import Field, Table

    if found.comparison is not None and found.comparison.metrics:
        fields = [
            Field("metric"),
            Field("points"),
            Field("verdict"),
            Field("detail", may_fold=True),
        ]
        rows = [[one.metric, one.n, str(one.sense), one.detail] for one in found.comparison.metrics]
        print_table(Table(fields, rows, empty=""), Format.TABLE)
        if found.comparison.left_out:
            note(f"not compared: {', '.join(found.comparison.left_out)}")
    for title, sentences in (("may be behind it", found.reasons), ("differs", found.differences)):
        for sentence in sentences:
            print_text(wrapped(f"{title}: {sentence}"))
    print_text(wrapped(f"{found.verdict.upper()}: {found.sentence}"))


def _print_summary(found: Sequence[Reproduction]) -> None:
    from .options import Format
    from .output import print_table
    from .table import Field, Table

    fields = [
        *(Field("run_id"), Field("new_run_id"), Field("verdict")),
        Field("sense"),
        Field("reason", may_fold=True),
    ]
    rows = [
        [
            one.run_id,
            one.new_id or None,
            one.verdict,
            None if one.comparison is None else str(one.comparison.sense),
            None if one.exit_code == 0 else one.sentence,
        ]
        for one in found
    ]
    print_table(Table(fields, rows, empty=""), Format.TABLE)
    verdicts = [one.verdict for one in found]
    print_text([", ".join(f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts))])
