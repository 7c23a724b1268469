"""How counts and places are said."""

from __future__ import annotations

__all__ = ["NO_ENV", "number_of", "run_set_on_env"]

NO_ENV = "(no env)"
"""What stands for the env of runs that have none."""


def number_of(count: int, word: str) -> str:
    """A count with its word: `1 run`, `1,284 runs`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def run_set_on_env(label: str, env_id: str) -> str:
    """A run set on an env, where notes and captions name a cell: `ppo on CartPole-v1`."""
    return f"{label} on {env_id or NO_ENV}"
