"""Programs recorded for real: `record_command` in a process of its own, with a SQLite store."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from orbench.run import RunRecord
from orbench.run_store import open_store
from orbench.settings import journal_folder

RECORDER = """
import sys
from orbench import start_run
from orbench.errors import OrbenchError
from orbench.process import end_as, record_command

argv = sys.argv[1:]
try:
    end_as(record_command(argv, start=lambda: start_run(program=argv), grace_seconds=0.5))
except OrbenchError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""

# Waits on a pipe too that a signal writes to: Python tells of one that comes just before a plain
# read only when the read is over.
WAITING_FOR_INPUT = """
import os, select, signal, sys

_came, _wakes = os.pipe()
os.set_blocking(_wakes, False)
signal.set_wakeup_fd(_wakes)


def wait_for_input():
    while sys.stdin not in select.select([sys.stdin, _came], [], [])[0]:
        os.read(_came, 100)
    sys.stdin.readline()

"""

# Ends its own process group's membership of ours, so that a signal to it never reaches pytest,
# and takes the terminal named first as its own.
ON_TERMINAL = """
import os, sys

name, descriptors = sys.argv[1], sys.argv[2]
terminal = os.open(name, os.O_RDWR)
for number in map(int, descriptors):
    os.dup2(terminal, number)
os.execv(sys.argv[3], sys.argv[3:])
"""


@dataclass
class Recording:
    """A store, and programs recorded into it."""

    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/store.db"

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if "ORBENCH" not in name}
        return {**kept, "ORBENCH_STORE": self.url, "ORBENCH_SYSTEM_SECONDS": "0"}

    def argv(self, *program: str | bytes) -> list[str | bytes]:
        return [sys.executable, "-c", RECORDER, *program]

    def start(self, *program: str | bytes, **options: object) -> subprocess.Popen[bytes]:
        options = {"env": self.environ, "start_new_session": True} | options
        return subprocess.Popen(self.argv(*program), **options)

    def run(self, *program: str | bytes, **options: object) -> subprocess.CompletedProcess[bytes]:
        """Record a program to its end; what it wrote is captured unless options say otherwise."""
        options = {"env": self.environ, "start_new_session": True} | options
        if not {"stdout", "stderr"} & set(options):
            options["capture_output"] = True
        return subprocess.run(self.argv(*program), timeout=100, check=False, **options)

    def on_terminal(
        self, slave: str, *program: str, descriptors: str = "012", recorded: bool = True, **options
    ) -> subprocess.Popen[bytes]:
        """Start a program on a terminal of its own, in a session of its own."""
        inner = self.argv(*program) if recorded else list(program)
        command = [sys.executable, "-c", ON_TERMINAL, slave, descriptors, *inner]
        options = {"env": self.environ, "start_new_session": True} | options
        return subprocess.Popen(command, **options)

    def record(self) -> RunRecord:
        """The one run there is."""
        with open_store(self.url) as store:
            (record,) = store.runs()
        return record

    def console(self, stream: str | None = None) -> bytes:
        """What was kept of the one run's output."""
        with open_store(self.url) as store:
            (run_id,) = store.run_ids()
            return b"".join(piece.data for piece in store.console(run_id, stream))

    def left_nothing(self) -> bool:
        """Whether there is neither a store nor a journal."""
        return not (self.folder / "store.db").exists() and not journal_folder(self.url).exists()


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path)


@pytest.fixture
def eventually():
    """Wait until something is so, or fail."""

    def wait(condition, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it never came to be so"
            time.sleep(0.02)

    return wait
