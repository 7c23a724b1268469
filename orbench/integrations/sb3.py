"""Stable-Baselines3: its logger and its training as a run.

```python
from orbench.integrations.sb3 import OrbenchOutputFormat, callback

with orbench.start_run(exp_name="ppo", env_id="CartPole-v1", seed=1) as run:
    model.set_logger(Logger(folder=None, output_formats=[OrbenchOutputFormat(run)]))
    model.learn(100_000, callback=callback(run))
```

Both are what SB3 calls for, a KVWriter and a BaseCallback; SB3 is imported when one is made.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ..errors import UsageError
from ..notices import warn

if TYPE_CHECKING:
    from ..recorder import Run

__all__ = ["OrbenchOutputFormat", "callback"]

EPISODIC_RETURN = "charts/episodic_return"
EPISODIC_LENGTH = "charts/episodic_length"

# Of a model; what is a number, text or a truth value there goes into the config.
_HYPERPARAMETERS = (
    *("learning_rate", "n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "ent_coef"),
    *("vf_coef", "max_grad_norm", "buffer_size", "learning_starts", "tau", "train_freq"),
    *("gradient_steps", "target_update_interval", "exploration_fraction", "n_envs", "seed"),
    *("policy_kwargs", "use_sde"),
)

_MISSING = "the {} needs Stable-Baselines3; install it: pip install stable-baselines3"
_Class = TypeVar("_Class")


class OrbenchOutputFormat:
    """An output format for SB3's logger: each number that it dumps is a point of the run.

    What is text, a video, a figure or a histogram is counted and told once, at `close`.
    """

    def __new__(cls, run: Run) -> Self:
        """An instance of SB3's KVWriter too: its Logger passes over every other output format."""
        return super().__new__(_as_writer(cls))

    def __init__(self, run: Run) -> None:
        """Log to this run; raises UsageError where Stable-Baselines3 is not installed."""
        self.run = run
        self._left_out: Counter[str] = Counter()

    def write(
        self,
        key_values: Mapping[str, object],
        key_excluded: Mapping[str, tuple[str, ...] | None],
        step: int = 0,
    ) -> None:
        """Log what SB3 dumps at a step, but for keys that it excludes from this format."""
        values: dict[str, float] = {}
        for key, value in key_values.items():
            excluded = key_excluded.get(key) or ()
            if "orbench" in excluded:
                continue
            try:
                values[key] = float(value)  # type: ignore[arg-type] # asked, not known
            except (TypeError, ValueError):
                self._left_out[key] += 1
        self.run.log(values, int(step))

    def close(self) -> None:
        """Say what was left out; the run goes on."""
        if self._left_out:
            told = ", ".join(f"{key} ({count:,})" for key, count in self._left_out.items())
            warn(f"no numbers in SB3's logger, left out: {told}")
            self._left_out.clear()


def _as_writer(cls: type[_Class]) -> type[_Class]:
    """The class with SB3's KVWriter as a further base."""
    try:
        from stable_baselines3.common.logger import KVWriter  # type: ignore[import-not-found]
    except ModuleNotFoundError as error:
        raise UsageError(_MISSING.format("output format")) from error
    return type(cls.__name__, (cls, KVWriter), {"__doc__": cls.__doc__, "__module__": __name__})


class _Recorder:
    """What the callback does, whatever class of SB3 it is called from."""

    def __init__(self, run: Run, *, save_model: bool) -> None:
        self.run = run
        self.save_model = save_model

    def training_starts(self, model: Any) -> None:  # an SB3 model, which is never imported
        """Note the algorithm and what it was set to."""
        told = {
            name: value
            for name in _HYPERPARAMETERS
            if isinstance(value := getattr(model, name, None), int | float | str | bool | dict)
        }
        self.run.config.update({"algorithm": type(model).__name__, **told})

    def step(self, infos: object, step: int) -> None:
        """Log each episode that Monitor says has ended."""
        for info in infos if isinstance(infos, list | tuple) else ():
            episode = info.get("episode")
            if episode is not None:
                values = {EPISODIC_RETURN: episode["r"], EPISODIC_LENGTH: episode["l"]}
                self.run.log(values, int(step))

    def training_ends(self, model: Any) -> None:
        """Keep the model, if that was asked for."""
        if self.save_model:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "model.zip")
                model.save(path)
                self.run.log_artifact(path, kind="model")


def callback(run: Run, *, save_model: bool = False) -> Any:  # a BaseCallback of SB3
    """A callback for `model.learn`: config at the start, every episode, the model at the end.

    Episodes are those that SB3's Monitor tells, at the global step. Raises UsageError where
    Stable-Baselines3 is not installed.
    """
    try:
        from stable_baselines3.common.callbacks import (  # type: ignore[import-not-found]
            BaseCallback,
        )
    except ModuleNotFoundError as error:
        raise UsageError(_MISSING.format("callback")) from error
    recorder = _Recorder(run, save_model=save_model)

    class OrbenchCallback(BaseCallback):  # type: ignore[misc] # SB3 is not there to be checked
        """Tells the recorder."""

        def _on_training_start(self) -> None:
            recorder.training_starts(self.model)

        def _on_step(self) -> bool:
            recorder.step(self.locals.get("infos"), self.num_timesteps)
            return True

        def _on_training_end(self) -> None:
            recorder.training_ends(self.model)

    return OrbenchCallback()
