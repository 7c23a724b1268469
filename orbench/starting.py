"""Starting, resuming and joining runs."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import msgspec

from .errors import JournalError, RecordingError, StoreMissingError, StoreUnavailableError
from .events import FactsCaptured, RunStarted, TagsChanged
from .journal import SEGMENT_SUFFIX, JournalWriter
from .keeping import begin_keeping, begin_telling
from .metric import SYSTEM_PREFIX
from .recorder import CAPTURE_SECONDS, Run, checked_tags
from .run import Document, RunStatus, new_run_id
from .settings import journal_folder, store_url

__all__ = ["attach_run", "start_child", "start_run"]

_MAX_NAME = 200
_MAX_SEED = 2**63


def start_run(
    *,
    project: str = "",
    exp_name: str = "",
    env_id: str = "",
    seed: int | None = None,
    config: object = None,
    tags: Iterable[str] = (),
    parent: Run | str | None = None,
    resume: str | None = None,
    store: str | None = None,
    console: bool = True,
    system_metrics: bool = True,
    program: Sequence[str] | None = None,
) -> Run:
    """Begin a run, or join or resume one, and return it; use it in a `with` statement.

    project, exp_name, env_id, seed: what names the run. Those not given are taken from the config
    keys of the same name, else `default` (project) and the script's name (exp_name).
    config: a mapping, dataclass, Namespace or the like, nested; values that JSON cannot hold are
    kept as text, and the run says so. parent: the run (or its id) that this one comes from.
    resume: the id of an ended run to go on with. store: a SQLAlchemy URL, default
    `ORBENCH_STORE` or `sqlite:///runs/orbench.db`. console: keep stdout and stderr.
    system_metrics: sample CPU, memory, GPU, disk and network. program: the command line of a
    program that is recorded from outside, as `orbench record` does.

    Under `orbench record` the first call in each process joins the recorded run (names given on
    the command line stand); a further call begins a child run of it. Raises RecordingError,
    JournalError or UsageError; a store that is down is no error.
    """
    given = _Identity(project, exp_name, env_id, seed).checked()
    kept_tags = checked_tags([tags] if isinstance(tags, str) else tags)
    url = store_url(store)
    run, started = _begun(url, parent, resume, recorded=program is not None)
    run.given = _with_names(RunStarted(started=run.started), given)
    run.emit(_with_names(started, given))
    if config is not None:
        run.config.update(config)
    named = given.or_from(run.config)
    if run.owner and resume is None and program is None:
        named = named.or_default(_script_name())
    run.emit(_with_names(RunStarted(started=run.started, attached=True), named))
    if kept_tags:
        run.emit(TagsChanged(added=kept_tags))
    if run.owner:
        begin_keeping(
            run,
            seed=named.seed,
            env_id=named.env_id,
            console=console,
            system_metrics=system_metrics,
            program=program,
        )
        if program is not None:
            run.program = program
            run.on_end.callback(lambda: run.emit(_default_names(run, program)))
    else:
        begin_telling(run, seed=named.seed, env_id=named.env_id)
    return run


def _begun(
    url: str, parent: Run | str | None, resume: str | None, *, recorded: bool
) -> tuple[Run, RunStarted]:
    """The run that is joined, resumed or new, with its first event. `recorded`: from outside."""
    outer = os.environ.get("ORBENCH_RUN_ID")
    if resume is not None:
        earlier = _resumable(resume, url)
        run = _own_run(earlier.run_id, url, earlier.next_step)
        run.config.begin_with(earlier.config)
        run.summary.begin_with(earlier.summary)
        return run, RunStarted(started=run.started, resumed=True, host=socket.gethostname())
    if outer and parent is None and not recorded and _joins(outer):
        run = attach_run(outer, os.environ.get("ORBENCH_STORE", url), _outer_journal())
        return run, RunStarted(started=run.started, attached=True)
    parent_id = parent.run_id if isinstance(parent, Run) else (parent or outer)
    run = _own_run(new_run_id(), url, 0)
    host = socket.gethostname()
    return run, RunStarted(started=run.started, parent_id=_checked_id(parent_id), host=host)


def attach_run(run_id: str, url: str, journal: str | None = None) -> Run:
    """Join a run that another process on this machine is recording, with an own segment.

    Nothing is checked against the store, which may be down; the owner ships what is logged.
    """
    from .capture import Redactor

    folder = (Path(journal) if journal else journal_folder(url)) / str(_checked_id(run_id))
    return Run(
        run_id,
        JournalWriter(folder, run_id, owner=False),
        store_url=url,
        redactor=Redactor.from_environment(os.environ, sys.argv),
        owner=False,
    )


def start_child(parent: Run, started: float) -> Run:
    """Begin a run beside one that this process owns, which began at `started`; end it before that.

    It is shipped with its parent, whose captured facts are its own too. Of the names that its
    parent was given, project and exp_name are its own; the env is where nothing else says it.
    """
    run_id = new_run_id()
    child = Run(
        run_id,
        JournalWriter(parent.writer.folder.parent / run_id, run_id, owner=True),
        store_url=parent.store_url,
        redactor=parent.redactor,
        owner=True,
    )
    child.started = started
    given = parent.given
    begun = RunStarted(started=started, parent_id=parent.run_id, host=socket.gethostname())
    try:
        child.emit(msgspec.structs.replace(begun, project=given.project, exp_name=given.exp_name))
    except JournalError:
        with suppress(OSError):
            child.writer.folder.rmdir()  # empty, as on a full disk
        raise
    if parent.keeper is not None:
        parent.keeper.keep(child.writer)
    child.on_end.callback(lambda: _tell_facts(parent, child))
    names = _default_names(child, parent.program or [_script_name()])
    child.on_end.callback(child.emit, msgspec.structs.replace(names, env_id=given.env_id))
    return child


def _tell_facts(parent: Run, child: Run) -> None:
    """What is known of the program is known of each run in it."""
    if parent.capture is not None:
        parent.capture.is_done_within(CAPTURE_SECONDS)
    for kind, document in dict(parent.facts).items():
        if kind != "seeds":  # of which it has its own
            told = {key: value for key, value in document.items() if key != "watched"}
            child.emit(FactsCaptured(kind=kind, document={**told, **child.facts.get(kind, {})}))


@dataclass(frozen=True, slots=True)
class _Identity:
    """What names a run; empty or None where nobody said."""

    project: str = ""
    exp_name: str = ""
    env_id: str = ""
    seed: int | None = None

    def checked(self) -> _Identity:
        """Itself; raises RecordingError for what cannot name a run."""
        for field in ("project", "exp_name", "env_id"):
            name = getattr(self, field)
            if not isinstance(name, str) or len(name) > _MAX_NAME or not name.isprintable():
                raise RecordingError(
                    f"{field} is {name!r:.60}; a name is text of at most {_MAX_NAME} "
                    "printable characters"
                )
        seed = self.seed
        if seed is None:
            return self
        if isinstance(seed, bool) or not hasattr(type(seed), "__index__"):
            raise RecordingError(f"seed is {seed!r:.60}; a seed is an integer")
        if not -_MAX_SEED <= int(seed) < _MAX_SEED:
            raise RecordingError(f"seed {seed} does not fit into 64 bits")
        return replace(self, seed=int(seed))

    def or_from(self, config: Mapping[str, object]) -> _Identity:
        """Names that were not given, from config keys of the same name and right type."""
        known: dict[str, object] = {}
        for field in ("project", "exp_name", "env_id"):
            value = config.get(field)
            if not getattr(self, field) and isinstance(value, str):
                known[field] = value
        seed = config.get("seed")
        if self.seed is None and isinstance(seed, int) and not isinstance(seed, bool):
            known["seed"] = seed
        return replace(self, **known).checked()  # type: ignore[arg-type]

    def or_default(self, script: str) -> _Identity:
        """Names that nobody gave: project `default`, the script's name for exp_name."""
        return replace(self, project=self.project or "default", exp_name=self.exp_name or script)


