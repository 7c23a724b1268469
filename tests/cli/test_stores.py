"""`orbench store`, and what every command does first: ship what crashed runs left behind."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

KILLED = """
import os, orbench
run = orbench.start_run(project="demo", exp_name="killed", console=False)
for step in range(100):
    run.log({"loss": float(step)}, step=step)
os.kill(os.getpid(), 9)
"""


def kill_a_run(orbench, **variables):
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        cwd=orbench.folder,
        env=orbench.environment(**variables),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def test_the_next_command_ships_a_killed_run_whole_and_says_so(fresh):
    kill_a_run(fresh, ORBENCH_SHIP_SECONDS=3600)
    done = fresh("list", "-c", "exp_name,status,count(loss)", "-f", "json")
    assert done.json == [{"exp_name": "killed", "status": "killed", "count(loss)": 100}]
    assert "closed as killed, with every point they logged: " in done.err
    assert fresh("list").err == ""


def test_a_run_whose_store_was_never_there_is_not_lost(fresh):
    place = fresh.folder / "file"
    place.write_text("in the way")
    kill_a_run(fresh, ORBENCH_STORE=f"sqlite:///{place}/x.db", ORBENCH_JOURNAL=fresh.folder / "j")
    done = fresh("metrics", "-f", "json", ORBENCH_JOURNAL=fresh.folder / "j")
    assert done.json == [{"metric": "loss", "runs": 1}]
    assert fresh("list", "-c", "count(loss)", "-f", "json").json == [{"count(loss)": 100}]


def test_a_whole_store_is_said_to_be_whole(recorded):
    done = recorded("store", "check", "--format", "json")
    assert (done.code, done.json) == (0, [])
    assert done.err.endswith("the store is whole\n")


def test_a_damaged_store_is_said_to_be_with_exit_1(recorded, tmp_path):
    copy = tmp_path / "damaged.db"
    assert recorded("store", "copy", "runs/orbench.db", copy).code == 0
    with contextlib.closing(sqlite3.connect(copy)) as database, database:
        database.execute(
            'UPDATE chunks SET "values" = zeroblob(length("values")) '
            "WHERE series_key = (SELECT min(series_key) FROM chunks)"
        )
    done = recorded("store", "check", "--store", copy, "--format", "json")
    assert done.code == 1
    assert {finding["kind"] for finding in done.json} == {"damaged"}


def test_a_copy_holds_the_same_and_made_again_copies_nothing(recorded, tmp_path):
    copy = tmp_path / "copy.db"
    first = recorded("store", "copy", "runs/orbench.db", copy)
    assert first.err.splitlines()[-1].startswith("copied 13 runs, replaced 0, 0 were there")
    again = recorded("store", "copy", "runs/orbench.db", copy)
    assert again.err.splitlines()[-1].startswith("copied 0 runs, replaced 0, 13 were there")
    words = ("list", "-f", "json", "-c", "run_id,config,summary,metric:loss,tags,started")
    assert recorded(*words, "--store", copy).json == recorded(*words).json


@pytest.mark.postgres
def test_a_store_on_postgresql_answers_as_the_one_on_sqlite(recorded, postgres_url):
    url = postgres_url.replace("postgresql://", "postgresql+psycopg://", 1)
    assert recorded("store", "copy", "runs/orbench.db", url).code == 0
    for words in (
        ["list", "seed>=2", "config.optim.lr<1e-3", "--sort", "-metric:charts/return,run_id"],
        ["metrics", "tag:v1.2"],
        ["fetch", "exp_name=ppo", "-m", "loss"],
        ["stats", "-m", "charts/return"],
    ):
        here, there = recorded(*words, "-f", "csv"), recorded(*words, "-f", "csv", "--store", url)
        assert here.raw == there.raw


def test_progress_in_a_log_is_a_few_plain_lines(recorded, tmp_path):
    done = recorded("store", "copy", "runs/orbench.db", tmp_path / "copy.db")
    lines = [line for line in done.err.splitlines() if " of 13" in line]
    assert 0 < len(lines) <= 5


def test_without_the_driver_for_postgresql_the_extra_is_named(fresh):
    (fresh.folder / "psycopg.py").write_text("raise ModuleNotFoundError('no psycopg')")
    done = fresh.apart(
        *("list", "--store", "postgresql+psycopg://localhost/x"), PYTHONPATH=fresh.folder
    )
    assert done.code == 2
    assert "pip install 'orbench[postgres]'" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")
def test_an_interrupt_from_the_keyboard_is_quiet_and_130(fresh):
    assert fresh("store", "init").code == 0
    path = fresh.folder / "runs" / "orbench.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        process = subprocess.Popen(
            [sys.executable, "-m", "orbench.cli", "store", "info"],
            cwd=fresh.folder,
            env=fresh.environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        while not _has_open(process.pid, path):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        err = process.communicate()[1]
    assert process.returncode == 130
    assert "Traceback" not in err


def _has_open(pid, path):
    with contextlib.suppress(FileNotFoundError):
        return any(
            link.is_symlink() and link.readlink() == path
            for link in Path(f"/proc/{pid}/fd").iterdir()
        )
    return False


def test_a_store_that_may_not_be_written_is_read_all_the_same(recorded, tmp_path):
    copy = tmp_path / "copy.db"
    assert recorded("store", "copy", "runs/orbench.db", copy).code == 0
    copy.chmod(0o444)
    done = recorded("list", "-f", "json", "--store", copy)
    assert len(done.json) == 13
