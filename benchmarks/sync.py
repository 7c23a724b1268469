"""Pushing to MLflow and pulling from it, ours beside MLflow's own client, against one server.

uv run --group bench python benchmarks/sync.py [REPEATS]
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from measuring import Table, describe_machine, median, num, say

POINTS, METRICS = 20_000, 5
RUNS, RUN_POINTS = 50, 2_000
REPEATS = int(sys.argv[1]) if len(sys.argv) > 1 else 3

# Each prints CPU seconds, seconds on the wall and how many points went over. The clock starts when
# everything is imported and both have spoken with the server.
CLOCK = """
import sys, time
from pathlib import Path
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric
from orbench.metric import Series
from orbench.run_store import open_store
from orbench.trackers import open_tracker, pull, push
url, experiment, path = sys.argv[1:]
place = f"mlflow://{url.removeprefix('http://')}/{experiment}"
client = MlflowClient(url)
client.search_experiments(max_results=1)
tracker = open_tracker(place)
tracker.check(create=True)
def start():
    global cpu, wall
    cpu, wall = time.process_time(), time.perf_counter()
def end(points):
    print(time.process_time() - cpu, time.perf_counter() - wall, points)
"""

OUR_PUSH = """
with open_store(f"sqlite:///{path}") as store:
    start()
    (done,) = push(store, tracker, store.runs())
    assert not done.error, done.error
    end(done.points)
"""

# Every run of a store, as a program logs it that has its points at once.
THEIR_PUSH = """
with open_store(f"sqlite:///{path}") as store:
    home = client.get_experiment_by_name(experiment).experiment_id
    start()
    points = 0
    for run_id in store.run_ids():
        run = client.create_run(home)
        for name in store.metric_names():
            (series,) = store.series([run_id], name)
            columns = series.values, series.wall_times, series.steps
            rows = list(zip(*(column.tolist() for column in columns)))
            for at in range(0, len(rows), 1000):
                batch = [Metric(name, value, int(seconds * 1000), step)
                         for value, seconds, step in rows[at : at + 1000]]
                client.log_batch(run.info.run_id, metrics=batch)
                points += len(batch)
        client.set_terminated(run.info.run_id)
    end(points)
"""

OUR_PULL = """
with open_store(f"sqlite:///{path}", create=True) as store:
    start()
    done = pull(store, tracker)
    assert not [one.error for one in done if one.error]
    end(sum(one.points for one in done))
"""

THEIR_PULL = """
start()
points = 0
for run in client.search_runs([client.get_experiment_by_name(experiment).experiment_id]):
    for name in run.data.metrics:
        history = client.get_metric_history(run.info.run_id, name)
        points += len(np.array([(one.step, one.value, one.timestamp) for one in history]))
end(points)
"""

# One run of many points, or many runs of few, in a store.
FILL = """
import sys
import numpy as np
from orbench.events import RunEnded, RunStarted
from orbench.run import new_run_id
from orbench.run_store import Points, Shipment, open_store
path, runs, metrics, n = sys.argv[1], *map(int, sys.argv[2:])
random = np.random.default_rng(0)
with open_store(f"sqlite:///{path}", create=True) as store:
    for seed in range(runs):
        run_id = new_run_id()
        events = (
            RunStarted(started=1.7e9, project="p", exp_name="ppo", env_id="CartPole-v1", seed=seed),
            RunEnded(ended=1.7e9 + n, status="finished", exit_code=0),
        )
        times = 1.7e9 + np.arange(n) * 0.1
        points = {f"charts/metric-{one}": Points(np.arange(n) * 4, random.normal(size=n), times)
                  for one in range(metrics)}
        assert store.ship(Shipment(f"{run_id}/a", run_id, 0, 3, events, points, closed=True))
"""


@dataclass(frozen=True)
class Used:
    """What one side of a measurement took."""

    cpu: float
    wall: float
    server: float
    points: int


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A server on SQLite: its address and its process."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
                *("--artifacts-destination", str(folder / "artifacts")),
            ],
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while not _answers(f"{url}/health"):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "server.log").read_text()[-2000:])
            time.sleep(0.25)
        yield url, psutil.Process(server.pid)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _cpu_of(server: psutil.Process) -> float:
    times = [one.cpu_times() for one in (server, *server.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def used(server: psutil.Process, code: str, *arguments: str) -> Used:
    """Run one side in a process of its own."""
    before = _cpu_of(server)
    done = subprocess.run(
        [sys.executable, "-c", CLOCK + code, *arguments], capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-3000:])
    *_, cpu, wall, points = done.stdout.split()  # its client prints where the run is
    told = Used(float(cpu), float(wall), _cpu_of(server) - before, int(points))
    say(f"{arguments[1]}: {told}")
    return told


def compared(ours: Callable[[int], Used], theirs: Callable[[int], Used], table: Table) -> None:
    """Both sides in turn, several times; the medians go into the table."""
    found: dict[str, list[Used]] = {"orbench": [], "MLflow's client": []}
    for turn in range(REPEATS):
        found["orbench"].append(ours(turn))
        found["MLflow's client"].append(theirs(turn))
    base = {part: median(getattr(one, part) for one in found["MLflow's client"]) for part in _PARTS}
    for name, results in found.items():
        cells = []
        for part in _PARTS:
            seconds = median(getattr(one, part) for one in results)
            cells += [num(seconds), f"{seconds / base[part]:.2f}"]
        table.add(name, f"{results[0].points:,}", *cells)


_PARTS = ("cpu", "wall", "server")
_COLUMNS = ("points", "CPU, s", "x theirs", "wall, s", "x theirs", "server's CPU, s", "x theirs")


def push_table(folder: Path, url: str, server: psutil.Process) -> Table:
    """One run of 100,000 points to the server."""
    path = folder / "one.db"
    _fill(path, 1, METRICS, POINTS)

    def ours(turn: int) -> Used:
        fresh = folder / f"one-{turn}.db"
        fresh.write_bytes(path.read_bytes())
        return used(server, OUR_PUSH, url, f"ours-{turn}", str(fresh))

    table = Table("push", *_COLUMNS)
    compared(ours, lambda turn: used(server, THEIR_PUSH, url, f"theirs-{turn}", str(path)), table)
    return table


def pull_table(folder: Path, url: str, server: psutil.Process) -> Table:
    """50 runs of 2,000 points from the server: those that MLflow's client logged there."""
    say("logging runs with MLflow's client ...")
    path = folder / "many.db"
    _fill(path, RUNS, 1, RUN_POINTS)
    used(server, THEIR_PUSH, url, "many", str(path))
    table = Table("pull", *_COLUMNS)
    compared(
        lambda turn: used(server, OUR_PULL, url, "many", str(folder / f"pulled-{turn}.db")),
        lambda turn: used(server, THEIR_PULL, url, "many", ""),
        table,
    )
    return table


def _fill(path: Path, runs: int, metrics: int, points: int) -> None:
    words = [str(path), str(runs), str(metrics), str(points)]
    subprocess.run([sys.executable, "-c", FILL, *words], check=True)


def main() -> None:
    """Start a server, push to it and pull from it with both, print the tables."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with served(folder) as (url, server):
            pushed = push_table(folder, url, server)
            pulled = pull_table(folder, url, server)
    print(describe_machine(["orbench", "mlflow"]))
    print(f"\nOne run of {POINTS * METRICS:,} points; medians of {REPEATS}.\n\n{pushed}")
    print(f"\n{RUNS} runs of {RUN_POINTS:,} points; medians of {REPEATS}.\n\n{pulled}")


if __name__ == "__main__":
    main()
