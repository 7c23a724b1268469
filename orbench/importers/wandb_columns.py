"""Rows of a `.wandb` file as columns: rows that have the same keys are matched by one expression.

A program logs the same keys again and again. The items of such rows differ in their values alone,
so that one regular expression takes a whole row apart. Values are JSON without control characters;
what follows one is a control character (a further item, the step) or the end. The lengths that
stand before keys and values are compared with what was found, all rows of a column at once; rows
that do not fit are parsed field by field, as are those with keys of which there was no row yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .wandb_record import WireError, scan_items

__all__ = ["Columns", "Part"]

_MOST_COLUMNS = 100_000
_MOST_SHAPES = 32
_MOST_ITEMS = 500
_ONE_BYTE = 127

# The tag and the length of the value, which stand before it in an item.
_BEFORE_VALUE = 3
_STEP = rb"(?:\x12[\x02-\x0b]\x08[\x80-\xff]{0,9}[\x00-\x7f])?"

_Texts = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Values of one key as JSON texts, each with the number of its row; rows ascend."""

    rows: NDArray[np.int64]
    texts: Sequence[bytes]


@dataclass(slots=True)
class _Shape:
    """Rows with these keys in this order; `found` has three groups for each key of a row."""

    keys: tuple[bytes, ...]
    expression: re.Pattern[bytes]
    rows: list[int] = field(default_factory=list)
    found: list[tuple[bytes, ...]] = field(default_factory=list)
    places: list[tuple[bytes, int, int]] = field(default_factory=list)

    def took(self, row: int, record: bytes, start: int, end: int) -> bool:
        """Whether a row has this shape; then it is noted."""
        match = self.expression.fullmatch(record, start, end)
        if match is None:
            return False
        self.rows.append(row)
        self.found.append(match.groups())
        self.places.append((record, start, end))
        return True

    def by_key(self) -> Iterator[tuple[bytes, _Texts, _Texts, _Texts]]:
        """Each key with the lengths of its items, the lengths of its values, and its values."""
        groups = list(zip(*self.found, strict=True))
        if groups:
            yield from zip(self.keys, groups[0::3], groups[1::3], groups[2::3], strict=True)

    def fitting(self) -> NDArray[np.bool_]:
        """Which rows have the lengths that they say they have."""
        fits = np.ones(len(self.rows), dtype=bool)
        for raw, items, values, texts in self.by_key():
            sizes = np.fromiter(map(len, texts), np.int64, len(texts))
            whole = sizes + len(raw) + _BEFORE_VALUE
            fits &= (_numbers(values) == sizes) & (_numbers(items) == whole) & (whole <= _ONE_BYTE)
        return fits

    def keep(self, fits: NDArray[np.bool_]) -> None:
        """Forget the rows that do not fit."""
        if not fits.all():
            chosen = np.flatnonzero(fits).tolist()
            self.rows = [self.rows[at] for at in chosen]
            self.found = [self.found[at] for at in chosen]
        self.places = []


@dataclass(slots=True)
class Columns:
    """Builds columns by raw key (see `wandb_record.item_key`), row by row."""

    _rows: dict[bytes, tuple[list[int], list[bytes]]] = field(default_factory=dict)
    _shapes: dict[tuple[bytes, ...], _Shape] = field(default_factory=dict)
    _last: _Shape | None = None

    def add(self, row: int, items: Mapping[bytes, bytes]) -> None:
        """Add the items of a row; raises WireError for more keys than there can be."""
        for raw, text in items.items():
            column = self._rows.get(raw)
            if column is None:
                if len(self._rows) >= _MOST_COLUMNS:
                    raise WireError(f"has more than {_MOST_COLUMNS:,} keys")
                column = self._rows[raw] = ([], [])
            column[0].append(row)
            column[1].append(text)

    def add_record(self, row: int, record: bytes, start: int, end: int) -> None:
        """Add the items of a row that lie in a record; raises WireError."""
        if self._last is not None and self._last.took(row, record, start, end):
            return
        for shape in self._shapes.values():
            if shape is not self._last and shape.took(row, record, start, end):
                self._last = shape
                return
        items = scan_items(record, start, end)
        self.add(row, items)
        keys = tuple(items)
        is_new = keys not in self._shapes and len(self._shapes) < _MOST_SHAPES
        if is_new and 0 < len(keys) <= _MOST_ITEMS:
            self._shapes[keys] = _Shape(keys, _expression(keys))

    def settle(self) -> None:
        """Parse the rows again whose lengths are not those that were found; raises WireError."""
        for shape in self._shapes.values():
            fits = shape.fitting()
            for at in np.flatnonzero(~fits):
                self.add(shape.rows[at], scan_items(*shape.places[at]))
            shape.keep(fits)

    def parts(self) -> dict[bytes, list[Part]]:
        """The columns, each in parts; `settle` first."""
        found: dict[bytes, list[Part]] = {}
        for shape in self._shapes.values():
            rows = np.array(shape.rows, np.int64)
            for raw, _, _, texts in shape.by_key():
                found.setdefault(raw, []).append(Part(rows, texts))
        for raw, (places, values) in self._rows.items():
            rows = np.array(places, np.int64)
            order = np.argsort(rows, kind="stable").tolist()
            found.setdefault(raw, []).append(Part(rows[order], [values[at] for at in order]))
        return found


def _expression(keys: Sequence[bytes]) -> re.Pattern[bytes]:
    """For each key an item: its length, the key, the length of the value, the value."""
    items = [rb"\x0a(.)" + re.escape(raw) + rb"\x82\x01(.)([\x20-\xff]*+)" for raw in keys]
    return re.compile(b"".join(items) + _STEP, re.DOTALL)


def _numbers(lengths: Sequence[bytes]) -> NDArray[np.int64]:
    return np.frombuffer(b"".join(lengths), np.uint8).astype(np.int64)
