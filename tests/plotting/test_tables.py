"""Tables: one value, rendered for people with spreads in a cell and for programs in columns."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

import numpy as np
import pytest

from orbench.errors import FigureError
from orbench.plotting import (
    TABLE_FORMATS,
    Column,
    ScoreCell,
    Table,
    cell_text,
    render_table,
    score_table,
)
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
            matrix("ppo", {"Taxi-v3": [1.0, 2.0, 3.0], "Pong": [10.0, 12.0, 11.0]}),
            matrix("dqn", {"Taxi-v3": [9.0, 9.5, 9.7], "Pong": [11.0, 13.0, 11.5]}),
            matrix("a_c&2", {"Taxi-v3": [4.0], "Pong": [20.0, 30.0]}),
        ],
        reps=500,
    )


SCORE = estimate(1.2345, 1.1, 1.4)
TABLE = Table(
    "t",
    (
        Column("env", "env", numeric=False),
        Column("score", "score [95%]", parts=("low", "high", "best")),
        Column("n", "n"),
    ),
    (
        ("a|b_c%", ScoreCell(SCORE, best=True), 3),
        ("[x]", ScoreCell(estimate(5.0, None, None, "n=1"), best=None), 1),
        ("<y>", ScoreCell(SCORE, best=False), 2),
    ),
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
        (ScoreCell(SCORE), "1.23 [1.10, 1.40]"),
        (ScoreCell(SCORE, best=True), "1.23 [1.10, 1.40]*"),
        (ScoreCell(SCORE, n=2, unusual=True), "1.23 [1.10, 1.40] (n=2)"),
        (ScoreCell(SCORE, "std", 0.0567), "1.234 ± 0.057"),
        (ScoreCell(estimate(3564.07, 0.0, 1.0), "std", 114.74), "3564 ± 115"),
        (ScoreCell(estimate(1000.0, 1.0, 1.0), "std", 0.0), "1000 ± 0"),
        (ScoreCell(estimate(4.0, None, None, "n=1"), "std", None, 1, unusual=True), "4 [n=1]"),
        # An aggregate has no standard deviation over runs: it keeps its interval.
        (ScoreCell(SCORE, "std"), "1.23 [1.10, 1.40]"),
    ],
)
def test_a_cell_has_the_digits_that_its_spread_leaves(cell, text):
    assert cell_text(cell) == text


def test_text_has_aligned_columns_stars_and_notes():
    assert render_table(TABLE, "text") == (
        "env            score [95%]  n\n"
        "------  ------------------  -\n"
        "a|b_c%  1.23 [1.10, 1.40]*  3\n"
        "[x]                5 [n=1]  1\n"
        "<y>      1.23 [1.10, 1.40]  2\n"
        "\n"
        "A note.\n"
    )


def test_markdown_escapes_bars_and_has_the_best_in_bold():
    lines = render_table(TABLE, "markdown").splitlines()
    assert lines[1] == "| --- | ---: | ---: |"
    assert lines[2] == r"| a\|b_c% | **1.23 [1.10, 1.40]** | 3 |"
    assert lines[4] == "| <y> | 1.23 [1.10, 1.40] | 2 |"
    assert lines[-1] == "A note."


def test_html_is_well_formed_escaped_and_has_the_best_in_bold():
    figure = ElementTree.fromstring(render_table(TABLE, "html"))
    cells = [["".join(cell.itertext()) for cell in row] for row in figure.iter("tr")]
    assert cells == [["env", "score [95%]", "n"], *TABLE_AS_READ]
    assert [strong.text for strong in figure.iter("strong")] == ["1.23 [1.10, 1.40]"]
    assert [figure.findtext("figcaption"), figure.findtext("table/caption")] == ["A note.", "t"]


TABLE_AS_READ = [
    ["a|b_c%", "1.23 [1.10, 1.40]", "3"],
    ["[x]", "5 [n=1]", "1"],
    ["<y>", "1.23 [1.10, 1.40]", "2"],
]


def test_programs_get_scores_in_columns():
    first, second, third = csv.DictReader(io.StringIO(render_table(TABLE, "csv")))
    assert first == {
        "env": "a|b_c%", "score": "1.2345", "score_low": "1.1", "score_high": "1.4",
        "score_best": "true", "n": "3",
    }  # fmt: skip
    assert (second["score_low"], second["score_high"], second["score_best"]) == ("", "", "")
    assert third["score_best"] == "false"
    assert json.loads(render_table(TABLE, "json"))[1] == {
        "env": "[x]", "score": 5.0, "score_low": None, "score_high": None, "score_best": None,
        "n": 1,
    }  # fmt: skip


def test_json_has_no_word_for_nan():
    table = Table("t", (Column("x", "x"),), ((float("nan"),), (float("inf"),)))
    assert json.loads(render_table(table, "json")) == [{"x": None}, {"x": None}]


def test_columns_of_one_name_are_refused_where_one_would_be_lost():
    columns = (Column("ppo", "ppo"), Column("ppo_low", "ppo_low"))
    table = Table("t", columns, ((ScoreCell(SCORE), ScoreCell(SCORE)),))
    assert render_table(table, "text")
    with pytest.raises(FigureError, match="two columns are called 'ppo_low'"):
        render_table(table, "csv")


@pytest.mark.parametrize("form", TABLE_FORMATS)
def test_a_table_without_rows_is_a_table(form):
    table = Table("", (Column("x", "x"), Column("y", "y", numeric=False)), ())
    assert render_table(table, form)


# -- tables of scores


def test_a_long_table_has_a_row_for_each_number(summary):
    table = score_table(summary)
    assert [column.title for column in table.columns][4] == "score [95%]"
    assert len(table.rows) == 6 + 3 * 3
    rows = json.loads(render_table(table, "json"))
    assert rows[0] == {
        "env_id": "Taxi-v3", "run_set": "ppo", "statistic": "mean", "n": 3, "score": 2.0,
        "score_low": rows[0]["score_low"], "score_high": rows[0]["score_high"],
        "score_best": False, "std": 1.0,
    }  # fmt: skip
    aggregates = [row for row in rows if row["env_id"] is None]
    assert {row["statistic"] for row in aggregates} == {"mean", "median", "iqm"}
    assert "(over envs)" in render_table(table, "text")
    assert table.notes == summary.notes


def test_a_wide_table_has_a_row_for_each_env(summary):
    table = score_table(summary, layout="wide")
    assert [column.title for column in table.columns] == ["env", "ppo", "dqn", "a_c&2"]
    firsts = [row[0] for row in table.texts]
    assert firsts == [
        "Taxi-v3", "Pong", "Mean (over envs)", "Median (over envs)", "IQM (over envs)",
    ]  # fmt: skip
    assert table.notes[:2] == (
        "Cells: mean [95% interval].",
        "n: 3 runs in every cell that does not say.",
    )


def test_a_wide_table_flags_single_runs_and_unequal_numbers(summary):
    texts = score_table(summary, layout="wide").texts
    assert texts[0][3] == "4 [n=1]"
    assert texts[1][3].endswith(" (n=2)*")
    assert not any("(n=" in text for row in texts for text in row[:3])


def test_a_wide_table_marks_the_best_that_was_tested(summary):
    texts = score_table(summary, layout="wide").texts
    assert [text.endswith("*") for text in texts[0]] == [False, False, True, False]


def test_a_wide_table_may_have_standard_deviations(summary):
    table = score_table(summary, layout="wide", spread="std")
    assert table.texts[0][1] == "2.0 ± 1.0"
    assert table.texts[-1][1].count("[") == 1
    assert table.notes[0] == ("Cells: mean ± std of the runs; aggregates: value [95% interval].")
    said = "std: standard deviation over runs, n - 1 in the denominator."
    assert said in table.notes
    assert said not in score_table(summary, layout="wide").notes


def test_a_wide_table_tells_programs_everything(summary):
    row = json.loads(render_table(score_table(summary, layout="wide"), "json"))[0]
    assert {key: row[key] for key in ("ppo", "ppo_std", "ppo_n", "ppo_best")} == {
        "ppo": 2.0, "ppo_std": 1.0, "ppo_n": 3, "ppo_best": False,
    }  # fmt: skip
    assert (row["a_c&2_n"], row["a_c&2_std"], row["a_c&2_best"]) == (1, None, None)


def test_a_statistic_of_one_env_is_not_called_one_over_envs():
    summary = summarise_scores([matrix("ppo", {"A": [1.0, 2.0]})], reps=500)
    assert score_table(summary).texts[1][:3] == ["A", "ppo", "IQM"]
    assert score_table(summary, layout="wide").texts[1][0] == "IQM (A)"


def test_a_cell_without_runs_is_a_dash_and_is_named():
    summary = summarise_scores(
        [matrix("ppo", {"A": [1.0, 2.0]}), matrix("sac", {"B": [1.0, 2.0]})], reps=500
    )
    table = score_table(summary, layout="wide")
    assert table.texts[0][2] == "\N{EM DASH}"
    assert "Missing: ppo has no scores on B; sac has no scores on A." in table.notes
    (first, _) = json.loads(render_table(table, "json"))
    assert {first["sac"], first["sac_low"], first["sac_n"], first["sac_best"]} == {None}


def test_unknown_formats_layouts_and_spreads_are_refused(summary):
    with pytest.raises(FigureError, match="did you mean latex"):
        render_table(TABLE, "latx")
    with pytest.raises(FigureError, match="use long or wide"):
        score_table(summary, layout="tall")
    with pytest.raises(FigureError, match="use interval or std"):
        score_table(summary, spread="sem")
