"""Thirty-two processes record into one store: nothing lost, nothing doubled, no error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from orbench.events import TagsChanged
from orbench.run import RunStatus
from orbench.storage import check_store, init_store, open_store

PROCESSES = 32
SHIPMENTS = 40
POINTS = 25

RECORDING = f"""
import sys, time
import numpy as np
from orbench.events import ConfigUpdated, FactsCaptured, RunEnded, RunStarted
from orbench.run_store import Points, Shipment
from orbench.storage import open_store

url, place = sys.argv[1], int(sys.argv[2])
# Every fourth process joins the run of the one before: several segments of one run at once.
run_id = f"run{{place - (place % 4 == 3)}}"
segment = f"{{run_id}}/{{place}}"
now = time.time()
first = (
    RunStarted(started=now, exp_name="ppo", seed=place, attached=place % 4 == 3),
    ConfigUpdated(values={{"place": place}}),
    FactsCaptured(kind="machine", document={{"cpus": 2}}),
)
last = (RunEnded(status="finished", ended=now + 1e6),)
with open_store(url, create=True) as store:
    for i in range({SHIPMENTS}):
        steps = np.arange(i * {POINTS}, (i + 1) * {POINTS})
        points = Points(steps, steps + place * 1e6, np.full(len(steps), now))
        events = first if i == 0 else last if i == {SHIPMENTS} - 1 else ()
        shipment = Shipment(
            segment, run_id, i, i + 1, events, {{name: points for name in ("a", "b", "c")}},
            heartbeat=now + i, closed=events is last,
        )
        if not store.ship(shipment):
            sys.exit(f"shipment {{i}} was not stored")
        if store.ship(shipment):
            sys.exit(f"shipment {{i}} was stored twice")
    store.compact(run_id)
"""


@pytest.mark.slow
def test_thirty_two_processes_record_into_one_store(store_url):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RECORDING, store_url, str(place)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for place in range(PROCESSES)
    ]
    ends = [(process.communicate(), process.returncode) for process in processes]
    assert [end for end in ends if end != (("", ""), 0)] == []
    expected = np.arange(SHIPMENTS * POINTS)
    with open_store(store_url) as store:
        runs = store.runs()
        assert len(runs) == PROCESSES * 3 // 4
        assert {run.status for run in runs} == {RunStatus.FINISHED}
        assert {run.starts for run in runs} == {1}
        for metric in ("a", "b", "c"):
            values = np.concatenate(
                [series.values for series in store.series(store.run_ids(), metric)]
            )
            places = (values // 1e6).astype(int)
            for place in range(PROCESSES):
                mine = values[places == place] - place * 1e6
                np.testing.assert_array_equal(mine, expected)
        assert store.info().chunks == PROCESSES * 3 // 4 * 3
    assert check_store(store_url) == []


APPENDING = """
import sys
from orbench.events import TagsChanged
from orbench.run_store import Shipment
from orbench.storage import open_store

with open_store(sys.argv[1]) as store:
    shipment = Shipment(f"run1/{sys.argv[2]}", "run1", 0, 1, (TagsChanged(added=(sys.argv[2],)),))
    assert store.ship(shipment)
"""


def test_to_look_at_a_store_takes_no_lock_from_who_has_it_open(sqlite_url, segment_of):
    """POSIX drops all locks of a process on a file when it closes any descriptor of that file.

    SQLite knows; whoever reads the file past SQLite takes the locks of its own process. The next
    process to close the store then holds itself for the last one and removes the write-ahead log,
    and what this process commits afterwards goes into a file that nobody will ever see.
    """
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    wal = path.with_name(f"{path.name}-wal")
    with open_store(sqlite_url, create=True) as store:
        segment_of(store, "run1", "a").ship(TagsChanged(added=("a",)))
        before = wal.stat().st_ino
        open_store(sqlite_url).close()
        init_store(sqlite_url)
        subprocess.run([sys.executable, "-c", APPENDING, sqlite_url, "b"], check=True)
        assert wal.exists()
        assert wal.stat().st_ino == before
        segment_of(store, "run1", "c").ship(TagsChanged(added=("c",)))
        assert store.runs()[0].tags == ("a", "b", "c")
