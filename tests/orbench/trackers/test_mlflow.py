"""Runs to a real MLflow server and back, and what happens where it goes wrong.

The server takes seconds to start and is shared by all tests here, hence `slow`; each test has an
experiment of its own.
"""

from __future__ import annotations

import contextlib
import json
import math
import secrets
from collections import Counter

import numpy as np
import pytest

from orbench.errors import TrackerError, TrackerUnavailableError
from orbench.events import TagsChanged
from orbench.run_store import Points, RunStore, Shipment, open_store
from orbench.trackers import Pace, SyncState, open_tracker, pull, push, status

pytestmark = pytest.mark.slow

_LARGEST = 1.7976931348623157e308


@pytest.fixture
def place(mlflow_server: str) -> str:
    return f"mlflow://{mlflow_server}/e-{secrets.token_hex(4)}"


@pytest.fixture
def store(sqlite_url: str):
    with open_store(sqlite_url, create=True) as opened:
        yield opened


@pytest.fixture
def other_store(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'other.db'}", create=True) as opened:
        yield opened


def client(place: str):
    from mlflow import MlflowClient

    return MlflowClient("http://" + place.removeprefix("mlflow://").partition("/")[0])


def remote_runs(place: str) -> list:
    mlflow = client(place)
    experiment = mlflow.get_experiment_by_name(place.rpartition("/")[2])
    return mlflow.search_runs([experiment.experiment_id]) if experiment else []


def points_there(place: str, remote_id: str, metric: str) -> Counter:
    history = client(place).get_metric_history(remote_id, metric)
    return Counter((one.timestamp, one.step, repr(one.value)) for one in history)


def points_here(store: RunStore, run_id: str, metric: str) -> Counter:
    """What MLflow is to hold: milliseconds, and no infinity."""
    series = store.series([run_id], metric)[0]
    return Counter(
        (
            math.floor(time * 1000),
            step,
            repr(math.copysign(_LARGEST, value) if math.isinf(value) else value + 0.0),
        )
        for time, step, value in zip(
            series.wall_times.tolist(), series.steps.tolist(), series.values.tolist(), strict=True
        )
    )


def assert_whole(store: RunStore, place: str, run_id: str) -> None:
    """The run is there once, with each point once."""
    (there,) = [one for one in remote_runs(place) if one.data.tags["orbench.run_id"] == run_id]
    for metric in ("charts/episodic_return", "loss", "system/cpu"):
        assert points_there(place, there.info.run_id, metric) == points_here(store, run_id, metric)


def assert_same_run(store: RunStore, other: RunStore, run_id: str) -> None:
    """Bit for bit, artifacts and console included; the command is told where it came from."""
    here, there = store.details(run_id), other.details(run_id)
    assert there.record == here.record
    assert {kind: one for kind, one in there.facts.items() if kind != "command"} == {
        kind: one for kind, one in here.facts.items() if kind != "command"
    }
    assert here.facts["command"].items() <= there.facts["command"].items()
    assert there.artifacts == here.artifacts
    assert list(other.console(run_id)) == list(store.console(run_id))
    assert [one.metric for one in there.metrics] == [one.metric for one in here.metrics]
    for summary in here.metrics:
        (mine,), (its,) = (
            store.series([run_id], summary.metric),
            other.series([run_id], summary.metric),
        )
        for column in ("steps", "values", "wall_times"):
            assert getattr(mine, column).tobytes() == getattr(its, column).tobytes()


def test_a_run_comes_back_from_mlflow_as_it_was(store, other_store, place, full_run) -> None:
    ids = [full_run(store, seed=1), full_run(store, seed=2)]
    pushed = push(store, open_tracker(place), store.runs())
    assert [one.state for one in pushed] == [SyncState.PUSHED] * 2
    assert [one.points for one in pushed] == [3005, 3005]
    assert any("2 infinite values" in said for said in pushed[0].notes)
    assert any("config long is in the record only" in said for said in pushed[0].notes)
    pulled = pull(other_store, open_tracker(place))
    assert [one.state for one in pulled] == [SyncState.PULLED] * 2
    for run_id in ids:
        assert_whole(store, place, run_id)
        assert_same_run(store, other_store, run_id)
    again = pull(other_store, open_tracker(place))
    assert [one.state for one in again] == [SyncState.KNOWN] * 2


def test_mlflow_shows_what_a_run_is(store, place, full_run) -> None:
    run_id = full_run(store)
    push(store, open_tracker(place), store.runs())
    (there,) = remote_runs(place)
    assert there.info.status == "FAILED"
    assert (there.info.start_time, there.info.end_time) == (1_700_000_000_000, 1_700_000_600_250)
    assert there.data.params == {"optim.lr": "0.0003", "optim.betas": "[0.9, 0.99]"}
    assert there.data.tags["orbench.run_id"] == run_id
    assert json.loads(there.data.tags["orbench.tags"]) == ["good one", "v1.2"]
    paths = {one.path for one in client(place).list_artifacts(there.info.run_id, "models")}
    assert paths == {"models/policy.pt"}


def test_a_growing_run_is_sent_only_what_is_new(store, other_store, place, full_run) -> None:
    run_id = full_run(store)
    tracker = open_tracker(place)
    push(store, tracker, store.runs())
    pull(other_store, tracker)
    more = Points(np.arange(2000, 2050), np.arange(50.0), 1.8e9 + np.arange(50.0))
    store.ship(
        Shipment(
            f"{run_id}/b",
            run_id,
            0,
            5,
            (TagsChanged(added=("late",)),),
            {"loss": more},
            heartbeat=1.8e9,
        )
    )
    (stand,) = status(store, tracker, store.runs())
    assert stand.state is SyncState.BEHIND
    (done,) = push(store, tracker, store.runs())
    assert done.points == 50
    assert_whole(store, place, run_id)
    (pulled,) = pull(other_store, tracker)
    assert (pulled.state, pulled.points) == (SyncState.PULLED, 50)
    (known,) = push(store, tracker, store.runs())
    assert known.state is SyncState.KNOWN
    (stand,) = status(store, tracker, store.runs())
    assert stand.state is SyncState.KNOWN


