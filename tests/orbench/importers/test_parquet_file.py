"""Parquet files as tables: the same runs as out of CSV, and bad files in one line."""

from __future__ import annotations

import io
import sys
from datetime import datetime
from decimal import Decimal

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from orbench.errors import ImportFileError, MissingExtraError
from orbench.importers.parquet_file import open_parquet


def table(**columns):
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


COLUMNS = {
    "algo": ["ppo"] * 3,
    "env": ["A"] * 3,
    "seed": [1] * 3,
    "step": [0, 10, 20],
    "score": [0.1, None, float("nan")],
}


def test_rows_are_points_and_nulls_are_empty_cells(folder):
    folder.write("a.parquet", table(**COLUMNS))
    (run,) = folder.runs("a.parquet")
    assert (run.exp_name, run.env_id, run.seed) == ("ppo", "A", 1)
    assert run.points["score"].steps.tolist() == [0, 20]
    assert repr(run.points["score"].values.tolist()) == "[0.1, nan]"
    assert run.rows.empty == 1


def test_a_folder_of_them_is_found(folder):
    folder.write("x/a.parquet", table(**COLUMNS))
    folder.write("x/b.pq", table(**{**COLUMNS, "seed": [2] * 3}))
    assert [run.seed for run in folder.runs("x")] == [1, 2]


@pytest.mark.parametrize("cut", [0, 4, 100])
def test_a_file_that_is_none_or_cut_off_is_one_line(folder, cut):
    folder.write("a.parquet", table(**COLUMNS)[:cut])
    with pytest.raises(ImportFileError, match=r"a\.parquet: is damaged or no Parquet") as caught:
        folder.runs("a.parquet")
    assert "\n" not in str(caught.value)


def test_without_pyarrow_it_is_said_what_to_install(folder, monkeypatch):
    folder.write("a.parquet", table(**COLUMNS))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match="parquet"):
        folder.runs("a.parquet")


def rows_of(tmp_path, **columns):
    path = tmp_path / "a.parquet"
    path.write_bytes(table(**columns))
    return [list(row) for row in open_parquet(path, "a.parquet").rows()]


def test_every_type_of_a_column_is_a_cell(tmp_path):
    moment = datetime(2024, 1, 2, 3, 4, 5)
    nested = pyarrow.array(
        [[["a"], None], [], None], pyarrow.list_(pyarrow.list_(pyarrow.string()))
    )
    columns = {
        "text": ["a", None, "a"],
        "bytes": [b"a", b"\xff", None],
        "category": pyarrow.array(["x", None, "y"]).dictionary_encode(),
        "decimal": [Decimal("1.50"), None, Decimal("2.25")],
        "list": [[1.5, 2.5], [], None],
        "nested": nested,
        "record": [{"a": "x"}, None, {"a": "y"}],
        "moment": [moment, None, moment],
        "exact": pyarrow.array([1, None, 2], pyarrow.timestamp("ns")),
        "flag": [True, False, None],
    }
    first, second, third = rows_of(tmp_path, **columns)
    assert first == [
        *("a", "a", "x", "1.50", [1.5, 2.5], [["a"], None], "{'a': 'x'}", "2024-01-02 03:04:05"),
        *("1970-01-01 00:00:00.000000001", True),
    ]
    assert second == [None, "\ufffd", None, None, [], [], None, None, None, False]
    assert third[:6] == ["a", None, "y", "2.25", None, None]


def test_a_long_text_in_every_row_is_there_once(tmp_path):
    places = pyarrow.array(np.zeros(4096, np.int32))
    name = pyarrow.DictionaryArray.from_arrays(places, ["x" * 2**19])
    rows = rows_of(tmp_path, name=name, listed=pyarrow.ListArray.from_arrays(range(4097), name))
    assert len(rows) == 4096
    assert len({id(row[0]) for row in rows}) == len({id(row[1][0]) for row in rows}) == 1


def test_lists_have_an_end(tmp_path):
    path = tmp_path / "a.parquet"
    zeros = pyarrow.array(np.zeros(2**24 + 1, np.int8))
    path.write_bytes(table(zeros=pyarrow.ListArray.from_arrays([0, len(zeros)], zeros)))
    assert path.stat().st_size < 20_000
    with pytest.raises(ImportFileError, match=r"a\.parquet: the lists of column 'zeros[^']*' hold"):
        open_parquet(path, "a.parquet")
