"""The training of the tour: agents x envs x seeds, each run a process that records itself.

The agents are those of `orbench.examples`, started as a user would start them. Nothing in here
knows what they learn.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from .errors import MissingExtraError, RecordingError

__all__ = ["AGENTS", "PROJECT", "Training", "plan_tour", "train", "usable_cores"]

PROJECT = "tour"
AGENTS = ("q_learning", "sarsa")
_QUICK_PART = 10


@dataclass(frozen=True, slots=True)
class _TourEnv:
    """An env of the tour, its id without the version, and how it is learned."""

    name: str
    episodes: int
    settings: tuple[str, ...]


# The longest first, so that no core is idle at the end.
_ENVS = (
    # The ice is slippery: only many trials tell what an action is worth, hence the small steps.
    _TourEnv("FrozenLake", 1_500, ("--step-size", "0.1", "--discount", "0.99")),
    _TourEnv("Taxi", 700, ("--step-size", "0.5")),
    # Exploring at the edge is what costs Q-learning here; the limit keeps first episodes short.
    _TourEnv(
        "CliffWalking",
        600,
        ("--step-size", "0.25", "--exploration", "0.2", "--max-episode-steps", "60"),
    ),
)


@dataclass(frozen=True, slots=True)
class Training:
    """One run to be trained: an agent on an env with a seed, and the agent's settings."""

    agent: str
    env_id: str
    seed: int
    settings: tuple[str, ...]

    @property
    def arguments(self) -> list[str]:
        """The agent's command line arguments."""
        return ["--env-id", self.env_id, "--seed", str(self.seed), *self.settings]

    @property
    def command(self) -> list[str]:
        """The command line that trains it."""
        program = [sys.executable, "-m", f"orbench.examples.{self.agent}"]
        return [*program, "--project", PROJECT, *self.arguments]

    def __str__(self) -> str:
        return f"{self.agent} on {self.env_id}, seed {self.seed}"


def plan_tour(seeds: int, *, quick: bool = False) -> list[Training]:
    """What the tour trains: every agent on every env with seeds 1 to `seeds`.

    `quick` plays a tenth of the episodes. Raises MissingExtraError without Gymnasium.
    """
    return [
        Training(agent, env_id, seed, _settings(env, quick=quick))
        for env in _ENVS
        for env_id in [_newest(env.name)]
        for seed in range(1, seeds + 1)
        for agent in AGENTS
    ]


def _newest(name: str) -> str:
    """The id of the env of this name with the newest version that Gymnasium has."""
    try:
        from gymnasium.envs.registration import find_highest_version
    except ModuleNotFoundError as error:
        raise MissingExtraError("the tour", "gym") from error
    return f"{name}-v{find_highest_version(None, name)}"


def _settings(env: _TourEnv, *, quick: bool) -> tuple[str, ...]:
    episodes = env.episodes // _QUICK_PART if quick else env.episodes
    return ("--episodes", str(episodes), *env.settings)


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def train(
    trainings: Sequence[Training],
    store_url: str,
    *,
    at_once: int,
    on_done: Callable[[Training], None],
) -> None:
    """Train in processes, `at_once` of them at a time, into the store; tell of each that is done.

    Raises RecordingError for the first that fails; those that wait are then not started.
    """
    environ = _environ(store_url)
    with ThreadPoolExecutor(at_once) as pool:
        futures = {pool.submit(_train_one, one, environ): one for one in trainings}
        try:
            for future in as_completed(futures):
                future.result()
                on_done(futures[future])
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _environ(store_url: str) -> dict[str, str]:
    """Our environment for a run of its own: in this store, whatever records us."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("ORBENCH_RUN_ID", "ORBENCH_JOURNAL")
    }
    return {**inherited, "ORBENCH_STORE": store_url, "OMP_NUM_THREADS": "1"}


def _train_one(training: Training, environ: dict[str, str]) -> None:
    done = subprocess.run(
        training.command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise RecordingError(f"{training}: ended with exit status {done.returncode}: {said[0]}")