def test_a_push_broken_off_at_any_request_and_made_again_is_whole(
    store, place, full_run, breaking_proxy
) -> None:
    experiment = place.rpartition("/")[2]
    at, reached = 0, 1
    while reached >= at:
        at += 1
        for after in (False, True):
            run_id = full_run(store, seed=10 * at + after, n=600)
            mine = [run for run in store.runs() if run.run_id == run_id]
            breaking_proxy.arm(at, after=after)
            through = f"mlflow://{breaking_proxy.address}/{experiment}"
            once = open_tracker(through, Pace(rate=0, tries=1))
            # The very first requests are for the experiment, not for a run.
            with contextlib.suppress(TrackerUnavailableError):
                push(store, once, mine)
            reached = breaking_proxy.requests
            breaking_proxy.arm(0, after=False)
            (done,) = push(store, once, mine)
            assert done.state in (SyncState.PUSHED, SyncState.KNOWN), done.error
            assert_whole(store, place, run_id)
    assert at > 10


def test_a_request_that_is_lost_is_made_again(store, place, full_run, breaking_proxy) -> None:
    run_id = full_run(store)
    breaking_proxy.arm(4, after=True)
    through = f"mlflow://{breaking_proxy.address}/{place.rpartition('/')[2]}"
    (done,) = push(store, open_tracker(through, Pace(first_wait=0.01)), store.runs())
    assert done.state is SyncState.PUSHED
    assert_whole(store, place, run_id)


def test_the_store_that_recorded_a_run_is_the_truth(store, place, full_run) -> None:
    run_id = full_run(store)
    tracker = open_tracker(place)
    push(store, tracker, store.runs())
    store.change_tags([run_id], add=["mine"])
    before = store.details(run_id)
    (pulled,) = pull(store, tracker)
    assert pulled.state is SyncState.DIFFERS
    assert any("its tags are" in said for said in pulled.notes)
    assert store.details(run_id) == before


def test_a_run_of_another_program_is_pulled_with_every_point(store, place) -> None:
    mlflow = client(place)
    experiment = mlflow.create_experiment(place.rpartition("/")[2])
    run = mlflow.create_run(experiment, run_name="mine")
    params = {"env_id": "Hopper-v4", "algo": "sac", "seed": "3", "optim.lr": "0.001"}
    for key, value in params.items():
        mlflow.log_param(run.info.run_id, key, value)
    for step, value in enumerate([1.0, math.nan, 3.0]):
        mlflow.log_metric(run.info.run_id, "return", value, 1_700_000_000_000 + step, step)
    mlflow.set_terminated(run.info.run_id)
    (done,) = pull(store, open_tracker(place))
    assert (done.state, done.points) == (SyncState.PULLED, 3)
    (record,) = store.runs()
    assert (record.exp_name, record.env_id, record.seed) == ("sac", "Hopper-v4", 3)
    assert record.config["optim"] == {"lr": 0.001}
    (series,) = store.series([record.run_id], "return")
    assert np.array_equal(series.values, [1.0, math.nan, 3.0], equal_nan=True)
    (known,) = pull(store, open_tracker(place))
    assert known.state is SyncState.KNOWN


def test_a_run_deleted_in_mlflow_is_told_and_may_be_pushed_again(store, place, full_run) -> None:
    full_run(store)
    tracker = open_tracker(place)
    push(store, tracker, store.runs())
    (there,) = remote_runs(place)
    client(place).delete_run(there.info.run_id)
    assert [one.state for one in status(store, tracker, store.runs())] == [SyncState.GONE]
    store.change_tags([store.runs()[0].run_id], add=["x"])
    (failed,) = push(store, tracker, store.runs())
    assert "was deleted in MLflow" in failed.error
    (again,) = push(store, tracker, store.runs(), again=True)
    assert again.state is SyncState.PUSHED
    assert again.remote_id != there.info.run_id


def test_a_name_that_mlflow_refuses_is_kept_in_the_record_and_told(
    store, other_store, place, stored_run
) -> None:
    long = "m" * 260
    points = Points(np.arange(3), np.arange(3.0), np.arange(3.0))
    run_id = stored_run(store, "p", "e", "v", 1, points={long: points, "a?": points})
    (done,) = push(store, open_tracker(place), store.runs())
    assert any("260 characters, MLflow takes 250" in said for said in done.notes)
    pull(other_store, open_tracker(place))
    assert set(other_store.metric_names()) == {long, "a?"}
    assert len(other_store.series([run_id], long)[0]) == 3


def test_an_experiment_that_is_not_there_names_near_ones(store, place, full_run) -> None:
    full_run(store)
    push(store, open_tracker(place), store.runs())
    with pytest.raises(TrackerError, match=f"did you mean {place.rpartition('/')[2]}"):
        pull(store, open_tracker(place + "x"))


def test_a_dry_run_asks_for_nothing_and_changes_nothing(store, place, full_run) -> None:
    full_run(store)
    (would,) = push(store, open_tracker(place), store.runs(), dry_run=True)
    assert (would.state, would.points) == (SyncState.NOT_PUSHED, 3005)
    assert remote_runs(place) == []
    assert store.tracker_links() == []
