"""Series: what was logged comes back bit by bit, in order, however it arrived and was merged."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from orbench.errors import StoreDamagedError
from orbench.events import ConfigUpdated
from orbench.run_store import Points
from orbench.storage.chunk_size import CHUNK_POINTS
from orbench.storage.series_writing import MERGE_AT
from orbench.storage.tables import chunks

run_numbers = itertools.count()
stretches = st.lists(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.floats(width=64),
            st.floats(allow_nan=False, width=64),
        ),
        max_size=40,
    ),
    min_size=1,
    max_size=25,
)
per_example = settings(
    max_examples=25,
    deadline=None,
    # One store serves all examples; each has a run of its own in it.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def as_points(rows):
    steps, values, times = zip(*rows, strict=True) if rows else ((), (), ())
    return Points(np.array(steps, np.int64), np.array(values, float), np.array(times, float))


def chunk_sizes(store):
    query = select(chunks.c.n).order_by(chunks.c.series_key, chunks.c.ordinal)
    with store._database.read() as connection:
        return list(connection.execute(query).scalars())


def joined(parts, name):
    return np.concatenate([getattr(part, name) for part in parts])


@per_example
@given(stretches, st.booleans())
def test_any_points_in_any_stretches_come_back_bit_by_bit(store, segment, rows, compacted):
    run_id = f"run{next(run_numbers)}"
    journal = segment(run_id)
    parts = [as_points(stretch) for stretch in rows]
    for part in parts:
        assert journal.ship(points={"m": part})
    if compacted:
        store.compact(run_id)
    found = store.series([run_id], "m")
    total = sum(len(part.steps) for part in parts)
    if not total:
        assert found == []
        return
    for name in ("steps", "values", "wall_times"):
        assert getattr(found[0], name).tobytes() == joined(parts, name).tobytes()
    (summary,) = store.summaries([run_id], ["m"])
    values = found[0].values
    numbers = values[~np.isnan(values)]
    assert (summary.n, summary.nan_count) == (total, total - len(numbers))
    assert (summary.min_step, summary.max_step) == (found[0].steps.min(), found[0].steps.max())
    expected = (numbers.min(), numbers.max()) if len(numbers) else (np.nan, np.nan)
    # A database has no negative zero: in summaries, -0.0 is 0.0.
    np.testing.assert_equal((summary.minimum, summary.maximum), np.add(expected, 0.0))
    np.testing.assert_equal(summary.last, values[-1] + 0.0)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@per_example
@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_any_config_comes_back(store, segment, config):
    run_id = f"run{next(run_numbers)}"
    segment(run_id).ship(ConfigUpdated(values=config))
    np.testing.assert_equal(store.details(run_id).record.config, config)


def test_many_points_at_once_are_cut_into_full_chunks(store, segment, points):
    n = 2 * CHUNK_POINTS + 5
    segment().ship(points={"m": points(0, n)})
    assert chunk_sizes(store) == [CHUNK_POINTS, CHUNK_POINTS, 5]
    assert store.series(["run1"], "m")[0].steps.tolist() == list(range(n))


def test_small_chunks_are_merged_when_they_are_many(store, segment, points):
    journal = segment()
    for i in range(200):
        journal.ship(points={"m": points(i, i + 1)})
        assert len(chunk_sizes(store)) < MERGE_AT
    assert sum(chunk_sizes(store)) == 200
    assert store.series(["run1"], "m")[0].steps.tolist() == list(range(200))


def test_small_chunks_are_merged_when_they_make_a_full_one(store, segment, points):
    journal = segment()
    for i in range(9):
        journal.ship(points={"m": points(1000 * i, 1000 * i + 1000)})
    sizes = chunk_sizes(store)
    assert sizes[:2] == [CHUNK_POINTS, CHUNK_POINTS]
    assert all(n < CHUNK_POINTS for n in sizes[2:])
    assert store.series(["run1"], "m")[0].steps.tolist() == list(range(9000))


def test_compacting_leaves_at_most_one_small_chunk_a_series_and_changes_no_point(
    store, segment, points
):
    journal = segment()
    for i in range(10):
        journal.ship(points={"a": points(i, i + 1), "b": points(700 * i, 700 * i + 700)})
    before = [store.series(["run1"], name)[0] for name in "ab"]
    summaries = store.summaries(["run1"], ["a", "b"])
    chunks_before = len(chunk_sizes(store))
    assert store.compact("run1") == chunks_before - 3
    assert sorted(chunk_sizes(store)) == [10, 7000 - CHUNK_POINTS, CHUNK_POINTS]
    for one, name in zip(before, "ab", strict=True):
        np.testing.assert_array_equal(store.series(["run1"], name)[0].values, one.values)
    assert store.summaries(["run1"], ["a", "b"]) == summaries
    assert store.compact("run1") == 0
    assert store.compact("unknown") == 0


def test_points_arrive_behind_merged_ones(store, segment, points):
    journal = segment()
    for i in range(5):
        journal.ship(points={"m": points(i, i + 1)})
    store.compact("run1")
    for i in range(5, 40):
        journal.ship(points={"m": points(i, i + 1)})
    assert store.series(["run1"], "m")[0].steps.tolist() == list(range(40))


def test_series_come_in_the_order_asked_for(store, segment, points):
    for i, run_id in enumerate("abc"):
        segment(run_id).ship(points={"m": points(0, i + 1), "other": points(0, 1)})
    segment("d").ship(points={"other": points(0, 1)})
    found = store.series(["c", "d", "a", "nobody", "c"], "m")
    assert [(series.run_id, len(series)) for series in found] == [("c", 3), ("a", 1)]
    assert store.series(["a"], "never logged") == []
    assert store.series([], "m") == []


def test_summaries_come_in_the_order_asked_for(store, segment, points):
    for run_id in "ab":
        segment(run_id).ship(points={"x": points(0, 2), "y": points(0, 3)})
    found = store.summaries(["b", "a"], ["y", "none", "x"])
    asked = [(summary.run_id, summary.metric, summary.n) for summary in found]
    assert asked == [("b", "y", 3), ("b", "x", 2), ("a", "y", 3), ("a", "x", 2)]


def test_more_runs_than_a_statement_has_parameters(store, segment, points):
    segment("run7").ship(points={"m": points(0, 2)})
    run_ids = [f"run{i}" for i in range(40_000)]
    assert [series.run_id for series in store.series(run_ids, "m")] == ["run7"]
    assert len(store.summaries(run_ids, ["m"])) == 1


def damage(store, **values):
    with store._database.write() as connection:
        connection.execute(chunks.update().where(chunks.c.ordinal == 1), values)


@pytest.mark.parametrize(
    "values", [{"values": b"damaged"}, {"checksum": 7}, {"codec": 9}, {"n": 3}, {"n": 2**30}]
)
def test_a_damaged_chunk_is_named_and_not_half_read(store, segment, points, values):
    segment().ship(points={"m": points(0, CHUNK_POINTS + 7)})
    damage(store, **values)
    with pytest.raises(StoreDamagedError, match="chunk of metric 'm' of run run1"):
        store.series(["run1"], "m")


def test_recording_goes_on_behind_a_damaged_chunk(store, segment, points):
    journal = segment()
    for i in range(3):
        journal.ship(points={"m": points(i, i + 1)})
    damage(store, values=b"damaged")
    for i in range(3, 60):
        assert journal.ship(points={"m": points(i, i + 1)})
    store.compact("run1")
    assert sum(chunk_sizes(store)) == 60
    with store._database.read() as connection:
        query = select(chunks.c.last_step).order_by(chunks.c.ordinal)
        assert connection.execute(query).scalars().all() == [0, 1, 59]
