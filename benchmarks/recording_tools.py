"""The tools that are compared: how each starts a run, logs, ends it and reads a metric back.

Each is used as its own documentation shows, with its console output and telemetry off. What a
tool makes once for many runs (the database of MLflow) is made before the clock starts.
"""

from __future__ import annotations

import csv
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

__all__ = ["LIMIT", "METRICS", "OURS", "TOOLS", "Tool"]

METRICS = (
    "charts/episodic_return",
    "charts/SPS",
    "losses/value_loss",
    "losses/policy_loss",
    "losses/entropy",
)
OURS, LIMIT = "orbench", "limit"

# Values are Any below: each tool has types of its own.
Values = Mapping[str, float]


class Tool:
    """One way to record: `prepare` once, then for each run `start`, `log` often and `end`."""

    name: ClassVar[str]
    environ: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path) -> None:
        """`folder` takes all that the tool writes."""
        self.folder = folder

    def prepare(self) -> None:
        """What is done once for many runs, before the clock starts."""

    def start(self, name: str) -> None:
        """Begin a run."""
        raise NotImplementedError

    def log(self, values: Values, step: int) -> None:
        """Log metrics at a step."""
        raise NotImplementedError

    def end(self) -> None:
        """End the run; when this returns, everything is where it is read from."""
        raise NotImplementedError

    def recover(self) -> None:
        """What a user does after the process was killed, before reading."""

    def read(self, names: list[str], metric: str) -> int:
        """Read one metric of these runs into numbers; returns how many points that were."""
        raise NotImplementedError


class Orbench(Tool):
    """orbench as it comes: capture, console and system metrics included."""

    name = OURS

    @property
    def url(self) -> str:
        """The store."""
        return os.environ.get("BENCH_STORE") or f"sqlite:///{self.folder / 'orbench.db'}"

    def start(self, name: str) -> None:
        import orbench

        self.run = orbench.start_run(
            project="bench", exp_name=name, env_id="none", seed=1, store=self.url
        )
        self.log = self.run.log  # type: ignore[method-assign] - as a user calls it

    def end(self) -> None:
        self.run.finish()

    def recover(self) -> None:
        from orbench.cli import main

        main(["list", "--store", self.url])

    def read(self, names: list[str], metric: str) -> int:
        import orbench

        table = orbench.fetch("project=bench", metric=metric, store=self.url)
        return min(len(table["step"]), len(table["value"]))


class Limit(Tool):
    """The physical limit: pack the numbers, write(2) them, nothing else."""

    name = LIMIT

    def start(self, name: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.file = os.open(self.folder / f"{name}.bin", flags, 0o644)
        self.pack = struct.Struct("<qd5d").pack

    def log(self, values: Values, step: int) -> None:
        os.write(self.file, self.pack(step, 0.0, *values.values()))

    def end(self) -> None:
        os.close(self.file)

    def read(self, names: list[str], metric: str) -> int:
        import numpy as np

        parts = [np.fromfile(self.folder / f"{name}.bin").reshape(-1, 7)[:, 2] for name in names]
        return len(np.concatenate(parts))


class Csv(Tool):
    """The standard library's csv module, buffered, as scripts use it."""

    name = "csv"

    def start(self, name: str) -> None:
        self.file = (self.folder / f"{name}.csv").open("w", newline="")
        self.writer = csv.writer(self.file)

    def log(self, values: Values, step: int) -> None:
        if step == 0:
            self.writer.writerow(["step", *values])
        self.writer.writerow([step, *values.values()])

    def end(self) -> None:
        self.file.close()

    def read(self, names: list[str], metric: str) -> int:
        points = []
        for name in names:
            with (self.folder / f"{name}.csv").open(newline="") as file:
                points += [(int(row["step"]), float(row[metric])) for row in csv.DictReader(file)]
        return len(points)


class TensorboardX(Tool):
    """tensorboardX, read back by TensorBoard's EventAccumulator; one call for each metric."""

    name = "tensorboardX"

    def start(self, name: str) -> None:
        from tensorboardX import SummaryWriter

        self.writer = SummaryWriter(str(self.folder / name))

    def log(self, values: Values, step: int) -> None:
        for metric, value in values.items():
            self.writer.add_scalar(metric, value, step)

    def end(self) -> None:
        self.writer.close()

    def read(self, names: list[str], metric: str) -> int:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        points: list[tuple[int, float]] = []
        for name in names:
            events = EventAccumulator(str(self.folder / name), size_guidance={"scalars": 0})
            events.Reload()
            if metric in events.Tags()["scalars"]:
                points += [(one.step, one.value) for one in events.Scalars(metric)]
        return len(points)


class Trackio(Tool):
    """trackio, local."""

    name = "trackio"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        os.environ["TRACKIO_DIR"] = str(folder)

    def start(self, name: str) -> None:
        import trackio

        trackio.init(project="bench", name=name)
        self.trackio = trackio

    def log(self, values: Values, step: int) -> None:
        self.trackio.log(dict(values), step=step)

    def end(self) -> None:
        self.trackio.finish()

    def read(self, names: list[str], metric: str) -> int:
        from trackio.sqlite_storage import SQLiteStorage

        return sum(len(SQLiteStorage.get_metric_values("bench", name, metric)) for name in names)


class Wandb(Tool):
    """W&B offline; it has no way to read an offline run back."""

    name = "wandb offline"
    environ: ClassVar = {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}

    def start(self, name: str) -> None:
        import wandb

        self.run = wandb.init(project="bench", name=name, dir=str(self.folder))

    def log(self, values: Values, step: int) -> None:
        self.run.log(dict(values), step=step)

    def end(self) -> None:
        self.run.finish()


class Mlflow(Tool):
    """MLflow on SQLite, `log_metrics` at every step."""

    name = "mlflow sqlite, per step"
    environ: ClassVar = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

    def _client(self) -> Any:
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{self.folder / 'mlflow.db'}")
        return mlflow

    def prepare(self) -> None:
        self._client().set_experiment("bench")

    def start(self, name: str) -> None:
        self.mlflow = self._client()
        self.mlflow.set_experiment("bench")
        self.run = self.mlflow.start_run(run_name=name)

    def log(self, values: Values, step: int) -> None:
        self.mlflow.log_metrics(dict(values), step=step)

    def end(self) -> None:
        self.mlflow.end_run()

    def read(self, names: list[str], metric: str) -> int:
        client = self._client().MlflowClient()
        experiment = client.get_experiment_by_name("bench")
        runs = client.search_runs([experiment.experiment_id], max_results=1000)
        histories = [client.get_metric_history(run.info.run_id, metric) for run in runs]
        return len([(point.step, point.value) for points in histories for point in points])


class MlflowBatch(Mlflow):
    """MLflow on SQLite, 1,000 metrics at a time by `log_batch`."""

    name = "mlflow sqlite, log_batch"

    def start(self, name: str) -> None:
        super().start(name)
        self.waiting: list[Any] = []
        self.client = self.mlflow.MlflowClient()

    def log(self, values: Values, step: int) -> None:
        from mlflow.entities import Metric

        self.waiting += [Metric(name, value, 0, step) for name, value in values.items()]
        if len(self.waiting) >= 1000:
            self._flush()

    def end(self) -> None:
        self._flush()
        super().end()

    def _flush(self) -> None:
        if self.waiting:
            self.client.log_batch(self.run.info.run_id, metrics=self.waiting)
        self.waiting = []


TOOLS: dict[str, type[Tool]] = {
    tool.name: tool
    for tool in (Limit, Orbench, Csv, Trackio, Wandb, TensorboardX, MlflowBatch, Mlflow)
}
