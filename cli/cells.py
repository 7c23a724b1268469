"""One value, written for people (tables) or for programs (JSON, CSV).

For people numbers have six significant digits, times are UTC to the second, and characters that
would drive a terminal are shown as escapes. For programs numbers are exact, times are ISO 8601 in
UTC, durations are seconds, sizes are bytes. JSON has no NaN and no infinities: they are written
as the strings "NaN", "Infinity" and "-Infinity", so that nothing is lost and any parser reads it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum, StrEnum

from orbench.run import JsonValue

__all__ = ["Kind", "for_people", "for_programs", "json_text", "printable"]


class Kind(Enum):
    """What a column's values are, beyond their type."""

    VALUE = "value"
    TIME = "time"  # seconds since the epoch
    DURATION = "duration"  # seconds
    SIZE = "size"  # bytes


def for_people(value: JsonValue, kind: Kind = Kind.VALUE) -> str:
    """The value as a table shows it: one line, nothing for None."""
    if value is None:
        return ""
    if kind is Kind.TIME:
        return _moment(value).strftime("%Y-%m-%d %H:%M:%S")
    if kind is Kind.DURATION:
        return _duration(value)
    if kind is Kind.SIZE:
        return _size(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return ", ".join(for_people(item) for item in value)
    if isinstance(value, Mapping):
        return printable(json_text(value))
    return printable(str(value))


def for_programs(value: JsonValue, kind: Kind = Kind.VALUE) -> JsonValue:
    """The value as JSON holds it: exact, with ISO times, and strings for NaN and infinities."""
    if value is None or isinstance(value, bool):
        return value
    if kind is Kind.TIME:
        return _moment(value).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): for_programs(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [for_programs(item) for item in value]
    return value


def json_text(value: JsonValue, *, indent: int | None = None) -> str:
    """Strict JSON, ASCII only, of a value as `for_programs` writes it."""
    return json.dumps(for_programs(value), allow_nan=False, indent=indent)


def printable(text: str) -> str:
    """The text on one line, with control and other unprintable characters as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in text
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
