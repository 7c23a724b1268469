"""One run in every tool, ours while the store is in trouble, and what imports cost."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import folder_bytes, median, repeated, run_child, say
from recording_tools import OURS, TOOLS

SLOW = "mlflow sqlite, per step"
UNREADABLE = "wandb offline"
_KILLED_AT = 1_000


def act(
    tool: str, action: str, folder: Path, env: dict[str, str] | None = None, **options: Any
) -> Any:
    """One action of `recording_child.py`; Any: what the action reports."""
    environ = {**TOOLS[tool].environ, **(env or {})}
    return run_child(
        "recording_child.py", action, tool, str(folder), json.dumps(options), env=environ
    )


def one_run(steps: int, slow_steps: int, repeats: int) -> dict[str, dict[str, Any]]:
    """Every tool's numbers; `scale` is what they must be multiplied with."""
    found = {}
    for name in TOOLS:
        say(f"one run with {name}")
        mine = slow_steps if name == SLOW else steps
        times = 1 if name.startswith("mlflow") else repeats
        found[name] = {**_written(name, mine, times), "scale": steps / mine}
        found[name]["left"] = _left_of_killed(name)
    return found


def _written(name: str, steps: int, times: int) -> dict[str, Any]:
    readable = name != UNREADABLE
    with tempfile.TemporaryDirectory() as warm_up:
        folder = Path(warm_up)
        to_write = act(name, "write", folder, runs=1, steps=20, metrics=5)["modules"]
        to_read = act(name, "read", folder, runs=1)["modules"] if readable else []

    def once() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            options = {"runs": 1, "steps": steps, "metrics": 5, "modules": to_write}
            result = act(name, "write", folder, **options)
            result["disk"] = folder_bytes(folder)
            result["read"] = None
            if readable:
                back = act(name, "read", folder, runs=1, modules=to_read)
                if back["points"] != steps:
                    raise RuntimeError(f"{name}: {back['points']} of {steps} points came back")
                result["read"] = back["cold"]
            return result

    return repeated(times, once)


def _left_of_killed(name: str) -> str:
    """How many points of one metric can be read after kill -9."""
    if name == UNREADABLE:
        return ""
    with tempfile.TemporaryDirectory() as place:
        act(name, "die", Path(place), steps=_KILLED_AT)
        left = act(name, "recover", Path(place))["points"]
    return f"{left:,} of {_KILLED_AT:,}"


# -- trouble


@dataclass(frozen=True, slots=True)
class Trouble:
    """Our log while something is wrong; `bar`: the bar on p99 is meant for this."""

    what: str
    median: float
    p99: float
    worst: float
    left: str
    bar: bool


def troubled_runs(steps: int) -> list[Trouble]:
    """Our log with the store well, locked, busy and gone, and in a loop that sleeps."""
    well: Callable[[Path], AbstractContextManager[None]] = lambda _: nullcontext()  # noqa: E731
    gone = {"BENCH_STORE": "postgresql+psycopg://127.0.0.1:1/gone", "ORBENCH_SHIP_SECONDS": "0.2"}
    return [
        _troubled("well", steps, well),
        _troubled("locked throughout", steps, _locked),
        _troubled("locked nine tenths of the time", steps, _often_locked),
        _troubled("gone (a server that refuses)", steps, well, gone),
        _troubled("well, the loop sleeps 2 ms a step", min(steps, 5_000), well, pause=0.002),
    ]


def _troubled(
    what: str,
    steps: int,
    trouble: Callable[[Path], AbstractContextManager[None]],
    env: dict[str, str] | None = None,
    pause: float = 0.0,
) -> Trouble:
    say(f"our log, store {what}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        environ = {"ORBENCH_JOURNAL": str(folder / "journal"), **(env or {})}
        act(OURS, "write", folder, runs=1, steps=1, metrics=5)  # makes the store
        with trouble(folder / "orbench.db"):
            options = {"runs": 1, "steps": steps, "metrics": 5, "pause": pause}
            result = act(OURS, "write", folder, environ, **options)
        left = "kept in the journal"
        if env is None:
            points = act(OURS, "recover", folder, environ)["points"] - 1
            left = f"{points:,} of {steps:,}"
    return Trouble(what, result["median"], result["p99"], result["worst"], left, pause == 0)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Another process's transaction that does not end."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def _often_locked(path: Path) -> Iterator[None]:
    """Transactions of 0.45 s with 0.05 s between them."""
    over = threading.Event()

    def lock() -> None:
        connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        while not over.is_set():
            connection.execute("BEGIN IMMEDIATE")
            time.sleep(0.45)
            connection.execute("ROLLBACK")
            time.sleep(0.05)
        connection.close()

    locker = threading.Thread(target=lock)
    locker.start()
    try:
        yield
    finally:
        over.set()
        locker.join()


# -- imports


def import_costs(times: int) -> dict[str, float]:
    """CPU seconds of imports, and of the help text with its interpreter."""
    say("imports")
    nothing = _cpu(times, "-c", "pass")
    return {
        "import orbench": _cpu(times, "-c", "import orbench") - nothing,
        "import orbench; orbench.start_run": (
            _cpu(times, "-c", "import orbench; orbench.start_run") - nothing
        ),
        "orbench --help": _cpu(times, "-m", "orbench.cli", "--help"),
    }


def _cpu(times: int, *arguments: str) -> float:
    spans = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *arguments],
            stdout=subprocess.DEVNULL,
            check=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spans.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(spans)
