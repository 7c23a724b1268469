"""Arrays in files: `.npy` and `.npz` as tables. Never with pickle; nothing is believed.

A header may claim any size. What it claims is compared with the bytes that are there before
anything is made of it, and an archive's members are read up to a limit, whatever it says of them.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ImportFileError
from .table_file import MOST_COLUMNS, Cell, TableFile

__all__ = ["MOST_ARRAY_BYTES", "open_arrays", "read_arrays"]

MOST_ARRAY_BYTES = 2**30
"""An array file holds at most this many bytes of numbers, unpacked."""

_MOST_MEMBERS = 1_000
_ROWS_AT_ONCE = 4_096
_KINDS = "biufSU"

Array = NDArray[Any]  # of any kind of number or text


def open_arrays(path: Path, name: str, *, transpose: bool) -> TableFile:
    """The table in a `.npy` or `.npz` file; raises ImportFileError.

    Rows are the first axis. An array (n) is a column: `value`, or in an archive its name. One of
    (n, k) is the columns `0`, `1`, ...; in an archive `name.0`, `name.1`, ...; fields of a
    structured array are columns of their names. One number is a column of it.
    """
    arrays = read_arrays(path, name)
    columns: dict[str, Array] = {}
    for key, array in arrays.items():
        columns |= _columns(key, array.T if transpose else array, name)
    return _table(columns, name)


def read_arrays(path: Path, name: str) -> dict[str, Array]:
    """The arrays in a `.npz` file by name, or that of an `.npy` file as ``; never unpickled.

    Raises ImportFileError.
    """
    try:
        if path.suffix.lower() == ".npy":
            return {"": _read_npy_file(path, name)}
        return _read_npz_file(path, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ImportFileError(f"{name}: is damaged or not an .npz file: {error}") from error


def _table(columns: Mapping[str, Array], name: str) -> TableFile:
    lengths = sorted({len(column) for column in columns.values() if column.ndim})
    if not lengths:
        raise ImportFileError(f"{name}: holds no array with rows")
    # Shorter arrays are columns that end early: empty cells, which are counted where mapped.
    return TableFile(name, tuple(columns), lambda: _rows(list(columns.values()), lengths[-1]))


def _rows(columns: Sequence[Array], length: int) -> Iterator[Sequence[Cell]]:
    for start in range(0, length, _ROWS_AT_ONCE):
        size = min(_ROWS_AT_ONCE, length - start)
        yield from zip(*(_block(column, start, size) for column in columns), strict=True)


def _block(column: Array, start: int, size: int) -> list[Cell]:
    if not column.ndim:
        return [_cell(column.item())] * size
    cells = [_cell(value) for value in column[start : start + size].tolist()]
    return cells + [None] * (size - len(cells))


def _cell(value: Any) -> Cell:  # what numpy makes of an element
    cell: Cell = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return cell


def _columns(key: str, array: Array, name: str) -> dict[str, Array]:
    """The columns in one array, by name; raises ImportFileError for one that is no table."""
    if array.dtype.names:
        if array.ndim != 1:
            raise ImportFileError(f"{name}: a structured array of {array.ndim} axes is no table")
        prefix = f"{key}." if key else ""
        return {f"{prefix}{field}": array[field] for field in array.dtype.names}
    if array.ndim > 2 and set(array.shape[2:]) == {1}:
        array = array.reshape(array.shape[:2])
    if array.ndim <= 1:
        return {key or "value": array}
    if array.ndim > 2:
        raise ImportFileError(
            f"{name}: an array of shape {array.shape} is no table; save it with 1 or 2 axes"
        )
    if not 0 < array.shape[1] <= MOST_COLUMNS:
        raise ImportFileError(
            f"{name}: an array of shape {array.shape} has {array.shape[1]:,} columns, where 1 to "
            f"{MOST_COLUMNS:,} are read; --transpose turns it round"
        )
    prefix = f"{key}." if key else ""
    return {f"{prefix}{place}": array[:, place] for place in range(array.shape[1])}


# -- bytes


def _read_npy_file(path: Path, name: str) -> Array:
    size = path.stat().st_size
    if size > MOST_ARRAY_BYTES:
        raise _too_large(name, size)
    with path.open("rb") as file:
        array = _read_array(file, size, name)
        if file.read(1):
            raise ImportFileError(f"{name}: has more behind its array; save one array in a file")
    return array


def _read_npz_file(path: Path, name: str) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    left = MOST_ARRAY_BYTES
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if len(members) > _MOST_MEMBERS:
            raise ImportFileError(f"{name}: has {len(members):,} members, too many")
        for info in members:
            place = f"{name}: {info.filename!r:.80}"
            if not info.filename.endswith(".npy"):
                raise ImportFileError(f"{place} is no array")
            if info.file_size > left:
                raise _too_large(name, info.file_size)
            with archive.open(info) as file:
                array = _read_array(file, info.file_size, place)
            left -= info.file_size
            arrays[info.filename.removesuffix(".npy")] = array
    return arrays


def _read_array(file: IO[bytes], size: int, place: str) -> Array:
    """The array in an `.npy` stream of `size` bytes."""
    shape, fortran, dtype = _header(file, place)
    if dtype.hasobject:
        raise ImportFileError(
            f"{place}: holds pickled objects, which could run code and are never read; save it "
            "as numbers"
        )
    claimed = math.prod(shape) * dtype.itemsize
    there = size - file.tell()
    kinds = [dtype[field].kind for field in dtype.names] if dtype.names else [dtype.kind]
    if dtype.itemsize == 0 or not set(kinds) <= set(_KINDS) or any(n < 0 for n in shape):
        raise ImportFileError(f"{place}: holds {dtype} of shape {shape}, which is no table")
    if claimed > there:
        raise ImportFileError(
            f"{place}: claims {claimed:,} bytes of numbers and has {max(there, 0):,}: damaged, or "
            "cut off"
        )
    if claimed > MOST_ARRAY_BYTES:
        raise _too_large(place, claimed)
    data = file.read(claimed)
    if len(data) < claimed:
        raise ImportFileError(f"{place}: claims {claimed:,} bytes and has {len(data):,}: cut off")
    flat = np.frombuffer(data, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def _header(file: IO[bytes], place: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(file)
        if version == (2, 0):
            return np.lib.format.read_array_header_2_0(file)
    except (ValueError, TypeError, SyntaxError, EOFError) as error:
        raise ImportFileError(f"{place}: is not an .npy array: {_line(error)}") from error
    raise ImportFileError(f"{place}: is .npy of version {version}; save it again as numbers")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _too_large(place: str, size: int) -> ImportFileError:
    return ImportFileError(
        f"{place}: unpacks to {size:,} bytes, of which at most {MOST_ARRAY_BYTES:,} are read; "
        "split it"
    )
