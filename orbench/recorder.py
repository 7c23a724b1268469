"""Recording: `start_run` and the `Run` it gives.

```python
with orbench.start_run(project="demo", exp_name="ppo", env_id="CartPole-v1", seed=1) as run:
    run.log({"charts/episodic_return": 21.0}, step=100)
```

Where the training process is the run's first, it owns the run: it captures, ships, and says how
the run ended. A process that finds `ORBENCH_RUN_ID` in its environment (under `orbench record`,
or started with `run.environment()`) joins that run with a journal segment of its own.
"""

from __future__ import annotations

import os
import signal
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, SupportsFloat

from .errors import JournalFullError, RecordingError
from .events import (
    ConfigUpdated,
    Event,
    FactsCaptured,
    RunEnded,
    RunStarted,
    SummaryUpdated,
    TagsChanged,
)
from .journal import JournalWriter
from .notices import warn
from .run import Document, JsonValue, RunStatus
from .run_values import RecordedValues

if TYPE_CHECKING:
    from .capture import PacedThread, Redactor, SystemSampler
    from .keeper import Keeper

__all__ = ["CAPTURE_SECONDS", "FINISH_SECONDS", "Run", "checked_tags", "live_runs"]

FINISH_SECONDS = 15.0
"""How long the end of a run waits for the store before it leaves the rest in the journal."""

CAPTURE_SECONDS = 8.0
"""How long the end of a run waits for what is still being captured."""


# The runs of this process, as long as anybody has them.
_runs: weakref.WeakSet[Run] = weakref.WeakSet()


def live_runs() -> list[Run]:
    """The runs that this process records at this moment."""
    return [run for run in _runs if not run.ended and not run.writer.closed]


