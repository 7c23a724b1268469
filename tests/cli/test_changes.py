"""Commands that change a store or write files: tag, rm, download, and the store's own."""

import contextlib
import hashlib
import shutil
import sqlite3
import subprocess
import sys

import pytest

TRAINING = """
from pathlib import Path
import orbench

for number, name in enumerate(("shared", "shared", "own")):
    with orbench.start_run(exp_name=f"exp{number}", console=False, system_metrics=False) as run:
        run.log({"loss": 1.0, "return": 2.0}, step=0)
        run.log({"loss": 0.5}, step=1)
        Path("file").write_text(name)
        run.log_artifact("file", name="out/policy.txt")
"""


@pytest.fixture(scope="session")
def trained(tmp_path_factory, orbench_in):
    """A folder with the runs of `three`; tests get copies of it."""
    folder = tmp_path_factory.mktemp("three")
    environment = orbench_in(folder).environment()
    subprocess.run([sys.executable, "-c", TRAINING], cwd=folder, env=environment, check=True)
    (folder / "file").unlink()
    return folder


@pytest.fixture
def three(fresh, trained):
    """Three small runs; the first two hold the same artifact."""
    shutil.copytree(trained, fresh.folder, dirs_exist_ok=True)
    return fresh


def runs(orbench, where="all"):
    return {run["exp_name"]: run for run in orbench("list", where, "-f", "json").json}


def test_tags_are_put_on_and_taken_off_by_id_prefix_and_by_filter(three):
    first = runs(three)["exp0"]["run_id"]
    assert three("tag", first[:10], "--add", "a,b").err == "1 of 1 run changed\n"
    assert three("tag", "exp_name=exp0,exp1", "-a", "c", "-r", "b").err == "2 of 2 runs changed\n"
    assert {name: run["tags"] for name, run in runs(three).items()} == {
        **{"exp0": ["a", "c"], "exp1": ["c"], "exp2": []}
    }
    assert three("tag", "all", "--remove", "c").err == "2 of 3 runs changed\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["all"], "nothing to do; give --add TAG or --remove TAG"),
        (["all", "--add", "x", "--remove", "x"], "'x' is to be added and removed"),
        (["exp_name=zzz", "--add", "x"], "exp_name=zzz; there are exp0, exp1, exp2"),
        (["zzzz", "--add", "x"], "no run 'zzzz' in the store"),
    ],
)
def test_tagging_nothing_is_an_error(three, words, said):
    done = three("tag", *words)
    assert done.code == 2
    assert said in done.err


def test_rm_without_yes_says_what_would_go_and_removes_nothing(three):
    first = runs(three)["exp0"]["run_id"]
    done = three("rm", first)
    assert done.code == 2
    assert done.err == (
        f"orbench: error: 1 run would go ({first}) with 2 series, 3 points and 1 artifact "
        "(6 B, less what other runs hold); nothing was removed, --yes does it\n"
    )
    assert len(runs(three)) == 3


def test_rm_keeps_artifacts_that_other_runs_hold_and_says_so(three):
    found = runs(three)
    done = three("rm", found["exp0"]["run_id"], "--yes")
    assert (done.code, done.err) == (
        0,
        "removed 1 run with 2 series, 3 points and 0 artifacts (0 B); "
        "1 artifact stayed, other runs hold them\n",
    )
    assert set(runs(three)) == {"exp1", "exp2"}
    assert three("download", found["exp1"]["run_id"], "out/policy.txt").code == 0


def test_rm_by_filter_takes_all_that_it_selects(three):
    assert three("rm", "--where", "exp_name~exp[12]", "--yes").code == 0
    assert set(runs(three)) == {"exp0"}


@pytest.mark.parametrize("words", [[], ["abc", "--where", "all"]])
def test_rm_wants_ids_or_a_filter(three, words):
    done = three("rm", *words, "--yes")
    assert done.code == 2
    assert "give run ids, or --where FILTER, one of the two" in done.err
    assert len(runs(three)) == 3


def test_an_artifact_comes_back_in_this_folder_under_its_last_name(three):
    run = runs(three)["exp2"]["run_id"]
    done = three("download", run, "out/policy.txt")
    assert done.code == 0
    assert (three.folder / "policy.txt").read_text() == "own"
    assert hashlib.sha256(b"own").hexdigest() in done.err
    again = three("download", run, "out/policy.txt")
    assert again.code == 2
    assert "policy.txt is there already" in again.err
    assert three("download", run, "out/policy.txt", "--force").code == 0


def test_an_artifact_goes_to_stdout_or_where_one_says(three):
    run = runs(three)["exp2"]["run_id"]
    assert three("download", run, "out/policy.txt", "--out", "-").out == "own"
    assert three("download", run, hashlib.sha256(b"own").hexdigest()[:10], "-o", "x").code == 0
    assert (three.folder / "x").read_text() == "own"
    done = three("download", run, "out/policy.txt", "-o", "no/such/x")
    assert done.code == 2
    assert "there is no folder no/such" in done.err


def test_an_artifact_that_is_not_there_names_near_ones(three):
    done = three("download", runs(three)["exp2"]["run_id"], "out/polcy.txt")
    assert done.code == 2
    assert "did you mean out/policy.txt?" in done.err


def test_no_artifact_name_leads_out_of_the_folder(three):
    run = runs(three)["exp2"]["run_id"]
    path = three.folder / "runs" / "orbench.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE artifacts SET name = '../../escaped.txt'")
    before = sorted(three.folder.parent.iterdir())
    assert three("download", run, "../../escaped.txt").code == 0
    assert (three.folder / "escaped.txt").read_text() == "own"
    assert sorted(three.folder.parent.iterdir()) == before


def test_a_damaged_artifact_leaves_no_file(three):
    run = runs(three)["exp2"]["run_id"]
    path = three.folder / "runs" / "orbench.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE blob_parts SET data = zeroblob(3), compressed = 0")
    before = sorted(three.folder.iterdir())
    done = three("download", run, "out/policy.txt")
    assert done.code == 2
    assert done.err.startswith("orbench: error: ")
    assert sorted(three.folder.iterdir()) == before


def test_a_store_is_made_once(fresh):
    assert fresh("store", "init").err == "made a store at sqlite:///runs/orbench.db\n"
    done = fresh("store", "init")
    assert (done.code, done.err) == (0, "there is already a store at sqlite:///runs/orbench.db\n")
    assert fresh("store", "info", "--format", "json").json["runs"] == 0
    assert fresh("store", "upgrade").err.endswith("already\n")
