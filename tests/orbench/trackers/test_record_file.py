"""The record of a run as a file, and the threads that read many of them at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from orbench.run_store import open_store
from orbench.trackers import read_record, write_record
from orbench.trackers.sync import _StoredRun

CROWD = """
import faulthandler, importlib, sys, threading
from pathlib import Path

from orbench.run import RunRecord
from orbench.run_store import ArtifactRecord

faulthandler.enable()
sys.setswitchinterval(1e-6)
begin, found = threading.Barrier(6), []

def read(wait=begin.wait):
    wait()
    record_file = importlib.import_module("orbench.trackers.record_file")
    found.append(record_file.read_record(Path(sys.argv[1])).run.exp_name)

read(wait=bool)
for _ in range(40):
    # As in a new process: msgspec knows nothing of these types yet.
    for kind in (RunRecord, ArtifactRecord):
        del kind.__msgspec_cache__
    del sys.modules["orbench.trackers.record_file"]
    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
assert found == ["ppo"] * 241, found
"""


@pytest.fixture
def record(tmp_path, full_run):
    """A run with everything in it, and the file of its record."""
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", create=True) as store:
        run_id = full_run(store, n=50)
        details = store.details(run_id)
        write_record(_StoredRun(store, details, tmp_path), tmp_path / "record.zip")
    return details, tmp_path / "record.zip"


def test_a_record_is_read_as_it_was_written(record):
    details, path = record
    found = read_record(path)
    assert found.run == details.record
    assert found.artifacts == details.artifacts
    assert found.facts == details.facts
    assert {name: len(points.steps) for name, points in found.points.items()} == {
        summary.metric: summary.n for summary in details.metrics
    }


def test_the_first_records_of_a_process_may_be_read_by_many_threads_at_once(record):
    # What msgspec knows of a type it used to put together while other threads looked on, and
    # these crashed the interpreter.
    done = subprocess.run(
        [sys.executable, "-c", CROWD, str(record[1])], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
