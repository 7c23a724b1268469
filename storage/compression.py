"""zstd as the store uses it: small frames that say their size, read with a cap.

A compressor must not be used by two threads at once, so each thread has its own.
"""

from __future__ import annotations

import threading

import zstandard

__all__ = ["FrameError", "compress", "decompress"]

LEVEL = 3


class FrameError(ValueError):
    """The bytes are not one whole zstd frame of the size that was expected."""


class _ThreadContexts(threading.local):
    """The compressor and the decompressor of one thread."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts = _ThreadContexts()


def compress(data: bytes | memoryview) -> bytes:
    """One zstd frame that holds `data` and says how many bytes that is."""
    return _contexts.compressor.compress(data)


def decompress(frame: bytes, size: int) -> bytes:
    """The `size` bytes in a frame; raises FrameError for anything else.

    The frame's own claim is compared before anything is allocated, because zstandard allocates
    what a frame claims whatever limit it is given.
    """
    try:
        claimed = zstandard.frame_content_size(frame)
        if claimed != size:
            raise FrameError(f"holds {claimed} bytes where {size} were expected")
        data = _contexts.decompressor.decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise FrameError(f"is not a zstd frame: {error}") from error
    if len(data) != size:
        raise FrameError(f"holds {len(data)} bytes where {size} were expected")
    return data
