"""Values made to fit their columns, so that no shipment is ever refused for what is in it.

Text loses NUL and lone surrogates to visible escapes, names too long for their column end in a
hash, numbers too large for theirs are left to the text beside them, NaN becomes NULL and -0.0
becomes 0.0: SQLite keeps neither. The chunks have every value bit by bit.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from orbench.config import flatten
from orbench.run import Document, JsonValue

from .tables import SEARCHABLE_TEXT

__all__ = [
    "Columns",
    "FlatRow",
    "finite_time",
    "fitted",
    "flat_rows",
    "from_null",
    "small_integer",
    "storable",
    "to_null",
    "wide_integer",
]

_HASH_DIGITS = 16
# PostgreSQL refuses index entries above 2,704 bytes; a key stands in an index beside a text.
_MAX_NAME_BYTES = 1500

# SQLAlchemy types the keys of its rows as names or Columns, hence Any.
Columns = Mapping[Any, Any]
"""A row, by the names of its columns."""

FlatRow = tuple[str, float | None, str | None]
"""Kind, number and text of one flattened value."""


def storable(text: str) -> str:
    """The text with NUL and lone surrogates, which a database refuses, as backslash escapes."""
    text = text.replace("\0", "\\x00")
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def fitted(name: str, limit: int) -> str:
    """A name for a column of `limit` characters; what is longer ends in '~' and a hash of all."""
    name = storable(name)
    if len(name) <= limit and len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_DIGITS]
    kept = name[: limit - _HASH_DIGITS - 1].encode()[: _MAX_NAME_BYTES - _HASH_DIGITS - 1]
    return f"{kept.decode('utf-8', 'ignore')}~{digest}"


def to_null(number: float) -> float | None:
    """None for NaN: a column that may be NaN is NULL when it is. A zero loses its sign."""
    return None if math.isnan(number) else float(number) + 0.0


def from_null(number: float | None) -> float:
    """NaN for NULL."""
    return math.nan if number is None else number


def finite_time(time: float, default: float) -> float:
    """A time that is a number, or the default."""
    return float(time) if math.isfinite(time) else default


def small_integer(number: int | None) -> int | None:
    """A number for an INTEGER column of 32 bits, None if it has more."""
    return number if number is not None and -(2**31) <= number < 2**31 else None


def wide_integer(number: int | None) -> int | None:
    """A number for a BIGINT column of 64 bits, None if it has more."""
    return number if number is not None and -(2**63) <= number < 2**63 else None


def flat_rows(document: Document) -> dict[str, FlatRow]:
    """The flattened values of a nested document by their keys, as the columns hold them.

    | kind | number | text |
    |---|---|---|
    | null | NULL | NULL |
    | bool | 0 or 1 | true or false |
    | int | nearest float64, NULL beyond its range | all digits |
    | float | the value, NULL for NaN | as Python writes it |
    | str | NULL | the first SEARCHABLE_TEXT characters |
    | list | NULL | the first SEARCHABLE_TEXT characters of its JSON |
    """
    return {fitted(key, 500): _flat_row(value) for key, value in flatten(document).items()}


def _flat_row(value: JsonValue) -> FlatRow:
    if value is None:
        return "null", None, None
    if isinstance(value, bool):
        return "bool", float(value), "true" if value else "false"
    if isinstance(value, int):
        return "int", _nearest(value), _searchable(_digits(value))
    if isinstance(value, float):
        return "float", to_null(value), repr(value)
    if isinstance(value, str):
        return "str", None, _searchable(value)
    return "list", None, _searchable(_json(value))


def _nearest(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # more digits than Python writes in decimal
        return hex(value)


def _json(value: JsonValue) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _plain(value: object) -> JsonValue:
    return dict(value) if isinstance(value, Mapping) else repr(value)


def _searchable(text: str) -> str:
    return storable(text[:SEARCHABLE_TEXT])[:SEARCHABLE_TEXT]
