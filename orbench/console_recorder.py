"""The console recorder: gathers what a program writes and emits it, redacted, piece by piece.

`take` is all that the writing side waits for: it appends to a list. A thread empties the list
about twice a second, cuts it into pieces at line ends (a secret torn in two would not be known
as one), redacts each piece and emits it. What is kept of one run is capped: the first
`capacity` bytes, then a note in the stream, and at the end the last lines of each stream.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Protocol

from .events import ConsoleWritten, Event

__all__ = ["CAPACITY_BYTES", "PIECE_BYTES", "ConsoleRecorder", "Redacting"]

CAPACITY_BYTES = 64 * 1024 * 1024
"""How much output is kept of one run, besides its last lines."""

PIECE_BYTES = 64 * 1024
"""The most that one piece holds."""

_TAIL_BYTES = 256 * 1024
_INTERVAL_SECONDS = 0.5
# An unfinished line (a prompt, a row of dots) is kept as it stands when it is this old.
_UNFINISHED_SECONDS = 2.0
# Streams that alternate more often than this in one interval are kept one after the other.
_MOST_TURNS = 50
# How far around a cut inside a line we look for a secret that it would tear.
_SECRET_REACH = 4096

_Arrival = tuple[str, float, bytes]


class Redacting(Protocol):
    """What the console recorder needs of a `capture.Redactor`."""

    def data(self, data: bytes) -> bytes:
        """The bytes without the secrets in them."""
        ...


class ConsoleRecorder:
    """Keeps the output of one program as `ConsoleWritten` events until it is closed.

    `take` may be called from several threads and from a signal handler; in a forked child it
    does nothing, as the thread stays with the parent. If an event cannot be emitted, keeping
    stops and `failure` says why; the program is not disturbed.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        redactor: Redacting,
        *,
        capacity: int = CAPACITY_BYTES,
        interval: float = _INTERVAL_SECONDS,
    ) -> None:
        """Starts the thread; `interval` is in seconds, `capacity` in bytes."""
        self.failure = ""
        self._emit = emit
        self._redactor = redactor
        self._capacity = capacity
        self._interval = interval
        self._process = os.getpid()
        # Reentrant: a signal handler may print while the interrupted thread is in `take`.
        self._lock = threading.RLock()
        self._arrived: list[_Arrival] = []
        self._taken = 0
        self._lines: dict[str, _Lines] = {}
        self._tails: dict[str, _Tail] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="orbench-console", daemon=True)
        self._thread.start()

    def take(self, stream: str, data: bytes | memoryview) -> None:
        """Keep these bytes of stdout or stderr; returns at once."""
        if not data or os.getpid() != self._process:
            return
        now = time.time()
        with self._lock:
            if self._tails or self._taken + len(data) > self._capacity:
                self._tails.setdefault(stream, _Tail()).append(now, data)
                return
            self._taken += len(data)
            self._arrived.append((stream, now, bytes(data)))

    def close(self) -> None:
        """Emit what is left, and the last lines if there was more output than is kept."""
        if self._closing.is_set() or os.getpid() != self._process:
            return
        self._closing.set()
        self._thread.join()

    def _work(self) -> None:
        told = False
        while not self._closing.wait(self._interval):
            self._move_arrived()
            if self._tails and not told:
                told = True
                self._tell_full()
            else:
                self._move_unfinished(time.time() - _UNFINISHED_SECONDS)
        self._move_arrived()
        if self._tails and not told:
            self._tell_full()
        self._move_unfinished(float("inf"))
        for stream, tail in self._tails.items():
            self._move_tail(stream, tail)

    def _move_arrived(self) -> None:
        """Emit the whole lines of what has arrived, in the order in which it did."""
        with self._lock:
            arrived, self._arrived = self._arrived, []
        turns = [(name, list(turn)) for name, turn in groupby(arrived, key=lambda a: a[0])]
        if len(turns) > _MOST_TURNS:
            arrived.sort(key=lambda a: a[0])
            turns = [(name, list(turn)) for name, turn in groupby(arrived, key=lambda a: a[0])]
        for name, turn in turns:
            lines = self._lines.setdefault(name, _Lines(self._redactor))
            for _, when, data in turn:
                lines.append(when, data)
                self._write(name, lines.full_pieces())
            self._write(name, lines.whole_lines())

    def _move_unfinished(self, older_than: float) -> None:
        """Emit unfinished lines that began before this time."""
        for name, lines in self._lines.items():
            if lines.since < older_than:
                self._write(name, lines.rest())

    def _tell_full(self) -> None:
        """Say in the stream that it is cut; the half line before the cut counts as left out."""
        with self._lock:
            for name, lines in self._lines.items():
                if torn := lines.forget():
                    self._tails.setdefault(name, _Tail()).left_out += torn
            names = list(self._tails)
        for name in names:
            self._note(
                name, f"over {self._capacity} bytes of output: from here only the end is kept"
            )

    def _move_tail(self, name: str, tail: _Tail) -> None:
        when, data = tail.last_lines()
        self._note(name, f"{tail.left_out} bytes of {name} were left out here")
        lines = _Lines(self._redactor)
        lines.append(when, data)
        self._write(name, lines.full_pieces())
        self._write(name, lines.rest())

    def _note(self, name: str, text: str) -> None:
        self._emit_safely(name, time.time(), f"\n[orbench: {text}]\n".encode())

    def _write(self, name: str, pieces: Iterator[tuple[float, bytes]]) -> None:
        for when, data in pieces:
            self._emit_safely(name, when, data)

    def _emit_safely(self, name: str, when: float, data: bytes) -> None:
        """Redact and emit; the first failure ends the keeping, never the program."""
        if self.failure:
            return
        try:
            self._emit(ConsoleWritten(stream=name, time=when, data=self._redactor.data(data)))
        except Exception as error:
            self.failure = f"output is not kept any more: {error or type(error).__name__}"


