"""A series table as a file: CSV, JSON or Parquet, exact to the last bit."""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from .errors import UsageError, near
from .series_frames import arrow_table
from .series_table import COLUMNS

if TYPE_CHECKING:
    from .metric import Series
    from .series_table import SeriesTable

__all__ = ["FORMS", "write_table"]

FORMS = ("csv", "json", "parquet")

_LABELS = COLUMNS[:6]
_POINTS_AT_ONCE = 65_536
_BY_NAME = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def write_table(
    table: SeriesTable, out: str | Path | IO[str] | IO[bytes], form: str | None
) -> None:
    """See `SeriesTable.write`."""
    if not isinstance(out, str | Path):
        _write_form(table, out, _checked(form, "" if form else "an open file"))
        return
    path = Path(out)
    told_by = "" if form else f"'{path.name}'"
    chosen = _checked(form or path.suffix.removeprefix(".").lower(), told_by)
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder '{path.parent}' to write '{path.name}' to")
    _replace(path, lambda file: _write_form(table, file, chosen))


def _checked(form: str | None, told_by: str) -> str:
    """The form; `told_by` is what else than its name was to tell it, as a sentence begins."""
    if form not in FORMS:
        wrong = f"'{form}' is no form" if not told_by else f"{told_by} does not say a form"
        raise UsageError(
            f"{wrong} that series are written in{near(form or '', FORMS)}; "
            f"there are {', '.join(FORMS)}"
        )
    return form


def _replace(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write beside the path and move into place, so that a failure leaves what was there."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with partial.open("xb") as file:
            write(file)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _write_form(table: SeriesTable, file: IO[str] | IO[bytes], form: str) -> None:
    if form == "parquet":
        _write_parquet(table, file)
        return
    pieces = _csv(table) if form == "csv" else _json(table)
    if isinstance(file, io.TextIOBase):
        file.writelines(pieces)
    else:
        cast("IO[bytes]", file).writelines(piece.encode() for piece in pieces)


def _write_parquet(table: SeriesTable, file: IO[str] | IO[bytes]) -> None:
    if isinstance(file, io.TextIOBase):
        raise UsageError("Parquet is binary; open the file with mode 'wb'")
    arrow = arrow_table(table)
    from pyarrow import parquet  # type: ignore[import-untyped, import-not-found, unused-ignore]

    parquet.write_table(
        arrow,
        file,
        compression="zstd",
        use_dictionary=[*_LABELS],
        column_encoding={
            "step": "DELTA_BINARY_PACKED",
            "wall_time": "BYTE_STREAM_SPLIT",
            "value": "BYTE_STREAM_SPLIT",
        },
    )


def _csv(table: SeriesTable) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\n"
    for one, labels in _labelled(table):
        buffer = io.StringIO()
        csv.writer(buffer).writerow(["" if label is None else label for label in labels])
        start = buffer.getvalue().removesuffix("\r\n") + ","
        for steps, times, values in _stretches(one):
            rows = zip(steps, _digits(times), _digits(values), strict=True)
            yield "".join([f"{start}{step},{time},{value}\n" for step, time, value in rows])


def _json(table: SeriesTable) -> Iterator[str]:
    before = "[\n"
    for one, labels in _labelled(table):
        named = json.dumps(dict(zip(_LABELS, labels, strict=True)))[:-1]
        for steps, times, values in _stretches(one):
            rows = zip(steps, _digits(times, '"'), _digits(values, '"'), strict=True)
            objects = [
                f'{named}, "step": {step}, "wall_time": {time}, "value": {value}}}'
                for step, time, value in rows
            ]
            yield before + ",\n".join(objects)
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _labelled(table: SeriesTable) -> Iterator[tuple[Series, tuple[str | int | None, ...]]]:
    columns = [table.labels(column).tolist() for column in _LABELS]
    return zip(table.series, zip(*columns, strict=True), strict=True)


def _stretches(
    one: Series,
) -> Iterator[tuple[list[int], NDArray[np.float64], NDArray[np.float64]]]:
    """The points of a series, so many at once that a file's text is never whole in memory."""
    for start in range(0, len(one), _POINTS_AT_ONCE):
        part = slice(start, start + _POINTS_AT_ONCE)
        yield one.steps[part].tolist(), one.wall_times[part], one.values[part]


def _digits(numbers: NDArray[np.float64], quote: str = "") -> list[str]:
    """The shortest digits that give each float64 back; what is not finite by name, in quotes."""
    digits = [repr(number) for number in numbers.tolist()]
    for place in np.flatnonzero(~np.isfinite(numbers)).tolist():
        digits[place] = f"{quote}{_BY_NAME[digits[place]]}{quote}"
    return digits
