"""Tables: one value, rendered for people with intervals in a cell and for programs in columns."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from orbench.errors import FigureError
from orbench.plotting import Column, Table, cell_text, render_table, score_table
from orbench.score import ScoreMatrix, TaskScores
from orbench.stats import Estimate, summarise_scores


def estimate(point, low, high, note=""):
    return Estimate("mean", point, low, high, (3,), "percentile", 0.95, 100, note)


def matrix(label, tasks):
    columns = tuple(
        TaskScores(
            task, np.array(scores), tuple(range(len(scores))), tuple("abcdef"[: len(scores)])
        )
        for task, scores in tasks.items()
    )
    return ScoreMatrix(label, "return", "the last value of a run", columns)


@pytest.fixture
def summary():
    return summarise_scores(
        [
            matrix("ppo", {"Taxi-v3": [1.0, 2.0, 3.0], "Pong": [10.0, 12.0]}),
            matrix("a_c&2", {"Taxi-v3": [4.0], "Pong": [20.0, 30.0]}),
        ],
        reps=500,
    )


TABLE = Table(
    "t",
    (Column("env", "env", numeric=False), Column("score", "score [95%]"), Column("n", "n")),
    (("a|b_c%", estimate(1.2345, 1.1, 1.4), 3), ("[x]", estimate(5.0, None, None, "n=1"), 1)),
    ("A note.",),
)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("ppo", "ppo"),
        (12345, "12345"),
        (0.123456, "0.1235"),
        (estimate(1.23456, 1.21, 1.26), "1.235 [1.210, 1.260]"),
        (estimate(195.4321, 172.1, 237.9), "195 [172, 238]"),
        (estimate(-0.5, -1.25, 0.25), "-0.5 [-1.2, 0.2]"),
        (estimate(12345678.9, 12e6, 13e6), "1.235e+07 [1.2e+07, 1.3e+07]"),
        (estimate(3.0, 3.0, 3.0), "3 [3, 3]"),
        (estimate(4.0, None, None, "n=1: no interval"), "4 [n=1]"),
    ],
)
def test_a_cell_has_the_digits_that_its_interval_leaves(cell, text):
    assert cell_text(cell) == text


def test_text_has_aligned_columns_and_notes():
    assert render_table(TABLE, "text") == (
        "env           score [95%]  n\n"
        "------  -----------------  -\n"
        "a|b_c%  1.23 [1.10, 1.40]  3\n"
        "[x]               5 [n=1]  1\n"
        "\n"
        "A note.\n"
    )


def test_markdown_escapes_bars():
    lines = render_table(TABLE, "markdown").splitlines()
    assert lines[1] == "| --- | ---: | ---: |"
    assert lines[2] == r"| a\|b_c% | 1.23 [1.10, 1.40] | 3 |"
    assert lines[-1] == "A note."


def test_latex_escapes_what_it_would_read_as_commands():
    lines = render_table(TABLE, "latex").splitlines()
    assert r"\begin{tabular}{lrr}" in lines
    assert r"a|b\_c\% & 1.23 [1.10, 1.40] & 3 \\" in lines
    assert r"{[x]} & 5 [n=1] & 1 \\" in lines
    assert lines[-1] == "% A note."


def test_programs_get_intervals_in_columns():
    (first, second) = csv.DictReader(io.StringIO(render_table(TABLE, "csv")))
    assert first == {
        "env": "a|b_c%", "score": "1.2345", "score_low": "1.1", "score_high": "1.4", "n": "3",
    }  # fmt: skip
    assert (second["score_low"], second["score_high"]) == ("", "")
    assert json.loads(render_table(TABLE, "json"))[1] == {
        "env": "[x]", "score": 5.0, "score_low": None, "score_high": None, "n": 1,
    }  # fmt: skip


def test_json_has_no_word_for_nan():
    table = Table("t", (Column("x", "x"),), ((float("nan"),), (float("inf"),)))
    assert json.loads(render_table(table, "json")) == [{"x": None}, {"x": None}]


def test_a_long_table_has_a_row_for_each_number(summary):
    table = score_table(summary)
    assert [column.title for column in table.columns][4] == "score [95%]"
    assert len(table.rows) == 4 + 2 * 3
    rows = json.loads(render_table(table, "json"))
    assert rows[0] == {
        "env_id": "Taxi-v3", "run_set": "ppo", "statistic": "mean", "n": 3, "score": 2.0,
        "score_low": rows[0]["score_low"], "score_high": rows[0]["score_high"], "std": 1.0,
    }  # fmt: skip
    aggregates = [row for row in rows if row["env_id"] is None]
    assert {row["statistic"] for row in aggregates} == {"mean", "median", "iqm"}
    assert "(over envs)" in render_table(table, "text")
    assert table.notes == summary.notes


def test_a_wide_table_has_a_row_for_each_env(summary):
    table = score_table(summary, layout="wide")
    assert [column.title for column in table.columns] == ["env", "ppo", "a_c&2"]
    firsts = [row[0] for row in table.texts]
    assert firsts == [
        "Taxi-v3", "Pong", "Mean (over envs)", "Median (over envs)", "IQM (over envs)",
    ]  # fmt: skip
    assert table.texts[0][2] == "4 [n=1]"
    assert (
        table.notes[0] == "n: ppo on Taxi-v3 3; a_c&2 on Taxi-v3 1; ppo on Pong 2; a_c&2 on Pong 2."
    )


def test_a_statistic_of_one_env_is_not_called_one_over_envs():
    summary = summarise_scores([matrix("ppo", {"A": [1.0, 2.0]})], reps=500)
    assert score_table(summary).texts[1][:3] == ["A", "ppo", "IQM"]
    assert score_table(summary, layout="wide").texts[1][0] == "IQM (A)"


def test_a_cell_without_runs_is_empty():
    summary = summarise_scores(
        [matrix("ppo", {"A": [1.0, 2.0]}), matrix("sac", {"B": [1.0, 2.0]})], reps=500
    )
    table = score_table(summary, layout="wide")
    assert table.texts[0][2] == ""
    assert "Missing: ppo has no scores on B; sac has no scores on A." in table.notes


def test_unknown_formats_and_layouts_are_refused():
    with pytest.raises(FigureError, match="did you mean latex"):
        render_table(TABLE, "latx")
    with pytest.raises(FigureError, match="use long or wide"):
        score_table(summarise_scores([matrix("p", {"A": [1.0, 2.0]})], reps=500), layout="tall")
