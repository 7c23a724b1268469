"""A run of a store into W&B: in pieces that may be sent again, each to the place it belongs.

Rows of histories, system metrics and console output go through the file stream of W&B's protocol,
where every piece names its offset: what is sent twice lies over itself. `wandb sync` and resumed
runs append instead, which doubles rows when they are repeated. Files replace those of their name,
and what is said of a run replaces what was said before.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ...errors import TrackerError
from ...metric import SYSTEM_PREFIX
from ...run import Document, RunRecord
from ...run_store import RunDetails
from ..record_file import RECORD_NAME, write_record
from ..tracker import Progress, PushReport, RunSource
from .artifact_files import artifact_paths
from .batches import Batch, batches, lacking, points_of, step_key_for
from .connection import Connection
from .files import BinaryFile, send_file
from .meeting import met
from .metric_names import sent_name
from .output import OutputLine, output_lines
from .place import WandbPlace
from .queries import UPSERT_RUN
from .said import exit_code_of, said_of, summary_of
from .watermark import StreamMark, Watermark

__all__ = ["came_from_there", "push_run", "record_of", "saving"]

HISTORY, EVENTS, OUTPUT, SUMMARY = (
    "wandb-history.jsonl",
    "wandb-events.jsonl",
    "output.log",
    "wandb-summary.json",
)

_LINES_AT_ONCE = 5_000
_MOST_NAMES_TOLD = 5


def push_run(
    connection: Connection, place: WandbPlace, run: RunSource, link: Document, progress: Progress
) -> PushReport:
    """Send what W&B does not have of a run yet; see `Tracker.push`."""
    details = run.details
    if came_from_there(link, details.record):
        return PushReport(notes=("it was read from there, and is not pushed back",))
    mark = Watermark.read(link)
    return _Push(connection, place, run, details, mark, saving(link, details, progress)).all()


def came_from_there(link: Document, record: RunRecord) -> bool:
    """Whether a run is one of W&B's own, which this store read from the place."""
    return bool(link.get("remote_id", record.run_id) != record.run_id)


def saving(link: Document, details: RunDetails, progress: Progress) -> Progress:
    """Keeps what others left in the link beside the watermark, and the run's id there."""
    run_id = details.record.run_id
    return lambda document: progress({**link, **document, "remote_id": run_id})


@contextmanager
def record_of(run: RunSource) -> Iterator[tuple[Path, str]]:
    """The full record of a run as a file, with its hash."""
    with TemporaryDirectory(prefix="orbench-record-") as folder:
        path = Path(folder) / "record.zip"
        write_record(run, path)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        yield path, sha256


