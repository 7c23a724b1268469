"""Runs of MLflow, as its own client writes them to files and to SQLite, and bad ones."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.errors import ImportFileError, UsageError
from orbench.importers import MlflowImporter, Outcome, deliver, imported_run_id, parse_naming
from orbench.run import RunStatus
from orbench.run_store import open_store

# What people log, by the real client; the same into each store.
LOGGING = """
import math, sys
import mlflow
from mlflow import MlflowClient

mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
experiment = client.create_experiment("atari", artifact_location=sys.argv[2])
parent = client.create_run(experiment, run_name="sweep")
client.log_param(parent.info.run_id, "algo", "dqn")
client.log_param(parent.info.run_id, "env_id", "Pong-v5")
client.log_param(parent.info.run_id, "seed", "0")
child = client.create_run(
    experiment, start_time=1_700_000_000_000, tags={"mlflow.parentRunId": parent.info.run_id}
)
run = child.info.run_id
for key, value in {"algo": "dqn", "task": "Pong-v5", "seed": 3, "optim.lr": 3e-4,
                   "double": True, "net": [64, 64]}.items():
    client.log_param(run, key, value)
client.set_tag(run, "baseline", "")
client.set_tag(run, "machine type", "a 100")
for step in range(20):
    client.log_metric(run, "eval/mean return", step / 3, 1_700_000_000_500 + step, step * 10)
