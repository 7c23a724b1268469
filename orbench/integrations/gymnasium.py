"""Gymnasium: the return and length of every episode, at the global step.

```python
with orbench.start_run(env_id="CartPole-v1", seed=1) as run:
    env = RecordReturns(gymnasium.make("CartPole-v1"), run)
```

The global step is the number of actions passed on, summed over sub-envs, as CleanRL counts it. An
episode ends when it is terminated or truncated. One that does not end is not logged: a reset in
its midst drops it, and so does the end of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, SupportsFloat, overload

from ..errors import MissingExtraError

try:
    import gymnasium
except ModuleNotFoundError as error:
    raise MissingExtraError("recording from Gymnasium", "gym") from error

import numpy as np
from gymnasium.core import ActType, ObsType
from gymnasium.vector import VectorEnv, VectorWrapper

from .gymnasium_facts import autoreset_mode, describe_env, tell_seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..recorder import Run

__all__ = [
    "EPISODIC_LENGTH",
    "EPISODIC_RETURN",
    "RecordEnvReturns",
    "RecordReturns",
    "RecordVectorReturns",
]

EPISODIC_RETURN = "charts/episodic_return"
EPISODIC_LENGTH = "charts/episodic_length"


@overload
def RecordReturns(
    env: VectorEnv[ObsType, ActType, Any], run: Run, *, global_step: int = 0
) -> RecordVectorReturns: ...
@overload
def RecordReturns(
    env: gymnasium.Env[ObsType, ActType], run: Run, *, global_step: int = 0
) -> RecordEnvReturns[ObsType, ActType]: ...
def RecordReturns(env: Any, run: Run, *, global_step: int = 0) -> Any:  # noqa: N802 - a class to its users
    """Wrap an env or a vector env so that each episode's return and length go to the run.

    `global_step` is where to count from, for a run that goes on; it is an attribute of what is
    returned, too. The run's config gets `env_spec`, its facts the seeds of the env and of the
    action space. Raises TypeError for what is no Gymnasium env.
    """
    wrapper = RecordVectorReturns if isinstance(env, VectorEnv) else RecordEnvReturns
    return wrapper(env, run, global_step=global_step)


class RecordEnvReturns(gymnasium.Wrapper[ObsType, ActType, ObsType, ActType]):
    """`RecordReturns` of one env."""

    def __init__(
        self, env: gymnasium.Env[ObsType, ActType], run: Run, *, global_step: int = 0
    ) -> None:
        """For `RecordReturns`."""
        super().__init__(env)
        self.global_step = global_step
        self.run = run
        self._seed: int | None = None
        self._seeds_told = False
        # No episode is under way before the first reset, nor from an end to the next reset.
        self._under_way = False
        self._return = 0.0
        self._length = 0
        run.config.update({"env_spec": describe_env(env)})

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ObsType, dict[str, Any]]:
        """Reset the env; an episode that was under way is dropped."""
        result = super().reset(seed=seed, options=options)
        self._seed = self._seed if seed is None else seed
        self._under_way, self._return, self._length = True, 0.0, 0
        return result

    def step(self, action: ActType) -> tuple[ObsType, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the env; at the end of an episode its return and length are logged."""
        if not self._seeds_told:
            tell_seeds(self.run, self._seed, self.action_space)
            self._seeds_told = True
        result = super().step(action)
        _, reward, terminated, truncated, _ = result
        self.global_step += 1
        if self._under_way:
            self._return += float(reward)
            self._length += 1
            if terminated or truncated:
                self._under_way = False
                _log_episode(self.run, self._return, self._length, self.global_step)
        return result


# Before Gymnasium 1.4 a VectorWrapper cannot be subscripted.
class RecordVectorReturns(VectorWrapper):
    """`RecordReturns` of a vector env, whichever way it resets the sub-envs that ended.

    With NEXT_STEP the step after an end only resets: it counts in the global step, as in CleanRL,
    but belongs to no episode. With DISABLED a sub-env rests until a `reset` takes it up.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any], run: Run, *, global_step: int = 0) -> None:
        """For `RecordReturns`."""
        super().__init__(env)
        self.global_step = global_step
        self.run = run
        self._seed: Any = None
        self._seeds_told = False
        self._mode = autoreset_mode(env)
        self._under_way = np.zeros(env.num_envs, dtype=np.bool_)
        self._returns = np.zeros(env.num_envs, dtype=np.float64)
        self._lengths = np.zeros(env.num_envs, dtype=np.int64)
        run.config.update({"env_spec": describe_env(env)})

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the sub-envs, or those of `options["reset_mask"]`; their episodes are dropped."""
        mask = _reset_mask(options)  # read first: the vector env takes it out of the options
        result = super().reset(seed=seed, options=options)
        self._seed = self._seed if seed is None else seed
        self._begin(np.ones(self.num_envs, dtype=np.bool_) if mask is None else mask)
        return result

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Step the sub-envs; the return and length of each episode that ends are logged."""
        if not self._seeds_told:
            tell_seeds(self.run, self._seed, self.action_space)
            self._seeds_told = True
        result = super().step(actions)
        _, rewards, terminations, truncations, _ = result
        self.global_step += self.num_envs
        self._count(rewards, np.logical_or(terminations, truncations))
        return result

    def _count(self, rewards: Any, ends: NDArray[np.bool_]) -> None:
        """Add one step's rewards (num_envs) to the episodes under way; log those that ended."""
        added = np.asarray(rewards, dtype=np.float64)
        np.add(self._returns, added, out=self._returns, where=self._under_way)
        self._lengths += self._under_way
        ended = self._under_way & ends
        for index in np.flatnonzero(ended):
            episode = float(self._returns[index]), int(self._lengths[index])
            _log_episode(self.run, *episode, self.global_step)
        if self._mode == "SameStep":
            self._begin(ended)
            return
        if self._mode == "NextStep":
            self._begin(~self._under_way)  # this step has reset those that had ended
        self._under_way &= ~ends

    def _begin(self, mask: NDArray[np.bool_]) -> None:
        self._under_way[mask] = True
        self._returns[mask] = 0.0
        self._lengths[mask] = 0


def _reset_mask(options: Mapping[str, Any] | None) -> NDArray[np.bool_] | None:
    mask = (options or {}).get("reset_mask")
    return None if mask is None else np.asarray(mask, dtype=np.bool_)


def _log_episode(run: Run, episodic_return: float, length: int, step: int) -> None:
    run.log({EPISODIC_RETURN: episodic_return, EPISODIC_LENGTH: length}, step)
