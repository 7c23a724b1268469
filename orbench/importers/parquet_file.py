"""Parquet files as tables, read a batch of rows at a time.

A few kilobytes can stand for gigabytes: one long text in every row, or a list of millions of zeros.
Texts are read as what they are in the file, each once with its places, and lists have an end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import ImportFileError, MissingExtraError
from .table_file import MOST_COLUMNS, Cell, TableFile

__all__ = ["open_parquet"]

_ROWS_AT_ONCE = 4_096
_NESTED_ROWS_AT_ONCE = 64  # of structs and maps each row has texts of its own
_MOST_ROWS_AT_ONCE_BYTES = 2**30
_MOST_LISTED = 2**24


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
        schema = parquet.read_schema(path)
        columns = tuple(schema.names)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise ImportFileError(f"{name}: is damaged or no Parquet file: {_line(error)}") from error
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    largest = max((group.total_byte_size for group in groups), default=0)
    if largest > _MOST_ROWS_AT_ONCE_BYTES or len(columns) > MOST_COLUMNS:
        raise ImportFileError(
            f"{name}: has {len(columns):,} columns and row groups of {largest:,} bytes; the most "
            f"are {MOST_COLUMNS:,} and {_MOST_ROWS_AT_ONCE_BYTES:,}"
        )
    _check_lists(metadata.schema, groups, name)
    texts = [leaf.path for leaf in _leaves(metadata.schema) if _is_text(leaf)]
    nested = any(pyarrow.types.is_struct(one) or pyarrow.types.is_map(one) for one in schema.types)
    size = _NESTED_ROWS_AT_ONCE if nested else _ROWS_AT_ONCE

    def rows() -> Iterator[Sequence[Cell]]:
        try:
            with parquet.ParquetFile(path, read_dictionary=texts) as file:
                for batch in file.iter_batches(batch_size=size):
                    yield from zip(*map(_cells, batch), strict=True)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise ImportFileError(f"{name}: cannot be read: {_line(error)}") from error

    return TableFile(name, columns, rows)


def _leaves(schema: Any) -> list[Any]:  # pyarrow has no types
    return [schema.column(place) for place in range(len(schema))]


def _is_text(leaf: Any) -> bool:
    return bool(leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type != "DECIMAL")


def _check_lists(schema: Any, groups: Sequence[Any], name: str) -> None:
    """Raises ImportFileError where lists hold more than can be read at once."""
    for place, leaf in enumerate(_leaves(schema)):
        listed = max((group.column(place).num_values for group in groups), default=0)
        if leaf.max_repetition_level and listed > _MOST_LISTED:
            raise ImportFileError(
                f"{name}: the lists of column '{leaf.path}' hold {listed:,} values in a row group;"
                f" the most are {_MOST_LISTED:,}"
            )


def _cells(array: Any) -> list[Cell]:
    """The values of an array of pyarrow; a text that stands in many rows is there once."""
    from pyarrow import string, types

    kind = array.type
    if types.is_dictionary(kind):
        shared = _cells(array.dictionary)
        return [None if place is None else shared[place] for place in array.indices.to_pylist()]
    if types.is_list(kind) or types.is_large_list(kind):
        items = iter(_cells(array.flatten()))
        lengths = array.value_lengths().to_pylist()
        return [
            None if length is None else [next(items) for _ in range(length)] for length in lengths
        ]
    if types.is_timestamp(kind) and kind.unit == "ns":
        array = array.cast(string())  # Python's own times have no nanoseconds
    return [_cell(one) for one in array.to_pylist()]


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
