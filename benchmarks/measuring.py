"""Measuring: programs in processes of their own with all they used, and tables to print."""

from __future__ import annotations

import ctypes
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import psutil

__all__ = [
    "FOLDER",
    "Table",
    "adopt_orphans",
    "describe_machine",
    "folder_bytes",
    "median",
    "num",
    "repeated",
    "run_child",
    "say",
]

FOLDER = Path(__file__).parent
_PR_SET_CHILD_SUBREAPER = 36
_ORPHAN_SECONDS = 20.0


def say(text: str) -> None:
    """Tell on stderr what is being done: stdout has the report alone."""
    print(text, file=sys.stderr, flush=True)


def adopt_orphans() -> None:
    """Become the parent of what children leave behind, so that its CPU time is counted (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_child(script: str, *arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a script of this folder in a process of its own and return what it reports.

    The report (any JSON, hence Any) gets `cpu`: user and system seconds of the process and its
    descendants, less those that it says it used before its clock started (`cpu_before`).
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        before = _children_cpu()
        done = subprocess.run(
            [sys.executable, str(FOLDER / script), report.name, *arguments],
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        _wait_for_orphans()
        if done.returncode > 0:
            raise RuntimeError(f"{script} {' '.join(arguments)} failed:\n{done.stdout[-3000:]}")
        text = Path(report.name).read_text() or "{}"
    result: dict[str, Any] = json.loads(text)
    result["cpu"] = _children_cpu() - before - result.get("cpu_before", 0.0)
    result["output"] = done.stdout
    return result


def _wait_for_orphans() -> None:
    """Wait for what a child left running; what does not end is killed."""
    deadline = time.monotonic() + _ORPHAN_SECONDS
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0 and time.monotonic() > deadline:
            for orphan in psutil.Process().children(recursive=True):
                orphan.kill()
        if pid == 0:
            time.sleep(0.02)


def repeated(times: int, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Measure several times; numbers are medians, all else is as of the last time."""
    results = [measure() for _ in range(times)]
    return {
        key: statistics.median(one[key] for one in results)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else value
        for key, value in results[-1].items()
    }


def median(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def folder_bytes(folder: Path) -> int:
    """The sizes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def num(value: float | None, unit: str = "") -> str:
    """A number with three digits that count, never fewer than stand before the point."""
    if value is None:
        return ""
    digits = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if "e" in digits:
        digits = f"{value:.2e}"
    return f"{digits} {unit}".rstrip()


class Table:
    """A Markdown table, numbers to the right."""

    def __init__(self, *columns: str) -> None:
        """`columns` are the heads; the first column is text."""
        self.columns = columns
        self.rows: list[Sequence[str]] = []

    def add(self, *cells: str) -> None:
        """Put a row at the end."""
        self.rows.append(cells)

    def __str__(self) -> str:
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def describe_machine(packages: Sequence[str]) -> str:
    """The machine and the versions, as a sentence each."""
    model = platform.processor()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = models[0] if models else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    return (
        f"{model}, {cores} cores, {memory:.0f} GiB of memory; {platform.system()} "
        f"{platform.release().partition('-')[0]}; Python {platform.python_version()}.\n"
        f"{versions}."
    )
