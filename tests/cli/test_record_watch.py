"""`orbench record --watch`: what other tools log goes into the run, each point once."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from orbench import fetch
from orbench.errors import OrbenchError

# Writes as SB3 does: a monitor file with a row for each episode, a progress.csv, and no orbench.
TRAINING = """
import os, signal, sys, time
folder, episodes, pause, end = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
os.makedirs(folder, exist_ok=True)
start = time.time()
with open(f"{folder}/monitor.csv", "w") as monitor, open(f"{folder}/progress.csv", "w") as progress:
    monitor.write('#{"t_start": %r, "env_id": "Pong-v4"}\\nr,l,t\\n' % start)
    progress.write("loss,time/total_timesteps,time/time_elapsed\\n")
    for number in range(episodes):
        monitor.write(f"{number / 3},{10},{time.time() - start}\\n")
        progress.write(f"{1 / (number + 1)},{10 * number},{time.time() - start}\\n")
        monitor.flush()
        progress.flush()
        time.sleep(pause)
    if end == "kill":
        monitor.write("99,1")
        monitor.flush()
        os.kill(os.getpid(), signal.SIGKILL)
"""

# Writes event files with the real protobufs, and nothing but them.
EVENTS = """
import os, signal, struct, sys, time
from pathlib import Path
from orbench.importers.tfrecord import crc32c, masked

def varint(number):
    made = b""
    while number > 127:
        made, number = made + bytes([number & 127 | 128]), number >> 7
    return made + bytes([number])

def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data

def write(folder):
    path = Path(folder, "events.out.tfevents.1.host")
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        for step in range(50):
            value = field(1, b"charts/episodic_return") + b"\\x15" + struct.pack("<f", step / 2)
            event = b"\\x09" + struct.pack("<d", time.time()) + b"\\x10" + varint(step)
            event += field(5, field(1, value))
            head = struct.pack("<Q", len(event))
            file.write(head + struct.pack("<I", masked(crc32c(head))))
            file.write(event + struct.pack("<I", masked(crc32c(event))))

pause, then, *folders = sys.argv[1:]
for folder in folders:
    write(folder)
    time.sleep(float(pause))
if then == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def record(orbench, watch, *arguments, script=TRAINING, options=()):
    words = [sys.executable, "-c", script, *map(str, arguments)]
    return orbench.apart("record", *options, "--watch", watch, "--", *words)


def series(orbench, metric):
    """Steps and values of a metric in each run of the store."""
    table = fetch(metrics=[metric], store=f"sqlite:///{orbench.folder}/runs/orbench.db")
    return [(one.steps.tolist(), one.values.tolist()) for one in table.series]


def the_run(orbench):
    (run,) = orbench("list", "-f", "json").json
    return orbench("show", run["run_id"], "-f", "json").json


RETURNS = ([10 * (n + 1) for n in range(30)], [n / 3 for n in range(30)])


def test_every_point_is_in_the_run_once(fresh):
    done = record(fresh, "sb3:logs", "logs", 30, 0.1, "", options=["--seed", "4"])
    assert done.code == 0, done.err
    assert series(fresh, "charts/episodic_return") == [RETURNS]
    assert series(fresh, "loss") == [
        ([10 * n for n in range(30)], [1 / (n + 1) for n in range(30)])
    ]
    run = the_run(fresh)
    assert (run["env_id"], run["seed"]) == ("Pong-v4", 4)


@pytest.mark.slow
def test_what_lay_there_before_stays_out_and_is_told(fresh):
    assert record(fresh, "sb3:logs", "logs/a", 5, 0, "").code == 0
    done = record(fresh, "sb3:logs", "logs/b", 3, 0, "")
    assert "logs has 1 run with 20 points from before, which stay out; orbench import" in done.err
    counts = sorted(len(steps) for steps, _ in series(fresh, "charts/episodic_return"))
    assert counts == [3, 5]


@pytest.mark.slow
def test_what_is_added_to_a_run_folder_from_before_is_the_recorded_run(fresh):
    folders = ["logs/A-v1__ppo__1__1", "logs/A-v1__ppo__2__1"]
    assert record(fresh, "tensorboard:logs", 0, "", *folders, script=EVENTS).code == 0
    script = EVENTS.replace("tfevents.1.", "tfevents.2.").replace(
        "path.parent.mkdir(parents=True)", "pass"
    )
    done = record(fresh, "tensorboard:logs", 0, "", folders[1], script=script)
    assert "logs has 2 runs from before, which stay out" in done.err
    counts = [len(steps) for steps, _ in series(fresh, "charts/episodic_return")]
    assert counts == [50, 50, 50]
    seeds = sorted(run["seed"] for run in fresh("list", "-f", "json").json)
    assert seeds == [1, 2, 2]


