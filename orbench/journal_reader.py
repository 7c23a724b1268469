"""Reading a journal segment: whole frames in, events and points out, damage told and skipped.

A stretch ends at a frame's end. While the writer lives, an incomplete frame at the end is one
that is being written and is left for the next read; once it is dead, such a frame is torn: it is
cut and the stretch says so. A frame that fails its checksum is skipped: reading goes on at the
next place where a whole frame stands, and the stretch says how many bytes were cut.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

from .errors import JournalError
from .events import Event, decode_event
from .journal import (
    EVENT,
    FRAME,
    LAYOUT,
    LAYOUT_HEAD,
    MAGIC,
    MAX_FRAME_BYTES,
    OPENED,
    POINT_HEAD,
    POINTS,
    SegmentOpened,
)
from .run_store import Points

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SegmentReader", "Stretch"]

# A shipment is built from at most this much journal, so that memory stays bounded.
STRETCH_BYTES = 32 * 1024 * 1024
# How many bytes a search for the next whole frame may feed to the checksum before it gives up.
_SEARCH_BUDGET = 256 * 1024 * 1024
_LEAST_BYTES = 64
_MOST_METRICS_A_LAYOUT = 100_000

# Made here and not when it is first used, in whichever threads ship: msgspec shows them what it
# knows of a type half done.
_opened = msgspec.msgpack.Decoder(SegmentOpened)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a segment holds between two offsets.

    `cut` lists, in words, what could not be read; `unknown` counts events of kinds that this
    version does not know; `last_time` is the wall time of the last point, if there is one.
    """

    start: int
    end: int
    events: tuple[Event, ...] = ()
    points: dict[str, Points] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    unknown: int = 0
    last_time: float | None = None


@dataclass(slots=True)
class _Frames:
    """Frames found in a buffer: point frames by layout (order, offset), events in order."""

    points: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    unknown: int = 0
    count: int = 0


class SegmentReader:
    """Reads one segment from its beginning, stretch by stretch."""

    def __init__(self, path: Path) -> None:
        """Opens nothing yet; `opened` is known after the first read that found it."""
        self.path = path
        self.position = 0
        self.opened: SegmentOpened | None = None
        self._layouts: dict[int, tuple[str, ...]] = {}

    def read(self, *, writer_gone: bool, at_most: int = STRETCH_BYTES) -> Stretch:
        """The next stretch of at most about `at_most` bytes (at least one frame).

        `writer_gone` decides what an incomplete frame at the end means; see the module. Raises
        JournalError, and moves nowhere, for a segment that a newer orbench wrote.
        """
        start = self.position
        data, frames = self._scanned(writer_gone, at_most)
        points, last_time = self._points(data, frames)
        return Stretch(
            start,
            self.position,
            tuple(frames.events),
            points,
            tuple(frames.cut),
            frames.unknown,
            last_time,
        )

    def skip_to(self, offset: int) -> None:
        """Go to `offset`, reading the layouts only; what is before it is in the store already."""
        while self.position < offset:
            before = self.position
            self._scanned(writer_gone=False, at_most=min(STRETCH_BYTES, offset - before))
            if self.position == before:
                break
        self.position = offset

    def _scanned(self, writer_gone: bool, at_most: int) -> tuple[bytes, _Frames]:
        """Read a buffer, find its whole frames and move on behind the last of them."""
        data, whole = self._buffer(at_most)
        frames = _Frames()
        first = 0
        if self.position == 0 and data:
            _refuse_newer(data, self.path)
            first = len(MAGIC) if data[: len(MAGIC)] == MAGIC else 0
        consumed = self._scan(memoryview(data), first, frames, whole=whole)
        left = len(data) - consumed
        if left and consumed == first and not whole:
            # One frame is larger than the buffer: read again with room for it.
            return self._scanned(writer_gone, 2 * at_most)
        if left and whole and writer_gone:
            at = self.position + consumed
            frames.cut.append(f"{left} bytes of an incomplete record at byte {at}")
            consumed = len(data)
        self.position += consumed
        return data, frames

    def _buffer(self, at_most: int) -> tuple[bytes, bool]:
        """The next bytes, and whether they reach the end of the file."""
        with self.path.open("rb") as file:
            file.seek(self.position)
            data = file.read(max(at_most, _LEAST_BYTES))
            return data, not file.read(1)

    def _scan(self, view: memoryview, offset: int, frames: _Frames, *, whole: bool) -> int:
        """Go through whole frames from `offset`; returns where the first incomplete one begins."""
        end = len(view)
        base = self.position
        while offset + FRAME.size <= end:
            size, checksum = FRAME.unpack_from(view, offset)
            start = offset + FRAME.size
            if 0 < size <= MAX_FRAME_BYTES:
                if start + size > end and not whole:
                    return offset
                if start + size <= end and crc32(view[start : start + size]) == checksum:
                    self._take(view, start, start + size, frames, base)
                    offset = start + size
                    continue
            found = _next_frame(view, offset + 1)
            if found is None:
                return offset
            frames.cut.append(f"{found - offset} damaged bytes at byte {base + offset}")
            offset = found
        return offset

    def _take(self, view: memoryview, start: int, end: int, frames: _Frames, base: int) -> None:
        frames.count += 1
        kind = view[start]
        if kind == POINTS:
            layout = int.from_bytes(view[start + 1 : start + 5], "little")
            names = self._layouts.get(layout)
            if names is None or end - start != POINT_HEAD.size + 8 * len(names):
                frames.cut.append(f"a point of an unknown layout at byte {base + start}")
            else:
                frames.points.setdefault(layout, []).append((frames.count, start))
        elif kind == EVENT:
            event = _decoded(view[start + 1 : end])
            if event is None:
                frames.unknown += 1
            else:
                frames.events.append(event)
        elif kind == LAYOUT:
            self._take_layout(view[start:end], frames, base + start)
        elif kind == OPENED:
            with contextlib.suppress(msgspec.DecodeError):
                self.opened = _opened.decode(view[start + 1 : end])
        else:
            frames.unknown += 1

    def _take_layout(self, body: memoryview, frames: _Frames, at: int) -> None:
        try:
            _, number = LAYOUT_HEAD.unpack_from(body)
            names = msgspec.msgpack.decode(body[LAYOUT_HEAD.size :], type=tuple[str, ...])
        except (struct.error, msgspec.MsgspecError):
            frames.cut.append(f"an unreadable layout at byte {at}")
            return
        if len(names) <= _MOST_METRICS_A_LAYOUT:
            self._layouts[number] = names

    def _points(self, data: bytes, frames: _Frames) -> tuple[dict[str, Points], float | None]:
        """Gather the columns of every metric, in the order of the frames."""
        if not frames.points:
            return {}, None
        import numpy as np

        columns: dict[str, list[tuple[NDArray[np.int64], Points]]] = {}
        last = (0, 0.0)
        raw = np.frombuffer(data, dtype=np.uint8)
        for layout, places in frames.points.items():
            names = self._layouts[layout]
            order, offsets = (
                np.array(column, dtype=np.int64) for column in zip(*places, strict=True)
            )
            table = _rows(raw, offsets + POINT_HEAD.size - 16, 2 + len(names))
            steps = table[:, 0].view(np.int64)
            times = np.ascontiguousarray(table[:, 1])
            last = max(last, (int(order[-1]), float(times[-1])))
            for place, name in enumerate(names):
                values = np.ascontiguousarray(table[:, 2 + place])
                columns.setdefault(name, []).append((order, Points(steps, values, times)))
        return {name: _in_order(parts) for name, parts in columns.items()}, last[1]


