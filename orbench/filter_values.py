"""What a value in a filter can be read as: a number, a length of time, a period of time."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

__all__ = ["CONSTANTS", "Period", "as_integer", "as_number", "as_period", "as_seconds"]

Period = tuple[float, float]
"""From (included) and to (excluded), in seconds since the epoch."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,300}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_LONGEST_NUMBER = 300

CONSTANTS = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
"""The values that a bare word spells, as JSON or Python does."""

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SECONDS = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)([smhdw]?)")

_DAY = 86_400
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?P<minute>[T ][0-9]{2}:[0-9]{2}(?P<second>:[0-9]{2}(?P<part>\.[0-9]{1,6})?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def as_integer(text: str) -> int | None:
    """The integer that the text spells, None if it spells none."""
    return int(text) if _INTEGER.fullmatch(text) else None


def as_number(text: str) -> int | float | None:
    """The number that the text spells, nan and inf included; None for none, or beyond float64."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text)
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def as_seconds(text: str) -> float | None:
    """The seconds in a length of time such as 90, 1.5h or 7d; None if it is none."""
    found = _SECONDS.fullmatch(text)
    return float(found[1]) * _UNITS[found[2]] if found else None


def as_period(text: str, now: float) -> Period | None:
    """The stretch that a time means: a day, minute, second or microsecond; None if it is none.

    Times are UTC unless they name a zone. `-7d` is the instant a week before `now`.
    """
    if text.startswith("-"):
        ago = as_seconds(text[1:])
        return None if ago is None else (now - ago, now - ago)
    found = _TIME.fullmatch(text)
    if not found:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    begin = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if found["part"]:
        return begin, begin + 1e-6
    return begin, begin + (1 if found["second"] else 60 if found["minute"] else _DAY)
