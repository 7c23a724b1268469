"""Reading what other tools wrote, ours beside their own readers: CPU time, in one process tree.

uv run --group bench python benchmarks/importers.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import Table, describe_machine, say

POINTS, TAGS, REPEATS = 20_000, 5, 5
MLFLOW_RUNS, MLFLOW_POINTS = 30, 1_000
SOURCES, JOBS, TIMES = 12, (1, 2, 4), 3

# MLflow wants to be told that files are meant.
FILES = {**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"}

WRITE = f"""
import sys
from tensorboardX import SummaryWriter
writer = SummaryWriter(sys.argv[1])
for step in range({POINTS}):
    for tag in range({TAGS}):
        writer.add_scalar(f"charts/metric-{{tag}}", (step * 7 % 1000) / 7 + tag, step)
writer.close()
"""

OURS = """
import sys, time
from pathlib import Path
from orbench.importers.event_file import read_event_file
began = time.process_time()
files = [read_event_file(path.read_bytes()) for path in Path(sys.argv[1]).iterdir()]
points = sum(len(one.steps) for file in files for one in file.points.values())
print(time.process_time() - began, points)
"""

WRITE_WANDB = f"""
import sys, wandb
run = wandb.init(mode="offline", project="p", dir=sys.argv[1])
for step in range({POINTS}):
    run.log({{f"charts/metric-{{tag}}": (step * 7 % 1000) / 7 + tag for tag in range({TAGS})}})
run.finish()
"""

OURS_WANDB = """
import sys, time
from pathlib import Path
from orbench.importers import FoundPath
from orbench.importers.wandb_files import read_wandb
(log,) = Path(sys.argv[1]).rglob("*.wandb")
began = time.process_time()
found = read_wandb(FoundPath(log, log.name)).points.items()
seconds = time.process_time() - began
print(seconds, sum(len(one.steps) for name, one in found if not name.startswith("system/")))
"""

SIDE_BY_SIDE = """
import os, sys, time
from pathlib import Path
from orbench.importers import WandbImporter, parse_naming, read_sources
if __name__ == "__main__":
    constants = ["exp_name=a", "env_id=b", "seed=none"]
    importer = WandbImporter(parse_naming((), constants))
    found = importer.find([Path(sys.argv[1])])
    began, clock = time.perf_counter(), os.times()
    points = sum(run.count for one in read_sources(importer, found, int(sys.argv[2]))
                 for run in one.runs)
    seconds, used = time.perf_counter() - began, os.times()
    cpu = sum(used[:4]) - sum(clock[:4])
    print(seconds, cpu, points)
"""

PROTOBUF_WANDB = """
import json, struct, sys, time
from pathlib import Path
from wandb.proto.wandb_internal_pb2 import Record
from orbench.importers.wandb_log import scan_log
(log,) = Path(sys.argv[1]).rglob("*.wandb")
began = time.process_time()
points = 0
for data in scan_log(log.read_bytes()).records:
    record = Record.FromString(data)
    for item in record.history.item:
        value = json.loads(item.value_json)
        points += not "".join(item.nested_key or item.key).startswith("_")
print(time.process_time() - began, points)
"""

WRITE_MLFLOW = f"""
import sys, mlflow
from mlflow.entities import Metric
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
for seed in range({MLFLOW_RUNS}):
    with mlflow.start_run() as run:
        mlflow.log_params({{"exp_name": "a", "env_id": "b", "seed": seed}})
        for tag in range({TAGS}):
            points = [Metric(f"metric-{{tag}}", step / 7, 1_700_000_000_000 + step, step)
                      for step in range({MLFLOW_POINTS})]
            client.log_batch(run.info.run_id, points)
"""

OURS_MLFLOW = """
import sys, time
from pathlib import Path
from orbench.importers import MlflowImporter, parse_naming
importer = MlflowImporter(parse_naming((), ()))
began = time.process_time()
runs = [run for one in importer.find([Path(sys.argv[1])]) for run in importer.read(one)]
print(time.process_time() - began, sum(run.count for run in runs))
"""

THEIRS_MLFLOW = """
import sys, time, mlflow
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
began = time.process_time()
points = sum(len(client.get_metric_history(run.info.run_id, name))
             for run in client.search_runs(["0"]) for name in run.data.metrics)
