"""What is recorded of a Gymnasium env besides its episodes: its spec and its seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gymnasium
from gymnasium.vector import VectorEnv

from ..config import normalise
from ..events import FactsCaptured
from ..run import JsonValue

if TYPE_CHECKING:
    from ..recorder import Run

__all__ = ["autoreset_mode", "describe_env", "space_seed", "tell_seeds"]


def autoreset_mode(env: VectorEnv[Any, Any, Any]) -> str:
    """How a vector env resets sub-envs that ended: NextStep, SameStep or Disabled.

    One that does not say is taken as NextStep, which is all there was before modes had names.
    """
    mode = env.metadata.get("autoreset_mode", "NextStep")
    return str(getattr(mode, "value", mode))


def describe_env(env: gymnasium.Env[Any, Any] | VectorEnv[Any, Any, Any]) -> dict[str, JsonValue]:
    """The env for the config: its class, the wrappers from the outside in, and its spec.

    The sub-envs of a vector env are those of the first, where they live in this process.
    """
    layers = list(_layers(env))
    names = [type(layer).__name__ for layer in layers]
    described: dict[str, JsonValue] = {"class": names[-1], "wrappers": names[:-1]}
    if isinstance(env, VectorEnv):
        described |= {"num_envs": env.num_envs, "autoreset_mode": autoreset_mode(env)}
    # A vector env made of functions has no spec; its sub-envs may have one.
    spec = env.spec or layers[-1].spec
    if spec is not None:
        described |= {
            "id": spec.id,
            "max_episode_steps": spec.max_episode_steps,
            "kwargs": dict(spec.kwargs),
        }
    return described


def _layers(env: Any) -> Iterator[Any]:
    """An env and what it wraps, down to the innermost; of a vector env the first sub-env's."""
    yield env
    inner = env.env if env is not env.unwrapped else next(iter(getattr(env, "envs", ())), None)
    if inner is not None:
        yield from _layers(inner)


def space_seed(space: gymnasium.Space[Any]) -> int | None:
    """The seed given to a space, None for a space that was not seeded.

    A generator that nobody seeded was made from 128 bits of the system's entropy; a seed that a
    person gives is shorter.
    """
    sequence = getattr(space.np_random.bit_generator, "seed_seq", None)
    entropy = getattr(sequence, "entropy", None)
    return entropy if isinstance(entropy, int) and entropy < 2**63 else None


def tell_seeds(run: Run, env_seed: JsonValue, action_space: gymnasium.Space[Any]) -> None:
    """Record the seeds of an env's first reset and of its action space; None is not seeded.

    The document has the shape of `capture.capture_seeds`, to be merged with it.
    """
    generators = {
        "env": _told(env_seed, "reset"),
        "action_space": _told(space_seed(action_space), "action_space.seed"),
    }
    document, _ = normalise({"generators": generators})  # seeds may be numpy's, and of any size
    run.emit(FactsCaptured(kind="seeds", document=document))


def _told(seed: JsonValue, how: str) -> dict[str, JsonValue]:
    if seed is None:
        return {"verdict": "not seeded", "detail": f"{how} was given no seed before the first step"}
    return {"verdict": "seeded", "detail": f"{how} was given {seed}", "seed": seed}
