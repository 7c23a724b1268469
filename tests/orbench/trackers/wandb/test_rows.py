"""Points as rows: shared where they were logged together, in order whatever steps and times are."""

from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from orbench.run_store import Points
from orbench.trackers.wandb.batches import batches
from orbench.trackers.wandb.metric_names import original_name, sent_name
from orbench.trackers.wandb.rows import row_lines
from orbench.trackers.wandb.watermark import StreamMark, Watermark

FINITE = st.floats(allow_nan=False, allow_infinity=False)
POINT = st.tuples(st.integers(0, 5), st.floats(), st.sampled_from([0.0, 1.0, 1.5, 7.0]))
SERIES = st.dictionaries(st.sampled_from("abc"), st.lists(POINT, min_size=1, max_size=12))


def points_of(rows) -> Points:
    steps, values, times = zip(*rows, strict=True)
    return Points(np.array(steps, np.int64), np.array(values), np.array(times))


def rows_of(points, **options):
    found = row_lines(points, first=0, step_key="step", started=0.0, **options)
    return [json.loads(line) for line, _ in found]


def bits(values) -> list[int]:
    return np.array(values, np.float64).view("u8").tolist()


@given(SERIES)
def test_every_series_comes_back_in_its_order(series):
    points = {name: points_of(rows) for name, rows in series.items()}
    rows = rows_of(points)
    assert [row["_step"] for row in rows] == list(range(len(rows)))
    texts = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    for name, one in points.items():
        found = [row for row in rows if name in row]
        values = [texts.get(row[name], row[name]) for row in found]
        assert [row["step"] for row in found] == one.steps.tolist()
        assert [row["_timestamp"] for row in found] == one.wall_times.tolist()
        nan = np.isnan(one.values)
        assert np.isnan(values).tolist() == nan.tolist()
        assert bits(np.array(values)[~nan]) == bits(one.values[~nan])


@given(SERIES, SERIES)
def test_a_batch_that_is_made_again_is_the_same_however_the_run_has_grown(series, more):
    names = {name: name for name in "abc"}

    def reading(*parts):
        joined = {name: [row for part in parts for row in part.get(name, ())] for name in names}
        empty = Points(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))
        return lambda name: points_of(joined[name]) if joined[name] else empty

    options = {"step_key": "step", "started": 0.0}
    first = next(iter(batches(reading(series), names, StreamMark(), **options)), None)
    if first is None:
        return
    again = list(batches(reading(series, more), names, first.planned, **options))
    assert (again[0].offset, again[0].lines) == (first.offset, first.lines)
    assert again[0].sent == first.sent
    assert sum(again[-1].sent.points.values()) == sum(
        len(rows) for part in (series, more) for rows in part.values()
    )


def test_what_was_logged_together_shares_a_row():
    steps, times = np.arange(3), np.arange(3.0)
    points = {name: Points(steps, steps * 1.0, times) for name in ("a", "b")}
    assert rows_of(points)[1] == {
        "_step": 1,
        "_timestamp": 1.0,
        "_runtime": 1.0,
        "step": 1,
        "a": 1.0,
        "b": 1.0,
    }
    assert len(rows_of(points)) == 3
    assert "_step" not in rows_of(points, numbered=False)[0]


@given(st.text(max_size=20))
def test_every_name_comes_back(name):
    assert original_name(sent_name(name, "global_step")) == name
    assert not sent_name(name, "global_step").startswith("_")


@given(
    st.dictionaries(st.text(max_size=3), st.integers(1, 2**40), max_size=3),
    st.integers(0, 2**40),
)
def test_a_watermark_comes_back_from_a_links_document(points, rows):
    mark = Watermark(StreamMark(rows, points, points), console=rows, offline=("a", "b"))
    assert Watermark.read(json.loads(json.dumps(mark.document()))) == mark
    assert Watermark.read({}) == Watermark()
