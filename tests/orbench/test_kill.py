"""kill -9 at random moments: every point whose `log` returned is in the store, exactly once."""

import os
import random
import signal
import struct
import subprocess
import sys
import textwrap
import time

import pytest

from orbench.run import RunStatus
from orbench.run_store import open_store
from orbench.settings import journal_folder
from orbench.shipper import recover

# One process that imports once and forks a recording child for each line it reads: a fresh
# interpreter for each of 200 kills would spend its time on imports.
NURSERY = """
    import os, sys, struct
    import orbench.starting, orbench.keeping, orbench.capture, orbench.console, orbench.config

    for line in sys.stdin:
        seed, told = line.split()
        pid = os.fork()
        if pid == 0:
            out = os.open(told, os.O_WRONLY)
            run = orbench.start_run(project="kill", exp_name="loop", seed=int(seed), console=False)
            os.pwrite(out, run.run_id.encode(), 0)
            step = 0
            while True:
                run.log({"a": step * 0.5, "b": -1.0}, step)
                step += 1
                os.pwrite(out, struct.pack("<q", step), 16)  # told only after log has returned
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("dead", flush=True)
"""


def acknowledged(told) -> tuple[str, int]:
    """The run id a child told, and how many calls of `log` had returned by its own word."""
    content = told.read_bytes().ljust(24, b"\0")
    return content[:12].decode().strip("\0"), struct.unpack_from("<q", content, 16)[0]


def check(store, run_id: str, calls: int) -> None:
    (a,) = store.series([run_id], "a")
    (b,) = store.series([run_id], "b")
    # The kill may have hit between the return of `log` and the child's telling of it.
    assert len(a) in (calls, calls + 1)
    assert a.steps.tolist() == list(range(len(a)))
    assert a.values.tolist() == [0.5 * step for step in range(len(a))]
    assert b.steps.tolist() == a.steps.tolist()


@pytest.mark.slow
def test_200_kills_at_random_moments_lose_and_double_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    environ = {**os.environ, "ORBENCH_STORE": url, "ORBENCH_SHIP_SECONDS": "0.05"}
    nursery = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(NURSERY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    moments = random.Random(9)
    expected: dict[str, int] = {}
    with nursery:
        for seed in range(200):
            told = tmp_path / f"told-{seed}"
            told.touch()
            nursery.stdin.write(f"{seed} {told}\n")
            nursery.stdin.flush()
            pid = int(nursery.stdout.readline())
            time.sleep(moments.uniform(0.0, 0.5))
            os.kill(pid, signal.SIGKILL)
            assert nursery.stdout.readline() == "dead\n"
            run_id, calls = acknowledged(told)
            if calls:
                expected[run_id] = calls
        nursery.stdin.close()
    assert len(expected) > 100, "most kills should come after the first point"
    with open_store(url, create=True) as store:
        report = recover(store, journal_folder(url))
        assert report.problems == []
        for run_id, calls in expected.items():
            check(store, run_id, calls)
        killed = {record.run_id for record in store.runs() if record.status is RunStatus.KILLED}
        assert set(expected) <= killed
        assert recover(store, journal_folder(url)).sentences == []
        for run_id, calls in expected.items():
            check(store, run_id, calls)