@dataclass(slots=True)
class _Push:
    """One push: where it goes, what it reads from, and how far it has come."""

    connection: Connection
    place: WandbPlace
    run: RunSource
    details: RunDetails
    mark: Watermark
    progress: Progress
    points: int = 0
    artifacts: int = 0

    def all(self) -> PushReport:
        """Send everything that is new, what is said first and the end last."""
        known = {one.metric: one.n for one in self.details.metrics}
        if not self.mark.step_key:
            self._keep(replace(self.mark, step_key=step_key_for(known)))
        self._say()
        self._stream(known, system=False)
        self._stream(known, system=True)
        self._console()
        self._files()
        self._end()
        return PushReport(self.points, self.artifacts, tuple(self._notes(known)))

    def _keep(self, mark: Watermark) -> None:
        self.mark = mark
        self.progress(mark.document())

    @property
    def _id(self) -> str:
        return self.details.record.run_id

    # -- what is said of the run

    def _say(self) -> None:
        """Make the run there, or say what has changed; the answer tells how many rows it has."""
        record = self.details.record
        said = said_of(record, self.mark.step_key)
        if self.mark.part:
            raise TrackerError(
                f"run {self._id} is being written to an offline folder; repeat `orbench sync push "
                "--offline` first, then `wandb sync`"
            )
        if said.digest == self.mark.said and not self._lacks() and not self.mark.offline:
            return
        if not self.mark.said:
            self._keep(met(self.connection, self.place, self.details, self.mark))
            said = said_of(record, self.mark.step_key)
        try:
            data = self.connection.graphql(
                UPSERT_RUN,
                name=self._id,
                project=self.place.project,
                entity=self.place.entity,
                groupName=said.group,
                displayName=said.display_name,
                config=said.config,
                host=said.host,
                tags=said.tags,
                summaryMetrics=said.summary,
            )["upsertBucket"]
        except TrackerError as error:
            if "deleted" in str(error):
                raise TrackerError(
                    f"run {self._id} was deleted at {self.place}, and W&B takes no id again; push "
                    "it to another project"
                ) from error
            raise
        self._check(int(data["bucket"].get("historyLineCount") or 0), bool(data["inserted"]))
        self._keep(replace(self.mark, said=said.digest, offline=()))

    def _lacks(self) -> bool:
        """Whether there are points that have not been sent."""
        sent = {**self.mark.history.points, **self.mark.events.points}
        return any(one.n > sent.get(one.metric, 0) for one in self.details.metrics)

    def _check(self, rows: int, inserted: bool) -> None:
        """Raise where the run there has fewer rows than were sent to it."""
        sent = self.mark.history.rows
        if sent and (inserted or rows < sent):
            why = "somebody removed it there"
            if self.mark.offline:
                why = f"run `wandb sync` on {', '.join(self.mark.offline)} first"
            raise TrackerError(
                f"{self.place} has {rows:,} rows of run {self._id}, of {sent:,} that were sent: "
                f"{why}"
            )

    # -- streams

    def _stream(self, known: dict[str, int], *, system: bool) -> None:
        mark = self.mark.events if system else self.mark.history
        found = batches(
            partial(points_of, self.run),
            lacking(known, mark, self.mark.step_key, system=system),
            mark,
            step_key=self.mark.step_key,
            started=self.details.record.started,
            numbered=not system,
        )
        for batch in found:
            self._send(batch, system)

    def _send(self, batch: Batch, system: bool) -> None:
        """Write down what is sent, send it, write down that it was."""
        self._keep(self._with(batch.planned, system))
        content = {"offset": batch.offset, "content": list(batch.lines)}
        self._post({(EVENTS if system else HISTORY): content})
        before, after = sum(batch.planned.points.values()), sum(batch.sent.points.values())
        self.points += after - before
        self._keep(self._with(batch.sent, system))

    def _with(self, mark: StreamMark, system: bool) -> Watermark:
        return replace(self.mark, events=mark) if system else replace(self.mark, history=mark)

    def _post(self, files: dict[str, object], **more: object) -> None:
        document = {"files": files, "dropped": 0, **more}
        self.connection.stream(self.place.entity, self.place.project, self._id, document)

    def _console(self) -> None:
        """Output as the lines that W&B shows; the last one may have grown and is sent again."""
        lines = output_lines(self.run.console())
        start = max(0, self.mark.console - 1)
        if len(lines) == self.mark.console and not self._lacks_console(lines):
            return
        for first in range(start, len(lines), _LINES_AT_ONCE):
            part = [str(line) for line in lines[first : first + _LINES_AT_ONCE]]
            self._post({OUTPUT: {"offset": first, "content": part}})
            self._keep(replace(self.mark, console=first + len(part), last_line=part[-1]))

    def _lacks_console(self, lines: list[OutputLine]) -> bool:
        """Whether the last line that was sent has grown."""
        return bool(lines) and str(lines[-1]) != self.mark.last_line

    # -- files

    def _files(self) -> None:
        for name, artifact in artifact_paths(self.details.artifacts):
            if self.mark.files.get(name) != artifact.sha256:
                opened = partial(io.FileIO, self.run.artifact_file(artifact))
                self._file(name, artifact.sha256, opened)
                self.artifacts += 1
        with record_of(self.run) as (path, sha256):
            if self.mark.files.get(RECORD_NAME) != sha256:
                self._file(RECORD_NAME, sha256, partial(io.FileIO, path))

    def _file(self, name: str, sha256: str, opened: Callable[[], BinaryFile]) -> None:
        send_file(self.connection, self.place, self._id, name, opened)
        self._post({}, uploaded=[name])
        self._keep(self.mark.with_file(name, sha256))

    # -- the end

    def _end(self) -> None:
        """Tell the summary, and the end of a run that has ended, after anything that is new."""
        record = self.details.record
        code = exit_code_of(record)
        state = hashlib.sha256(repr(replace(self.mark, complete="")).encode()).hexdigest()
        if code is None or state == self.mark.complete:
            return
        content = [json.dumps(summary_of(record), allow_nan=False)]
        self._post({SUMMARY: {"offset": 0, "content": content}}, complete=True, exitcode=code)
        self._keep(replace(self.mark, complete=state))

    # -- what cannot be kept

    def _notes(self, known: dict[str, int]) -> Iterator[str]:
        odd = [name for name in known if sent_name(name, self.mark.step_key) != name]
        odd = [name for name in odd if not name.startswith(SYSTEM_PREFIX)]
        if odd:
            names = ", ".join(repr(name) for name in odd[:_MOST_NAMES_TOLD])
            yield f"W&B keeps {names} under other names; orbench reads them back as they are"
        if any(not math.isfinite(one.last_wall_time) for one in self.details.metrics):
            yield "points without a time stand at the start of the run in W&B"
