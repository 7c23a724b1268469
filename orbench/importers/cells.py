"""Cells as what they stand for: numbers, steps, seeds, times and config values."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime

from ..run import JsonValue
from .table_file import Cell

__all__ = [
    "CellError",
    "Number",
    "as_config_value",
    "as_name",
    "as_number",
    "as_seed",
    "as_step",
    "as_time",
    "mean_and_spread",
]

Number = float | int

_MOST_STEP = 2**63 - 1
_MOST_SEED = 2**63
_EXACT_BITS = 64  # a longer whole number is a float64, as it is in a CSV file
# How far, in parts, a scaled step may be from a whole number: 0.1 * 1e6 is not quite 100000.
_ROUNDING = 1e-9
_SPREAD = re.compile(r"(?P<mean>\S+)\s*(?:±|\+-|\+/-)\s*(?P<spread>\S+)")


class CellError(ValueError):
    """A cell is not what its column should hold; the message is a clause about it."""

    def at(self, column: str) -> CellError:
        """The same, naming the column."""
        return CellError(f"column '{column}': {self}")


def as_number(cell: Cell) -> Number | None:
    """A cell as a number, None for an empty one; whole numbers stay exact."""
    if isinstance(cell, str):
        return _number_in(cell.strip())
    if isinstance(cell, int):
        # JSON may hold a whole number of any length, which no product of floats could take.
        return int(cell) if cell.bit_length() <= _EXACT_BITS else _float(cell)
    if cell is None or isinstance(cell, float):
        return cell
    raise CellError(f"{shown(cell)} is not a number")


def _number_in(text: str) -> Number | None:
    if not text:
        return None
    try:
        # Python reads 1_000 as a number; no table does.
        return int(text) if text.isdigit() and len(text) < 20 else float(text.replace("_", "?"))
    except ValueError:
        raise CellError(f"{shown(text)} is not a number") from None


def mean_and_spread(cell: Cell) -> tuple[float | None, float | None]:
    """The number in a cell and, in one like `12.5 ± 0.4`, the one behind the sign."""
    if isinstance(cell, str) and (found := _SPREAD.fullmatch(cell.strip())) is not None:
        mean, spread = _number_in(found["mean"]), _number_in(found["spread"])
        return _float(mean), _float(spread)
    return _float(as_number(cell)), None


def _float(number: Number | None) -> float | None:
    try:
        return None if number is None else float(number)
    except OverflowError:
        raise CellError(f"{shown(str(number))} is beyond float64") from None


def as_step(number: Number) -> int:
    """A step: a whole number from 0, up to rounding."""
    if isinstance(number, float):
        if not math.isfinite(number) or abs(number - round(number)) > _ROUNDING * abs(number):
            raise CellError(
                f"step {number:g} is not a whole number; scale it, as --map step=frames*1e6"
            )
        number = round(number)
    if not 0 <= number <= _MOST_STEP:
        raise CellError(f"step {number} is not from 0 to 2^63")
    return number


def as_seed(cell: Cell) -> int:
    """A seed: a whole number of 64 bits."""
    number = as_number(cell)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if not isinstance(number, int) or not -_MOST_SEED <= number < _MOST_SEED:
        raise CellError(f"{shown(cell)} is no seed, which is a whole number")
    return number


def as_time(cell: Cell) -> float | None:
    """Seconds since the epoch, of a number of them or an ISO time (UTC where it says nothing)."""
    try:
        return _float(as_number(cell))
    except CellError:
        if not isinstance(cell, str):
            raise
    try:
        time = datetime.fromisoformat(cell.strip())
    except ValueError:
        raise CellError(f"{shown(cell)} is neither seconds nor an ISO time") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def as_name(cell: Cell, what: str) -> str:
    """A name: text, or a number as text; not empty."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if cell is None or isinstance(cell, list) or not str(cell).strip():
        raise CellError(f"{shown(cell)} is no {what}")
    text = str(cell).strip()
    if not text.isprintable():
        raise CellError(f"{shown(text)} is no {what}: it has characters that cannot be printed")
    return text


def as_config_value(cell: Cell) -> JsonValue:
    """A config value: what JSON makes of a text that is a number, true, false or null."""
    if not isinstance(cell, str):
        return cell
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    return cell if isinstance(value, list | dict | str) else value


def shown(cell: Cell) -> str:
    """A cell as an error shows it."""
    return "an empty cell" if cell in (None, "") else f"{cell!r:.60}"