def _with_names(started: RunStarted, named: _Identity) -> RunStarted:
    return msgspec.structs.replace(
        started,
        project=named.project,
        exp_name=named.exp_name,
        env_id=named.env_id,
        seed=named.seed,
    )


def _default_names(run: Run, program: Sequence[str]) -> RunStarted:
    """Fills the names that neither the command line nor the program gave.

    What the program gave is looked for in its segments: they may reach the store after this.
    """
    scripts = [word for word in program if word.endswith((".py", ".sh", ".jl", ".ipynb"))]
    name = PurePath(scripts[0] if scripts else program[0]).stem[:_MAX_NAME]
    named = _Identity().or_default(name)
    for started in _starts_of_others(run.writer):
        named = replace(
            named,
            project="" if started.project else named.project,
            exp_name="" if started.exp_name else named.exp_name,
        )
    return _with_names(RunStarted(started=run.started, attached=True), named)


def _starts_of_others(writer: JournalWriter) -> Iterator[RunStarted]:
    """The names that processes which joined a run gave, from the heads of their segments."""
    from .journal_reader import SegmentReader

    for path in sorted(writer.folder.glob(f"*{SEGMENT_SUFFIX}")):
        if path != writer.segment:
            with suppress(OSError, JournalError):
                events = SegmentReader(path).read(writer_gone=False).events
                yield from (event for event in events if isinstance(event, RunStarted))


