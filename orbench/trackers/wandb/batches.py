"""The points of a run that W&B does not have yet, in batches of rows that go out in one request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from ...metric import SYSTEM_PREFIX
from ...run_store import Points
from ..tracker import RunSource
from .metric_names import sent_name
from .rows import row_lines
from .watermark import StreamMark

__all__ = ["Batch", "batches", "lacking", "points_of", "step_key_for"]

_MOST_ROWS = 5_000
_MOST_BYTES = 4 * 1024 * 1024

_STEP_KEYS = ("global_step", "orbench_step")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that belong at `offset`; `planned` is the mark before they are sent, `sent` after."""

    offset: int
    lines: tuple[str, ...]
    planned: StreamMark
    sent: StreamMark


def step_key_for(metrics: Collection[str]) -> str:
    """The column for steps: `global_step`, unless the run has a metric of that name."""
    return next((key for key in _STEP_KEYS if key not in metrics), "orbench/step")


def lacking(
    known: Mapping[str, int], mark: StreamMark, step_key: str, *, system: bool
) -> dict[str, str]:
    """The metrics with points that a stream does not have, by the names they have there.

    `known` has the number of points of each metric.
    """
    return {
        name: f"system.{name.removeprefix(SYSTEM_PREFIX)}" if system else sent_name(name, step_key)
        for name, n in known.items()
        if name.startswith(SYSTEM_PREFIX) == system
        and (n > mark.points.get(name, 0) or name in mark.planned)
    }


def points_of(run: RunSource, metric: str) -> Points:
    """All points of a metric of a run."""
    series = run.series(metric)
    return Points(series.steps, series.values, series.wall_times)


def batches(
    read: Callable[[str], Points],
    names: Mapping[str, str],
    mark: StreamMark,
    *,
    step_key: str,
    started: float,
    numbered: bool = True,
    planned_only: bool = False,
) -> Iterator[Batch]:
    """What a stream lacks of these metrics (`names` there, by the names here), batch by batch.

    A batch that was under way when the last push ended is made again first, from the same points;
    with `planned_only` nothing else is.
    """
    if mark.planned:
        for batch in _batches(read, names, mark, mark.planned, step_key, started, numbered):
            yield batch
            mark = batch.sent
    if planned_only:
        return
    yield from _batches(read, names, mark, {}, step_key, started, numbered)


def _batches(
    read: Callable[[str], Points],
    names: Mapping[str, str],
    mark: StreamMark,
    until: Mapping[str, int],
    step_key: str,
    started: float,
    numbered: bool,
) -> Iterator[Batch]:
    new = _new(read, names, mark, until)
    here = {there: name for name, there in names.items()}
    rows = row_lines(new, first=mark.rows, step_key=step_key, started=started, numbered=numbered)
    for group in _grouped(rows):
        points = dict(mark.points)
        for _, inside in group:
            for there in inside:
                points[here[there]] = points.get(here[there], 0) + 1
        changed = {name: count for name, count in points.items() if mark.points.get(name) != count}
        sent = StreamMark(mark.rows + len(group), points)
        lines = tuple(line for line, _ in group)
        yield Batch(mark.rows, lines, replace(mark, planned=changed), sent)
        mark = sent


def _new(
    read: Callable[[str], Points],
    names: Mapping[str, str],
    mark: StreamMark,
    until: Mapping[str, int],
) -> dict[str, Points]:
    """The points after the mark by their names there; with `until`, up to these counts alone."""
    new = {}
    for name, there in names.items():
        if until and name not in until:
            continue
        points = read(name)
        part = slice(mark.points.get(name, 0), until.get(name) if until else None)
        new[there] = Points(points.steps[part], points.values[part], points.wall_times[part])
    return {there: points for there, points in new.items() if len(points.steps)}


def _grouped(
    rows: Iterator[tuple[str, tuple[str, ...]]],
) -> Iterator[list[tuple[str, tuple[str, ...]]]]:
    group: list[tuple[str, tuple[str, ...]]] = []
    size = 0
    for row in rows:
        if group and (len(group) >= _MOST_ROWS or size + len(row[0]) > _MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(row)
        size += len(row[0])
    if group:
        yield group
