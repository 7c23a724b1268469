"""What a W&B run is by orbench's names: read from its config, else from how it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...run import JsonValue, RunStatus
from .runs import WandbRun

__all__ = ["env_id_of", "exp_name_of", "seed_of", "status_of", "untold"]

_EXP_KEYS = ("exp_name", "algo", "algorithm", "algo_name", "agent")
_ENV_KEYS = ("env_id", "env", "env_name", "gym_id", "environment", "task", "game")
_SEED_KEYS = ("seed", "random_seed")

_BETWEEN = "__"

_STATES = {
    "finished": RunStatus.FINISHED,
    "failed": RunStatus.FAILED,
    "crashed": RunStatus.FAILED,
    "killed": RunStatus.KILLED,
    "preempted": RunStatus.KILLED,
}


def exp_name_of(run: WandbRun) -> str:
    """The algorithm variant: a config value, the group, or a part of `env__exp__seed__time`."""
    parts = run.display_name.split(_BETWEEN)
    named = parts[1] if len(parts) == 4 else run.display_name
    return _text(run.config, _EXP_KEYS) or run.group or named or run.name


def env_id_of(run: WandbRun) -> str:
    """The env by the run's config, else by its name `env__exp__seed__time`; empty if not known."""
    parts = run.display_name.split(_BETWEEN)
    return _text(run.config, _ENV_KEYS) or (parts[0] if len(parts) == 4 else "")


def seed_of(run: WandbRun) -> int | None:
    """The seed by the run's config, else by its name `env__exp__seed__time`."""
    for key in _SEED_KEYS:
        value = run.config.get(key)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
            return int(value)
        if isinstance(value, str) and value.strip().isdecimal():
            return int(value)
    parts = run.display_name.split(_BETWEEN)
    return int(parts[2]) if len(parts) == 4 and parts[2].isdecimal() else None


def untold(run: WandbRun) -> tuple[str, ...]:
    """A sentence on the names that a run does not tell; none if it tells env and seed."""
    lacking = [] if env_id_of(run) else ["env_id"]
    lacking += [] if seed_of(run) is not None else ["seed"]
    return (f"its config and name tell no {' and no '.join(lacking)}",) if lacking else ()


def status_of(run: WandbRun) -> RunStatus:
    """The state; one that W&B knows to go on, or does not know, is running."""
    return _STATES.get(run.state, RunStatus.RUNNING)


def _text(config: Mapping[str, JsonValue], keys: Sequence[str]) -> str:
    found = (config.get(key) for key in keys)
    return next((value for value in found if isinstance(value, str) and value), "")
