"""The framing of TFRecord files, in which TensorBoard's event files are written.

| bytes | are |
|---|---|
| 8 | the length of the record, little-endian |
| 4 | the masked CRC-32C of these 8 bytes |
| length | the record |
| 4 | its masked CRC-32C |

A writer that was killed leaves an incomplete record at the end: it is cut off and told. A record
whose checksum does not fit ends what is read: behind it nothing is sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Records", "crc32c", "masked", "scan_records"]

_HEADER, _FOOTER = 12, 4
_MASK_DELTA = 0xA282EAD8
_POLYNOMIAL = 0x82F63B78
# Records up to this size are checked many at once, larger ones byte by byte, up to a limit.
_SMALL = 1024
_CHECKED_AT_MOST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Records:
    """Where the whole records of a file lie: `starts` and `lengths` of their data (n).

    `cut` says in words what was left at the end; empty if nothing was.
    """

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    cut: str = ""


def scan_records(data: bytes) -> Records:
    """Find the whole records, and check them; no length is believed that the file does not hold."""
    starts, lengths, at = _walk(data)
    found = Records(np.array(starts, np.int64), np.array(lengths, np.int64))
    whole = np.frombuffer(data, np.uint8)
    bad = _first_bad(whole, data, found)
    if bad < len(starts):
        at = int(starts[bad]) - _HEADER
        cut = f"{len(data) - at:,} bytes from byte {at:,} on: a record's checksum does not fit"
        return Records(found.starts[:bad], found.lengths[:bad], cut)
    if at < len(data):
        cut = f"{len(data) - at:,} bytes of an incomplete record at byte {at:,}"
        return Records(found.starts, found.lengths, cut)
    return found


def crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli) of some bytes, as RFC 3720 has it.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table = _TABLE_LIST
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """A checksum as it stands in the file: rotated and shifted, so that it is none of itself."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def _walk(data: bytes) -> tuple[list[int], list[int], int]:
    starts: list[int] = []
    lengths: list[int] = []
    size, at = len(data), 0
    number = int.from_bytes
    while at + _HEADER + _FOOTER <= size:
        length = number(data[at : at + 8], "little")
        end = at + _HEADER + length + _FOOTER
        if end > size:
            break
        starts.append(at + _HEADER)
        lengths.append(length)
        at = end
    return starts, lengths, at


def _first_bad(whole: NDArray[np.uint8], data: bytes, found: Records) -> int:
    """The place of the first record with a wrong checksum; their number if there is none."""
    n = len(found.starts)
    if not n:
        return 0
    headers = _crcs(whole, found.starts - _HEADER, 8)
    good = _masked_many(headers) == _words(whole, found.starts - 4)
    for length in np.unique(found.lengths):
        rows = np.flatnonzero(found.lengths == length)
        if length <= _SMALL:
            crcs = _masked_many(_crcs(whole, found.starts[rows], int(length)))
        elif length <= _CHECKED_AT_MOST:
            crcs = np.array(
                [masked(crc32c(data[at : at + length])) for at in found.starts[rows]], np.uint32
            )
        else:
            continue
        good[rows] &= crcs == _words(whole, found.starts[rows] + length)
    return n if good.all() else int(np.argmin(good))


def _table() -> Iterator[int]:
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        yield crc


_TABLE_LIST = list(_table())
_TABLE = np.array(_TABLE_LIST, np.uint32)


def _crcs(whole: NDArray[np.uint8], starts: NDArray[np.int64], length: int) -> NDArray[np.uint32]:
    """The checksums of many stretches of one length, byte by byte for all at once."""
    crc = np.full(len(starts), 0xFFFFFFFF, np.uint32)
    for place in range(length):
        crc = _TABLE[(crc ^ whole[starts + place]) & 0xFF] ^ (crc >> np.uint32(8))
    return crc ^ np.uint32(0xFFFFFFFF)


def _masked_many(crc: NDArray[np.uint32]) -> NDArray[np.uint32]:
    turned = (crc >> np.uint32(15)) | (crc << np.uint32(17))
    return turned + np.uint32(_MASK_DELTA)


def _words(whole: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The little-endian 32-bit words at these places."""
    places = starts[:, None] + np.arange(4)
    return np.ascontiguousarray(whole[places]).view("<u4")[:, 0].astype(np.uint32)
