"""Hyperparameters as TensorBoard keeps them: the hparams plugin's, and CleanRL's table of text."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..run import JsonValue
from .wire import BYTES, FIXED64, VARINT, Field, WireError, fields, varint

__all__ = ["hparams_of", "table_of"]


def hparams_of(content: bytes) -> dict[str, JsonValue]:
    """The hyperparameters in what the plugin `hparams` keeps at the start of a session.

    HParamsPluginData: 3 session_start_info; there 1 hparams, a map of text to protobuf's Value
    (1 null, 2 number, 3 string, 4 bool). Whole numbers are given as such. What is none of it, or is
    broken, is an empty mapping.
    """
    found: dict[str, JsonValue] = {}
    try:
        for part in fields(content, 0, len(content)):
            if part.number == 3 and part.kind == BYTES:
                found |= dict(_entries(content, part))
    except WireError:
        return {}
    return found


def table_of(text: str) -> dict[str, str]:
    r"""The cells of a Markdown table of two columns, `|param|value|`, as CleanRL writes its args.

    >>> table_of("|param|value|\n|-|-|\n|seed|1|\n|lr|0.1|")
    {'seed': '1', 'lr': '0.1'}
    """
    rows = [line.strip() for line in text.splitlines() if line.strip()]
    if len(rows) < 2 or set(rows[1]) - set("|-: "):
        return {}
    found = {}
    for row in rows[2:]:
        key, bar, value = row.strip("|").partition("|")
        if bar:
            found[key.strip()] = value.strip()
    return found


def _entries(content: bytes, session: Field) -> Iterator[tuple[str, JsonValue]]:
    for part in fields(content, session.start, session.end):
        if part.number == 1 and part.kind == BYTES:
            pair = {one.number: one for one in fields(content, part.start, part.end)}
            if 1 in pair and 2 in pair:
                key = content[pair[1].start : pair[1].end].decode("utf-8", "replace")
                yield key, _value(content, pair[2])


def _value(content: bytes, message: Field) -> JsonValue:
    for part in fields(content, message.start, message.end):
        if part.number == 2 and part.kind == FIXED64:
            number = struct.unpack_from("<d", content, part.start)[0]
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        if part.number == 3 and part.kind == BYTES:
            return content[part.start : part.end].decode("utf-8", "replace")
        if part.number == 4 and part.kind == VARINT:
            return bool(varint(content, part.start, part.end)[0])
    return None
