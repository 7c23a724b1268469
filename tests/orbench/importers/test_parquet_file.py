"""Parquet files as tables: the same runs as out of CSV, and bad files in one line."""

from __future__ import annotations

import io
import sys

import pyarrow
import pytest
from pyarrow import parquet

from orbench.errors import ImportFileError, MissingExtraError


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