def _rows(raw: NDArray[np.uint8], offsets: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """The float64 table (n x width) whose rows stand at these byte offsets."""
    import numpy as np

    strides = np.diff(offsets)
    if len(strides) and (strides == strides[0]).all():
        # Frames of one layout in a row: a view, no gathering.
        rows = np.lib.stride_tricks.as_strided(
            raw[offsets[0] :], (len(offsets), 8 * width), (int(strides[0]), 1), writeable=False
        )
    else:
        rows = raw[offsets[:, None] + np.arange(8 * width)]
    return np.ascontiguousarray(rows).view("<f8").astype(np.float64, copy=False)


def _in_order(parts: list[tuple[NDArray[np.int64], Points]]) -> Points:
    """One metric's points from several layouts, as they were logged."""
    if len(parts) == 1:
        points = parts[0][1]
        return Points(points.steps.copy(), points.values, points.wall_times)
    import numpy as np

    order = np.argsort(np.concatenate([numbers for numbers, _ in parts]), kind="stable")
    steps, values, times = (
        np.concatenate([getattr(points, name) for _, points in parts])[order]
        for name in ("steps", "values", "wall_times")
    )
    return Points(steps, values, times)


def _decoded(body: memoryview) -> Event | None:
    try:
        return decode_event(bytes(body))
    except msgspec.DecodeError:
        return None


def _refuse_newer(data: bytes, path: Path) -> None:
    """A segment in a newer format is left as it is; a damaged magic is damage like any other."""
    if (
        len(data) >= 8
        and data[:4] == MAGIC[:4]
        and MAGIC[4] < data[4] < 32
        and data[5:8] == MAGIC[5:8]
    ):
        raise JournalError(
            f"{path} has journal format {data[4]}, this orbench reads {MAGIC[4]}; upgrade orbench"
        )


def _next_frame(view: memoryview, offset: int) -> int | None:
    """Where the next whole frame begins, or None if none is found within the budget."""
    end = len(view)
    budget = _SEARCH_BUDGET
    kinds = (OPENED, LAYOUT, POINTS, EVENT)
    for place in range(offset, end - FRAME.size):
        size, checksum = FRAME.unpack_from(view, place)
        start = place + FRAME.size
        if not 0 < size <= MAX_FRAME_BYTES or start + size > end or view[start] not in kinds:
            continue
        budget -= size
        if budget < 0:
            return None
        if crc32(view[start : start + size]) == checksum:
            return place
    return None
