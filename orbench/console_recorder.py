"""The console recorder: gathers what a program writes and emits it, redacted, piece by piece.

`take` is all that the writing side waits for: it appends to a list. A thread empties the list
about twice a second, redacts what is there up to the last end of a line, and emits it. What is
kept of one run is capped: the first `capacity` bytes, then a note in the stream, and at the end
the last lines of each stream.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING

from .events import ConsoleWritten, Event

if TYPE_CHECKING:
    from .capture import Redactor

__all__ = ["CAPACITY_BYTES", "PIECE_BYTES", "ConsoleRecorder"]

CAPACITY_BYTES = 64 * 1024 * 1024
"""How much output is kept of one run, besides its last lines."""

PIECE_BYTES = 64 * 1024
"""About the most that one piece holds."""

_TAIL_BYTES = 256 * 1024
_INTERVAL_SECONDS = 0.5
# An unfinished line (a prompt, a row of dots) is kept as it stands when it is this old.
_UNFINISHED_SECONDS = 2.0
# Streams that alternate more often than this in one interval are kept one after the other.
_MOST_TURNS = 50
_BLOCK_BYTES = 16 * 1024


class ConsoleRecorder:
    """Keeps the output of one program as `ConsoleWritten` events until it is closed.

    `take` may be called from several threads and from a signal handler; in a forked child it
    does nothing, as the thread stays with the parent. If an event cannot be emitted, keeping
    stops and `failure` says why; the program is not disturbed.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        redactor: Redactor,
        *,
        capacity: int = CAPACITY_BYTES,
        interval: float = _INTERVAL_SECONDS,
    ) -> None:
        """Starts the thread; `capacity` is in bytes, `interval` in seconds."""
        self.failure = ""
        self._emit = emit
        self._redactor = redactor
        self._capacity = capacity
        self._interval = interval
        self._process = os.getpid()
        # Reentrant: a signal handler may print while the interrupted thread is in `take`.
        self._lock = threading.RLock()
        self._arrived: list[tuple[str, float, bytes]] = []
        self._taken = 0
        self._tails: dict[str, _Tail] = {}
        self._pieces: dict[str, _Pieces] = {}
        self._told_full = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="orbench-console", daemon=True)
        self._thread.start()

    def take(self, stream: str, data: bytes | memoryview) -> None:
        """Keep these bytes of stdout or stderr; returns at once."""
        if not data or self.failure or os.getpid() != self._process:
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
        """The thread's body: the first failure ends the keeping, never the program."""
        try:
            self._emit_until_closed()
        except Exception as error:
            self.failure = f"output is not kept any more: {str(error) or type(error).__name__}"

    def _emit_until_closed(self) -> None:
        while not self._closing.wait(self._interval):
            self._emit_arrived()
            self._emit_unfinished(time.time() - _UNFINISHED_SECONDS)
        self._emit_arrived()
        self._emit_unfinished(float("inf"))
        for stream, tail in self._tails.items():
            lines = tail.last_lines()
            if tail.left_out:
                self._note(stream, f"{tail.left_out} bytes of {stream} were left out here")
            pieces = self._pieces[stream] = _Pieces(self._redactor)
            for when, data in lines:
                pieces.add(when, data)
            pieces.finish_line()
            self._emit_pieces(stream)

    def _emit_arrived(self) -> None:
        """Emit the whole lines of what has arrived, in the order in which it did."""
        with self._lock:
            arrived, self._arrived = self._arrived, []
            full = bool(self._tails)
        if sum(1 for _ in groupby(arrived, key=lambda arrival: arrival[0])) > _MOST_TURNS:
            arrived.sort(key=lambda arrival: arrival[0])
        for stream, turn in groupby(arrived, key=lambda arrival: arrival[0]):
            pieces = self._pieces.setdefault(stream, _Pieces(self._redactor))
            for _, when, data in turn:
                self._redact_at_leisure(pieces, when, data)
            self._emit_pieces(stream)
        if full and not self._told_full:
            self._tell_full()

    def _redact_at_leisure(self, pieces: _Pieces, when: float, data: bytes) -> None:
        """Redact in blocks, with as long a rest after each, until there is no time for that.

        Redacting holds the interpreter's lock, which the threads that pass output on need too.
        """
        for start in range(0, len(data), _BLOCK_BYTES):
            began = time.perf_counter()
            pieces.add(when, data[start : start + _BLOCK_BYTES])
            self._closing.wait(time.perf_counter() - began)

    def _emit_unfinished(self, older_than: float) -> None:
        """Emit unfinished lines that began before this time."""
        for stream, pieces in self._pieces.items():
            if pieces.since < older_than:
                pieces.finish_line()
                self._emit_pieces(stream)

    def _tell_full(self) -> None:
        """Say in both streams that they are cut; the half lines before the cut are left out."""
        self._told_full = True
        for stream, pieces in self._pieces.items():
            with self._lock:
                self._tails.setdefault(stream, _Tail()).left_out += pieces.drop_line()
        with self._lock:
            streams = list(self._tails)
        for stream in streams:
            self._note(
                stream, f"over {self._capacity} bytes of output: from here only the end is kept"
            )

    def _note(self, stream: str, text: str) -> None:
        note = f"\n[orbench: {text}]\n".encode()
        self._emit(ConsoleWritten(stream=stream, time=time.time(), data=note))

    def _emit_pieces(self, stream: str) -> None:
        for when, data in self._pieces[stream].take():
            self._emit(ConsoleWritten(stream=stream, time=when, data=data))


class _Pieces:
    """One stream on its way from bytes that arrived to redacted pieces.

    `since`: when the unfinished line that is held back began, infinity if there is none.
    """

    def __init__(self, redactor: Redactor) -> None:
        self.since = float("inf")
        self._redactor = redactor
        self._stream = redactor.stream()
        self._held = 0
        self._done: list[tuple[float, bytearray]] = []

    def add(self, when: float, data: bytes) -> None:
        began = min(self.since, when)
        self._append(began, self._stream.feed(data))
        after = len(data) - 1 - max(data.rfind(b"\n"), data.rfind(b"\r"))
        unbroken = after == len(data)
        self._held = self._held + len(data) if unbroken else after
        self.since = (began if unbroken else when) if self._held else float("inf")

    def finish_line(self) -> None:
        """Count the line that is held back as whole."""
        self._append(self.since, self._stream.flush())
        self.since, self._held = float("inf"), 0

    def drop_line(self) -> int:
        """Forget the line that is held back, as it may end in half a secret; its bytes."""
        held, self._held, self.since = self._held, 0, float("inf")
        self._stream = self._redactor.stream()
        return held

    def take(self) -> list[tuple[float, bytes]]:
        """The pieces that are done, with the time when each began to arrive."""
        done, self._done = self._done, []
        return [(when, bytes(data)) for when, data in done]

    def _append(self, when: float, redacted: bytes) -> None:
        if not redacted:
            return
        if not self._done or len(self._done[-1][1]) + len(redacted) > PIECE_BYTES:
            self._done.append((when, bytearray()))
        self._done[-1][1].extend(redacted)


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

    def last_lines(self) -> list[tuple[float, bytes]]:
        """What is there; after a cut from the next line on, as half a secret may stand first."""
        while self.left_out and self._parts:
            when, part = self._parts.popleft()
            _, line_end, rest = part.partition(b"\n")
            self.left_out += len(part) - len(rest)
            if line_end:
                self._parts.appendleft((when, rest))
                break
        return list(self._parts)
