"""Tables as programs read them: CSV and JSON, a score in columns of its own."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence

from orbench.errors import FigureError
from orbench.stats import Estimate

from .cell_text import Cell, ScoreCell, Term
from .tables import Table

__all__ = ["as_csv", "as_json"]

_SCORES = {Estimate, ScoreCell}

Value = str | int | float | bool | None


def as_csv(table: Table) -> str:
    """CSV with the keys of the columns; what is missing or not finite is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    keys = _keys(table)
    writer.writerow(keys)
    writer.writerows(zip(*map(_csv_values, _columns(table)), strict=True))
    return out.getvalue()


def as_json(table: Table) -> str:
    """One array of objects, one a line; what is not finite is null: JSON has no word for it."""
    keys = _keys(table)
    encode = json.JSONEncoder(ensure_ascii=False).encode
    rows = (dict(zip(keys, row, strict=True)) for row in zip(*_columns(table), strict=True))
    lines = ",\n ".join(map(encode, rows))
    return f"[{lines}]\n"


def _csv_values(column: Sequence[Value]) -> list[Value]:
    return [
        json.dumps(one) if isinstance(one, bool) else "" if one is None else one for one in column
    ]


def _keys(table: Table) -> list[str]:
    """The key of every column, and after it those of its parts."""
    keys = []
    for column, parts in zip(table.columns, _parts(table), strict=True):
        keys += [column.key, *(f"{column.key}_{part}" for part in parts)]
    if twice := [key for key in dict.fromkeys(keys) if keys.count(key) > 1]:
        raise FigureError(
            f"two columns are called '{twice[0]}'; use the long layout, or other run sets"
        )
    return keys


def _columns(table: Table) -> list[list[Value]]:
    """The values under every key, column by column: long tables are mostly plain numbers."""
    columns: list[list[Value]] = []
    for place, parts in enumerate(_parts(table)):
        cells = [row[place] for row in table.rows]
        columns.append([_value(cell) for cell in cells])
        columns += [[_part(cell, part) for cell in cells] for part in parts]
    return columns


def _parts(table: Table) -> list[tuple[str, ...]]:
    """The parts of each column: those it names, and the ends where there is an interval."""
    ends = ("low", "high")
    return [
        column.parts or (ends if _SCORES & {type(row[place]) for row in table.rows} else ())
        for place, column in enumerate(table.columns)
    ]


def _part(cell: Cell, part: str) -> Value:
    if isinstance(cell, ScoreCell):
        told = {"std": cell.std, "n": cell.n, "best": cell.best}
        return told[part] if part in told else _part(cell.estimate, part)
    if isinstance(cell, Estimate):
        return {"low": cell.low, "high": cell.high}.get(part)
    return None


def _value(cell: Cell) -> Value:
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, ScoreCell):
        return cell.estimate.point
    if isinstance(cell, Estimate):
        return cell.point
    return cell.name if isinstance(cell, Term) else cell
