"""Rows of a `.wandb` file as columns, and the last values of a summary; see `wandb_items`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .wandb_items import Messages, find_items
from .wandb_record import WireError, removals, scan_items

__all__ = ["Columns", "LastValues", "Part"]

_MOST_COLUMNS = 100_000


@dataclass(frozen=True, slots=True)
class Part:
    """Values of one key as JSON texts that lie in `data`, each with the number of its row.

    Rows ascend.
    """

    rows: NDArray[np.int64]
    data: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def texts(self) -> list[bytes]:
        """The values."""
        data, spans = self.data, zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        return [data[start:end] for start, end in spans]

    def listed(self) -> bytes:
        """The values as one list of JSON, if each of them is JSON."""
        # Each value with the byte behind it, which then is a comma.
        sizes = self.ends - self.starts + 1
        behind = np.cumsum(sizes)
        places = np.arange(behind[-1]) + np.repeat(self.starts - behind + sizes, sizes)
        # The last value may end the data.
        together = np.frombuffer(self.data, np.uint8)[np.minimum(places, len(self.data) - 1)]
        together[behind - 1] = ord(",")
        together[-1] = ord("]")
        listed: bytes = together.tobytes()
        return b"[" + listed


@dataclass(slots=True)
class Columns:
    """Columns by raw key (see `wandb_record.item_key`), each in parts, of so many rows.

    `close` ends the adding of rows. All raise WireError for what is none, and for more keys than
    there can be.
    """

    parts: dict[bytes, list[Part]] = field(default_factory=dict)
    rows: int = 0
    _single: dict[bytes, tuple[list[int], list[bytes]]] = field(default_factory=dict)

    def add(self, items: Mapping[bytes, bytes]) -> None:
        """Add a row of items."""
        self._add(self.rows, items)
        self.rows += 1

    def add_messages(self, messages: Messages) -> None:
        """Add a row for each message of a history."""
        groups, odd = find_items(messages, step=True)
        for group in groups:
            part = Part(group.rows + self.rows, messages.data, group.starts, group.ends)
            self._put(group.key, part)
        for at in odd:
            span = int(messages.starts[at]), int(messages.ends[at])
            self._add(self.rows + at, scan_items(messages.data, *span))
        self.rows += len(messages.starts)

    def close(self) -> None:
        """Make columns of the rows that came one by one."""
        for raw, (rows, texts) in self._single.items():
            ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
            starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
            data = b"".join((*texts, b"\n"))  # a byte behind the last, for `listed`
            self._put(raw, Part(np.array(rows, np.int64), data, starts, ends))
        self._single = {}

    def _add(self, row: int, items: Mapping[bytes, bytes]) -> None:
        for raw, text in items.items():
            if raw not in self._single:
                self._check(len(self._single))
                self._single[raw] = ([], [])
            rows, texts = self._single[raw]
            rows.append(row)
            texts.append(text)

    def _put(self, raw: bytes, part: Part) -> None:
        if raw not in self.parts:
            self._check(len(self.parts))
            self.parts[raw] = []
        self.parts[raw].append(part)

    def _check(self, keys: int) -> None:
        if keys >= _MOST_COLUMNS:
            raise WireError(f"has more than {_MOST_COLUMNS:,} keys")


@dataclass(slots=True)
class LastValues:
    """The last value of each key that was not removed since."""

    values: dict[bytes, bytes] = field(default_factory=dict)

    def add_messages(self, messages: Messages) -> None:
        """Update by each message of a summary in its turn; raises WireError."""
        groups, odd = find_items(messages, step=False)
        changed: dict[bytes, int] = {}
        for at in odd:
            start, end = int(messages.starts[at]), int(messages.ends[at])
            updates = scan_items(messages.data, start, end)
            removed = [
                messages.data[first:last] for first, last in removals(messages.data, start, end)
            ]
            self.values |= updates
            for raw in removed:
                self.values.pop(raw, None)
            changed |= dict.fromkeys((*updates, *removed), at)
        for group in groups:
            if group.rows[-1] > changed.get(group.key, -1):
                self.values[group.key] = messages.data[group.starts[-1] : group.ends[-1]]