@pytest.mark.slow
def test_a_file_that_is_begun_anew_is_new(fresh):
    assert record(fresh, "sb3:logs", "logs", 5, 0, "").code == 0
    assert record(fresh, "sb3:logs", "logs", 7, 0, "").code == 0
    counts = sorted(len(steps) for steps, _ in series(fresh, "loss"))
    assert counts == [5, 7]


def runs_by_seed(orbench):
    runs = orbench("list", "-f", "json").json
    return {run["seed"]: orbench("show", run["run_id"], "-f", "json").json for run in runs}


@pytest.mark.parametrize("pause", [0, pytest.param(1.5, marks=pytest.mark.slow)])
def test_each_further_run_in_the_folder_is_a_child_run_whenever_it_appears(fresh, pause):
    folders = [f"runs/A-v1__ppo__{seed}__1" for seed in (10, 2, 3)]
    done = record(fresh, "tensorboard:runs", pause, "", *folders, script=EVENTS)
    assert done.code == 0, done.err
    runs = runs_by_seed(fresh)
    recorded = runs[10]["run_id"]
    assert f"orbench: recording run {recorded}" in done.err
    parents = {seed: run["parent_id"] for seed, run in runs.items()}
    assert parents == {10: None, 2: recorded, 3: recorded}
    assert sorted(runs[10]["children"]) == sorted([runs[2]["run_id"], runs[3]["run_id"]])
    points = (list(range(50)), [n / 2 for n in range(50)])
    assert series(fresh, "charts/episodic_return") == [points] * 3
    for run in runs.values():
        assert (run["env_id"], run["exp_name"], run["status"]) == ("A-v1", "ppo", "finished")
    assert f"runs has 3 runs: the first is {recorded}, its child runs are " in done.err
    knows_the_program_and_its_log(runs, dict(zip((10, 2, 3), folders, strict=True)))


def knows_the_program_and_its_log(runs, folders):
    facts = {seed: run["facts"] for seed, run in runs.items()}
    for seed, folder in folders.items():
        for kind in ("environment", "machine", "source"):
            assert facts[seed][kind]
            assert facts[seed][kind] == facts[10][kind]
        assert facts[seed]["command"]["argv"] == facts[10]["command"]["argv"]
        assert facts[seed]["command"]["watched"]["tensorboard"]["file"] == folder


@pytest.mark.slow
def test_the_names_that_a_person_gives_are_those_of_the_child_runs_too(fresh):
    folders = ["runs/A-v1__ppo__1__1", "runs/B-v1__ppo__2__1", "runs/other"]
    options = ["--project", "demo", "--exp-name", "mine", "--env-id", "C-v1", "--seed", "9"]
    done = record(fresh, "tensorboard:runs", 0, "", *folders, script=EVENTS, options=options)
    assert done.code == 0, done.err
    names = {
        seed: (run["project"], run["exp_name"], run["env_id"])
        for seed, run in runs_by_seed(fresh).items()
    }
    # The env and the seed of a further run are its own, where it says them.
    assert names == {
        9: ("demo", "mine", "C-v1"),
        2: ("demo", "mine", "B-v1"),
        None: ("demo", "mine", "C-v1"),
    }


@pytest.mark.slow
def test_child_runs_end_as_the_program_did(fresh):
    folders = ["runs/A-v1__ppo__1__1", "runs/A-v1__ppo__2__1"]
    done = record(fresh, "tensorboard:runs", 0, "kill", *folders, script=EVENTS)
    assert done.code == -signal.SIGKILL
    runs = runs_by_seed(fresh)
    assert {(run["status"], run["signal"]) for run in runs.values()} == {("killed", 9)}
    assert [len(steps) for steps, _ in series(fresh, "charts/episodic_return")] == [50, 50]


@pytest.mark.slow
def test_child_runs_keep_their_points_when_the_recorder_is_killed(fresh):
    folders = ["logs/A-v1__ppo__1__1", "logs/A-v1__ppo__2__1"]
    words = [sys.executable, "-c", EVENTS, "4", "", *folders]
    kill_recorder(fresh, "tensorboard:logs", words, when_there_are=2)
    runs = runs_by_seed(fresh)
    assert {run["status"] for run in runs.values()} == {"killed"}
    assert runs[2]["parent_id"] == runs[1]["run_id"]
    assert [len(steps) for steps, _ in series(fresh, "charts/episodic_return")] == [50, 50]


@pytest.mark.slow
def test_further_folders_of_sb3_are_child_runs(fresh):
    script = (
        "import subprocess, sys\n"
        f"for name in 'ab': subprocess.run([sys.executable, '-c', {TRAINING!r}, "
        "'logs/' + name, '4', '0', ''], check=True)"
    )
    assert record(fresh, "sb3:logs", script=script, options=["--exp-name", "ppo"]).code == 0
    assert [len(steps) for steps, _ in series(fresh, "loss")] == [4, 4]
    names = [(run["exp_name"], run["env_id"]) for run in fresh("list", "-f", "json").json]
    assert names == [("ppo", "Pong-v4")] * 2


