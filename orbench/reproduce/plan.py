"""The plan of a reproduction: what a record says is needed, and what it cannot give back.

Pure: made of a run's record alone, before anything is run. What is lost is said in sentences;
what makes a reproduction impossible is a ReproductionError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..capture.command import is_python
from ..errors import ReproductionError, UsageError, near
from ..run import JsonValue, RunRecord, RunStatus
from ..run_store import RunDetails
from .packages import Package, packages_of
from .recorded_paths import checked_folder
from .source_plan import SourcePlan, source_plan

__all__ = ["Package", "ReproductionPlan", "plan_reproduction"]

# They say where the software of the first run lay, load code into every program, or place a
# process in a job that is not there any more.
_NOT_RESTORED = re.compile(
    r"VIRTUAL_ENV|CONDA_.*|PYTHONHOME|PYTHONPATH|LD_PRELOAD|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH"
    r"|DISPLAY|SLURM_.*|PBS_.*|LSB_.*|SGE_.*|JOB_ID|MASTER_ADDR|MASTER_PORT|ORBENCH_.*"
)
_MASK = "***"


@dataclass(frozen=True, slots=True)
class ReproductionPlan:
    """What it takes to run a run again.

    `command` is the command line; its first word is a Python of the environment where
    `runs_python` says so, else a program. `folder` is where to start it, relative to the root of
    the source. `variables` are to be set. `losses` say what is not as it was.
    """

    record: RunRecord
    source: SourcePlan
    python: str
    implementation: str
    packages: tuple[Package, ...]
    variables: Mapping[str, str]
    command: tuple[str, ...]
    runs_python: bool
    folder: str
    losses: tuple[str, ...]
    unseeded: tuple[str, ...] = ()
    lock_files: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def requirements(self) -> tuple[str, ...]:
        """The lines of a requirements file, for what does not lie in the source itself."""
        return tuple(package.requirement for package in self.packages if package.requirement)

    @property
    def local_packages(self) -> tuple[Package, ...]:
        """The packages that are installed from the source of the run."""
        return tuple(package for package in self.packages if package.in_source)

    def needs_orbench(self) -> bool:
        """Whether the program's environment had orbench."""
        return any(package.name == "orbench" for package in self.packages)


def plan_reproduction(
    details: RunDetails, *, without: Sequence[str] = (), command: Sequence[str] = ()
) -> ReproductionPlan:
    """The plan for a run; `without` leaves packages out, `command` takes the recorded one's place.

    Raises ReproductionError for a run that is not over, or whose record has no command, source or
    environment, and UsageError for a package that the run did not have.
    """
    record = details.record
    if record.status is RunStatus.RUNNING:
        raise ReproductionError(f"run {record.run_id} is still running; wait until it has ended")
    facts = details.facts
    for kind in ("command", "environment", "source"):
        if not facts.get(kind):
            raise ReproductionError(
                f"run {record.run_id} has no {kind} record, so it cannot be built again; "
                + ("it was imported" if "importer" in facts.get("command", {}) else _not_captured)
            )
    losses: list[str] = []
    words, runs_python, folder = _command(record.run_id, facts["command"], command, losses)
    source = source_plan(facts["source"], losses)
    packages = tuple(_packages(facts["environment"], without, losses))
    variables = _variables(facts.get("variables", {}), losses)
    python = facts["environment"].get("python", {})
    return ReproductionPlan(
        record=record,
        source=source,
        python=str(python.get("version", "")),
        implementation=str(python.get("implementation", "CPython")),
        packages=packages,
        variables=variables,
        command=words,
        runs_python=runs_python,
        folder=folder,
        losses=tuple(losses),
        unseeded=tuple(_unseeded(facts.get("seeds", {}))),
        lock_files=tuple(
            str(file.get("path")) for file in facts["environment"].get("lock_files", ())
        ),
    )


_not_captured = "the run may have been killed before it was read"


def _command(
    run_id: str, document: Mapping[str, JsonValue], given: Sequence[str], losses: list[str]
) -> tuple[tuple[str, ...], bool, str]:
    words = [str(word) for word in given or document.get("argv") or ()]
    if not words:
        raise ReproductionError(
            f"run {run_id} has no command line (it was an interactive session or was imported); "
            "give one after --: orbench reproduce RUN -- python train.py"
        )
    hidden = [place for place, word in enumerate(words) if _MASK in word]
    if hidden and not given:
        raise ReproductionError(
            f"word {hidden[0]} of the command line of run {run_id} held a secret, which is not "
            f"recorded: {' '.join(words)}; give the command after --: orbench reproduce "
            f"{run_id} -- {words[0]} ..."
        )
    executable = str(document.get("executable", ""))
    runs_python = is_python(words[0]) or bool(
        given == () and words[0] == executable != "" and is_python(executable)
    )
    folder = str(document.get("cwd", "."))
    if not document.get("cwd_in_repository") and folder != ".":
        losses.append(
            f"it was started in {folder}, outside of its source; it is started at the root of the "
            "source instead"
        )
        folder = "."
    return tuple(words), runs_python, checked_folder(folder)


def _packages(
    environment: Mapping[str, JsonValue], without: Sequence[str], losses: list[str]
) -> Iterator[Package]:
    packages = packages_of(environment)
    names = [package.name for package in packages]
    left_out = {re.sub(r"[-_.]+", "-", name).lower() for name in without}
    for name in sorted(left_out - set(names)):
        raise UsageError(f"--without {name}: the run had no such package{near(name, names)}")
    for package in packages:
        if package.name in left_out:
            losses.append(f"{package.name} {package.version} is left out, as asked for")
            continue
        if package.lost:
            losses.append(package.lost)
        yield package
    if environment.get("conda_packages"):
        losses.append("packages that conda installed beside Python's are not installed")
    for sentence in environment.get("left_out", ()):
        losses.append(f"the environment is not wholly known: {sentence}")


def _variables(document: Mapping[str, JsonValue], losses: list[str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in document.items():
        if _NOT_RESTORED.fullmatch(name):
            if name in ("PYTHONPATH", "LD_PRELOAD", "LD_LIBRARY_PATH"):
                losses.append(f"{name} is not set; it was {value}")
        elif _MASK in str(value):
            losses.append(f"{name} is not set: it held a secret, which is not recorded")
        else:
            kept[name] = str(value)
    return kept


def _unseeded(seeds: Mapping[str, JsonValue]) -> Iterator[str]:
    """Why numbers may differ from run to run: generators not known to be seeded."""
    if seeds.get("declared") is None:
        yield "the run declared no seed"
    told_by_program = seeds.get("seed_everything")
    seeded = told_by_program.get("generators", ()) if isinstance(told_by_program, Mapping) else ()
    generators = seeds.get("generators")
    for name, told in (generators if isinstance(generators, Mapping) else {}).items():
        verdict = told.get("verdict") if isinstance(told, Mapping) else None
        if verdict in ("not seeded", "unknown", "other seed") and name not in seeded:
            yield f"{name}: {verdict} ({told.get('detail', '')})"
