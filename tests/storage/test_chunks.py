"""The chunk codec: bit-exact for every float64, small, and safe against damaged rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from orbench.run_store import Points
from orbench.storage import chunks as codec
from orbench.storage.chunk_size import CHUNK_POINTS
from orbench.storage.chunks import CODEC, ChunkError, EncodedChunk

bits = st.integers(0, 2**64 - 1)
words = st.integers(1, 200).flatmap(
    lambda n: st.tuples(*(npst.arrays(np.uint64, n, elements=bits) for _ in range(3)))
)


def same_bits(a: Points, b: Points) -> bool:
    return all(
        getattr(a, name).tobytes() == getattr(b, name).tobytes()
        for name in ("steps", "values", "wall_times")
    )


def decoded(chunk: EncodedChunk, **changed: object) -> Points:
    row = dataclasses.replace(chunk, **changed)
    return codec.decode(row.n, CODEC, row.checksum, row.steps, row.values, row.wall_times)


def some_points(n: int) -> Points:
    steps = np.arange(n)
    return Points(steps, np.sin(steps * 1.0), 1.7e9 + steps * 0.01)


@given(words)
def test_every_bit_pattern_comes_back(columns):
    steps, values, wall_times = columns
    points = Points(steps.view(np.int64), values.view(np.float64), wall_times.view(np.float64))
    assert same_bits(decoded(codec.encode(points)), points)


@pytest.mark.parametrize(
    "value", [np.nan, -np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308]
)
def test_special_values_come_back(value):
    points = Points(np.array([-5, 2**63 - 1]), np.array([value, 1.0]), np.array([value, np.inf]))
    assert same_bits(decoded(codec.encode(points)), points)


def test_what_is_known_of_a_chunk_leaves_nan_out():
    values = np.array([np.nan, 3.0, -1.0, np.nan])
    chunk = codec.encode(Points(np.array([7, 5, 9, 6]), values, np.arange(4.0)))
    assert (chunk.n, chunk.nan_count, chunk.first_step, chunk.last_step) == (4, 2, 7, 6)
    assert (chunk.minimum, chunk.maximum) == (-1.0, 3.0)
    assert np.isnan(chunk.last)


def test_only_nan_has_no_minimum():
    chunk = codec.encode(Points(np.arange(2), np.full(2, np.nan), np.arange(2.0)))
    assert np.isnan(chunk.minimum)
    assert np.isnan(chunk.maximum)


def test_splitting_and_joining_is_nothing():
    points = some_points(2 * CHUNK_POINTS + 17)
    parts = list(codec.split(points))
    assert [len(part.steps) for part in parts] == [CHUNK_POINTS, CHUNK_POINTS, 17]
    assert same_bits(codec.joined(parts), points)


def test_a_constant_series_at_regular_steps_costs_next_to_nothing():
    n = CHUNK_POINTS
    chunk = codec.encode(Points(np.arange(n) * 128, np.ones(n), 1.7e9 + np.arange(n) * 0.25))
    assert len(chunk.steps) + len(chunk.values) + len(chunk.wall_times) < n / 4


def test_training_data_takes_fewer_than_ten_bytes_a_point():
    random = np.random.default_rng(0)
    n = CHUNK_POINTS
    points = Points(
        np.cumsum(random.integers(1, 500, n)),
        np.cumsum(random.normal(size=n)),
        1.7e9 + np.cumsum(random.exponential(1e-3, n)),
    )
    chunk = codec.encode(points)
    assert (len(chunk.steps) + len(chunk.values) + len(chunk.wall_times)) / n < 11


@pytest.mark.parametrize("n", [0, CHUNK_POINTS + 1])
def test_a_chunk_has_one_to_4096_points(n):
    with pytest.raises(ValueError, match="a chunk holds 1 to 4096 points"):
        codec.encode(some_points(n))


@given(st.sampled_from(["steps", "values", "wall_times"]), st.data())
def test_a_flipped_bit_is_noticed(column, data):
    chunk = codec.encode(some_points(100))
    blob = bytearray(getattr(chunk, column))
    place = data.draw(st.integers(0, len(blob) - 1))
    blob[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ChunkError, match="checksum"):
        decoded(chunk, **{column: bytes(blob)})


@pytest.mark.parametrize("n", [0, -1, 99, 101, CHUNK_POINTS + 1, 2**31])
def test_a_wrong_number_of_points_is_refused_before_anything_is_allocated(n):
    with pytest.raises(ChunkError, match=r"points, where|bytes where"):
        decoded(codec.encode(some_points(100)), n=n)


def test_a_frame_that_claims_more_than_its_column_is_refused():
    bomb = codec.compress(bytes(64 * 1024 * 1024))
    chunk = codec.encode(some_points(100))
    expected = codec.checksum(bomb, chunk.values, chunk.wall_times)
    with pytest.raises(ChunkError, match="holds 67108864 bytes where 800 were expected"):
        decoded(chunk, steps=bomb, checksum=expected)


def test_bytes_that_are_no_frame_are_refused():
    chunk = codec.encode(some_points(100))
    expected = codec.checksum(b"not zstd", chunk.values, chunk.wall_times)
    with pytest.raises(ChunkError, match="not a zstd frame"):
        decoded(chunk, steps=b"not zstd", checksum=expected)


def test_a_later_codec_is_refused():
    chunk = codec.encode(some_points(3))
    with pytest.raises(ChunkError, match="codec 2"):
        codec.decode(3, 2, chunk.checksum, chunk.steps, chunk.values, chunk.wall_times)
