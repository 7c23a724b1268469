"""The records of a `.wandb` file: protobuf messages, of which just what importers need is read.

| message | fields |
|---|---|
| Record | 2 history, 3 summary, 4 output, 5 config, 6 files, 7 stats, 13 output_raw, 17 run |
| | 18 exit, 26 environment |
| FilesRecord | 1 files (repeated): 1 path |
| HistoryRecord | 1 item (repeated), 2 step: 1 num |
| SummaryRecord, ConfigRecord | 1 update (repeated), 2 remove (repeated) |
| item, update | 1 key, 2 nested_key (repeated), 16 value_json |
| StatsRecord | 2 timestamp, 3 item (repeated): 1 key, 16 value_json |
| OutputRecord, OutputRawRecord | 1 type (0 stderr, 1 stdout), 2 timestamp, 3 line |

From wandb/proto/wandb_internal.proto. Logs of the clients that `WandbImporter` names have these
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

from .wire import BYTES, VARINT, WireError, fields, varint

__all__ = [
    "WireError",
    "item",
    "item_key",
    "messages",
    "numbers",
    "record_part",
    "removals",
    "scan_items",
    "seconds",
    "text",
    "texts",
]

_UPDATE_KEY = 0x0A
_KEYS = (0x0A, 0x12)
_VALUE = 16
_SHORTEST = 16


def record_part(record: bytes) -> tuple[int, int, int]:
    """Which kind of record this is, by the number of its field, and where its message lies.

    0 is a kind that is not known. Raises WireError.
    """
    size = len(record)
    if size > _SHORTEST and record[0] == 0x08:
        # Most are num (1) and then a history or a summary, and nothing behind.
        at = 2
        while record[at - 1] > 127 and at < 10:
            at += 1
        if record[at] in (0x12, 0x1A):
            length = record[at + 1]
            start = at + 2
            if length > 127:
                length += (record[at + 2] << 7) - 128
                start += 1
            if start + length == size and (start == at + 2 or record[at + 2] < 128):
                return record[at] >> 3, start, size
    found = (0, 0, 0)
    for field in fields(record, 0, len(record)):
        # num (1), control (16), uuid (19) and _info (200) stand beside the kind.
        if field.kind == BYTES and field.number not in (16, 19, 200):
            return field.number, field.start, field.end
    return found


def scan_items(record: bytes, start: int, end: int) -> dict[bytes, bytes]:
    """The items of a history, or the updates of a summary: raw key to value as JSON text.

    A raw key is the bytes of the key's fields; see `item_key`. Raises WireError.
    """
    found: dict[bytes, bytes] = {}
    at = start
    while at + 5 < end and record[at] == _UPDATE_KEY:
        # Most items are one short key and one short value; anything else is parsed in full.
        size = record[at + 1]
        stop = at + 2 + size
        value = at + 4 + record[at + 3]
        if (
            size > 127
            or stop > end
            or value + 3 > stop
            or record[at + 2] not in _KEYS
            or record[value] != 0x82
            or record[value + 1] != 0x01
            or value + 3 + record[value + 2] != stop
        ):
            break
        found[record[at + 2 : value]] = record[value + 3 : stop]
        at = stop
    else:
        if at == end:
            return found
    for field in fields(record, at, end):
        if field.number == 1 and field.kind == BYTES:
            key, text_of_value = item(record, field.start, field.end)
            found[key] = text_of_value
    return found


def item(record: bytes, start: int, end: int) -> tuple[bytes, bytes]:
    """The raw key of one item, and its value as JSON text; raises WireError."""
    key, value = b"", b"null"
    at = start
    for field in fields(record, start, end):
        if field.kind == BYTES and field.number in (1, 2):
            key += record[at : field.end]
        elif field.kind == BYTES and field.number == _VALUE:
            value = record[field.start : field.end]
        at = field.end
    return key, value


def item_key(raw: bytes) -> tuple[str, ...]:
    """The key that raw bytes of `scan_items` stand for, part by part; raises WireError."""
    parts = [(one.number, one.start, one.end) for one in fields(raw, 0, len(raw))]
    nested = [part for part in parts if part[0] == 2] or parts
    return tuple(raw[start:end].decode("utf-8", "replace") for _, start, end in nested)


def texts(record: bytes, start: int, end: int, number: int) -> list[str]:
    """The texts in a repeated field of a message; raises WireError."""
    return [
        record[field.start : field.end].decode("utf-8", "replace")
        for field in fields(record, start, end)
        if field.number == number and field.kind == BYTES
    ]


def text(record: bytes, start: int, end: int, number: int) -> str:
    """The text in a field of a message, empty if it is not there; raises WireError."""
    return next(iter(texts(record, start, end, number)), "")


def numbers(record: bytes, start: int, end: int) -> dict[int, int]:
    """The varints of a message by field; raises WireError."""
    return {
        field.number: _signed(varint(record, field.start, field.end)[0])
        for field in fields(record, start, end)
        if field.kind == VARINT
    }


def messages(record: bytes, start: int, end: int, number: int) -> Iterator[tuple[int, int]]:
    """Where the messages in a repeated field lie; raises WireError."""
    for field in fields(record, start, end):
        if field.number == number and field.kind == BYTES:
            yield field.start, field.end


def seconds(record: bytes, start: int, end: int, number: int) -> float | None:
    """A timestamp in a field of a message, as seconds since the epoch; raises WireError."""
    for first, last in messages(record, start, end, number):
        parts = numbers(record, first, last)
        return parts.get(1, 0) + parts.get(2, 0) / 1e9
    return None


def removals(record: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the removed keys of a summary lie; cheap where there are none. Raises WireError."""
    at = start
    while at < end:
        key = record[at]
        if key != _UPDATE_KEY:
            yield from messages(record, at, end, 2)
            return
        length, at = varint(record, at + 1, end)
        at += length


def _signed(value: int) -> int:
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value
