"""`orbench import table`: what it prints, what it leaves, and how it ends."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

HEADER = "algo,env,seed,frames,score\n"


def write(folder, name, text):
    path = folder.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def scores(fresh):
    """A folder with one file of two runs, one of them restarted."""
    write(
        fresh,
        "scores.csv",
        f"{HEADER}ppo,A-v1,1,0.1,1\nppo,A-v1,1,0.2,2\nppo,A-v1,1,0.1,9\ndqn,A-v1,1,0.1,3\n",
    )
    return fresh


IMPORT = ("import", "table", "scores.csv", "--map", "step=frames*1e6")


def test_runs_are_imported_found_and_described(scores):
    done = scores(*IMPORT, "--set", "project=paper")
    assert done.code == 0, done.err
    assert "imported 4 points of 2 runs (2 new) from 1 file" in done.err
    listed = scores("list", "project=paper", "--format", "json", "--sort", "exp_name").json
    assert [(run["exp_name"], run["env_id"], run["seed"]) for run in listed] == [
        ("dqn", "A-v1", 1),
        ("ppo", "A-v1", 1),
    ]
    shown = scores("show", listed[0]["run_id"]).out
    assert "importer" in shown
    assert "scores.csv" in shown


def test_restarts_are_told_and_kept(scores):
    done = scores(*IMPORT, "--format", "json")
    ppo = next(row for row in done.json if row["exp_name"] == "ppo")
    assert (ppo["points"], ppo["repeated_rows"], ppo["restarts"]) == (3, 1, 1)
    assert "ppo on A-v1, seed 1: steps go back 1 time, repeated steps in 1 row;" in done.err
    rows = csv.DictReader(io.StringIO(scores("fetch", "exp_name=ppo", "-m", "score").out))
    assert [row["step"] for row in rows] == ["100000", "200000", "100000"]


def test_importing_again_adds_nothing_and_a_grown_file_what_is_new(scores):
    scores(*IMPORT)
    again = scores(*IMPORT)
    assert "imported 0 points of 2 runs (2 known) from 1 file" in again.err
    with (scores.folder / "scores.csv").open("a") as file:
        file.write("dqn,A-v1,1,0.2,4\n")
    assert "imported 1 point of 2 runs (1 known, 1 grown) from 1 file" in scores(*IMPORT).err


def test_a_dry_run_says_how_a_file_is_read_and_changes_nothing(scores):
    done = scores(*IMPORT, "--dry-run")
    assert done.code == 0
    assert "scores.csv is read as:" in done.err
    assert "  step = frames*1e6" in done.err
    assert "  exp_name = algo" in done.err
    assert "  value = score (metric score)" in done.err
    assert "would import 4 points of 2 runs (2 new)" in done.err
    assert not (scores.folder / "runs").exists()


def test_a_dry_run_on_a_store_says_what_is_there(scores):
    scores(*IMPORT)
    assert "would import 0 points of 2 runs (2 known)" in scores(*IMPORT, "--dry-run").err


def test_a_bad_file_is_told_and_the_others_are_imported(fresh):
    write(fresh, "data/a.csv", f"{HEADER}ppo,A,1,100,1\n")
    write(fresh, "data/b.csv", f"{HEADER}ppo,A,2,100,fast\n")
    write(fresh, "data/c.csv", f"{HEADER}ppo,A,3,100,3\n")
    done = fresh("import", "table", "data")
    assert done.code == 2
    assert "imported 2 points of 2 runs (2 new)" in done.err
    last = done.err.splitlines()[-1]
    assert last == ("orbench: error: data/b.csv: row 1: column 'score': 'fast' is not a number")


def test_a_file_without_rows_is_told(fresh):
    write(fresh, "a.csv", HEADER)
    done = fresh("import", "table", "a.csv")
    assert done.code == 0
    assert "a.csv: has no rows" in done.err
    assert "imported 0 points of 0 runs (none) from 1 file" in done.err


def test_several_bad_files_are_counted(fresh):
    write(fresh, "data/a.csv", f"{HEADER}ppo,A,1,100,1\n")
    for number in range(30):
        write(fresh, f"data/b{number}.csv", "")
    done = fresh("import", "table", "data")
    assert done.code == 2
    assert done.err.splitlines()[-1] == "orbench: error: 30 files of 31 were left out"
    assert "10 more files like these" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "missing argument"),
        (("nothing.csv",), "nothing.csv: there is no such file"),
        (("bare.csv",), "nothing says the exp_name"),
        (("scores.csv", "--map", "sed=seed"), "a run has no 'sed'; did you mean seed"),
        (("scores.csv", "--path", "("), "is no regular expression"),
        (("pickled.npy", "--set", "seed=1"), "holds pickled objects"),
    ],
)
def test_what_cannot_be_is_one_line_and_makes_no_store(scores, arguments, said):
    write(scores, "bare.csv", "a,score\n1,2\n")
    np.save(scores.folder / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    done = scores("import", "table", *arguments)
    assert done.code == 2
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert said in done.err
    assert not (scores.folder / "runs").exists()


def test_the_statistics_of_restarted_runs_follow_the_rule(scores):
    scores(*IMPORT)
    asked = ("stats", "exp_name=ppo", "-m", "score", "--select", "last-100%")
    for rule, score in (("keep", 4.0), ("average", 3.5), ("last-pass", 9.0), ("longest-pass", 1.5)):
        done = scores(*asked, "--statistic", "mean", "--repeats", rule, "--format", "csv")
        (row,) = csv.DictReader(io.StringIO(done.out))
        assert float(row["score"]) == score


def test_figures_and_comparisons_of_restarted_runs_follow_the_rule_and_say_so(scores):
    scores(*IMPORT)
    asked = ("exp_name=ppo", "-m", "score", "--select", "last-100%", "--repeats", "last-pass")
    assert scores("plot", "scores", *asked, "-o", "drawn.svg").code == 0
    assert scores("compare", *asked, "-o", "all", "-f", "svg").code == 0
    for path in (scores.folder / "drawn.json", scores.folder / "all" / "scores.json"):
        assert json.loads(path.read_text())[0]["score"] == 9.0
    for path in (scores.folder / "drawn.txt", scores.folder / "all" / "scores.txt"):
        assert "only the rows since its last restart count" in path.read_text()


def test_an_unknown_rule_for_repeats_is_one_line(scores):
    scores(*IMPORT)
    done = scores("stats", "-m", "score", "--repeats", "latest")
    assert done.code == 2
    assert "use keep, average, last-pass, longest-pass" in done.err
