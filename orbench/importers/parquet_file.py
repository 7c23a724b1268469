"""Parquet files as tables, read a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import ImportFileError, MissingExtraError
from .table_file import MOST_COLUMNS, Cell, TableFile

__all__ = ["open_parquet"]

_ROWS_AT_ONCE = 4_096
_MOST_ROWS_AT_ONCE_BYTES = 2**30


def open_parquet(path: Path, name: str) -> TableFile:
    """The table in a Parquet file; raises ImportFileError, and MissingExtraError without pyarrow.

    Numbers, texts, dates (as ISO texts) and lists of them are cells; what else a column may hold is
    an error when it is read.
    """
    try:
        import pyarrow  # type: ignore[import-untyped]
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading Parquet files", "parquet") from error
    try:
        metadata = parquet.read_metadata(path)
        columns = tuple(parquet.read_schema(path).names)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise ImportFileError(f"{name}: is damaged or no Parquet file: {_line(error)}") from error
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    largest = max((group.total_byte_size for group in groups), default=0)
    if largest > _MOST_ROWS_AT_ONCE_BYTES or len(columns) > MOST_COLUMNS:
        raise ImportFileError(
            f"{name}: has {len(columns):,} columns and row groups of {largest:,} bytes; the most "
            f"are {MOST_COLUMNS:,} and {_MOST_ROWS_AT_ONCE_BYTES:,}"
        )

    def rows() -> Iterator[Sequence[Cell]]:
        try:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                    values = [[_cell(one) for one in column.to_pylist()] for column in batch]
                    yield from zip(*values, strict=True)
        except (pyarrow.ArrowException, OSError) as error:
            raise ImportFileError(f"{name}: cannot be read: {_line(error)}") from error

    return TableFile(name, columns, rows)


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [_cell(one) for one in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # Dates and times write themselves as ISO texts.
    return str(value)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
