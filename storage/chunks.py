"""The chunk codec: up to 4,096 points of one series as three compressed columns.

Each column is 8 bytes a point, rearranged so that equal bytes meet, then zstd:

| column | before the shuffle | after |
|---|---|---|
| steps | difference to the step before (int64, wrapping) | byte shuffle, zstd |
| values | the float64 as it is | byte shuffle, zstd |
| wall times | difference of the float64's bits, as int64, to those before | byte shuffle, zstd |

Nothing is rounded: NaN payloads, infinities, negative zero and wall times come back bit by bit.
The byte shuffle puts the first bytes of all numbers first, then the second ones, and so on. The
checksum is the CRC-32 of the three blobs in this order.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orbench.run_store import Points

from .chunk_size import CHUNK_POINTS
from .compression import FrameError, compress, decompress

__all__ = [
    "CODEC",
    "ChunkError",
    "EncodedChunk",
    "checksum",
    "decode",
    "decode_into",
    "encode",
    "joined",
    "split",
]

CODEC = 1
"""The version of this layout, kept with every chunk."""

_Bytes = NDArray[np.uint8]
_Words = NDArray[np.uint64]


class ChunkError(ValueError):
    """A chunk cannot be decoded; the message is a clause like 'fails its checksum'."""


@dataclass(frozen=True, slots=True)
class EncodedChunk:
    """A chunk as its row holds it, without its place: the columns and what is known of them.

    `first_step` and `last_step` are in the order logged. `minimum` and `maximum` are over the
    values that are not NaN (NaN if there is none); `last` is the value logged last.
    """

    n: int
    nan_count: int
    first_step: int
    last_step: int
    minimum: float
    maximum: float
    last: float
    checksum: int
    steps: bytes
    values: bytes
    wall_times: bytes


def split(points: Points) -> Iterator[Points]:
    """The points in stretches of CHUNK_POINTS; the last may be shorter."""
    for start in range(0, len(points.steps), CHUNK_POINTS):
        part = slice(start, start + CHUNK_POINTS)
        yield Points(points.steps[part], points.values[part], points.wall_times[part])


def joined(parts: list[Points]) -> Points:
    """Several stretches as one, in this order."""
    return Points(
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.wall_times for part in parts]),
    )


def encode(points: Points) -> EncodedChunk:
    """Encode 1 to CHUNK_POINTS points."""
    n = len(points.steps)
    if not 1 <= n <= CHUNK_POINTS:
        raise ValueError(f"a chunk holds 1 to {CHUNK_POINTS} points, not {n}")
    steps = np.ascontiguousarray(points.steps, dtype=np.int64)
    values = np.ascontiguousarray(points.values, dtype=np.float64)
    wall_times = np.ascontiguousarray(points.wall_times, dtype=np.float64)
    columns = (
        _pack(_differences(steps.view(np.uint64))),
        _pack(values.view(np.uint64)),
        _pack(_differences(wall_times.view(np.uint64))),
    )
    numbers = values[~np.isnan(values)]
    return EncodedChunk(
        n=n,
        nan_count=n - len(numbers),
        first_step=int(steps[0]),
        last_step=int(steps[-1]),
        minimum=float(numbers.min()) if len(numbers) else np.nan,
        maximum=float(numbers.max()) if len(numbers) else np.nan,
        last=float(values[-1]),
        checksum=checksum(*columns),
        steps=columns[0],
        values=columns[1],
        wall_times=columns[2],
    )


def checksum(steps: bytes, values: bytes, wall_times: bytes) -> int:
    """The CRC-32 of the three blobs, one after the other."""
    return zlib.crc32(wall_times, zlib.crc32(values, zlib.crc32(steps)))


def decode(
    n: int, codec: int, expected: int, steps: bytes, values: bytes, wall_times: bytes
) -> Points:
    """The points of one chunk's row; `expected` is its checksum. Raises ChunkError."""
    if not 1 <= n <= CHUNK_POINTS:
        raise ChunkError(f"claims {n} points, where 1 to {CHUNK_POINTS} are possible")
    points = Points(np.empty(n, np.int64), np.empty(n), np.empty(n))
    decode_into(points, 0, n, codec, expected, steps, values, wall_times)
    return points


def decode_into(
    out: Points,
    start: int,
    n: int,
    codec: int,
    expected: int,
    steps: bytes,
    values: bytes,
    wall_times: bytes,
) -> None:
    """Decode one chunk into `out[start:start + n]`, whose arrays are contiguous."""
    if codec != CODEC:
        raise ChunkError(f"has codec {codec}, which this orbench does not know")
    if not 1 <= n <= CHUNK_POINTS:
        raise ChunkError(f"claims {n} points, where 1 to {CHUNK_POINTS} are possible")
    if checksum(steps, values, wall_times) != expected:
        raise ChunkError("fails its checksum")
    here = slice(start, start + n)
    step_words = out.steps[here].view(np.uint64)
    time_words = out.wall_times[here].view(np.uint64)
    try:
        _unpack(steps, step_words)
        _unpack(values, out.values[here].view(np.uint64))
        _unpack(wall_times, time_words)
    except FrameError as error:
        raise ChunkError(str(error)) from error
    np.cumsum(step_words, out=step_words)
    np.cumsum(time_words, out=time_words)


def _differences(words: _Words) -> _Words:
    """Each word less the one before it, modulo 2**64; the first one stays."""
    differences = np.empty_like(words)
    differences[0] = words[0]
    np.subtract(words[1:], words[:-1], out=differences[1:])
    return differences


def _pack(words: _Words) -> bytes:
    by_place = words.view(np.uint8).reshape(-1, 8).T
    return compress(by_place.tobytes())


def _unpack(blob: bytes, out: _Words) -> None:
    by_place: _Bytes = np.frombuffer(decompress(blob, 8 * len(out)), np.uint8).reshape(8, -1)
    bytes_out = out.view(np.uint8).reshape(-1, 8)
    for place in range(8):  # a third faster than to assign the transposed array
        bytes_out[:, place] = by_place[place]
