"""Reading what other tools wrote, ours beside their own readers: CPU time, in one process tree.

uv run --group bench python benchmarks/importers.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import Table, describe_machine, say

POINTS, TAGS, REPEATS = 20_000, 5, 5
SOURCES, JOBS, TIMES = 12, (1, 2, 4), 3

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
        seconds, points = subprocess.run(words, capture_output=True, check=True).stdout.split()
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
    table = Table("reader", "points", "CPU, s", "x ours")
    table.add("orbench", f"{points:,}", f"{ours:.3f}", "1")
    name = "EventAccumulator, all points"
    table.add(name, f"{their_points:,}", f"{theirs:.3f}", f"{theirs / ours:.1f}")
    logged = Table("reader", "points", "CPU, s", "x ours")
    logged.add("orbench", f"{row_points:,}", f"{rows:.3f}", "1")
    name = "wandb's protobuf classes, history alone"
    logged.add(name, f"{parsed_points:,}", f"{parsed:.3f}", f"{parsed / rows:.1f}")
    say(describe_machine(["orbench", "tensorboard", "tensorboardX", "wandb"]))
    say(f"\n{POINTS * TAGS:,} points in event files; medians of {REPEATS}.\n\n{table}")
    say(f"\n{POINTS:,} rows of {TAGS} in a log of W&B.\n\n{logged}")
    say(f"\n{SOURCES} such logs, read by several processes.\n\n{several}")


if __name__ == "__main__":
    main()
