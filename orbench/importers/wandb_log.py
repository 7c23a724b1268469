"""The framing of `.wandb` files: whole records in order, damaged places skipped and told.

A header of 7 bytes (`:W&B`, 0xBEE1, version 0), then the log format of LevelDB: blocks of 32 KiB,
in each of them pieces of a crc-32, a length of 16 bits, a type and the data. A record is one piece
(full) or several (first, middle, last). See wandb/sdk/internal/datastore.py of the older releases,
and https://github.com/google/leveldb/blob/main/doc/log_format.md, whose crc is another one.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

__all__ = ["WandbLog", "WandbLogError", "scan_log"]

_MAGIC, _CODE, _VERSION = b":W&B", 0xBEE1, 0
_HEADER = struct.Struct("<4sHB")
_PIECE = struct.Struct("<IHB")
_BLOCK = 2**15
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_CRC_OF_TYPE = [zlib.crc32(bytes([kind])) for kind in range(_LAST + 1)]


class WandbLogError(ValueError):
    """These bytes are no log of W&B, or one of a newer format."""


@dataclass(frozen=True, slots=True)
class WandbLog:
    """The records of a log; `cut` says what was left at its end, `damage` what in its middle."""

    records: list[bytes]
    cut: str = ""
    damage: str = ""


def scan_log(data: bytes) -> WandbLog:
    """The whole records of a `.wandb` file; raises WandbLogError for what is none."""
    _check_header(data)
    records: list[bytes] = []
    pieces: list[bytes] = []
    cut = ""
    at, end, skipped = _HEADER.size, len(data), 0
    while at < end:
        if not pieces and (at := _full_records(data, at, records)) == end:
            break
        left = _BLOCK - at % _BLOCK
        if left < _PIECE.size:
            at += left
            continue
        if end - at < _PIECE.size:
            cut = f"{end - at:,} bytes of an incomplete record"
            break
        crc, length, kind = _PIECE.unpack_from(data, at)
        start = at + _PIECE.size
        body = data[start : start + length]
        if length + _PIECE.size <= left and len(body) < length:
            cut = f"{end - at:,} bytes of an incomplete record"
            break
        whole = _FULL <= kind <= _LAST and length + _PIECE.size <= left
        if not whole or zlib.crc32(body, _CRC_OF_TYPE[kind]) != crc:
            # Where pieces begin is known again at the next block.
            skipped += min(left, end - at) if any(data[at : at + left]) else 0
            at += left
            pieces = []
            continue
        at = start + length
        if kind == _FULL:
            records.append(body)
            pieces = []
        elif kind == _FIRST:
            pieces = [body]
        elif pieces:
            pieces.append(body)
            if kind == _LAST:
                records.append(b"".join(pieces))
                pieces = []
    if pieces and not cut:
        cut = f"{sum(map(len, pieces)):,} bytes of an incomplete record"
    return WandbLog(records, cut, f"{skipped:,} bytes are damaged" if skipped else "")


def _full_records(data: bytes, at: int, records: list[bytes]) -> int:
    """Add the records of one piece, as most are, up to the end of the block or something else."""
    end = min(at - at % _BLOCK + _BLOCK, len(data))
    unpack, crc32, add = _PIECE.unpack_from, zlib.crc32, records.append
    size, of_full = _PIECE.size, _CRC_OF_TYPE[_FULL]
    last = end - size
    while at <= last:
        crc, length, kind = unpack(data, at)
        stop = at + size + length
        body = data[at + size : stop]
        if kind != _FULL or stop > end or crc32(body, of_full) != crc:
            break
        add(body)
        at = stop
    return at


def _check_header(data: bytes) -> None:
    if len(data) < _HEADER.size:
        raise WandbLogError("is no .wandb file: it has not even a header")
    magic, code, version = _HEADER.unpack_from(data)
    if (magic, code) != (_MAGIC, _CODE):
        raise WandbLogError("is no .wandb file: it does not begin as one")
    if version != _VERSION:
        raise WandbLogError(
            f"is of version {version} of the format, which is newer than this orbench reads (0)"
        )
