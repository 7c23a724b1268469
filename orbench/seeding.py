"""Seeding all generators that there are, and telling the run so.

What can be seeded from here: `random`, numpy's and torch's global generators (CUDA's too), a JAX
key, the spaces and the next reset of Gymnasium envs. The order of sets of texts hangs on
PYTHONHASHSEED, which Python reads when it starts: it is set for the processes that are started
from now on, and said not to hold for this one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .errors import UsageError, near
from .events import FactsCaptured

__all__ = ["GENERATORS", "Seeded", "seed_everything"]

GENERATORS = ("random", "numpy", "torch", "jax")
"""What `seed_everything` seeds where it is installed."""

_WORD = 2**32
# What cuBLAS needs to sum in one order; read when CUDA starts.
_CUBLAS = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was seeded. `jax_key` is a key made of the seed, None without JAX; `notes` say what
    could not be seeded, or not wholly.
    """

    seed: int
    generators: tuple[str, ...]
    jax_key: Any = None  # a jax.Array, whose type is not known here
    notes: tuple[str, ...] = field(default=())


def seed_everything(
    seed: int, *, envs: Iterable[Any] = (), deterministic: bool = True, only: Iterable[str] = ()
) -> Seeded:
    """Seed all generators of installed libraries, and record it in the runs of this process.

    `envs` are Gymnasium envs (or vector envs): their spaces are seeded, and they are reset with
    the seed, so reset them no more without one before the first step. `deterministic` makes torch
    take deterministic algorithms and no cuDNN benchmark. `only` names some of GENERATORS: a library
    is imported to be seeded, which takes its time. Raises UsageError for a seed that is no integer
    from 0 to 2**63 - 1 and for an unknown name.

    >>> seed_everything(3, only=["random"]).generators
    ('random',)
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise UsageError(f"seed is {seed!r:.60}; a seed is an integer from 0 to 2**63 - 1")
    chosen = tuple(only) or GENERATORS
    for name in chosen:
        if name not in GENERATORS:
            there = ", ".join(GENERATORS)
            raise UsageError(
                f"'{name}' cannot be seeded; there are {there}{near(name, GENERATORS)}"
            )
    notes: list[str] = []
    os.environ["PYTHONHASHSEED"] = str(seed % _WORD)
    seeders: dict[str, Callable[[], object]] = {
        "random": lambda: random.seed(seed),
        "numpy": lambda: _seed_numpy(seed),
        "torch": lambda: _seed_torch(seed, deterministic),
        "jax": lambda: _jax_key(seed),
    }
    told: dict[str, object] = {}
    for name in chosen:
        with suppress(ImportError):  # what is not installed needs no seed
            told[name] = seeders[name]()
    if seed >= _WORD and "numpy" in told:
        notes.append(f"numpy's global generator takes 32 bits: it was seeded with {seed % _WORD}")
    done = list(told)
    for env in envs:
        _seed_env(env, seed)
        done.append(f"env {_name_of(env)}")
    seeded = Seeded(seed, tuple(done), told.get("jax"), tuple(notes))
    _record(seeded)
    return seeded


def _seed_numpy(seed: int) -> None:
    import numpy as np

    np.random.seed(seed % _WORD)


def _jax_key(seed: int) -> Any:
    import jax  # type: ignore[import-not-found,unused-ignore]

    return jax.random.key(seed)


def _seed_torch(seed: int, deterministic: bool) -> None:
    import torch  # type: ignore[import-not-found,unused-ignore]

    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
    if deterministic:
        os.environ.setdefault(*_CUBLAS)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False


def _seed_env(env: Any, seed: int) -> None:
    env.reset(seed=seed)
    env.action_space.seed(seed)
    env.observation_space.seed(seed)


def _name_of(env: Any) -> str:
    spec = getattr(env, "spec", None)
    return str(getattr(spec, "id", None) or type(env).__name__)


def _record(seeded: Seeded) -> None:
    """Tell each run of this process; its document `seeds` says by what it was seeded."""
    from .recorder import live_runs

    told = {
        "seed_everything": {
            "seed": seeded.seed,
            "generators": list(seeded.generators),
            "notes": list(seeded.notes),
        }
    }
    seeds_told.update(told)
    for run in live_runs():
        run.emit(FactsCaptured(kind="seeds", document=told))


seeds_told: dict[str, Any] = {}
"""What `seed_everything` did in this process, for the runs that begin after it."""
