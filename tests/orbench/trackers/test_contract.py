"""What every tracker does for `orbench sync`: one suite, with each of them on the far side.

MLflow's servers take seconds to start, hence `slow`; each test has an experiment of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections import Counter

import numpy as np
import pytest

from orbench.errors import TrackerError, TrackerUnavailableError
from orbench.events import TagsChanged
from orbench.run_store import Points, RunStore, Shipment
from orbench.trackers import Pace, SyncState, open_tracker, pull, push, status

from ...mlflow_server import MlflowProxy
from .far_side import FarSide, MlflowSide, WandbSide, everything, opened

METRICS = ("charts/episodic_return", "loss", "system/cpu")
# Tests that share a server share a worker.
_ON_MLFLOW = (pytest.mark.slow, pytest.mark.xdist_group("mlflow"))


@pytest.fixture(
    params=[
        "wandb",
        pytest.param("mlflow", marks=_ON_MLFLOW),
        pytest.param("mlflow_on_postgres", marks=(*_ON_MLFLOW, pytest.mark.postgres)),
    ]
)
def far(request, monkeypatch):
    """A place in a tracker that does not exist yet."""
    if request.param == "wandb":
        yield WandbSide(request.getfixturevalue("wandb"))
    elif request.param == "mlflow":
        yield MlflowSide(request.getfixturevalue("mlflow_proxy"))
    else:
        team = request.getfixturevalue("mlflow_team")
        for name, value in team.login("admin").items():
            monkeypatch.setenv(name, value)
        proxy = MlflowProxy(team.address)
        yield MlflowSide(proxy, every=4)
        proxy.close()


@pytest.fixture
def tracker(far):
    """The place, as orbench opens it."""
    with contextlib.closing(opened(far)) as one:
        yield one


def assert_whole(store: RunStore, far: FarSide, run_id: str) -> None:
    """The run is there once, with each point once."""
    assert far.runs()[run_id] == 1
    for metric in METRICS:
        (series,) = store.series([run_id], metric)
        columns = series.steps.tolist(), series.values.tolist(), series.wall_times.tolist()
        held = Counter(far.held(*point) for point in zip(*columns, strict=True))
        assert far.points(run_id, metric) == held, metric


def grow(store: RunStore, run_id: str) -> None:
    """Log 50 points more to a run, and tag it."""
    more = Points(np.arange(2000, 2050), np.arange(50.0), 1.8e9 + np.arange(50.0))
    tagged = (TagsChanged(added=("late",)),)
    assert store.ship(
        Shipment(f"{run_id}/b", run_id, 0, 5, tagged, {"loss": more}, heartbeat=1.8e9)
    )


def test_runs_come_back_as_they_were(far, tracker, store, other_store, full_run) -> None:
    parent = full_run(store, seed=1, n=200)
    ids = [full_run(store, seed=2, n=200), full_run(store, seed=3, n=50, parent_id=parent), parent]
    done = push(store, tracker, store.runs(), jobs=4)
    assert [(one.state, one.error) for one in done] == [(SyncState.PUSHED, "")] * 3
    assert sorted(one.points for one in done) == [105, 405, 405]
    pulled = pull(other_store, tracker)
    assert [one.state for one in pulled] == [SyncState.PULLED] * 3
    for run_id in ids:
        assert_whole(store, far, run_id)
        assert everything(other_store, run_id) == everything(store, run_id)


def test_what_is_in_step_is_asked_for_and_sent_no_more(far, tracker, store, full_run) -> None:
    full_run(store, n=20)
    push(store, tracker, store.runs())
    far.mend()
    assert [one.state for one in push(store, tracker, store.runs())] == [SyncState.KNOWN]
    assert far.requests == 1
    assert [one.state for one in status(store, tracker, store.runs())] == [SyncState.KNOWN]
    assert [one.state for one in pull(store, tracker)] == [SyncState.KNOWN]


def test_a_growing_run_is_sent_only_what_is_new(far, tracker, store, other_store, full_run) -> None:
    run_id = full_run(store, n=200)
    push(store, tracker, store.runs())
    pull(other_store, tracker)
    grow(store, run_id)
    assert [one.state for one in status(store, tracker, store.runs())] == [SyncState.BEHIND]
    (done,) = push(store, tracker, store.runs())
    assert done.points == 50
    assert_whole(store, far, run_id)
    (pulled,) = pull(other_store, tracker)
    assert (pulled.state, pulled.points) == (SyncState.PULLED, 50)
    assert [one.state for one in status(store, tracker, store.runs())] == [SyncState.KNOWN]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_push_broken_off_at_any_request_and_made_again_is_whole(
    far, tracker, store, full_run, monkeypatch, after
) -> None:
    monkeypatch.setattr("orbench.trackers.mlflow_push._METRICS_AT_ONCE", 50)
    for at in itertools.count(1 + after, far.every):
        run_id = full_run(store, seed=at, n=50)
        mine = [run for run in store.runs() if run.run_id == run_id]
        far.break_at(at, after=after)
        # The very first requests are for the place, not for a run.
        with contextlib.suppress(TrackerUnavailableError):
            push(store, tracker, mine)
        through = far.requests < at
        far.mend()
        (done,) = push(store, tracker, mine)
        assert done.state in (SyncState.PUSHED, SyncState.KNOWN), done.error
        assert_whole(store, far, run_id)
        if through:
            break
    assert at > 8


def test_a_request_that_is_lost_is_made_again(far, store, full_run) -> None:
    run_id = full_run(store, n=50)
    far.break_at(4, after=True)
    with contextlib.closing(open_tracker(far.place, Pace(rate=0, first_wait=0.01))) as patient:
        (done,) = push(store, patient, store.runs())
    assert (done.state, done.error) == (SyncState.PUSHED, "")
    assert_whole(store, far, run_id)


def test_one_run_that_fails_stops_no_other(far, tracker, store, full_run) -> None:
    ids = [full_run(store, seed=seed, n=20) for seed in (1, 2, 3)]
    push(store, tracker, store.runs())
    far.delete(ids[1])
    for run_id in ids:
        grow(store, run_id)
    stand = {one.run_id: one.state for one in status(store, tracker, store.runs())}
    assert stand == dict.fromkeys(ids, SyncState.BEHIND) | {ids[1]: SyncState.GONE}
    done = {one.run_id: one for one in push(store, tracker, store.runs(), jobs=2)}
    assert "was deleted" in done[ids[1]].error
    assert {done[one].state for one in (ids[0], ids[2])} == {SyncState.PUSHED}
    for run_id in (ids[0], ids[2]):
        assert_whole(store, far, run_id)


def test_the_store_that_recorded_a_run_is_the_truth(tracker, store, full_run) -> None:
    run_id = full_run(store, n=20)
    push(store, tracker, store.runs())
    store.change_tags([run_id], add=["mine"])
    before = store.details(run_id)
    (pulled,) = pull(store, tracker)
    assert pulled.state is SyncState.DIFFERS
    assert any("its tags are" in said for said in pulled.notes)
    assert store.details(run_id) == before


def test_a_run_of_another_program_is_pulled_with_every_point(far, tracker, store) -> None:
    far.log("mine", {"env_id": "Hopper-v4", "algo": "sac", "seed": 3}, [1.0, math.nan, 3.0])
    (stand,) = status(store, tracker, [])
    assert (stand.state, stand.run_id) == (SyncState.NOT_PULLED, "")
    (done,) = pull(store, tracker)
    assert (done.state, done.points) == (SyncState.PULLED, 3)
    (record,) = store.runs()
    assert (record.exp_name, record.env_id, record.seed) == ("sac", "Hopper-v4", 3)
    (series,) = store.series([record.run_id], "return")
    assert series.steps.tolist() == [0, 1, 2]
    assert np.array_equal(series.values, [1.0, math.nan, 3.0], equal_nan=True)
    assert [one.state for one in pull(store, tracker)] == [SyncState.KNOWN]


def test_a_dry_run_changes_nothing(far, tracker, store, other_store, full_run) -> None:
    full_run(store, n=20)
    far.mend()
    (would,) = push(store, tracker, store.runs(), dry_run=True)
    assert (would.state, would.points, far.requests) == (SyncState.NOT_PUSHED, 45, 0)
    assert store.tracker_links() == []
    push(store, tracker, store.runs())
    (would,) = pull(other_store, tracker, dry_run=True)
    assert (would.state, other_store.runs()) == (SyncState.NOT_PULLED, [])


def test_a_place_that_is_not_there_is_told(far, tracker, store) -> None:
    for ask in (lambda: pull(store, tracker), lambda: status(store, tracker, [])):
        with pytest.raises(TrackerError, match=r"has no (project|experiment) '"):
            ask()


def test_a_tracker_that_is_down_is_told(far, tracker, store, full_run) -> None:
    full_run(store, n=20)
    far.break_at(1, after=False)
    with pytest.raises(TrackerUnavailableError):
        push(store, tracker, store.runs())
    assert store.tracker_links() == []