class Run:
    """A run that is being recorded. Made by `start_run`; usable from several threads.

    After a fork the child may go on logging into the run. A pickled Run joins the run where it is
    unpickled, so it can be handed to worker processes however they are started.
    """

    def __init__(
        self,
        run_id: str,
        writer: JournalWriter,
        *,
        store_url: str,
        redactor: Redactor,
        owner: bool,
        first_step: int = 0,
    ) -> None:
        """For `start_run`; a program calls that."""
        self.run_id = run_id
        self.store_url = store_url
        self.owner = owner
        self.started = time.time()
        self.config = RecordedValues(self._record_config, "config")
        self.summary = RecordedValues(self._record_summary, "summary")
        self.writer = writer
        self.redactor = redactor
        # Set by `keeping`: the background threads, and what to undo before the run ends.
        self.keeper: Keeper | None = None
        self.capture: PacedThread | None = None
        self.on_end = ExitStack()
        # For runs that are begun beside this one: the names that a person gave it, the command
        # line of the program recorded from outside, and what capture has found.
        self.given = RunStarted(started=self.started)
        self.program: Sequence[str] = ()
        self.facts: dict[str, Document] = {}
        self._next_step = first_step
        self._process = os.getpid()
        self._ended = False
        self._sampler: SystemSampler | None = None
        _runs.add(self)

    # -- what a training program calls

    def log(self, metrics: Mapping[str, SupportsFloat], step: int | None = None) -> None:
        """Log metrics at a step; without one, at the step after the last that was logged.

        Values are anything with a float: Python, numpy, JAX or torch scalars; NaN and infinities
        are kept, integers beyond 2**53 are rounded to float64. Steps may come in any order and
        more than once. When this returns, the points survive the death of the process. Raises
        MetricValueError, StepError or RunEndedError.
        """
        if step is None:
            step = self._next_step
        if metrics:
            self.writer.log(metrics, step)
        self._next_step = step + 1

    def log_artifact(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        *,
        kind: str = "file",
        metadata: Mapping[str, object] | None = None,
    ) -> None:
        """Keep a copy of a file, or of every file in a folder, under a name (default: its own).

        The copy is made now, so the file may change afterwards. Raises RecordingError.
        """
        from .artifact import keep_artifact

        kept, _ = self._kept(metadata or {})
        for event in keep_artifact(Path(path), name, self.writer.folder, kind, kept):
            self.emit(event)

    def add_tags(self, *tags: str) -> None:
        """Put tags on the run."""
        self.emit(TagsChanged(added=checked_tags(tags)))

    def remove_tags(self, *tags: str) -> None:
        """Take tags off the run."""
        self.emit(TagsChanged(removed=checked_tags(tags)))

    def finish(
        self,
        status: RunStatus | str = RunStatus.FINISHED,
        *,
        exit_code: int | None = 0,
        signal: int | None = None,
        error: str | None = None,
        ended: float | None = None,
    ) -> None:
        """End the run: write how it ended, ship the rest of the journal. A second call is nothing.

        `ended` is when, in seconds since the epoch; now by default. In a process that joined the
        run only its own journal segment is closed. Raises JournalFullError if the disk stayed full
        and points could not be written.
        """
        if self._ended or os.getpid() != self._process:
            return
        self._ended = True
        self.on_end.close()
        try:
            self._wait_for_capture()
            if self.owner:
                self.emit(self._end_event(RunStatus(status), exit_code, signal, error, ended))
            self.writer.close()
        finally:
            if self.keeper is not None:
                self.keeper.finish(FINISH_SECONDS)

    def finish_with(self, error: BaseException) -> None:
        """End the run as an exception ends a program: failed, or killed for a KeyboardInterrupt."""
        if isinstance(error, KeyboardInterrupt):
            self.finish(RunStatus.KILLED, exit_code=None, signal=int(signal.SIGINT))
        elif isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
            text = error.code if isinstance(error.code, str) else None
            status = RunStatus.FAILED if code else RunStatus.FINISHED
            self.finish(status, exit_code=code, error=text)
        else:
            self.finish(RunStatus.FAILED, exit_code=1, error=f"{type(error).__name__}: {error}")

    def environment(self) -> dict[str, str]:
        """The environment variables with which a child process joins this run."""
        return {
            "ORBENCH_RUN_ID": self.run_id,
            "ORBENCH_STORE": self.store_url,
            "ORBENCH_JOURNAL": str(self.writer.folder.parent),
        }

    @property
    def ended(self) -> bool:
        """Whether `finish` was called in this process."""
        return self._ended

    # -- what the rest of orbench calls

    def emit(self, event: Event) -> None:
        """Write an event to the journal."""
        self.writer.write_event(event)

    def watch_process(self, pid: int) -> None:
        """Sample the system metrics of this process (and its children) instead of our own."""
        from .capture import SystemSampler

        self._sampler = SystemSampler(pid)

    def end_by_signal(self, number: int) -> None:
        """Write to the journal that a signal ended the run; no waiting, nothing is shipped."""
        if not self._ended and os.getpid() == self._process:
            self._ended = True
            self.emit(self._end_event(RunStatus.KILLED, None, number, None))
            self.writer.sync()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.finish()
            return
        try:
            self.finish_with(error)
        except JournalFullError as full:
            warn(str(full))  # the program's own exception is the one to raise

    def __reduce__(self) -> tuple[object, ...]:
        from .starting import attach_run

        return attach_run, (self.run_id, self.store_url, str(self.writer.folder.parent))

    def __repr__(self) -> str:
        return f"<Run {self.run_id}{' ended' if self._ended else ''}>"

    def _kept(self, values: object) -> tuple[dict[str, JsonValue], dict[str, str]]:
        from .config import normalise

        document, notes = normalise(values)
        return dict(self.redactor.document(document)), dict(self.redactor.document(notes))

    def _record_config(self, values: object) -> dict[str, JsonValue]:
        kept, notes = self._kept(values)
        self.emit(ConfigUpdated(values=kept, notes=notes))
        return kept

    def _record_summary(self, values: object) -> dict[str, JsonValue]:
        kept, notes = self._kept(values)
        self.emit(SummaryUpdated(values=kept, notes=notes))
        return kept

    def _end_event(
        self,
        status: RunStatus,
        exit_code: int | None,
        number: int | None,
        error: str | None,
        ended: float | None = None,
    ) -> RunEnded:
        text = None if error is None else self.redactor.text(error)[:10_000]
        at = time.time() if ended is None else ended
        return RunEnded(status=status, ended=at, exit_code=exit_code, signal=number, error=text)

    def _wait_for_capture(self) -> None:
        if self.capture is not None and not self.capture.is_done_within(CAPTURE_SECONDS):
            sentence = f"capture was not done {CAPTURE_SECONDS:g} s after the end of the run"
            self.emit(FactsCaptured(kind="capture", document={"left_out": [sentence]}))

    def sample_system(self) -> None:
        """Log the system metrics of this moment at the run's age in whole seconds."""
        from .capture import SystemSampler

        if self._sampler is None:
            self._sampler = SystemSampler(self._process)
        values = self._sampler.sample()
        if values and not self._ended:
            self.writer.log(values, max(0, int(time.time() - self.started)))


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags, if each is one that can be stored; raises RecordingError."""
    kept = tuple(tags)
    for tag in kept:
        if not isinstance(tag, str) or not tag.strip() or len(tag) > 200 or "\x00" in tag:
            raise RecordingError(f"tag {tag!r:.60} is not a text of 1 to 200 characters")
    return kept
