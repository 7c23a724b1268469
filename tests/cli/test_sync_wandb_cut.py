"""`orbench sync` with W&B, ended by Ctrl-C and by SIGKILL at any moment, and made again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

pytestmark = pytest.mark.usefixtures("wandb")

PLACE = "wandb://team/demo"
RUNS = ("exp_name=ppo", "env_id=CartPole-v1")
METRICS = ("-m", "charts/return", "-m", "loss")
# Two seconds where nothing else is going on; what is waited for would take thirty and more.
AT_ONCE = 4.0


@pytest.fixture
def silence() -> Iterator[threading.Event]:
    """What a server waits for that does not answer; it comes at the end of the test."""
    never = threading.Event()
    yield never
    never.set()


class Cut:
    """A command that gets a signal at a moment which the server chooses."""

    def __init__(self, number: int, silent: threading.Event | None = None) -> None:
        self._number = number
        self._silent = silent
        self._process: subprocess.Popen[bytes] | None = None
        self._sent = 0.0

    def now(self) -> None:
        """Send the signal, and say nothing more."""
        assert self._process is not None
        self._sent = time.monotonic()
        os.kill(self._process.pid, self._number)
        if self._silent is not None:
            self._silent.wait(30)

    def run(self, orbench, *arguments: object) -> tuple[int, float, str]:
        """Run the command: its exit code, how long it took after the signal, its stderr."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "orbench.cli", *map(str, arguments)],
            cwd=orbench.folder,
            env=orbench.environment(TMPDIR=orbench.folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        _, said = self._process.communicate(timeout=60)
        assert self._sent, "the moment came"
        return self._process.returncode, time.monotonic() - self._sent, said.decode()


def contents(wandb) -> dict[str, object]:
    """All that the server has."""
    return {
        run.name: (run.lines, run.files, run.config, run.summary, run.said, run.state)
        for run in wandb.runs.values()
    }


def forgotten(wandb, orbench) -> None:
    """As if nothing had been pushed."""
    from orbench.run_store import open_store

    wandb.reset()
    with open_store(f"sqlite:///{orbench.folder / 'runs/orbench.db'}") as store:
        for link in store.tracker_links():
            store.unlink_tracker(link.run_id, link.tracker)


def waiting_for_an_answer(wandb, cut: Cut) -> None:
    wandb.at(9, cut.now)


def waiting_to_ask_again(wandb, cut: Cut) -> None:
    wandb.retry_after = 60
    wandb.at(9, lambda: setattr(wandb, "every", 429))
    wandb.at(12, lambda: threading.Timer(0.3, cut.now).start())


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment", [waiting_for_an_answer, pytest.param(waiting_to_ask_again, marks=pytest.mark.slow)]
)
def test_ctrl_c_ends_a_push_at_once_and_it_goes_on(wandb, here, silence, moment: Callable):
    assert here("sync", "push", PLACE, *RUNS).code == 0
    whole = contents(wandb)
    forgotten(wandb, here)
    cut = Cut(signal.SIGINT, silence)
    moment(wandb, cut)
    code, seconds, said = cut.run(here, "sync", "push", PLACE, *RUNS)
    assert (code, said.splitlines()[-1]) == (130, "orbench: interrupted")
    assert seconds < AT_ONCE
    assert not list(here.folder.glob("orbench-push-*"))
    silence.set()
    wandb.every = None
    again = here("sync", "push", PLACE, *RUNS)
    assert again.code == 0, again.err
    assert contents(wandb) == whole


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["sync pull", pytest.param("fetch --from", marks=pytest.mark.slow)]
)
def test_ctrl_c_ends_what_reads_at_once_and_it_goes_on(wandb, there, silence, command):
    for seed in range(30):
        config = {"exp_name": "ppo", "env_id": "X", "seed": seed}
        wandb.add_run(f"a{seed}", [{"global_step": 1, "loss": 1.0 * seed}], config=config)
    words = [*command.split(), PLACE, *(["-m", "loss"] if command == "fetch --from" else [])]
    cut = Cut(signal.SIGINT, silence)
    wandb.at(12, cut.now)
    code, seconds, said = cut.run(there, *words)
    assert (code, said.splitlines()[-1]) == (130, "orbench: interrupted")
    assert seconds < AT_ONCE
    silence.set()
    assert there(*words).code == 0
    rows = there("fetch", "-m", "loss").out.splitlines()
    assert len(rows) == 31
    before = len(wandb.requests)
    assert there(*words).code == 0
    assert "RunFiles" not in wandb.requests[before:]
    assert "RunSampledHistory" not in wandb.requests[before:]


@pytest.mark.slow
@pytest.mark.parametrize("answered", [False, True])
def test_a_push_that_is_killed_doubles_and_loses_nothing(wandb, here, answered):
    assert here("sync", "push", PLACE, *RUNS, "--jobs", 2).code == 0
    whole, count = contents(wandb), len(wandb.requests)
    for number in range(3, count, count // 4):
        forgotten(wandb, here)
        cut = Cut(signal.SIGKILL)
        wandb.at(number, cut.now, answered=answered)
        code, _, _ = cut.run(here, "sync", "push", PLACE, *RUNS, "--jobs", 2)
        assert code == -signal.SIGKILL
        again = here("sync", "push", PLACE, *RUNS)
        assert again.code == 0, again.err
        assert contents(wandb) == whole, f"killed at request {number} of {count}"
    assert here("store", "check").code == 0


@pytest.mark.slow
def test_a_pull_that_is_killed_doubles_and_loses_nothing(wandb, here, there):
    assert here("sync", "push", PLACE, *RUNS).code == 0
    there_now = sorted(here("fetch", *RUNS, *METRICS).out.splitlines())
    for number in (4, 6, 8):
        cut = Cut(signal.SIGKILL)
        wandb.at(number, cut.now)
        code, _, _ = cut.run(there, "sync", "pull", PLACE, "--jobs", 2)
        assert code == -signal.SIGKILL
    assert there("sync", "pull", PLACE).code == 0
    assert sorted(there("fetch", *RUNS, *METRICS).out.splitlines()) == there_now
    assert there("store", "check").code == 0
