"""A log that another tool writes while it is watched: what of it is in a run already."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from .errors import MetricValueError, OrbenchError, StepError
from .events import FactsCaptured, RunStarted
from .metric import SYSTEM_PREFIX

if TYPE_CHECKING:
    from .importers.source_run import SourceRun
    from .recorder import Run
    from .run import Document, JsonValue
    from .run_store import Points

__all__ = ["WatchedLog"]

# Of a log that knows only how long ago something was, times are as exact as the file's.
_SAME_SECONDS = 0.5


@dataclass(slots=True)
class _Logged:
    """How much of a series is logged: the points, and the last of them.

    `before` is the wall time of that point where it lay there before the program began.
    """

    count: int = 0
    last: tuple[int, bytes] | None = None
    before: float | None = None


@dataclass(slots=True)
class WatchedLog:
    """Logs what is new in one log into `run`, None as long as it has none; by one thread.

    `only_grows` is as in `FolderReader`. `owners` says which log a metric of the run comes from;
    `whole` that nothing more of this log is wanted.
    """

    name: str
    only_grows: bool
    run: Run | None = None
    owners: dict[str, str] = field(default_factory=dict)
    whole: bool = False
    _config: Document | None = None
    _config_before: Document = field(default_factory=dict)
    _logged: dict[str, _Logged] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)

    def note_before(self, source: SourceRun, began: float = math.inf) -> int:
        """Take what is there from before a time as logged; returns how many points that are."""
        self._config_before = source.config
        for metric, points in source.points.items():
            count = int((points.wall_times < began).sum())
            if count:
                self._mark(metric, points, count)
                self._logged[metric].before = float(points.wall_times[count - 1])
        return sum(one.count for one in self._logged.values())

    def has_news(self, source: SourceRun) -> bool:
        """Whether anything is there that is not logged."""
        if source.config != self._config_before or source.summary:
            return True
        series = source.points.items()
        return any(self._start(name, points) < len(points.steps) for name, points in series)

    def log(self, run: Run, source: SourceRun, until: float, say: Callable[[str], None]) -> bool:
        """Log the config and the points up to a time; whether there is more to log later."""
        if self._config != source.config:
            self._config = source.config
            run.emit(_names(source, run.started))
            if source.config:
                run.config.update(source.config)
        later = False
        for metric, points in source.points.items():
            # At which step W&B measured its machine is told by the rows that come after.
            if self.only_grows and metric.startswith(SYSTEM_PREFIX) and until < math.inf:
                continue
            if self.owners.setdefault(metric, self.name) != self.name:
                self._refuse(metric, f"comes from {self.owners[metric]} already; left out", say)
                continue
            later |= self._log_points(run, metric, points, until, say)
        return later

    def log_end(self, run: Run, kind: str, source: SourceRun, say: Callable[[str], None]) -> None:
        """Log what a log knows besides: summary, tags, files, and what it says of itself."""
        parts: list[Callable[[], object]] = [
            partial(run.summary.update, source.summary),
            *(partial(run.add_tags, tag) for tag in source.tags),
            *(partial(run.log_artifact, a.path, a.name, kind=a.kind) for a in source.artifacts),
        ]
        for log_part in parts:
            try:
                log_part()
            except OrbenchError as error:
                say(f"{self.name}: {error}")
        told: dict[str, JsonValue] = {"file": source.file, **source.details}
        told = {key: value for key, value in told.items() if key not in ("argv", "executable")}
        if source.notes:
            told["notes"] = list(source.notes)
        command = dict(run.facts.get("command", {}))
        command["watched"] = {**command.get("watched", {}), kind: told}
        run.facts["command"] = command
        run.emit(FactsCaptured(kind="command", document=dict(run.redactor.document(command))))

    def _log_points(
        self, run: Run, metric: str, points: Points, until: float, say: Callable[[str], None]
    ) -> bool:
        start = self._start(metric, points)
        end = start
        # In the order of the file: a younger point holds up those behind it.
        while end < len(points.steps) and points.wall_times[end] <= until:
            end += 1
        if end == start:
            return start < len(points.steps)
        rows = (points.steps, points.values, points.wall_times)
        steps, values, times = (one[start:end].tolist() for one in rows)
        try:
            for step, value, wall_time in zip(steps, values, times, strict=True):
                try:
                    run.writer.log_at({metric: value}, step, wall_time)
                except (MetricValueError, StepError) as error:
                    self._refuse(metric, str(error), say)
                start += 1
        finally:
            self._mark(metric, points, start)
        return end < len(points.steps)

    def _refuse(self, metric: str, why: str, say: Callable[[str], None]) -> None:
        if metric not in self._refused:
            self._refused.add(metric)
            say(f"{self.name}: {metric}: {why}")

    def _start(self, metric: str, points: Points) -> int:
        """The first point that is not logged; from 0 where a file was begun anew."""
        logged = self._logged.get(metric, _Logged())
        if self.only_grows:
            return min(logged.count, len(points.steps))
        if logged.count > len(points.steps) or logged.last != _point(points, logged.count - 1):
            return 0
        # The same numbers at another time: the same training with the same seed, once more.
        again = logged.before is not None and (
            abs(points.wall_times[logged.count - 1] - logged.before) > _SAME_SECONDS
        )
        return 0 if again else logged.count

    def _mark(self, metric: str, points: Points, count: int) -> None:
        self._logged[metric] = _Logged(count, _point(points, count - 1))


def _names(source: SourceRun, started: float) -> RunStarted:
    """What a log says of the names of its run, which fills the gaps that the person left."""
    from .importers.naming import told_names

    names = told_names(source.told, source.config)
    return RunStarted(
        started=started,
        attached=True,
        project=names.project,
        exp_name=names.exp_name,
        env_id=names.env_id,
        seed=names.seed,
    )


def _point(points: Points, place: int) -> tuple[int, bytes] | None:
    """A point, to know it again; NaN as any other value."""
    if place < 0:
        return None
    return int(points.steps[place]), points.values[place].tobytes()
