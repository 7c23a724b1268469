"""Tables as programs read them: CSV and JSON, a score in columns of its own."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence

from orbench.errors import FigureError
from orbench.stats import Estimate

from .cell_text import Cell, ScoreCell, Term
from .tables import Table

__all__ = ["as_csv", "as_json"]

Value = str | int | float | bool | None


def as_csv(table: Table) -> str:
    """CSV with the keys of the columns; what is missing or not finite is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    keys = _keys(table)
    writer.writerow(keys)
    for row in _rows(table, keys):
        writer.writerow(["" if row[key] is None else _csv_value(row[key]) for key in keys])
    return out.getvalue()


def as_json(table: Table) -> str:
    """One array of objects; what is not finite is null, as JSON has no word for it."""
    rows = list(_rows(table, _keys(table)))
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _csv_value(value: Value) -> Value:
    return json.dumps(value) if isinstance(value, bool) else value


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


def _rows(table: Table, keys: Sequence[str]) -> Iterable[dict[str, Value]]:
    parts = _parts(table)
    for row in table.rows:
        values: list[Value] = []
        for cell, told in zip(row, parts, strict=True):
            values += [_value(cell), *(_part(cell, part) for part in told)]
        yield dict(zip(keys, values, strict=True))


def _parts(table: Table) -> list[tuple[str, ...]]:
    """The parts of each column: those it names, and the ends where there is an interval."""
    ends = ("low", "high")
    return [
        column.parts or (ends if any(_is_score(row[place]) for row in table.rows) else ())
        for place, column in enumerate(table.columns)
    ]


def _is_score(cell: Cell) -> bool:
    return isinstance(cell, Estimate | ScoreCell)


def _part(cell: Cell, part: str) -> Value:
    if isinstance(cell, ScoreCell):
        told = {"std": cell.std, "n": cell.n, "best": cell.best}
        return told[part] if part in told else _part(cell.estimate, part)
    if isinstance(cell, Estimate):
        return {"low": cell.low, "high": cell.high}.get(part)
    return None


def _value(cell: Cell) -> Value:
    if isinstance(cell, ScoreCell):
        return cell.estimate.point
    if isinstance(cell, Estimate):
        return cell.point
    if isinstance(cell, Term):
        return cell.name
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
