"""fetch: series of many runs in long form, exact in arrays, frames and files."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import orbench
from orbench.errors import (
    FilterError,
    MetricNotFoundError,
    MissingExtraError,
    NoRunsError,
    ProjectNotFoundError,
    RunNotFoundError,
    UsageError,
)
from orbench.events import ConfigUpdated, RunStarted
from orbench.filters import parse
from orbench.metric import Series
from orbench.run import RunRecord, RunStatus
from orbench.run_store import Points, Shipment, open_store
from orbench.series_table import COLUMNS, SeriesTable

RETURN = "charts/episodic_return"
AWKWARD = [0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, math.nan, math.inf, -math.inf]


def ship(store, run_id, started, *, points=None, **names):
    begun = RunStarted(started=started, project="zoo", **names)
    events = (begun, ConfigUpdated(values={"lr": 0.1}))
    assert store.ship(Shipment(f"{run_id}/a", run_id, 0, 10, events, points or {}))


def points(*values: float, first: int = 0) -> Points:
    steps = np.arange(first, first + len(values))
    return Points(steps, np.array(values), 1.7e9 + 0.1 * steps)


@pytest.fixture
def store(empty_store_url):
    with open_store(empty_store_url) as opened:
        ship(
            *(opened, "aaa1", 10.0),
            exp_name="ppo",
            env_id='Cart,"Pole"',
            seed=1,
            points={RETURN: points(1.0, 2.0), "loss": points(*AWKWARD)},
        )
        ship(opened, "bbb2", 20.0, exp_name="ppo", env_id="Pong", points={RETURN: points(3.0)})
        ship(opened, "ccc3", 30.0, exp_name="sac", env_id="Pong", seed=3)
        yield opened


def test_columns_are_in_long_form_runs_oldest_first(store):
    table = orbench.fetch("exp_name=ppo", metric=RETURN, store=store)
    assert len(table) == 3
    assert {name: column.tolist() for name, column in table.columns.items()} == {
        "run_id": ["aaa1", "aaa1", "bbb2"],
        "project": ["zoo"] * 3,
        "exp_name": ["ppo"] * 3,
        "env_id": ['Cart,"Pole"', 'Cart,"Pole"', "Pong"],
        "seed": [1, 1, None],
        "metric": [RETURN] * 3,
        "step": [0, 1, 0],
        "wall_time": [1.7e9, 1.7e9 + 0.1, 1.7e9],
        "value": [1.0, 2.0, 3.0],
    }
    assert [table[name].dtype for name in ("step", "wall_time", "value", "seed")] == [
        *(np.int64, np.float64, np.float64, object)
    ]
    assert [run.run_id for run in table.runs] == ["aaa1", "bbb2"]
    assert [one.run_id for one in table.series] == ["aaa1", "bbb2"]


def test_seeds_are_integers_where_every_run_has_one(store):
    assert orbench.fetch("seed=1", metric=RETURN, store=store)["seed"].dtype == np.int64


def test_several_metrics_come_one_after_the_other(store):
    table = orbench.fetch(metrics=["loss", RETURN], store=store)
    assert table["metric"].tolist() == ["loss"] * len(AWKWARD) + [RETURN] * 3
    assert table["value"][: len(AWKWARD)].tobytes() == struct.pack("=7d", *AWKWARD)


def test_a_notebook_is_shown_how_much_there_is_and_not_all_of_it(store):
    table = orbench.fetch(metrics=[RETURN, "loss"], store=store)
    assert repr(table) == (
        "<SeriesTable: 10 points of charts/episodic_return, loss from 2 runs;"
        " 2 runs without one of them>"
    )
    assert repr(table.series[0]) == (
        "<Series charts/episodic_return of run aaa1: 2 points, steps 0 to 1>"
    )
    assert repr(SeriesTable((), ())) == "<SeriesTable: 0 points of no metric from 0 runs>"


def test_runs_without_the_metric_are_named(store):
    table = orbench.fetch(metrics=[RETURN, "loss"], store=store)
    assert [(left.run_id, left.label, left.reason) for left in table.left_out] == [
        ("ccc3", "sac", f"without points of {RETURN}"),
        ("bbb2", "ppo", "without points of loss"),
        ("ccc3", "sac", "without points of loss"),
    ]


def test_runs_are_chosen_by_filter_by_text_and_by_id(store):
    by_text = orbench.fetch("env_id=Pong has:metric", metric=RETURN, store=store)
    by_filter = orbench.fetch(parse("env_id=Pong has:metric"), metric=RETURN, store=store)
    by_id = orbench.fetch(["bbb2"], metric=RETURN, store=store)
    by_prefix = orbench.fetch(("bb", "bbb2"), metric=RETURN, store=store)
    assert [t.runs for t in (by_filter, by_id, by_prefix)] == [by_text.runs] * 3
    backwards = orbench.fetch(["bbb2", "aaa1"], metric=RETURN, store=store)
    assert backwards["value"].tolist() == [3.0, 1.0, 2.0]


def test_the_store_is_found_as_everywhere(store, empty_store_url, monkeypatch):
    assert len(orbench.fetch(metric=RETURN, store=empty_store_url)) == 3
    monkeypatch.setenv("ORBENCH_STORE", empty_store_url)
    assert len(orbench.fetch(metric=RETURN)) == 3
    assert store.run_ids()  # an open store that is passed stays open


@pytest.mark.parametrize(
    ("where", "error", "says"),
    [
        (
            "exp_name=pppo",
            NoRunsError,
            "none of the 3 runs fulfils exp_name=pppo; did you mean ppo?",
        ),
        ("seed=1 exp_name=xyz", NoRunsError, "exp_name=xyz; there are ppo, sac"),
        ("seed=1 exp_name=sac", NoRunsError, "fulfils all conditions at once"),
        ("config.lrr=1", NoRunsError, "none of the 3 runs fulfils config.lrr=1"),
        ("metric:los", NoRunsError, "did you mean loss?"),
        ("project=zo", ProjectNotFoundError, "no run belongs to project=zo; did you mean zoo?"),
        (["aaa2"], RunNotFoundError, "aaa2"),
        ([], NoRunsError, "list of run ids is empty"),
        ("sead=1", FilterError, "did you mean seed?"),
    ],
)
def test_what_selects_no_run_says_why(store, where, error, says):
    with pytest.raises(error) as raised:
        orbench.fetch(where, metric=RETURN, store=store)
    assert says in str(raised.value)


def test_an_unknown_metric_is_answered_with_those_there_are(store):
    with pytest.raises(MetricNotFoundError) as raised:
        orbench.fetch("seed=1", metric="charts/episodic_retrun", store=store)
    assert f"did you mean {RETURN}?; there are {RETURN}, loss" in str(raised.value)
    with pytest.raises(MetricNotFoundError, match="logged no metric at all"):
        orbench.fetch(["ccc3"], metric=RETURN, store=store)


def test_an_empty_store_says_how_to_fill_it(empty_store_url):
    with pytest.raises(NoRunsError, match="orbench record"):
        orbench.fetch("seed=1", metric=RETURN, store=empty_store_url)


def test_a_metric_must_be_named(store):
    with pytest.raises(UsageError, match="name what to fetch"):
        orbench.fetch(store=store)
    with pytest.raises(UsageError, match="write metric='loss'"):
        orbench.fetch(metrics="loss", store=store)
    with pytest.raises(UsageError, match=r"write metrics=\['loss'\]"):
        orbench.fetch(metric=["loss"], store=store)


# -- a table without a store

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def tables(draw) -> SeriesTable:
    runs, series = [], []
    for number in range(draw(st.integers(0, 3))):
        run_id = f"run{number}"
        seed = draw(st.none() | INT64)
        names = [draw(TEXTS) for _ in range(3)]
        runs.append(RunRecord(run_id, *names, seed, RunStatus.FINISHED, started=1.0))
        rows = draw(st.lists(st.tuples(INT64, st.floats(), st.floats()), min_size=1, max_size=4))
        steps, values, times = zip(*rows, strict=True)
        metric = draw(TEXTS.filter(bool))
        arrays = (np.array(steps), np.array(values), np.array(times))
        series.append(Series(run_id, metric, arrays[0].astype(np.int64), *arrays[1:]))
    return SeriesTable(tuple(runs), tuple(series))


def rows_of(table: SeriesTable) -> list[tuple]:
    """Rows with floats as their bits, so that NaN equals NaN; every NaN is the same one."""
    columns = [table[name].tolist() for name in COLUMNS]
    return [tuple(map(bits, row)) for row in zip(*columns, strict=True)]


def bits(value):
    return (
        struct.pack("=d", math.nan if value != value else value)
        if isinstance(value, float)
        else value
    )


def written(table: SeriesTable, form: str) -> bytes:
    out = io.BytesIO()
    table.write(out, form)
    return out.getvalue()


@given(tables())
def test_csv_gives_every_bit_back(table):
    header, *rows = csv.reader(io.StringIO(written(table, "csv").decode(), newline=""))
    assert tuple(header) == COLUMNS
    assert [typed(*row) for row in rows] == rows_of(table)


def typed(*row: str) -> tuple:
    *names, seed, metric, step, time, value = row
    numbers = (int(step), bits(float(time)), bits(float(value)))
    return (*names, int(seed) if seed else None, metric, *numbers)


@given(tables())
def test_json_is_strict_and_gives_every_bit_back(table):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    rows = json.loads(written(table, "json"), parse_constant=refuse)
    assert [
        tuple(bits(float(row[n]) if n in ("wall_time", "value") else row[n]) for n in COLUMNS)
        for row in rows
    ] == rows_of(table)
    assert all(tuple(row) == COLUMNS for row in rows)


@settings(deadline=None)  # the first example pays for an import
@given(tables())
def test_parquet_gives_every_bit_back(table):
    parquet = pytest.importorskip("pyarrow.parquet")
    found = parquet.read_table(io.BytesIO(written(table, "parquet")))
    assert tuple(found.column_names) == COLUMNS
    columns = [found[name].to_pylist() for name in COLUMNS]
    assert [tuple(map(bits, row)) for row in zip(*columns, strict=True)] == rows_of(table)


@settings(deadline=None)  # the first example pays for an import
@given(tables())
def test_frames_hold_the_same_rows(table):
    pytest.importorskip("pandas")
    pytest.importorskip("polars")
    polars_rows = [tuple(map(bits, row)) for row in table.to_polars().rows()]
    assert polars_rows == rows_of(table)
    frame = table.to_pandas()
    assert tuple(frame.columns) == COLUMNS
    columns = [
        frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in COLUMNS[:6]
    ]
    columns += [frame[name].tolist() for name in COLUMNS[6:]]
    assert [tuple(map(bits, row)) for row in zip(*columns, strict=True)] == rows_of(table)


def one_table(*values: float) -> SeriesTable:
    run = RunRecord("r1", "p", "ppo", "e", None, RunStatus.FINISHED, started=1.0)
    arrays = points(*values)
    series = Series("r1", "m", arrays.steps, arrays.values, arrays.wall_times)
    return SeriesTable((run,), (series,))


def test_what_is_not_finite_is_named_in_csv_and_json():
    table = one_table(math.nan, math.inf, -math.inf)
    assert written(table, "csv").decode().splitlines()[1:] == [
        "r1,p,ppo,e,,m,0,1700000000.0,NaN",
        "r1,p,ppo,e,,m,1,1700000000.1,Infinity",
        "r1,p,ppo,e,,m,2,1700000000.2,-Infinity",
    ]
    values = [row["value"] for row in json.loads(written(table, "json"))]
    assert values == ["NaN", "Infinity", "-Infinity"]


def test_an_empty_table_is_an_empty_file():
    table = SeriesTable((), ())
    assert written(table, "csv").decode() == ",".join(COLUMNS) + "\n"
    assert json.loads(written(table, "json")) == []
    assert len(table) == 0
    assert table["value"].dtype == np.float64


def test_a_path_says_the_form_by_its_suffix(tmp_path):
    pytest.importorskip("pyarrow")
    table = one_table(1.0)
    for suffix, magic in ((".csv", b"run_id,"), (".json", b"[\n{"), (".parquet", b"PAR1")):
        path = tmp_path / f"out{suffix}"
        table.write(path)
        assert path.read_bytes().startswith(magic)
        assert written(table, suffix[1:]).startswith(magic)
    table.write(str(tmp_path / "plain"), "csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("out.csv", "out.json", "out.parquet", "plain")
    ]


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.csv"
    table = one_table(1.0)
    table.write(path)
    before = path.read_bytes()
    (good,) = table.series
    uneven = Series("r1", "m", good.steps, np.zeros(2), good.wall_times)
    with pytest.raises(ValueError, match="zip"):
        SeriesTable(table.runs, (good, uneven)).write(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_text_files_take_text(capsys):
    one_table(1.0).write(sys.stdout, "csv")
    assert capsys.readouterr().out.splitlines()[1] == "r1,p,ppo,e,,m,0,1700000000.0,1.0"
    with pytest.raises(UsageError, match="mode 'wb'"):
        one_table(1.0).write(io.StringIO(), "parquet")


@pytest.mark.parametrize(
    ("path", "form", "says"),
    [
        ("out.xlsx", None, "'out.xlsx' does not say a form"),
        ("out", None, "there are csv, json, parquet"),
        ("out.csv", "jsn", "'jsn' is no form that series are written in"),
        ("nowhere/out.csv", None, "there is no folder"),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path, path, form, says):
    with pytest.raises(UsageError) as raised:
        one_table(1.0).write(tmp_path / path, form)
    assert says in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_an_unknown_column_is_answered_with_those_there_are():
    with pytest.raises(UsageError, match="did you mean value"):
        one_table(1.0)["values"]


@pytest.mark.parametrize(
    ("package", "use", "error", "says"),
    [
        ("pandas", SeriesTable.to_pandas, UsageError, "pip install pandas"),
        ("polars", SeriesTable.to_polars, UsageError, "pip install polars"),
        (
            "pyarrow",
            lambda t: t.write(io.BytesIO(), "parquet"),
            MissingExtraError,
            "orbench[parquet]",
        ),
    ],
)
def test_a_package_that_is_not_there_is_named(monkeypatch, package, use, error, says):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(error) as raised:
        use(one_table(1.0))
    assert says in str(raised.value)