def _own_run(run_id: str, url: str, first_step: int) -> Run:
    from .capture import Redactor

    return Run(
        run_id,
        JournalWriter(journal_folder(url) / run_id, run_id, owner=True),
        store_url=url,
        redactor=Redactor.from_environment(os.environ, sys.argv),
        owner=True,
        first_step=first_step,
    )


def _script_name() -> str:
    name = PurePath(sys.argv[0] if sys.argv else "").stem
    return (name if name.isprintable() else "")[:_MAX_NAME] or "python"


def _outer_journal() -> str | None:
    return os.environ.get("ORBENCH_JOURNAL")


# Which runs this process has joined already; by process id, since a fork copies the set.
_joined: set[tuple[int, str]] = set()


def _joins(run_id: str) -> bool:
    """Whether this is the first call of this process under that run."""
    mark = (os.getpid(), run_id)
    if mark in _joined:
        return False
    _joined.add(mark)
    return True


def _checked_id(run_id: str | None) -> str | None:
    """A run id that came from outside and will be a folder's name; raises RecordingError."""
    if run_id is not None and not (run_id.isascii() and run_id.isalnum() and len(run_id) <= 32):
        raise RecordingError(f"{run_id!r:.60} is not a run id; `orbench list` shows them")
    return run_id


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What an ended run left to the process that goes on with it."""

    run_id: str
    next_step: int
    config: Document
    summary: Document


def _resumable(prefix: str, url: str) -> _Earlier:
    """What an ended run left; its journal is shipped first."""
    from .run_store import open_store
    from .shipper import RunShipper

    folder = journal_folder(url) / str(_checked_id(prefix))
    try:
        store = open_store(url)
    except (StoreUnavailableError, StoreMissingError):
        if folder.is_dir():
            return _Earlier(
                prefix, 0, {}, {}
            )  # known from its journal; the store learns of it later
        raise
    with store:
        if folder.is_dir():
            shipper = RunShipper(folder)
            shipper.ship(store)
            shipper.end_as_killed(store)
            shipper.clear()
        run_id = store.resolve(prefix)
        details = store.details(run_id)
        if details.record.status == RunStatus.RUNNING:
            raise RecordingError(f"run {run_id} is still being recorded; it cannot be resumed")
        last = [m.max_step for m in details.metrics if not m.metric.startswith(SYSTEM_PREFIX)]
        next_step = max(last, default=-1) + 1
        return _Earlier(run_id, next_step, details.record.config, details.record.summary)
