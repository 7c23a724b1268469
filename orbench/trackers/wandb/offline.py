"""A push into a folder instead of over the network, for `wandb sync` to send from elsewhere.

Each push that finds something new writes a folder of its own, `offline-run-TIME-ID`, with what the
ones before do not have. `wandb sync` appends what it sends, so that every folder is to be sent
once, in the order of their names; it keeps count of that itself.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO

from ... import __version__
from ...errors import TrackerError
from ...run import Document
from ...run_store import RunDetails
from ..record_file import RECORD_NAME, write_record
from ..tracker import Progress, PushReport, RunSource
from .artifact_files import artifact_paths
from .batches import batches, lacking, points_of, step_key_for
from .log_file import LogWriter, RunHeader
from .output import output_lines
from .place import WandbPlace
from .pushing import came_from_there, record_of, saving
from .said import Said, exit_code_of, said_of, summary_of
from .watermark import StreamMark, Watermark

__all__ = ["write_offline"]


def write_offline(
    place: WandbPlace, folder: Path, run: RunSource, link: Document, progress: Progress
) -> PushReport:
    """Write what was not pushed yet of a run to a new folder in `folder`.

    What is new is written down before and after: a push that was cut off is repeated with the
    same content under the same name.
    """
    details = run.details
    if came_from_there(link, details.record):
        return PushReport(notes=("it was read from there, and is not pushed back",))
    keep = saving(link, details, progress)
    return _Offline(place, folder, run, details, Watermark.read(link), keep).all()


@dataclass(slots=True)
class _Offline:
    place: WandbPlace
    folder: Path
    run: RunSource
    details: RunDetails
    mark: Watermark
    progress: Progress
    artifacts: int = 0

    def all(self) -> PushReport:
        details = self.details
        known = {one.metric: one.n for one in details.metrics}
        mark = self.mark
        if not mark.part and (mark.history.planned or mark.events.planned):
            raise TrackerError(
                f"a push of run {details.record.run_id} to {self.place} was cut off on its way; "
                "finish it without --offline first"
            )
        if not mark.step_key:
            self.mark = mark = replace(mark, step_key=step_key_for(known))
        said = said_of(details.record, mark.step_key)
        if not mark.part:
            if not self._is_new(known, said):
                return PushReport()
            self._keep(self._planned(known))
        before = _count(self.mark)
        target = self.folder / self.mark.part
        files = self._new_files()
        if target.exists():
            # Written before the push was cut off: what is new since goes to the next folder.
            files = _there(target / "files", files)
            self._keep(self._sent(self.mark.said, files))
        else:
            self._write(target, said, files)
            self._keep(self._sent(said.digest, files))
        note = f"`wandb sync {target}` sends it, once, after the folders before it"
        return PushReport(_count(self.mark) - before, self.artifacts, (note,))

    def _keep(self, mark: Watermark) -> None:
        self.mark = mark
        self.progress(mark.document())

    def _is_new(self, known: Mapping[str, int], said: Said) -> bool:
        sent = {**self.mark.history.points, **self.mark.events.points}
        grown = any(n > sent.get(name, 0) for name, n in known.items())
        return grown or said.digest != self.mark.said or bool(self._new_files())

    def _planned(self, known: Mapping[str, int]) -> Watermark:
        """The watermark that says what is about to be written, and the name of its folder."""
        mark = self.mark
        record = self.details.record
        part = self._free_name(record.started + len(mark.offline), record.run_id)
        planned = {}
        for system in (False, True):
            stream = mark.events if system else mark.history
            names = lacking(known, stream, mark.step_key, system=system)
            planned[system] = replace(stream, planned={name: known[name] for name in names})
        return replace(mark, history=planned[False], events=planned[True], part=part)

    def _free_name(self, time: float, run_id: str) -> str:
        """The name of a new folder, later than those before it."""
        while True:
            at = datetime.fromtimestamp(time, UTC)
            name = f"offline-run-{at:%Y%m%d_%H%M%S}-{run_id}"
            if not (self.folder / name).exists():
                return name
            time += 1

    def _sent(self, said: str, files: Mapping[str, str]) -> Watermark:
        mark = self.mark
        lines = len(output_lines(self.run.console()))
        return replace(
            mark,
            history=self._after(mark.history, system=False),
            events=self._after(mark.events, system=True),
            console=lines,
            files={**mark.files, **files},
            said=said,
            part="",
            offline=(*mark.offline, mark.part),
        )

    def _after(self, stream: StreamMark, *, system: bool) -> StreamMark:
        for _, sent in self._rows(stream, system=system):
            stream = sent
        return stream

    def _rows(
        self, stream: StreamMark, *, system: bool
    ) -> Iterator[tuple[tuple[str, ...], StreamMark]]:
        """The rows that are planned, in batches, with the mark after each."""
        known = dict.fromkeys(stream.planned, 0)
        if not known:
            return
        found = batches(
            partial(points_of, self.run),
            lacking(known, stream, self.mark.step_key, system=system),
            stream,
            step_key=self.mark.step_key,
            started=self.details.record.started,
            numbered=not system,
            planned_only=True,
        )
        for batch in found:
            yield batch.lines, batch.sent

    def _new_files(self) -> dict[str, str]:
        """The files that were not pushed yet, with their hashes."""
        return {
            name: sha256 for name, sha256 in self._hashes() if self.mark.files.get(name) != sha256
        }

    def _hashes(self) -> Iterator[tuple[str, str]]:
        for path, artifact in artifact_paths(self.details.artifacts):
            yield path, artifact.sha256
        with record_of(self.run) as (_, sha256):
            yield RECORD_NAME, sha256

    # -- the folder

    def _write(self, target: Path, said: Said, files: Mapping[str, str]) -> None:
        """Write the folder beside its place, then put it there in one step."""
        unfinished = target.with_name(f".{target.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            (unfinished / "files").mkdir(parents=True)
            self._write_files(unfinished / "files", files)
            log = unfinished / f"run-{self.details.record.run_id}.wandb"
            with log.open("xb") as file:
                self._write_log(file, said, files)
            unfinished.replace(target)
        except OSError as error:
            raise TrackerError(f"cannot write {target}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _write_files(self, folder: Path, files: Mapping[str, str]) -> None:
        paths = dict(artifact_paths(self.details.artifacts))
        for name in files:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == RECORD_NAME:
                write_record(self.run, path)
            else:
                shutil.copyfile(self.run.artifact_file(paths[name]), path)
                self.artifacts += 1

    def _write_log(self, file: IO[bytes], said: Said, files: Mapping[str, str]) -> None:
        record = self.details.record
        log = LogWriter(file, f"orbench {__version__}")
        header = RunHeader(
            run_id=record.run_id,
            entity=self.place.entity,
            project=self.place.project,
            group=said.group,
            display_name=said.display_name,
            tags=tuple(said.tags),
            host=said.host,
            started=record.started + len(self.mark.offline),
            config=said.values,
        )
        log.run(header, self.mark.step_key)
        for lines, _ in self._rows(self.mark.history, system=False):
            for line in lines:
                log.history(line)
        for lines, _ in self._rows(self.mark.events, system=True):
            for line in lines:
                log.system(line)
        for told in output_lines(self.run.console())[self.mark.console :]:
            log.output(told.stream, told.time, told.text)
        log.files(files)
        log.summary(summary_of(record))
        code = exit_code_of(record)
        if code is not None:
            log.exit(code, (record.ended or record.started) - record.started)


def _there(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Those of the files that lie in a folder as they are now."""
    found = {}
    for name, sha256 in files.items():
        path = folder / name
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            found[name] = sha256
    return found


def _count(mark: Watermark) -> int:
    return sum(mark.history.points.values()) + sum(mark.events.points.values())
