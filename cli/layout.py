"""How a table is laid out in text: aligned columns, or, where they do not fit, one record a row.

Nothing is ever cut off: a table that is too wide for the terminal folds its long texts, and one
that is still too wide becomes records of `name: value` lines.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Column", "Layout", "choose_layout", "plain_records", "plain_table", "text_width"]

_GAP = 2
_NARROWEST_FOLD = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column ready to be laid out: its heading and its cells, one a row."""

    heading: str
    cells: Sequence[str]
    right: bool = False
    may_fold: bool = False

    @property
    def width(self) -> int:
        """The width at which nothing folds."""
        return max(map(text_width, (self.heading, *self.cells)))

    @property
    def least_width(self) -> int:
        """The narrowest that this column may become."""
        return min(self.width, max(_NARROWEST_FOLD, text_width(self.heading)))


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table goes on a page: as a table, folded or not, or as records."""

    as_table: bool
    folded: bool = False


def choose_layout(columns: Sequence[Column], width: int | None, *, can_fold: bool) -> Layout:
    """The layout for a page of `width` columns of text (None: as wide as needed)."""
    gaps = _GAP * (len(columns) - 1)
    if width is None or sum(column.width for column in columns) + gaps <= width:
        return Layout(as_table=True)
    least = sum(column.least_width if column.may_fold else column.width for column in columns)
    folded = can_fold and least + gaps <= width
    return Layout(as_table=folded, folded=folded)


def plain_table(columns: Sequence[Column]) -> list[str]:
    """Lines of aligned text: a heading, then one line a row."""
    rows = zip(
        *(_aligned((column.heading, *column.cells), column.right) for column in columns),
        strict=True,
    )
    return [(" " * _GAP).join(row).rstrip() for row in rows]


def plain_records(columns: Sequence[Column], width: int | None) -> list[str]:
    """One block of `name: value` lines a row, blank lines between; empty cells are left out."""
    wide = max(text_width(column.heading) for column in columns) + _GAP
    rows = zip(*(column.cells for column in columns), strict=True)
    blocks = [
        [
            line
            for column, cell in zip(columns, row, strict=True)
            if cell
            for line in _record_lines(column.heading, cell, wide, width)
        ]
        for row in rows
    ]
    return [line for block in blocks for line in ("", *block)][1:]


def _record_lines(name: str, value: str, wide: int, width: int | None) -> list[str]:
    if width is None or wide + text_width(value) <= width:
        return [_padded(name, wide) + value]
    room = max(width - 4, _NARROWEST_FOLD)
    return [name, *(f"    {line}" for line in _folded(value, room))]


def _folded(text: str, room: int) -> list[str]:
    return textwrap.wrap(text, room, break_on_hyphens=False) or [""]


def _aligned(texts: Sequence[str], right: bool) -> list[str]:
    wide = max(map(text_width, texts))
    return [_padded(text, wide, right=right) for text in texts]


def _padded(text: str, wide: int, *, right: bool = False) -> str:
    blank = " " * (wide - text_width(text))
    return blank + text if right else text + blank


def text_width(text: str) -> int:
    """How many terminal columns the text takes: two for wide characters, none for accents."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )
