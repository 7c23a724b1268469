"""TFRecord framing: whole records in order, torn ends cut and told, no length believed."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.importers.tfrecord import crc32c, masked, scan_records


def framed(record):
    length = struct.pack("<Q", len(record))
    sums = (struct.pack("<I", masked(crc32c(part))) for part in (length, record))
    head, tail = sums
    return length + head + record + tail


def found(data):
    records = scan_records(data)
    pairs = zip(records.starts.tolist(), records.lengths.tolist(), strict=True)
    return [data[start : start + length] for start, length in pairs]


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_the_checksum_is_that_of_rfc_3720(data, crc):
    assert crc32c(data) == crc


@given(st.lists(st.binary(max_size=80), max_size=20))
@settings(max_examples=50)
def test_records_come_back(records):
    data = b"".join(map(framed, records))
    assert found(data) == records
    assert scan_records(data).cut == ""


def test_large_records_come_back():
    records = [b"x" * 5000, b"y", b"z" * 300_000]
    assert found(b"".join(map(framed, records))) == records


@given(st.integers(0, 200))
@settings(max_examples=60)
def test_wherever_it_is_torn_the_whole_records_are_read(end):
    records = [bytes([place]) * 20 for place in range(5)]
    data = b"".join(map(framed, records))[:end]
    whole = min(end // 36, 5)
    assert found(data) == records[:whole]
    assert bool(scan_records(data).cut) == (end % 36 != 0 and end < 180)


@given(st.integers(0, 179), st.integers(1, 255))
@settings(max_examples=60)
def test_a_flipped_byte_ends_what_is_read_before_it(at, by):
    records = [bytes([place]) * 20 for place in range(5)]
    data = bytearray(b"".join(map(framed, records)))
    data[at] ^= by
    assert found(bytes(data)) == records[: at // 36]
    assert scan_records(bytes(data)).cut


def test_a_length_that_is_not_there_is_not_believed():
    length = struct.pack("<Q", 10 * 2**30)
    data = framed(b"one") + length + struct.pack("<I", masked(crc32c(length))) + b"x" * 100
    assert found(data) == [b"one"]
    assert "incomplete record" in scan_records(data).cut