print(time.process_time() - began, points)
"""

THEIRS = """
import sys, time
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
began = time.process_time()
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
points = sum(len(events.Scalars(tag)) for tag in events.Tags()["scalars"])
print(time.process_time() - began, points)
"""


def measured(code: str, folder: Path) -> tuple[float, int]:
    """The median CPU seconds of a reader, its imports left out, and the points that it found."""
    found = []
    for _ in range(REPEATS):
        words = [sys.executable, "-c", code, str(folder)]
        done = subprocess.run(words, capture_output=True, check=True, env=FILES)
        seconds, points = done.stdout.split()
        found.append((float(seconds), int(points)))
    return sorted(found)[len(found) // 2]


def side_by_side(log: Path, place: Path) -> Table:
    """The time that several logs take, read by so many processes; medians."""
    for number in range(SOURCES):
        folder = place / f"offline-run-{number}"
        folder.mkdir(parents=True)
        shutil.copy(log, folder / f"run-{number}.wandb")
    table = Table("--jobs", "points", "time, s", "CPU, s")
    for jobs in JOBS:
        found = []
        for _ in range(TIMES):
            words = [sys.executable, "-c", SIDE_BY_SIDE, str(place), str(jobs)]
            found.append(subprocess.run(words, capture_output=True, check=True).stdout.split())
        seconds, cpu, points = sorted(found, key=lambda one: float(one[0]))[TIMES // 2]
        table.add(str(jobs), f"{int(points):,}", f"{float(seconds):.2f}", f"{float(cpu):.2f}")
    return table


def _beside(ours: tuple[float, int], name: str, theirs: tuple[float, int]) -> Table:
    """CPU seconds and points of our reader and of theirs."""
    table = Table("reader", "points", "CPU, s", "x ours")
    table.add("orbench", f"{ours[1]:,}", f"{ours[0]:.3f}", "1")
    table.add(name, f"{theirs[1]:,}", f"{theirs[0]:.3f}", f"{theirs[0] / ours[0]:.1f}")
    return table


def main() -> None:
    """Write event files, read them with both readers, print the table."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        subprocess.run([sys.executable, "-c", WRITE, str(folder)], check=True)
        ours, points = measured(OURS, folder)
        theirs, their_points = measured(THEIRS, folder)
        logs = Path(place) / "logs"
        logs.mkdir()
        subprocess.run([sys.executable, "-c", WRITE_WANDB, str(logs)], check=True)
        rows, row_points = measured(OURS_WANDB, logs)
        parsed, parsed_points = measured(PROTOBUF_WANDB, logs)
        (log,) = logs.rglob("*.wandb")
        several = side_by_side(log, Path(place) / "several")
        mlruns = Path(place) / "mlruns"
        subprocess.run([sys.executable, "-c", WRITE_MLFLOW, str(mlruns)], env=FILES, check=True)
        of_mlflow = (measured(OURS_MLFLOW, mlruns), measured(THEIRS_MLFLOW, mlruns))
    table = _beside((ours, points), "EventAccumulator, all points", (theirs, their_points))
    name = "wandb's protobuf classes, history alone"
    logged = _beside((rows, row_points), name, (parsed, parsed_points))
    stored = _beside(of_mlflow[0], "MlflowClient.get_metric_history", of_mlflow[1])
    say(describe_machine(["orbench", "mlflow", "tensorboard", "tensorboardX", "wandb"]))
    say(f"\n{POINTS * TAGS:,} points in event files; medians of {REPEATS}.\n\n{table}")
    say(f"\n{POINTS:,} rows of {TAGS} in a log of W&B.\n\n{logged}")
    say(f"\n{SOURCES} such logs, read by several processes.\n\n{several}")
    say(f"\nA folder mlruns of {MLFLOW_RUNS} runs, {TAGS} x {MLFLOW_POINTS:,} points.\n\n{stored}")


if __name__ == "__main__":
    main()
