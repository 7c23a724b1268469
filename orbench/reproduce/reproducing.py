"""Reproducing a run: source, environment, a new recorded run, and the comparison of the two."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import flatten
from ..errors import ReproductionError
from ..filters import parse
from ..run import RunStatus
from .checkout import check_out, repository_of
from .differences import differences
from .environment import Built, build_environment
from .report import Reproduction
from .script import command_in
from .verify import IGNORED, SIBLINGS, Comparison, Sense, Tolerance, compare_runs, is_compared

if TYPE_CHECKING:
    from ..metric import Series
    from ..run_store import RunDetails, RunStore
    from .plan import ReproductionPlan

__all__ = ["Choices", "reproduce"]

_SIBLINGS_AT_MOST = 50
_LOOK_SECONDS = 1.0
_RUN_ID = re.compile(r"^orbench: recording run ([0-9a-z]{6,32})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Choices:
    """How a run is reproduced. `store_url` is the store that the new run goes into.

    `keep` is a folder to work in, which stays; `venv` an environment to use instead of building
    one; `project` names the new run's project (by default the original's, `-reproductions` added).
    `say` gets a line for each stage, `progress` (done, of all) points.
    """

    store_url: str
    repositories: tuple[str, ...] = ()
    keep: Path | None = None
    venv: Path | None = None
    downloads: bool = False
    project: str = ""
    tolerance: Tolerance = field(default_factory=Tolerance)
    weakest: Sense = Sense.COMPATIBLE
    ignore: tuple[str, ...] = IGNORED
    only: tuple[str, ...] = ()
    timeout: float | None = None
    say: Callable[[str], None] = lambda _: None
    progress: Callable[[int, int], None] = lambda done, total: None


def reproduce(store: RunStore, plan: ReproductionPlan, choices: Choices) -> Reproduction:
    """Reproduce a run; what stands in the way becomes the outcome `cannot tell`.

    The new run is recorded into the store with the original as its parent and the tag
    `reproduction`.
    """
    run = plan.record
    label = f"{run.exp_name} on {run.env_id}, seed {run.seed}"
    began = time.monotonic()
    original = store.details(run.run_id)
    losses = list(plan.losses)
    try:
        with _workplace(choices.keep) as work:
            source = work / "source"
            source.mkdir()
            here = repository_of(Path.cwd())
            found = check_out(plan.source, source, [*choices.repositories, *filter(None, [here])])
            choices.say(f"source: {_where(plan, found)}")
            built = _environment(plan, source, work, choices)
            losses += built.losses
            choices.say(
                f"environment: {built.folder}{' (kept from before)' if built.reused else ''}"
            )
            new_id = _run(store, plan, original, source, built, choices)
            again = store.details(new_id)
            problem = _not_finished(original, again)
            comparison = _compared(store, original, again, choices)
    except ReproductionError as error:
        return Reproduction(
            run.run_id, label, problem=str(error), losses=tuple(losses), unseeded=plan.unseeded
        )
    return Reproduction(
        run.run_id,
        label,
        new_id,
        comparison,
        choices.weakest,
        problem,
        tuple(losses),
        tuple(differences(original, again)),
        plan.unseeded,
        time.monotonic() - began,
    )


@contextmanager
def _workplace(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="orbench-reproduce-") as folder:
            yield Path(folder)
        return
    if keep.exists() and any(keep.iterdir()):
        raise ReproductionError(f"{keep} is not empty; give a new folder to --keep")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.absolute()


def _where(plan: ReproductionPlan, found: str) -> str:
    if not plan.source.commit:
        return f"{len(plan.source.files)} recorded files"
    changes = ", with the recorded changes" if plan.source.changed else ""
    return f"commit {plan.source.commit[:12]} from {found}{changes}"


def _environment(plan: ReproductionPlan, source: Path, work: Path, choices: Choices) -> Built:
    if choices.venv is None:
        choices.say(f"building Python {plan.python} with {len(plan.packages)} packages")
        return build_environment(plan, source, work / "venv", downloads=choices.downloads)
    venv = choices.venv.absolute()
    if not (venv / "bin" / "python").exists():
        raise ReproductionError(f"{choices.venv} is no venv: it has no bin/python")
    return Built(venv, True, (f"the environment is {choices.venv}, as asked for",))


def _run(
    store: RunStore,
    plan: ReproductionPlan,
    original: RunDetails,
    source: Path,
    built: Built,
    choices: Choices,
) -> str:
    """Run the program as a new recorded run; returns its id."""
    folder = source / plan.folder
    if not folder.is_dir() or not folder.resolve().is_relative_to(source.resolve()):
        raise ReproductionError(f"the source has no folder '{plan.folder}' to start the program in")
    words = command_in(plan, str(built.python))
    if shutil.which(words[0], path=_path(built)) is None and not (folder / words[0]).exists():
        raise ReproductionError(f"there is no program '{words[0]}' in the environment")
    choices.say(f"running {' '.join(words)}")
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [*_recorder(plan, choices), "--", *words],
            cwd=folder,
            env=_variables(plan, built),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        try:
            _follow(process, store, original, errors.fileno(), choices)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        said = _so_far(errors.fileno())
    new_id = _RUN_ID.search(said)
    if new_id is None:
        raise ReproductionError(f"the program could not be started: {_last_line(said)}")
    return store.resolve(new_id[1])


def _recorder(plan: ReproductionPlan, choices: Choices) -> list[str]:
    run = plan.record
    words = [sys.executable, "-m", "orbench.cli", "record", "--store", choices.store_url]
    words += ["--project", choices.project or f"{run.project}-reproductions"[:200]]
    words += ["--exp-name", run.exp_name, "--parent", run.run_id, "--tag", "reproduction"]
    if run.env_id:
        words += ["--env-id", run.env_id]
    if run.seed is not None:
        words += ["--seed", str(run.seed)]
    return words


def _variables(plan: ReproductionPlan, built: Built) -> dict[str, str]:
    """The variables of the program: ours, but for those that a run records, which are the run's."""
    from ..capture.variables import names_matcher

    recorded = names_matcher()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not recorded.match(name) and not name.startswith("ORBENCH_")
    }
    return kept | dict(plan.variables) | {"PATH": _path(built), "VIRTUAL_ENV": str(built.folder)}