class _Lines:
    """Bytes of one stream that wait to be cut into pieces. `since`: when the first came."""

    def __init__(self, redactor: Redacting) -> None:
        self.since = float("inf")
        self._waiting = bytearray()
        self._redactor = redactor

    def append(self, when: float, data: bytes) -> None:
        if not self._waiting:
            self.since = when
        self._waiting += data

    def full_pieces(self) -> Iterator[tuple[float, bytes]]:
        """Pieces as large as one may be, while more than one piece waits."""
        while len(self._waiting) > PIECE_BYTES + _SECRET_REACH:
            yield self._cut(self._harmless_end())

    def whole_lines(self) -> Iterator[tuple[float, bytes]]:
        """All up to the last end of a line."""
        end = 1 + max(self._waiting.rfind(b"\n"), self._waiting.rfind(b"\r"))
        if end:
            yield self._cut(end)

    def rest(self) -> Iterator[tuple[float, bytes]]:
        """All that waits, the unfinished line too."""
        if self._waiting:
            yield self._cut(len(self._waiting))

    def forget(self) -> int:
        """Drop what waits; returns how many bytes that was."""
        return len(self._cut(len(self._waiting))[1])

    def _cut(self, end: int) -> tuple[float, bytes]:
        when, piece = self.since, bytes(self._waiting[:end])
        del self._waiting[:end]
        if not self._waiting:
            self.since = float("inf")
        return when, piece

    def _harmless_end(self) -> int:
        """Where to cut a full piece off: at the end of a line, else where no secret is torn."""
        for ends in (b"\n", b"\r", b" "):
            end = 1 + self._waiting.rfind(ends, 0, PIECE_BYTES)
            if end and self._tears_nothing(end):
                return end
        inside = range(PIECE_BYTES, PIECE_BYTES // 2, -_SECRET_REACH // 2)
        return next((end for end in inside if self._tears_nothing(end)), PIECE_BYTES)

    def _tears_nothing(self, end: int) -> bool:
        before = bytes(self._waiting[max(0, end - _SECRET_REACH) : end])
        after = bytes(self._waiting[end : end + _SECRET_REACH])
        redact = self._redactor.data
        return redact(before) + redact(after) == redact(before + after)


class _Tail:
    """The last bytes of one stream. `left_out` counts those that fell out at the front."""

    def __init__(self) -> None:
        self.left_out = 0
        self._parts: deque[tuple[float, bytes]] = deque()
        self._size = 0

    def append(self, when: float, data: bytes | memoryview) -> None:
        part = bytes(data[-_TAIL_BYTES:])
        self.left_out += len(data) - len(part)
        self._parts.append((when, part))
        self._size += len(part)
        while self._size - len(self._parts[0][1]) >= _TAIL_BYTES:
            _, oldest = self._parts.popleft()
            self._size -= len(oldest)
            self.left_out += len(oldest)

    def last_lines(self) -> tuple[float, bytes]:
        """The whole lines in the tail (a first line without its start may be half a secret)."""
        data = b"".join(part for _, part in self._parts)
        start = 1 + data.find(b"\n") or len(data)
        self.left_out += start
        return (self._parts[0][0] if self._parts else time.time()), data[start:]
