"""Many records of a `.wandb` file at once: where the items in them lie, as arrays.

Nearly every record is a number and a message, nearly every item a short key and a short value. The
first items of all records are looked at together, then all second ones, and so on: a step of the
work is one operation on arrays, however many records there are. Where something else stands, a
record is left to `wandb_record`, whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .wandb_record import record_part

__all__ = ["Group", "Messages", "blocks", "find_items"]

_Ints = NDArray[np.int64]

_NUM, _HISTORY, _SUMMARY = 0x08, 0x12, 0x1A
_ITEM, _STEP = 0x0A, 0x12
_KEY, _NESTED_KEY = 0x0A, 0x12
_VALUE = (0x82, 0x01)
_ONE_BYTE = 127
_LONGEST_NUMBER = 10
_MOST_PARTS = 8

_AT_ONCE = 2**16
_BYTES_AT_ONCE = 64 * 2**20

_WORD = 8
# An odd number; the fractional part of the golden ratio.
_MIX = np.uint64(0x9E3779B97F4A7C15)
_FEW_KEYS = 32


@dataclass(frozen=True, slots=True)
class Messages:
    """The messages in some records: `kinds` as in `record_part`, and where they lie in `data`.

    `padded` are the bytes of the data, and zeros behind them for what is looked at too far.
    """

    data: bytes
    padded: NDArray[np.uint8]
    kinds: _Ints
    starts: _Ints
    ends: _Ints

    def of_kind(self, kind: int) -> Messages:
        """Those of one kind."""
        return self._chosen(self.kinds == kind)

    def but_for(self, *kinds: int) -> Messages:
        """Those of all other kinds."""
        return self._chosen(~np.isin(self.kinds, kinds))

    def _chosen(self, which: NDArray[np.bool_]) -> Messages:
        where = self.kinds[which], self.starts[which], self.ends[which]
        return Messages(self.data, self.padded, *where)

    def spans(self) -> Iterator[tuple[int, int, int]]:
        """Each with its kind, its start and its end."""
        columns = (self.kinds.tolist(), self.starts.tolist(), self.ends.tolist())
        return zip(*columns, strict=True)


@dataclass(frozen=True, slots=True)
class Group:
    """The items with one key (raw, see `wandb_record.item_key`): messages by number, ascending.

    Values lie in the data of the messages.
    """

    key: bytes
    rows: _Ints
    starts: _Ints
    ends: _Ints


@dataclass(frozen=True, slots=True)
class _Found:
    rows: _Ints
    keys: _Ints
    values: _Ints
    ends: _Ints


def blocks(records: Sequence[bytes]) -> Iterator[Messages]:
    """The messages in all records, many at a time; raises WireError for what is no record."""
    sizes = np.fromiter(map(len, records), np.int64, len(records))
    behind = np.cumsum(sizes)
    at = 0
    while at < len(records):
        most = behind[at] - sizes[at] + _BYTES_AT_ONCE
        stop = min(at + _AT_ONCE, max(at + 1, int(np.searchsorted(behind, most, "right"))))
        yield _messages(records[at:stop], sizes[at:stop])
        at = stop


def _messages(records: Sequence[bytes], sizes: _Ints) -> Messages:
    data = b"".join(records)
    ends = np.cumsum(sizes)
    behind = 2 * _ONE_BYTE + 2 + _WORD
    padded = np.zeros(-(-(len(data) + behind) // _WORD) * _WORD, np.uint8)
    padded[: len(data)] = np.frombuffer(data, np.uint8)
    # A number, the tag of the kind, and a length of one byte or two.
    at = ends - sizes + 1
    good = padded[at - 1] == _NUM
    for _ in range(_LONGEST_NUMBER):
        more = (at < ends) & (padded[at] > _ONE_BYTE)
        if not more.any():
            break
        at = at + more
    tag = np.minimum(at + 1, ends)
    low, high = padded[tag + 1].astype(np.int64), padded[tag + 2].astype(np.int64)
    long = low > _ONE_BYTE
    starts = tag + np.where(long, 3, 2)
    lengths = np.where(long, low + (high << 7) - 128, low)
    good &= ((padded[tag] == _HISTORY) | (padded[tag] == _SUMMARY)) & (starts + lengths == ends)
    good &= ~long | (high <= _ONE_BYTE)
    kinds = np.where(good, padded[tag] >> 3, 0).astype(np.int64)
    for one in np.flatnonzero(~good).tolist():
        kind, start, end = record_part(records[one])
        first = int(ends[one]) - len(records[one])
        kinds[one], starts[one], ends[one] = kind, first + start, first + end
    return Messages(data, padded, kinds, starts, ends)


def find_items(messages: Messages, *, step: bool) -> tuple[list[Group], list[int]]:
    """The items of messages by key, and the numbers of those that have to be parsed by themselves.

    With `step` the messages are of a history: behind the items of one may stand its step.
    """
    count = len(messages.starts)
    padded = messages.padded
    found = list(_all_items(padded, messages.starts, messages.ends, step=step))
    odd = np.unique(np.concatenate([np.zeros(0, np.int64), *(bad for _, bad in found)]))
    groups = _groups(messages.data, padded, _joined([good for good, _ in found], odd, count))
    if groups is None:  # two keys that are one by their hashes: someone has made them so
        return [], list(range(count))
    return groups, odd.tolist()


def _all_items(
    data: NDArray[np.uint8], starts: _Ints, ends: _Ints, *, step: bool
) -> Iterator[tuple[_Found, _Ints]]:
    """The first item of every message, then the second ones; and the messages that are odd."""
    rows = np.flatnonzero(starts < ends)
    at, end = starts[rows], ends[rows]
    while len(rows):
        size, key_size = data[at + 1], data[at + 3]
        stop = at + 2 + size
        good = (data[at] == _ITEM) & (size <= _ONE_BYTE) & (key_size <= _ONE_BYTE) & (stop <= end)
        good &= (data[at + 2] == _KEY) | (data[at + 2] == _NESTED_KEY)
        value = _behind_keys(data, np.where(good, at + 4 + key_size, end), end)
        # A length beyond the message makes the rest of no meaning: look within it alone.
        near = np.minimum(value, end)
        good &= (data[near] == _VALUE[0]) & (data[near + 1] == _VALUE[1]) & (value + 3 <= stop)
        good &= value + 3 + data[near + 2] == stop
        bad = ~good
        if step:  # its step is all that is left: nothing of it is an item
            bad &= ~((data[at] == _STEP) & (size <= _ONE_BYTE) & (stop == end))
        yield _Found(rows[good], at[good] + 2, value[good], stop[good]), rows[bad]
        good &= stop < end
        rows, at, end = rows[good], stop[good], end[good]


def _behind_keys(data: NDArray[np.uint8], at: _Ints, end: _Ints) -> _Ints:
    """The places behind further parts of nested keys; some part is left where there are many."""
    for _ in range(_MOST_PARTS):
        near = np.minimum(at, end)
        more = (at < end) & (data[near] == _NESTED_KEY) & (data[near + 1] <= _ONE_BYTE)
        if not more.any():
            break
        at = np.where(more, at + 2 + data[near + 1], at)
    return at


def _joined(found: Sequence[_Found], odd: _Ints, count: int) -> _Found:
    """All items of the messages that are not odd, those of one message in its order."""
    rows, keys, values, ends = (
        np.concatenate([np.zeros(0, np.int64), *(getattr(one, name) for one in found)])
        for name in ("rows", "keys", "values", "ends")
    )
    if len(odd):
        whole = np.ones(count, dtype=bool)
        whole[odd] = False
        kept = whole[rows]
        rows, keys, values, ends = rows[kept], keys[kept], values[kept], ends[kept]
    return _Found(rows, keys, values, ends)


def _groups(data: bytes, padded: NDArray[np.uint8], items: _Found) -> list[Group] | None:
    """Items by key, of a key that a message has twice the last; None where hashes fall together."""
    words = padded.view("<u8")
    sizes = items.values - items.keys
    groups = []
    for of_size in _alike(sizes):
        size = int(sizes[of_size[0]])
        keys = items.keys[of_size]
        parts = [
            _word_at(words, keys + at) & np.uint64(2 ** (8 * min(size - at, _WORD)) - 1)
            for at in range(0, size, _WORD)
        ]
        hashes = parts[0]
        for part in parts[1:]:
            hashes = (hashes ^ (hashes >> np.uint64(29))) * _MIX ^ part
        for chosen in _alike(hashes):
            if not all((part[chosen] == part[chosen[0]]).all() for part in parts[1:]):
                return None
            groups.append(_group(data, items, of_size[chosen]))
    return groups


def _word_at(words: NDArray[np.uint64], at: _Ints) -> NDArray[np.uint64]:
    """The eight bytes from each place on, out of the words that they begin and end in."""
    whole = at >> 3
    bits = ((at & 7) << 3).astype(np.uint64)
    behind = (words[whole + 1] << np.uint64(1)) << (np.uint64(63) - bits)
    found: NDArray[np.uint64] = words[whole] >> bits | behind
    return found


def _group(data: bytes, items: _Found, chosen: _Ints) -> Group:
    key = data[items.keys[chosen[0]] : items.values[chosen[0]]]
    rows = items.rows[chosen]
    if (rows[1:] <= rows[:-1]).any():
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        last = np.append(rows[1:] != rows[:-1], True)
        rows, chosen = rows[last], chosen[order][last]
    return Group(key, rows, items.values[chosen] + len(_VALUE) + 1, items.ends[chosen])


def _alike(values: NDArray[np.int64] | NDArray[np.uint64]) -> Iterator[_Ints]:
    """The places of each value, ascending; fast for few values."""
    left = np.arange(len(values))
    for _ in range(_FEW_KEYS):
        if not len(left):
            return
        same = values == values[0]
        yield left[same]
        left, values = left[~same], values[~same]
    if len(left):
        order = np.argsort(values, kind="stable")
        cuts = np.flatnonzero(values[order][1:] != values[order][:-1]) + 1
        yield from np.split(left[order], cuts)
