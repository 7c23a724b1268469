"""`orbench record --watch`: what other tools log goes into the run, each point once."""

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
import struct, sys, time
from pathlib import Path
from orbench.importers.tfrecord import crc32c, masked

def varint(number):
    made = b""
    while number > 127:
        made, number = made + bytes([number & 127 | 128]), number >> 7
    return made + bytes([number])

def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data

path = Path(sys.argv[1], "events.out.tfevents.1.host")
path.parent.mkdir(parents=True)
with path.open("wb") as file:
    for step in range(50):
        value = field(1, b"charts/episodic_return") + b"\\x15" + struct.pack("<f", step / 2)
        event = b"\\x09" + struct.pack("<d", time.time()) + b"\\x10" + varint(step)
        event += field(5, field(1, value))
        head = struct.pack("<Q", len(event))
        file.write(head + struct.pack("<I", masked(crc32c(head))))
        file.write(event + struct.pack("<I", masked(crc32c(event))))
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


def test_event_files_are_watched(fresh):
    done = record(fresh, "tensorboard:runs", "runs/A-v1__ppo__7__1", script=EVENTS)
    assert done.code == 0, done.err
    assert series(fresh, "charts/episodic_return") == [
        (list(range(50)), [n / 2 for n in range(50)])
    ]
    run = the_run(fresh)
    assert (run["env_id"], run["seed"]) == ("A-v1", 7)


def test_what_lay_there_before_stays_out_and_is_told(fresh):
    assert record(fresh, "sb3:logs", "logs/a", 5, 0, "").code == 0
    done = record(fresh, "sb3:logs", "logs/b", 3, 0, "")
    assert "has 20 points from before, which stay out" in done.err
    counts = sorted(len(steps) for steps, _ in series(fresh, "charts/episodic_return"))
    assert counts == [3, 5]


def test_a_file_that_is_begun_anew_is_new(fresh):
    assert record(fresh, "sb3:logs", "logs", 5, 0, "").code == 0
    assert record(fresh, "sb3:logs", "logs", 7, 0, "").code == 0
    counts = sorted(len(steps) for steps, _ in series(fresh, "loss"))
    assert counts == [5, 7]


def test_a_second_folder_is_called_by_its_name(fresh):
    script = (
        "import subprocess, sys\n"
        f"for name in 'ab': subprocess.run([sys.executable, '-c', {TRAINING!r}, "
        "'logs/' + name, '4', '0', ''], check=True)"
    )
    assert record(fresh, "sb3:logs", script=script).code == 0
    assert [len(steps) for steps, _ in series(fresh, "loss")] == [4]
    assert [len(steps) for steps, _ in series(fresh, "b/loss")] == [4]


def test_a_program_that_is_killed_leaves_all_it_wrote(fresh):
    done = record(fresh, "sb3:logs", "logs", 30, 0, "kill")
    assert done.code == -signal.SIGKILL
    assert series(fresh, "charts/episodic_return") == [RETURNS]
    assert the_run(fresh)["status"] == "killed"


def test_points_are_there_while_it_runs_and_once_when_the_recorder_is_killed(fresh):
    words = ["-c", TRAINING, "logs", "600", "0.05", ""]
    command = [sys.executable, "-m", "orbench.cli", "record", "--watch", "sb3:logs"]
    process = subprocess.Popen(
        [*command, "--", sys.executable, *words],
        cwd=fresh.folder,
        env=fresh.environment(),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        live: list = []
        while not live and time.monotonic() < deadline:
            time.sleep(0.5)
            with contextlib.suppress(OrbenchError):  # no store, no run, no point yet
                live = series(fresh, "charts/episodic_return")
        assert live, "no point came while the program ran"
    finally:
        process.kill()
        process.wait()
        os.killpg(process.pid, signal.SIGKILL)
    fresh("list")  # ships what the journal has
    ((steps, values),) = series(fresh, "charts/episodic_return")
    assert len(steps) >= len(live[0][0])
    assert steps == [10 * (n + 1) for n in range(len(steps))]
    assert values == [n / 3 for n in range(len(steps))]


def test_a_file_that_cannot_be_read_is_told_and_the_program_goes_on(fresh):
    script = "open('monitor.csv', 'w').write('no log\\n'); print('done')"
    done = record(fresh, "sb3:.", script=script)
    assert (done.code, done.out) == (0, "done\n")
    assert "not watched to its end" in done.err


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        ("logs", "is not KIND:DIR, as in tensorboard:runs"),
        ("tensorbord:logs", "there is no kind 'tensorbord'; did you mean tensorboard?"),
        ("sb3:file", "file is a file; name the folder it lies in"),
    ],
)
def test_a_watch_that_cannot_be_is_one_line_and_runs_nothing(fresh, watch, said):
    (fresh.folder / "file").write_text("")
    done = record(fresh, watch, script="print('ran')")
    assert (done.code, done.out) == (2, "")
    assert said in done.err
