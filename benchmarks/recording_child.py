"""One measured process: `recording_child.py REPORT ACTION TOOL FOLDER JSON`.

Modules that an earlier process of the same kind had loaded are imported before the clock starts,
so that imports are measured nowhere.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from recording_tools import METRICS, TOOLS, Tool


def write(tool: Tool, runs: int, steps: int, metrics: int, pause: float = 0.0) -> dict[str, Any]:
    """Record runs; the nanoseconds of every call of `log` go to the report as quantiles."""
    rows = _rows(steps, METRICS[:metrics])
    clock = time.perf_counter_ns
    spans = []
    started = time.perf_counter()
    for number in range(runs):
        tool.start(f"run-{number}")
        log = tool.log
        for step, row in enumerate(rows):
            if pause:
                time.sleep(pause)
            before = clock()
            log(row, step)
            spans.append(clock() - before)
        tool.end()
    wall = time.perf_counter() - started
    spans.sort()
    return {
        "wall": wall,
        "logging": sum(spans) / 1e9,
        "median": spans[len(spans) // 2] / 1000,
        "p99": spans[len(spans) * 99 // 100] / 1000,
        "worst": spans[-1] / 1000,
    }


def die(tool: Tool, steps: int) -> dict[str, Any]:
    """Log, and be killed as soon as the last `log` has returned."""
    tool.start("run-0")
    for step, row in enumerate(_rows(steps, METRICS)):
        tool.log(row, step)
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def read(tool: Tool, runs: int) -> dict[str, Any]:
    """Read one metric of all runs, cold and once more warm."""
    names = [f"run-{number}" for number in range(runs)]
    started = time.perf_counter()
    points = tool.read(names, METRICS[0])
    cold = time.perf_counter() - started
    started = time.perf_counter()
    tool.read(names, METRICS[0])
    return {"cold": cold, "warm": time.perf_counter() - started, "points": points}


def recover(tool: Tool) -> dict[str, Any]:
    """What is left of a killed run."""
    tool.recover()
    with contextlib.suppress(Exception):  # nothing to read is 0 points, however a tool says it
        return {"points": tool.read(["run-0"], METRICS[0])}
    return {"points": 0}


def _rows(steps: int, metrics: tuple[str, ...]) -> list[dict[str, float]]:
    import random

    chance = random.Random(1)
    return [{name: chance.gauss(0.0, 1.0) for name in metrics} for _ in range(steps)]


ACTIONS = {"write": write, "die": die, "read": read, "recover": recover}


def main() -> None:
    """Do one action and write its report."""
    report, action, name, folder, options = sys.argv[1:]
    given = json.loads(options)
    tool = TOOLS[name](Path(folder))  # before imports: some read their environment then
    for module in given.pop("modules", ()):
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    if action in ("write", "die"):
        tool.prepare()
    cpu_before = sum(os.times()[:4])
    result = ACTIONS[action](tool, **given)
    loaded = [name for name in sys.modules if name != "__main__"]
    Path(report).write_text(json.dumps({**result, "cpu_before": cpu_before, "modules": loaded}))


if __name__ == "__main__":
    main()
