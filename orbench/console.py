"""Keeping the console of the present process: what it writes to sys.stdout and sys.stderr.

Only Python's own writes are seen: not those of C libraries and child processes, nor of a logging
handler that took hold of sys.stderr before. `orbench record -- CMD` keeps those as well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from .console_recorder import ConsoleRecorder
from .events import Event

if TYPE_CHECKING:
    from .capture import Redactor

__all__ = ["TeeStream", "tee_console"]

_STREAMS = ("stdout", "stderr")


@contextmanager
def tee_console(
    emit: Callable[[Event], None],
    redactor: Redactor,
    *,
    environ: Mapping[str, str] | None = None,
) -> Iterator[ConsoleRecorder | None]:
    """Keep what is written to sys.stdout and sys.stderr while the context lasts.

    Under `orbench record` (ORBENCH_RUN_ID is set) this does nothing and gives None: the process
    outside keeps the output. A stream that somebody else has replaced meanwhile is left as it
    is. What a forked child writes is passed on and not kept.
    """
    if (os.environ if environ is None else environ).get("ORBENCH_RUN_ID"):
        yield None
        return
    recorder = ConsoleRecorder(emit, redactor)
    tees: dict[str, TeeStream] = {}
    for name in _STREAMS:
        if (stream := getattr(sys, name)) is not None:
            tees[name] = TeeStream(stream, name, recorder)
            setattr(sys, name, tees[name])
    try:
        yield recorder
    finally:
        for name, tee in tees.items():
            tee.stop()
            if getattr(sys, name) is tee:
                setattr(sys, name, tee.innermost())
        recorder.close()


class TeeStream:
    """A text stream that keeps what is written to it; in all else the stream that it wraps.

    Once stopped it only passes on, for those who still hold it.
    """

    def __init__(self, stream: IO[str], name: str, recorder: ConsoleRecorder) -> None:
        """`stream` is the stream to wrap, `name` is stdout or stderr."""
        self._stream = stream
        self._name = name
        self._recorder: ConsoleRecorder | None = recorder

    def write(self, text: str, /) -> int:
        """Write to the wrapped stream, and keep the text even if that fails."""
        try:
            return self._stream.write(text)
        finally:
            if isinstance(text, str):
                self._keep(self._encoded(text))

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write each of these, as `write` does."""
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> _TeeBuffer:
        """The binary stream below, keeping what is written to it as well."""
        return _TeeBuffer(self._stream.buffer, self._keep)  # type: ignore[attr-defined]

    def stop(self) -> None:
        """Keep nothing more."""
        self._recorder = None

    def innermost(self) -> IO[str]:
        """The wrapped stream, without wrappers that have stopped."""
        stream = self._stream
        while isinstance(stream, TeeStream) and stream._recorder is None:
            stream = stream._stream
        return stream

    def _keep(self, data: bytes | memoryview) -> None:
        if self._recorder is not None:
            self._recorder.take(self._name, data)

    def _encoded(self, text: str) -> bytes:
        """The bytes as the wrapped stream writes them, as far as they can be had."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        errors = getattr(self._stream, "errors", None) or "strict"
        try:
            return text.encode(encoding, errors)
        except (UnicodeError, LookupError):
            return text.encode("utf-8", "backslashreplace")

    def __getattr__(self, name: str) -> Any:
        # Any: whatever the wrapped stream has, which in a notebook is more than a file's.
        if name == "_stream":  # an instance without __init__, as `copy` makes one
            raise AttributeError(name)
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)

    def __enter__(self) -> TeeStream:
        self._stream.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stream.__exit__(*error)

    def __repr__(self) -> str:
        return f"<TeeStream of {self._stream!r}>"


class _TeeBuffer:
    """The binary side of a TeeStream."""

    def __init__(self, buffer: IO[bytes], keep: Callable[[bytes | memoryview], None]) -> None:
        self._buffer = buffer
        self._keep = keep

    def write(self, data: Any, /) -> int:
        # Any: every object with the buffer protocol, which has no name before Python 3.12.
        kept = memoryview(data).tobytes()
        try:
            return self._buffer.write(data)
        finally:
            self._keep(kept)

    def writelines(self, lines: Iterable[Any], /) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._buffer, name)