@pytest.mark.slow
def test_a_program_that_is_killed_leaves_all_it_wrote(fresh):
    done = record(fresh, "sb3:logs", "logs", 30, 0, "kill")
    assert done.code == -signal.SIGKILL
    assert series(fresh, "charts/episodic_return") == [RETURNS]
    assert the_run(fresh)["status"] == "killed"


def kill_recorder(orbench, watch, words, when_there_are):
    """Record a program, and kill both once so many runs have points; gives their series then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "orbench.cli", "record", "--watch", watch, "--", *words],
        cwd=orbench.folder,
        env=orbench.environment(),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        live: list = []
        while len(live) < when_there_are and time.monotonic() < deadline:
            time.sleep(0.5)
            with contextlib.suppress(OrbenchError):  # no store, no run, no point yet
                live = series(orbench, "charts/episodic_return")
        assert len(live) == when_there_are, "no point came while the program ran"
    finally:
        process.kill()
        process.wait()
        os.killpg(process.pid, signal.SIGKILL)
    orbench("list")  # ships what the journal has
    return live


@pytest.mark.slow
def test_points_are_there_while_it_runs_and_once_when_the_recorder_is_killed(fresh):
    words = [sys.executable, "-c", TRAINING, "logs", "600", "0.05", ""]
    live = kill_recorder(fresh, "sb3:logs", words, when_there_are=1)
    ((steps, values),) = series(fresh, "charts/episodic_return")
    assert len(steps) >= len(live[0][0])
    assert steps == [10 * (n + 1) for n in range(len(steps))]
    assert values == [n / 3 for n in range(len(steps))]


@pytest.mark.slow
def test_a_file_that_cannot_be_read_is_told_and_the_program_goes_on(fresh):
    script = "open('monitor.csv', 'w').write('no log\\n'); print('done')"
    done = record(fresh, "sb3:.", script=script)
    assert (done.code, done.out) == (0, "done\n")
    assert "not watched to its end" in done.err


@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param("", "logs: there is no such file", marks=pytest.mark.slow),
        ("log", "--watch tensorboard:logs found nothing: logs: there is no such file; did you "),
        pytest.param("logs", "logs: the folder has no event file (ev", marks=pytest.mark.slow),
    ],
)
def test_that_nothing_came_is_told_and_the_status_is_the_program_s(fresh, made, said):
    script = f"import os, sys; {made!r} and os.mkdir({made!r}); sys.exit(7)"
    done = record(fresh, "tensorboard:logs", script=script)
    assert done.code == 7
    assert said in done.err
    assert done.err.count("\n") == 2  # the other line is the run's id


# Holds the store's lock while it trains, and says how long that took.
LOCKING = """
import sqlite3, time
store = sqlite3.connect("runs/orbench.db", isolation_level=None)
store.execute("BEGIN IMMEDIATE")
begun = time.monotonic()
"""
LOCKING_ENDS = """
print(time.monotonic() - begun)
store.close()
"""


@pytest.mark.slow
def test_a_store_that_is_locked_neither_slows_the_program_nor_loses_a_point(fresh):
    assert fresh("store", "init").code == 0
    script = LOCKING + EVENTS + LOCKING_ENDS
    folders = ["logs/A-v1__ppo__1__1", "logs/A-v1__ppo__2__1"]
    done = record(fresh, "tensorboard:logs", 1.5, "", *folders, script=script)
    assert done.code == 0, done.err
    assert float(done.out) < 6
    assert [len(steps) for steps, _ in series(fresh, "charts/episodic_return")] == [50, 50]


@pytest.mark.slow
def test_a_store_that_stays_locked_leaves_the_journals_of_all_runs(fresh):
    assert fresh("store", "init").code == 0
    with contextlib.closing(
        sqlite3.connect(fresh.folder / "runs" / "orbench.db", isolation_level=None)
    ) as lock:
        lock.execute("BEGIN IMMEDIATE")
        folders = ["logs/A-v1__ppo__1__1", "logs/A-v1__ppo__2__1"]
        done = record(fresh, "tensorboard:logs", 0, "", *folders, script=EVENTS)
    assert done.code == 0
    assert "with 1 beside it is not wholly in the store" in done.err
    runs = runs_by_seed(fresh)  # the first command ships the journals
    assert {run["status"] for run in runs.values()} == {"finished"}
    assert [len(steps) for steps, _ in series(fresh, "charts/episodic_return")] == [50, 50]


def test_a_watch_that_cannot_be_is_one_line_and_runs_nothing(fresh):
    done = record(fresh, "tensorbord:logs", script="print('ran')")
    assert (done.code, done.out) == (2, "")
    assert "there is no kind 'tensorbord'; did you mean tensorboard?" in done.err
    assert done.err.count("\n") == 1
