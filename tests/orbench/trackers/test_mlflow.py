"""What is MLflow's own: how a run looks there, what it cannot hold, and its words for refusals.

What every tracker does is in test_contract.py. The server takes seconds to start and is shared,
hence `slow`; each test has an experiment of its own.
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from orbench.errors import TrackerError, TrackerUnavailableError
from orbench.run_store import Points
from orbench.trackers import Pace, SyncState, open_tracker, pull, push

from ...mlflow_server import refusal
from .far_side import MlflowSide, opened

pytestmark = pytest.mark.slow


@pytest.fixture
def far(mlflow_proxy):
    """A new experiment."""
    return MlflowSide(mlflow_proxy)


@pytest.fixture
def tracker(far):
    return opened(far)


def test_mlflow_shows_what_a_run_is(store, far, tracker, full_run) -> None:
    run_id = full_run(store, n=20)
    push(store, tracker, store.runs())
    (there,) = far.listed()
    assert there.info.status == "FAILED"
    assert (there.info.start_time, there.info.end_time) == (1_700_000_000_000, 1_700_000_600_250)
    assert there.data.params == {"optim.lr": "0.0003", "optim.betas": "[0.9, 0.99]"}
    assert there.data.tags["orbench.run_id"] == run_id
    assert json.loads(there.data.tags["orbench.tags"]) == ["good one", "v1.2"]
    paths = {one.path for one in far.client.list_artifacts(there.info.run_id, "models")}
    assert paths == {"models/policy.pt"}


def test_a_child_names_its_parent_as_mlflow_does(store, far, tracker, full_run) -> None:
    parent = full_run(store, n=20)
    child = full_run(store, n=20, parent_id=parent)
    push(store, tracker, store.runs())
    there = {one.data.tags["orbench.run_id"]: one for one in far.listed()}
    assert there[child].data.tags["mlflow.parentRunId"] == there[parent].info.run_id


def test_what_mlflow_cannot_hold_is_told(store, tracker, full_run) -> None:
    full_run(store, n=20)
    (done,) = push(store, tracker, store.runs())
    assert any("2 infinite values" in said for said in done.notes)
    assert any("config long is in the record only" in said for said in done.notes)


def test_a_name_that_mlflow_refuses_is_kept_in_the_record_and_told(
    store, other_store, tracker, stored_run
) -> None:
    long = "m" * 260
    points = Points(np.arange(3), np.arange(3.0), np.arange(3.0))
    stored_run(store, "p", "e", "v", 1, points={long: points, "a?": points})
    (done,) = push(store, tracker, store.runs())
    assert any("260 characters, MLflow takes 250" in said for said in done.notes)
    (pulled,) = pull(other_store, tracker)
    assert set(other_store.metric_names()) == {long, "a?"}
    assert len(other_store.series([pulled.run_id], long)[0]) == 3


def test_params_of_another_program_are_a_config_again(store, far, tracker) -> None:
    far.log("mine", {"optim.lr": 0.001, "optim.name": "adam", "seed": 3}, [1.0])
    (done,) = pull(store, tracker)
    assert done.notes == ("'mine' has no param or tag that tells exp_name, env_id",)
    (record,) = store.runs()
    assert record.config == {"optim": {"lr": 0.001, "name": "adam"}, "seed": 3}


@pytest.mark.parametrize("answer", [b"", refusal(404)], ids=["cut", "none"])
def test_where_a_history_is_not_given_at_once_it_is_read_by_page(
    store, far, tracker, mlflow_proxy, monkeypatch, answer
) -> None:
    monkeypatch.setattr("orbench.trackers.mlflow_pull._PAGE", 2)
    far.log("mine", {}, [1.0, 2.0, math.nan, 4.0, 5.0])
    if answer:
        mlflow_proxy.order(1, of=b"get-history-bulk", answer=answer, lasting=True)
    (done,) = pull(store, tracker)
    assert (done.state, done.points) == (SyncState.PULLED, 5)
    (series,) = store.series([done.run_id], "return")
    assert np.array_equal(series.values, [1.0, 2.0, math.nan, 4.0, 5.0], equal_nan=True)


def test_a_run_deleted_in_mlflow_may_be_pushed_again(store, far, tracker, full_run) -> None:
    run_id = full_run(store, n=20)
    (first,) = push(store, tracker, store.runs())
    far.delete(run_id)
    (again,) = push(store, tracker, store.runs(), again=True)
    assert again.state is SyncState.PUSHED
    assert again.remote_id != first.remote_id
    assert far.runs() == {run_id: 1}


def test_an_experiment_that_is_not_there_names_near_ones(store, far, tracker, full_run) -> None:
    full_run(store, n=20)
    push(store, tracker, store.runs())
    with pytest.raises(TrackerError, match=f"did you mean {far.experiment}"):
        pull(store, open_tracker(f"{far.place}x"))


def test_a_push_that_was_cut_off_goes_on_where_it_was(
    store, far, tracker, full_run, mlflow_proxy, monkeypatch
) -> None:
    monkeypatch.setattr("orbench.trackers.mlflow_push._METRICS_AT_ONCE", 10)
    monkeypatch.setattr("orbench.trackers.mlflow_push._SAVE_EVERY", 3)
    run_id = full_run(store, n=95)
    mlflow_proxy.order(18, of=b"log-batch")
    (failed,) = push(store, tracker, store.runs())
    assert failed.state is SyncState.FAILED
    (done,) = push(store, tracker, store.runs())
    assert (done.state, 0 < done.points <= 80) == (SyncState.PUSHED, True)
    assert sum(far.points(run_id, "loss").values()) == 95


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(store, far, full_run, mlflow_proxy, status) -> None:
    run_id = full_run(store, n=20)
    mlflow_proxy.order(3, answer=refusal(status, Retry_After="0"))
    patient = open_tracker(far.place, Pace(rate=0, first_wait=0.01))
    (done,) = push(store, patient, store.runs())
    assert (done.state, done.error) == (SyncState.PUSHED, "")
    assert far.runs() == {run_id: 1}


@pytest.mark.parametrize(("status", "said"), [(403, "does not allow"), (413, "does not take")])
def test_a_file_that_is_refused_is_sent_once(
    store, far, full_run, mlflow_proxy, status, said
) -> None:
    full_run(store, n=20)
    mlflow_proxy.order(1, of=b"mlflow-artifacts", answer=refusal(status), lasting=True)
    pace = Pace(rate=0, sleep=lambda _: pytest.fail("it was sent again"))
    (done,) = push(store, open_tracker(far.place, pace), store.runs())
    assert said in done.error


def test_a_server_that_asks_for_an_hour_is_not_waited_for(
    store, tracker, full_run, mlflow_proxy
) -> None:
    full_run(store, n=20)
    mlflow_proxy.order(1, answer=refusal(429, Retry_After="3600"), lasting=True)
    with pytest.raises(TrackerUnavailableError, match=r"cannot answer now \(429\)"):
        push(store, tracker, store.runs())
