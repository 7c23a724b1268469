"""`orbench fetch`, `stats` and `plot`: numbers out, by filter and metric."""

import csv
import io
import math
from xml.etree import ElementTree

import pytest

from orbench.cli.options import split_names
from orbench.selection import DEFAULT_SELECTION, parse_selection

COLUMNS = [
    "run_id",
    "project",
    "exp_name",
    "env_id",
    "seed",
    "metric",
    "step",
    "wall_time",
    "value",
]


def test_fetch_prints_every_point_in_long_form_exactly(recorded):
    done = recorded("fetch", "exp_name=dqn env_id=Acrobot-v1 seed=2", "-m", "loss")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert list(rows[0]) == COLUMNS
    assert [int(row["step"]) for row in rows] == list(range(41))
    assert [float(row["value"]) for row in rows[:-1]] == [1 / (step + 1) for step in range(40)]
    assert math.isnan(float(rows[-1]["value"]))
    assert {(row["exp_name"], row["env_id"], row["seed"]) for row in rows} == {
        ("dqn", "Acrobot-v1", "2")
    }


def test_json_and_csv_hold_the_same_points(recorded):
    words = ("fetch", "exp_name=ppo seed=1", "-m", "loss", "-m", "charts/return")
    rows = recorded(*words, "--format", "json").json
    lines = list(csv.DictReader(io.StringIO(recorded(*words).out)))
    assert [float(row["value"]) for row in rows[:40]] == [float(x["value"]) for x in lines[:40]]
    assert len(rows) == len(lines) == 2 * (41 + 40)
    assert [row["value"] for row in rows if row["step"] == 40] == ["NaN", "NaN"]


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_a_file_is_written_in_the_form_of_its_suffix(recorded, tmp_path, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"series.{suffix}"
    done = recorded("fetch", "exp_name=ppo", "-m", "loss", "--out", path)
    assert (done.code, done.out) == (0, "")
    assert done.err == f"{path}: {6 * 41} points of 6 runs\n"
    starts = {"csv": b"run_id,", "json": b"[", "parquet": b"PAR1"}
    assert path.read_bytes().startswith(starts[suffix])


def test_runs_without_the_metric_are_told(recorded):
    done = recorded("fetch", "all", "-m", "loss")
    assert "1 run without points of loss" in done.err


def test_metrics_are_listed_with_the_number_of_runs_that_have_them(recorded):
    assert recorded("metrics", "-f", "json").json == [
        {"metric": "charts/return", "runs": 12},
        {"metric": "loss", "runs": 12},
    ]


def test_stats_are_seeded_and_name_what_they_leave_out(recorded):
    words = ("stats", "-m", "charts/return", "--format", "json")
    first, again = recorded(*words), recorded(*words)
    assert first.raw == again.raw
    cells = [row for row in first.json if row["env_id"] == "CartPole-v1"]
    assert {row["run_set"]: row["n"] for row in cells} == {"ppo": 3, "dqn": 3}
    table = recorded("stats", "-m", "charts/return").out
    assert "Left out: 1 failed run" in table
    assert "Intervals: 95%" in table


def test_the_default_selection_rule_is_the_librarys():
    assert parse_selection("last-10%") == DEFAULT_SELECTION


def test_curves_are_written_with_caption_and_numbers_and_repeat_byte_for_byte(recorded, tmp_path):
    words = ("plot", "curves", "exp_name=ppo,dqn", "-m", "charts/return", "--format", "svg")
    done = recorded(*words, "--out", tmp_path / "first.png")
    assert done.code == 0, done.err
    written = done.out.split()
    suffixes = sorted(path.rpartition(".")[2] for path in written)
    assert suffixes == ["csv", "json", "png", "svg", "txt"]
    assert recorded(*words, "--out", tmp_path / "second.png").code == 0
    for suffix in ("png", "svg", "csv", "txt"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    ElementTree.parse(tmp_path / "first.svg")
    assert (tmp_path / "first.txt").read_text() in done.err


def test_names_are_split_at_commas_and_empty_ones_are_dropped():
    assert split_names(["a, b", "c,,", ""]) == ["a", "b", "c"]
