"""A `SummaryWriter` that logs to a run: one import changed, and a CleanRL script is recorded.

```python
from orbench.integrations.summary_writer import SummaryWriter

writer = SummaryWriter(f"runs/{run_name}")
writer.add_scalar("charts/episodic_return", 195.0, global_step)
```

It has the methods of `torch.utils.tensorboard.SummaryWriter` and tensorboardX and writes no event
file. Scalars are metrics, at their step and wall time; hyperparameters, and the Markdown table in
which CleanRL has them, are the config; other text is the summary. What a run does not hold (images,
histograms, ...) is counted, and told once when the writer closes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, SupportsFloat

from ..notices import warn
from ..starting import start_run

if TYPE_CHECKING:
    from ..recorder import Run
    from ..run import JsonValue

__all__ = ["SummaryWriter"]

# CleanRL: `{env_id}__{exp_name}__{seed}__{time}`.
_RUN_NAME = re.compile(r"(?P<env_id>.+?)__(?P<exp_name>.+)__(?P<seed>\d{1,18})__\d+")
_ROW = re.compile(r"^\|(?P<key>[^|\n]+)\|(?P<value>[^\n]*)\|[ \t]*$", re.MULTILINE)
_LEFT_OUT = (
    *("add_audio", "add_custom_scalars", "add_embedding", "add_figure", "add_graph"),
    *("add_histogram", "add_histogram_raw", "add_image", "add_image_with_boxes", "add_images"),
    *("add_mesh", "add_onnx_graph", "add_pr_curve", "add_pr_curve_raw", "add_tensor", "add_video"),
)


class SummaryWriter:
    """Logs to a run of its own, or to that of `run`; closed, it ends a run of its own.

    `log_dir` names a run of its own where it is CleanRL's run name; nothing is written there.
    Further arguments of the other writers are taken and have no effect.
    """

    def __init__(
        self,
        log_dir: str | None = None,
        comment: str = "",
        *unused: object,
        run: Run | None = None,
        **options: object,
    ) -> None:
        """Begin a run, or join the one that `orbench record` or `run` is."""
        self.log_dir = str(log_dir or comment)
        self._owns = run is None
        self._left_out: Counter[str] = Counter()
        self._steps: dict[str, int] = {}
        self.run = _run_called(PurePath(self.log_dir).name) if run is None else run

    def add_scalar(
        self,
        tag: str,
        scalar_value: SupportsFloat,
        global_step: int | None = None,
        walltime: float | None = None,
        **options: object,
    ) -> None:
        """Log a metric; without a step, at the one after the last of this metric."""
        self._log(tag, {tag: scalar_value}, global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, SupportsFloat],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Log several metrics `main_tag/TAG` at one step."""
        values = {f"{main_tag}/{tag}": value for tag, value in tag_scalar_dict.items()}
        self._log(main_tag, values, global_step, walltime)

    def add_text(
        self, tag: str, text_string: str, global_step: int | None = None, walltime: object = None
    ) -> None:
        """CleanRL's table of hyperparameters is config; other text is kept in the summary."""
        if tag == "hyperparameters" and (config := _table(text_string)):
            self.run.config.update(config)
        else:
            self.run.summary.update({tag: text_string})

    def add_hparams(
        self,
        hparam_dict: Mapping[str, object],
        metric_dict: Mapping[str, SupportsFloat],
        hparam_domain_discrete: object = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """Hyperparameters are config; their metrics are in the summary, and logged at a step."""
        self.run.config.update(dict(hparam_dict))
        self.run.summary.update({key: float(value) for key, value in metric_dict.items()})
        if global_step is not None:
            self._log("hparams", dict(metric_dict), global_step, None)

    def get_logdir(self) -> str:
        """What was given as `log_dir`."""
        return self.log_dir

    def flush(self) -> None:
        """Do nothing: what was logged survives the death of the process already."""

    def close(self) -> None:
        """Say what was left out, and end a run of one's own."""
        if self._left_out:
            told = ", ".join(f"{count:,} x {name}" for name, count in self._left_out.items())
            warn(f"a run keeps no such thing, left out: {told}")
            self._left_out.clear()
        if self._owns and not self.run.ended:
            self.run.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and self._owns and not self.run.ended:
            self.run.finish_with(error)
        self.close()

    def __getattr__(self, name: str) -> Any:
        """The methods for what a run does not hold, which count it; of any arguments."""
        if name not in _LEFT_OUT:
            raise AttributeError(f"SummaryWriter has no attribute '{name}'")

        def left_out(*arguments: object, **options: object) -> None:
            self._left_out[name] += 1

        return left_out

    def _log(
        self,
        tag: str,
        values: Mapping[str, SupportsFloat],
        step: int | None,
        wall_time: float | None,
    ) -> None:
        if step is None:
            step = self._steps.get(tag, 0)
        step = int(step)
        self._steps[tag] = step + 1
        if wall_time is None:
            self.run.log(values, step)
        else:
            self.run.writer.log_at(values, step, wall_time)


def _run_called(name: str) -> Run:
    """A new run with the names in a run name of CleanRL's, or the run that is recorded here."""
    found = _RUN_NAME.fullmatch(name)
    if found is None:
        return start_run()
    return start_run(exp_name=found["exp_name"], env_id=found["env_id"], seed=int(found["seed"]))


def _table(text: str) -> dict[str, JsonValue]:
    """The values in a Markdown table `|param|value|`, typed as Python writes them."""
    rows = [(row["key"].strip(), row["value"].strip()) for row in _ROW.finditer(text)]
    return {key: _typed(value) for key, value in rows if key != "param" and set(key) != {"-"}}


def _typed(text: str) -> JsonValue:
    words: dict[str, JsonValue] = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