def _path(built: Built) -> str:
    return os.pathsep.join([str(built.folder / "bin"), os.environ.get("PATH", os.defpath)])


def _follow(
    process: subprocess.Popen[bytes],
    store: RunStore,
    original: RunDetails,
    errors: int,
    choices: Choices,
) -> None:
    """Wait for the program; tell how many of the original's points it has logged by now."""
    total = sum(one.n for one in original.metrics if is_compared(one.metric, choices.ignore))
    names = [one.metric for one in original.metrics if is_compared(one.metric, choices.ignore)]
    deadline = None if choices.timeout is None else time.monotonic() + choices.timeout
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
            return
        if deadline is not None and time.monotonic() > deadline:
            raise ReproductionError(f"the program took longer than {choices.timeout:g} s")
        new_id = _RUN_ID.search(_so_far(errors))
        if new_id is not None and total:
            done = sum(one.n for one in store.summaries([new_id[1]], names))
            choices.progress(min(done, total), total)


def _so_far(descriptor: int) -> str:
    """The beginning and the end of what the recorder said on stderr."""
    size = os.fstat(descriptor).st_size
    head = os.pread(descriptor, 65_536, 0)
    tail = os.pread(descriptor, 65_536, max(0, size - 65_536)) if size > 65_536 else b""
    return (head + tail).decode("utf-8", "replace")


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1][:400] if lines else "it said nothing"


def _not_finished(original: RunDetails, again: RunDetails) -> str:
    """Why two runs cannot be compared: the new one failed where the original did not."""
    status, was = again.record.status, original.record.status
    if status is was or was is not RunStatus.FINISHED:
        return ""
    new_id, why = again.record.run_id, again.record.error or "no reason is known"
    return (
        f"the new run {new_id} {status} ({why}); `orbench show {new_id} --console` shows what it "
        "printed"
    )


def _compared(
    store: RunStore, original: RunDetails, again: RunDetails, choices: Choices
) -> Comparison:
    names = [one.metric for one in original.metrics]
    return compare_runs(
        _series(store, original, names),
        _series(store, again, [one.metric for one in again.metrics]),
        _siblings(store, original, choices),
        tolerance=choices.tolerance,
        ignore=choices.ignore,
        only=choices.only,
    )


def _series(store: RunStore, details: RunDetails, names: Sequence[str]) -> dict[str, Series]:
    run_id = details.record.run_id
    return {name: one for name in names for one in store.series([run_id], name)}


def _siblings(store: RunStore, original: RunDetails, choices: Choices) -> dict[str, list[Series]]:
    """The series of runs that differ from the original by their seed alone."""
    run = original.record
    if run.seed is None:
        return {}
    names = [("project", run.project), ("exp_name", run.exp_name), ("env_id", run.env_id)]
    words = [f"{name}={_quoted(value)}" for name, value in names if value]
    candidates = store.runs(parse(f"{' '.join(words)} status=finished seed!={run.seed}"))
    config = _without_seed(run.config)
    chosen: dict[int, str] = {}
    for other in candidates:
        if other.seed is not None and _without_seed(other.config) == config:
            chosen.setdefault(other.seed, other.run_id)
    ids = list(chosen.values())[:_SIBLINGS_AT_MOST]
    compared = [
        one.metric
        for one in original.metrics
        if is_compared(one.metric, choices.ignore, choices.only)
    ]
    return {name: store.series(ids, name) for name in compared} if len(ids) >= SIBLINGS else {}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _without_seed(config: Mapping[str, object]) -> dict[str, object]:
    """The flattened config without the values whose names end in seed."""
    flat = flatten(config)
    return {key: value for key, value in flat.items() if not key.lower().endswith("seed")}
