"""Console output as the lines that W&B shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ...run_store import ConsolePiece

__all__ = ["OutputLine", "output_lines"]

_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class OutputLine:
    """A line of one stream and when it began."""

    stream: str
    time: float
    text: str

    def __str__(self) -> str:
        """The line as W&B's client writes it: ERROR for stderr, the time, the text."""
        at = datetime.fromtimestamp(self.time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
        return f"{'ERROR ' if self.stream == 'stderr' else ''}{at} {self.text}"


def output_lines(pieces: Iterable[ConsolePiece]) -> list[OutputLine]:
    """Whole lines, put together from pieces; of a line written over itself the last state."""
    begun: dict[str, tuple[float, str]] = {}
    lines: list[OutputLine] = []
    for piece in pieces:
        time, text = begun.pop(piece.stream, (piece.time, ""))
        *whole, rest = (text + piece.data.decode("utf-8", "replace")).split("\n")
        for line in whole:
            lines.append(_line(piece.stream, time, line))
            time = piece.time
        if rest:
            begun[piece.stream] = (time, rest)
    lines += [_line(stream, time, text) for stream, (time, text) in begun.items()]
    return lines


def _line(stream: str, time: float, text: str) -> OutputLine:
    return OutputLine(stream, time, text.rstrip("\r").rpartition("\r")[2][:_LONGEST])
