"""`orbench record --watch wandb`: scripts of the genuine client, recorded with no change."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from orbench import fetch
from orbench.errors import OrbenchError

pytest.importorskip("wandb")

# Trains one run for each seed that it is given, and does as it is told in the last of them.
TRAINING = """
import math, os, signal, sys, time
import wandb

then, *seeds = sys.argv[1:]
for seed in map(int, seeds):
    run = wandb.init(
        project="paper",
        name=f"CartPole-v1__dqn__{seed}__17",
        tags=["first"],
        config={"seed": seed, "gamma": 0.99, "net": {"sizes": [64, 64]}},
    )
    for i in range(200):
        run.log({"global_step": i * 10, "return": i / 3, "nan": math.nan})
    run.summary["best"] = 7
    run.config.update({"late": 1})
    if then == "wait":
        time.sleep(120)
    with open(os.path.join(run.dir, "notes.txt"), "w") as notes:
        notes.write("saved")
    run.finish(exit_code=3 if then == "fail" and seed == int(seeds[-1]) else 0)
print("mode", os.environ["WANDB_MODE"])
"""

RETURNS = ([i * 10 for i in range(200)], [i / 3 for i in range(200)])


@pytest.fixture
def client(fresh, monkeypatch):
    """A person without any settings of W&B's own, whose server cannot be reached."""
    for variable in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(variable)
    for variable in ("HOME", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(variable, str(fresh.folder / "home"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    return fresh


def record(orbench, watch, *arguments, script=TRAINING, **variables):
    words = [sys.executable, "-P", "-c", script, *map(str, arguments)]
    return orbench.apart("record", "--watch", watch, "--", *words, **variables)


def series(orbench, metric):
    table = fetch(metrics=[metric], store=f"sqlite:///{orbench.folder}/runs/orbench.db")
    return [(one.steps.tolist(), one.values.tolist()) for one in table.series]


def runs_by_seed(orbench):
    runs = orbench("list", "-f", "json").json
    return {run["seed"]: orbench("show", run["run_id"], "-f", "json").json for run in runs}


def test_a_script_is_recorded_whole_and_sends_nothing(client):
    done = record(client, "wandb", "", 4)
    assert (done.code, done.out) == (0, "mode offline\n"), done.err
    ((seed, run),) = runs_by_seed(client).items()
    names = (run["project"], run["exp_name"], run["env_id"], seed)
    assert names == ("paper", "dqn", "CartPole-v1", 4)
    assert run["config"] == {"seed": 4, "gamma": 0.99, "net": {"sizes": [64, 64]}, "late": 1}
    assert (run["summary"]["best"], run["tags"]) == (7, ["first"])
    assert series(client, "return") == [RETURNS]
    ((steps, values),) = series(client, "nan")
    assert steps == RETURNS[0]
    assert all(value != value for value in values)
    assert [one["name"] for one in run["artifacts"]] == ["notes.txt"]
    assert run["status"] == "finished"
    # The log lies in a folder of the run's own, for `wandb sync` or another import.
    (log,) = (client.folder / "wandb" / run["run_id"]).rglob("*.wandb")
    told = run["facts"]["command"]["watched"]["wandb"]
    assert (told["file"].endswith(log.name), told["wandb"]["project"]) == (True, "paper")


@pytest.mark.slow
def test_further_runs_of_a_program_are_child_runs_which_end_as_they_say(client):
    done = record(client, "wandb", "fail", 1, 2, 3)
    assert done.code == 0, done.err
    runs = runs_by_seed(client)
    recorded = runs[1]["run_id"]
    assert {seed: run["parent_id"] for seed, run in runs.items()} == {
        1: None,
        2: recorded,
        3: recorded,
    }
    assert series(client, "return") == [RETURNS] * 3
    ends = {seed: (run["status"], run["exit_code"]) for seed, run in runs.items()}
    assert ends == {1: ("finished", 0), 2: ("finished", 0), 3: ("failed", 3)}
    for run in runs.values():
        assert (run["env_id"], run["exp_name"]) == ("CartPole-v1", "dqn")
        assert (run["summary"]["best"], run["config"]["late"], run["tags"]) == (7, 1, ["first"])
        assert [one["name"] for one in run["artifacts"]] == ["notes.txt"]


@pytest.mark.slow
def test_rows_are_there_while_it_runs_and_stay_when_it_is_killed(client):
    (client.folder / "train.py").write_text(TRAINING)
    command = [sys.executable, "-m", "orbench.cli", "record", "--watch", "wandb:logs", "--"]
    process = subprocess.Popen(
        [*command, sys.executable, "-P", "train.py", "wait", "5"],
        cwd=client.folder,
        env=client.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    live: list = []
    deadline = time.monotonic() + 60
    while (not live or live[0] != RETURNS) and time.monotonic() < deadline:
        time.sleep(0.5)
        with contextlib.suppress(OrbenchError):  # no store, no run, no point yet
            live = series(client, "return")
    os.kill(_child_of(process.pid), signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert live == [RETURNS], "not all rows came while the program ran"
    assert process.returncode == -signal.SIGKILL, told
    ((seed, run),) = runs_by_seed(client).items()
    assert (seed, run["status"], run["signal"]) == (5, "killed", 9)
    assert series(client, "return") == [RETURNS]
    assert run["config"]["gamma"] == 0.99
    assert "says no end of its run: it was killed" in told


def _child_of(pid: int) -> int:
    """The recorded program, which is the first child."""
    import psutil

    return psutil.Process(pid).children()[0].pid


@pytest.mark.slow
def test_logs_from_before_stay_out_and_are_told(client):
    folder = client.folder / "logs" / "wandb" / "offline-run-20260101_000000-old"
    folder.mkdir(parents=True)
    (folder / "run-old.wandb").write_bytes(b"an old log")
    done = record(client, "wandb:logs", "", 6)
    assert done.code == 0, done.err
    assert "logs has 1 run from before, which stay out; orbench import wandb logs" in done.err
    assert list(runs_by_seed(client)) == [6]


@pytest.mark.slow
def test_a_program_that_is_told_to_stay_online_is_recorded_too(fresh, wandb):
    done = record(fresh, "wandb", "", 8, WANDB_MODE="online", WANDB_ENTITY="team")
    assert done.code == 0, done.err
    assert "mode online" in done.out
    assert series(fresh, "return") == [RETURNS]
    (remote,) = wandb.runs.values()
    assert len(remote.rows()) == 200


def test_a_program_without_wandb_is_told_what_to_look_at(client):
    script = "import sys; sys.modules['wandb'] = None; import wandb"
    done = record(client, "wandb", script=script)
    assert done.code == 1
    assert "--watch wandb:wandb/" in done.err
    assert "found nothing" in done.err
    assert "with wandb installed and not disabled" in done.err


def test_a_folder_that_cannot_be_made_is_one_line_and_runs_nothing(client):
    (client.folder / "file").write_text("")
    done = record(client, "wandb:file/logs", script="print('ran')")
    assert (done.code, done.out) == (2, "")
    assert "file/logs cannot be " in done.err
