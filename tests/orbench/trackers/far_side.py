"""What there is at a tracker, seen without orbench: one kind of far side for each tracker."""

from __future__ import annotations

import json
import math
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orbench.run_store import RunStore
from orbench.trackers import Pace, Tracker, open_tracker

from ...mlflow_server import MlflowProxy
from ...wandb_server import DROP_AFTER, DROP_BEFORE, WandbServer

_LARGEST = 1.7976931348623157e308

# (step, value) or (step, value, milliseconds), whatever the tracker holds of a point.
Held = tuple[object, ...]


class FarSide(Protocol):
    """A place in a tracker that can be looked at and broken; `every` n-th request is to break."""

    place: str
    every: int

    @property
    def requests(self) -> int:
        """How many there were since it was last told to break or mend."""
        ...

    def break_at(self, number: int, *, after: bool) -> None:
        """Break the connection at a request from now on; `after` the request was fulfilled."""
        ...

    def mend(self) -> None:
        """Break no more."""
        ...

    def runs(self) -> Counter[str]:
        """The ids in the store of the runs that are there, and how often each is."""
        ...

    def points(self, run_id: str, metric: str) -> Counter[Held]:
        """The points of a metric, and how often each is there."""
        ...

    def held(self, step: int, value: float, time: float) -> Held:
        """A point as the tracker is to hold it."""
        ...

    def log(self, name: str, config: Mapping[str, object], values: Sequence[float]) -> None:
        """Log a run as another program does, with the metric `return`."""
        ...

    def delete(self, run_id: str) -> None:
        """Delete a run, by its id in the store."""
        ...


def opened(side: FarSide) -> Tracker:
    """The tracker; it fails at the first fault and waits for nothing."""
    return open_tracker(side.place, Pace(rate=0, tries=1))


class MlflowSide:
    """A new experiment on a server, behind a proxy."""

    def __init__(self, proxy: MlflowProxy, every: int = 2) -> None:
        self._proxy, self.every = proxy, every
        self.experiment = f"e-{secrets.token_hex(4)}"
        self.place = f"mlflow://{proxy.address}/{self.experiment}"

    @property
    def client(self) -> Any:
        """MLflow's own client, straight to the server."""
        from mlflow import MlflowClient

        return MlflowClient(f"http://{self._proxy.server}")

    @property
    def requests(self) -> int:
        return self._proxy.requests

    def break_at(self, number: int, *, after: bool) -> None:
        self._proxy.order(number, after=after)

    def mend(self) -> None:
        self._proxy.order()

    def listed(self) -> list[Any]:
        """The runs, as the client gives them."""
        experiment = self.client.get_experiment_by_name(self.experiment)
        return list(self.client.search_runs([experiment.experiment_id])) if experiment else []

    def runs(self) -> Counter[str]:
        return Counter(run.data.tags.get("orbench.run_id", "") for run in self.listed())

    def points(self, run_id: str, metric: str) -> Counter[Held]:
        (run,) = [run for run in self.listed() if run.data.tags.get("orbench.run_id") == run_id]
        history = self.client.get_metric_history(run.info.run_id, metric)
        return Counter((one.step, repr(one.value + 0.0), one.timestamp) for one in history)

    def held(self, step: int, value: float, time: float) -> Held:
        value = math.copysign(_LARGEST, value) if math.isinf(value) else value + 0.0
        return step, repr(value), math.floor(time * 1000)

    def log(self, name: str, config: Mapping[str, object], values: Sequence[float]) -> None:
        client = self.client
        known = client.get_experiment_by_name(self.experiment)
        experiment = known.experiment_id if known else client.create_experiment(self.experiment)
        run_id = client.create_run(experiment, run_name=name).info.run_id
        for key, value in config.items():
            client.log_param(run_id, key, value)
        for step, value in enumerate(values):
            client.log_metric(run_id, "return", value, 1_700_000_000_000 + step, step)
        client.set_terminated(run_id)

    def delete(self, run_id: str) -> None:
        for run in self.listed():
            if run.data.tags.get("orbench.run_id") == run_id:
                self.client.delete_run(run.info.run_id)


class WandbSide:
    """A project of the stand-in for W&B's server."""

    place = "wandb://team/demo"
    every = 3

    def __init__(self, server: WandbServer) -> None:
        self._server = server
        self._before = 0

    @property
    def requests(self) -> int:
        return len(self._server.requests) - self._before

    def break_at(self, number: int, *, after: bool) -> None:
        self._before = len(self._server.requests)
        self._server.fail_at(number, how=DROP_AFTER if after else DROP_BEFORE)

    def mend(self) -> None:
        self._before = len(self._server.requests)
        self._server.fail_at(how=DROP_BEFORE)

    def runs(self) -> Counter[str]:
        return Counter(run.name for run in self._server.runs.values() if not run.deleted)

    def points(self, run_id: str, metric: str) -> Counter[Held]:
        run = self._server.find("team", "demo", run_id)
        rows = run.rows()
        if metric.startswith("system/"):  # a stream of their own
            metric = metric.replace("/", ".")
            rows = [json.loads(line) for line in run.events()]
        found = [row for row in rows if metric in row]
        return Counter((row["global_step"], repr(float(row[metric]))) for row in found)

    def held(self, step: int, value: float, time: float) -> Held:
        return step, repr(value)

    def log(self, name: str, config: Mapping[str, object], values: Sequence[float]) -> None:
        rows = [{"return": value} for value in values]
        self._server.add_run(name, rows, config=dict(config))

    def delete(self, run_id: str) -> None:
        self._server.find("team", "demo", run_id).deleted = True


def everything(store: RunStore, run_id: str) -> tuple[object, ...]:
    """A run as a comparable value, but for what a pull adds to its command."""
    details = store.details(run_id)
    record = {
        name: getattr(details.record, name)
        for name in details.record.__dataclass_fields__
        if name != "heartbeat"
    }
    command = dict(details.facts["command"])
    for added in ("importer", "file", "content"):
        command.pop(added, None)
    facts = {kind: document for kind, document in details.facts.items() if kind != "command"}
    series = {}
    for summary in details.metrics:
        (one,) = store.series([run_id], summary.metric)
        series[summary.metric] = [
            part.tobytes() for part in (one.steps, one.values, one.wall_times)
        ]
    return record, facts, command, series, details.artifacts, list(store.console(run_id))