client.log_metric(run, "loss", math.nan, 1_700_000_000_900, 5)
client.log_metric(run, "loss", -0.5, 1_700_000_000_900, -3)
client.set_terminated(run, "FAILED", end_time=1_700_000_060_000)
client.set_terminated(parent.info.run_id)
gone = client.create_run(experiment)
client.delete_run(gone.info.run_id)
client.log_text(run, "hello", "notes/a b.txt")
print(run, parent.info.run_id, gone.info.run_id)
"""
MAPS = ["exp_name=algo", "env_id=task"]


@pytest.fixture(scope="session", params=["files", pytest.param("database", marks=pytest.mark.slow)])
def logged(request, tmp_path_factory):
    """What the client logged: the path to import, and the ids of child, parent and deleted run."""
    folder = tmp_path_factory.mktemp("mlflow")
    files = request.param == "files"
    path = folder / ("mlruns" if files else "mlflow.db")
    uri = path.as_uri() if files else f"sqlite:///{path}"
    artifacts = "" if files else (folder / "artifacts").as_uri()
    script = LOGGING if not files else LOGGING.replace(", artifact_location=sys.argv[2]", "")
    done = subprocess.run(
        [sys.executable, "-c", script, uri, artifacts],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        # Newer releases want to be told that files are meant.
        env={**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"},
    )
    assert done.returncode == 0, done.stderr
    return (path, *done.stdout.split()[-3:])


def runs(path, maps=(), constants=()):
    importer = MlflowImporter(parse_naming(maps, constants))
    return [run for found in importer.find([path]) for run in importer.read(found)]


@pytest.fixture
def child(logged):
    """The run with everything in it."""
    path, run_id, _, _ = logged
    (run,) = [one for one in runs(path, ["env_id=@file"]) if one.identity == run_id]
    return run


def test_every_point_is_there_in_the_order_logged(child):
    points = child.points["eval/mean return"]
    assert points.steps.tolist() == [step * 10 for step in range(20)]
    assert points.values.tolist() == [step / 3 for step in range(20)]
    assert points.wall_times[:2].tolist() == [1_700_000_000.5, 1_700_000_000.501]
    assert child.points["loss"].steps.tolist() == [5, -3]
    assert math.isnan(child.points["loss"].values[0])
    assert child.rows.restarts == 1


def test_params_are_the_config_and_the_experiment_is_the_project(child):
    assert child.config == {
        **{"algo": "dqn", "task": "Pong-v5", "seed": 3, "optim": {"lr": 3e-4}},
        **{"double": True, "net": "[64, 64]"},
    }
    assert (child.project, child.exp_name, child.seed) == ("atari", "dqn", 3)
    assert child.tags == ("baseline",)
    assert child.provenance["mlflow"]["tags"]["machine type"] == "a 100"
    assert (child.started, child.ended) == (1_700_000_000.0, 1_700_000_060.0)
    assert child.status is RunStatus.FAILED


def test_a_nested_run_has_its_parent(logged, empty_store_url):
    path, child_id, parent_id, _ = logged
    with open_store(empty_store_url) as store:
        done = [deliver(store, run) for run in runs(path, ["env_id=@file"])]
        outcomes = sorted(one.outcome for one in done)
        assert outcomes == [Outcome.EMPTY, Outcome.NEW, Outcome.NEW]
        stored = store.details(imported_run_id("mlflow", child_id)).record
        assert stored.parent_id == imported_run_id("mlflow", parent_id)
        again = [deliver(store, run).outcome for run in runs(path, ["env_id=@file"])]
        assert sorted(again) == [Outcome.EMPTY, Outcome.KNOWN, Outcome.KNOWN]


def test_a_deleted_run_is_told_and_left_out(logged):
    path, _, _, gone = logged
    (told,) = [run for run in runs(path, ["env_id=@file"]) if not run.identity]
    assert not told.points
    assert f"run {gone} is deleted in MLflow, left out" in told.notes[0]


def test_artifacts_of_files_are_kept_and_those_elsewhere_are_told(logged, child):
    if logged[0].is_dir():
        ((name, path),) = [(one.name, one.path) for one in child.artifacts]
        assert (name, path.read_text()) == ("notes/a b.txt", "hello")
    else:
        assert "are not imported" in child.notes[0]


def test_what_no_param_says_is_asked_for(folder):
    with pytest.raises(UsageError, match=r"nothing says the exp_name .*--map exp_name=KEY of its"):
        runs(run_folder(folder, params={"env_id": "A", "seed": "1"}))
    with pytest.raises(UsageError, match=r"has no 'sed'; did you mean seed"):
        runs(run_folder(folder), ["seed=sed"])


# -- folders by hand

META = "run_id: {0}\nrun_name: r\nexperiment_id: '1'\nstart_time: 1000\nstatus: {1}\n"
PARAMS = {"exp_name": "ppo", "env_id": "A", "seed": "1"}


def run_folder(folder, run_id="a1", metrics=None, status=3, params=None):
    place = f"mlruns/1/{run_id}"
    folder.write("mlruns/1/meta.yaml", "experiment_id: '1'\nname: first\n")
    folder.write(f"{place}/meta.yaml", META.format(run_id, status))
    for key, value in (params or PARAMS).items():
        folder.write(f"{place}/params/{key}", value)
    for key, text in (metrics or {}).items():
        folder.write(f"{place}/metrics/{key}", text)
    return folder.path / "mlruns"


def test_a_metric_grows(folder, empty_store_url):
    with open_store(empty_store_url) as store:
        for text, added in (("1000 1 0\n", 1), ("1000 1 0\n2000 2 1\n", 1)):
            (run,) = runs(run_folder(folder, metrics={"a/b c": text}))
            assert deliver(store, run).added == added


def test_lines_of_old_clients_and_with_data_sets_are_read(folder):
    (run,) = runs(run_folder(folder, metrics={"old": "1000 1.5\n2000 2.5\n", "new": "1 2 3 d 4\n"}))
    assert run.points["old"].steps.tolist() == [0, 0]
    assert run.points["old"].wall_times.tolist() == [1.0, 2.0]
    assert run.points["new"].steps.tolist() == [3]


def test_steps_below_0_are_kept_as_mlflow_keeps_them(folder):
    (run,) = runs(run_folder(folder, metrics={"a": "1000 1 5\n2000 2 -4\n"}))
    assert run.points["a"].steps.tolist() == [5, -4]


def test_a_line_that_was_being_written_is_left_out_and_told(folder):
    (run,) = runs(run_folder(folder, metrics={"a": "1000 1 0\n2000 2"}))
    assert run.points["a"].values.tolist() == [1.0]
    assert run.notes == ("mlruns/1/a1: a: its last line is cut off, 6 bytes left out",)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 2**52), st.floats(), st.integers(0, 2**52)), max_size=9))
def test_every_value_comes_through(tmp_path_factory, rows):
    from .conftest import Folder

    folder = Folder(tmp_path_factory.mktemp("rows"))
    text = "".join(f"{time} {value} {step}\n" for time, value, step in rows)
    (run,) = runs(run_folder(folder, metrics={"a": text}))
    got = run.points["a"].values.tolist() if rows else []
    assert [repr(value) for value in got] == [repr(row[1]) for row in rows]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1000\n", "line 1 is not of the form 'time value step'"),
        ("1000 x 0\n", "is no metric of MLflow"),
        ("1000 1 0.5\n", "row 1: 0.5 is no step"),
    ],
)
def test_a_metric_that_is_none_is_one_line(folder, text, said):
    with pytest.raises(ImportFileError) as caught:
        runs(run_folder(folder, metrics={"a": text}))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_running_run_is_not_said_to_have_ended(folder):
    (run,) = runs(run_folder(folder, metrics={"a": "5000 1 0\n"}, status=1))
    assert run.status is RunStatus.LOST
    assert run.ended == 5.0


def test_links_out_of_the_folder_are_not_followed(folder, tmp_path):
    (tmp_path / "secret").write_text("secret")
    root = run_folder(folder, metrics={"a": "1 1 0\n"})
    (root / "1/a1/artifacts").mkdir()
    (root / "1/a1/artifacts/link").symlink_to(tmp_path / "secret")
    (root / "1/a1/params/link").symlink_to(tmp_path / "secret")
    (run,) = runs(root)
    assert not run.artifacts
    assert "link" not in run.config
    assert run.notes == ("mlruns/1/a1: 1 artifacts are links, left out",)


def test_paths_with_no_run_in_them(folder, tmp_path):
    folder.write("a.txt", "")
    (folder.path / "empty").mkdir()
    for name, said in (("a.txt", "is neither"), ("empty", "no run of MLflow"), ("b", "no such")):
        with pytest.raises(ImportFileError, match=said):
            runs(folder.path / name)
    with pytest.raises(UsageError, match="orbench sync pull"):
        runs(type(tmp_path)("http://localhost:5000"))


def test_a_database_of_something_else_is_one_line(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table t (a)")
    with pytest.raises(ImportFileError, match=r"other\.db: cannot be read as a tracking database"):
        runs(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ImportFileError, match=r"other\.db: cannot be read"):
        runs(path)


def test_a_meta_file_that_is_damaged_is_one_line(folder):
    root = run_folder(folder)
    folder.write("mlruns/1/a1/meta.yaml", "run_id: 'x\n")
    with pytest.raises(ImportFileError, match=r"meta\.yaml: line 2: this is no YAML: found"):
        runs(root)
