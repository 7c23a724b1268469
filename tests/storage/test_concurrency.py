"""Thirty-two processes record into one store: nothing lost, nothing doubled, no error."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from orbench.run import RunStatus
from orbench.storage import check_store, open_store

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
