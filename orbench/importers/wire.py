"""The wire format of protocol buffers, read without a schema: just what importers need.

See https://protobuf.dev/programming-guides/encoding. Nothing here trusts a length: a field that
claims more than there is raises WireError, and nothing is allocated for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["BYTES", "FIXED32", "FIXED64", "VARINT", "Field", "WireError", "fields", "varint"]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

_MAX_VARINT = 10


class WireError(ValueError):
    """These bytes are no protocol buffer."""


class Field(NamedTuple):
    """One field of a message: its number, its wire type, and where its value lies in the buffer.

    For a varint, `start` to `end` is the varint itself.
    """

    number: int
    kind: int
    start: int
    end: int


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The varint at a place, and the place behind it; raises WireError."""
    value = shift = 0
    for place in range(at, min(end, at + _MAX_VARINT)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise WireError("a number does not end")


def fields(data: bytes, start: int, end: int) -> Iterator[Field]:
    """The fields of the message in `data[start:end]`, in order; raises WireError."""
    at = start
    while at < end:
        key, value_at = varint(data, at, end)
        kind = key & 7
        if kind == VARINT:
            _, at = varint(data, value_at, end)
        elif kind == FIXED64:
            at = value_at + 8
        elif kind == FIXED32:
            at = value_at + 4
        elif kind == BYTES:
            length, value_at = varint(data, value_at, end)
            at = value_at + length
        else:
            raise WireError(f"a field has the wire type {kind}")
        if at > end:
            raise WireError("a field is longer than its message")
        yield Field(key >> 3, kind, value_at, at)
