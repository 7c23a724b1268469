"""Many runs to W&B and back by `sync`, as every tracker is to do it."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from orbench.errors import TrackerUnavailableError
from orbench.run_store import Points
from orbench.trackers import SyncState, pull, push, status

from ....wandb_server import DROP_AFTER, DROP_BEFORE
from ..far_side import everything


def test_runs_come_back_as_they_were(wandb, tracker, run, other_store, full_run):
    for seed in range(3):
        full_run(run.store, seed=seed, n=200)
    full_run(run.store, seed=9, n=50, parent_id=run.run_id)
    done = push(run.store, tracker, run.store.runs(), jobs=4)
    assert [one.error for one in done] == [""] * 5
    assert {one.state for one in status(run.store, tracker, run.store.runs())} == {SyncState.KNOWN}
    pulled = pull(other_store, tracker, jobs=1)
    assert {one.state for one in pulled} == {SyncState.PULLED}
    for run_id in run.store.run_ids():
        assert everything(other_store, run_id) == everything(run.store, run_id)
    assert {one.state for one in pull(other_store, tracker)} == {SyncState.KNOWN}
    assert wandb.refused == []


def test_a_pull_into_the_store_that_recorded_the_run_changes_nothing(wandb, tracker, run):
    push(run.store, tracker, run.store.runs())
    before = everything(run.store, run.run_id)
    (done,) = pull(run.store, tracker)
    assert (done.state, done.notes) == (SyncState.KNOWN, ())
    wandb.find("team", "demo", run.run_id).said["tags"] = ["other"]
    (done,) = pull(run.store, tracker)
    assert done.state is SyncState.DIFFERS
    assert everything(run.store, run.run_id) == before


@pytest.mark.parametrize("how", [DROP_BEFORE, DROP_AFTER, 503])
def test_a_sync_that_is_cut_off_anywhere_goes_on(wandb, tracker, run, other_store, full_run, how):
    other = full_run(run.store, seed=2, n=60)
    push(run.store, tracker, run.store.runs(), jobs=1)
    count = len(wandb.requests)
    lines = {run_id: wandb.find("team", "demo", run_id).lines for run_id in (run.run_id, other)}
    place = tracker.place
    for number in range(1, count + 1, 3):
        wandb.reset()
        for run_id in lines:
            run.store.unlink_tracker(run_id, place)
        wandb.fail_at(number, how=how)
        with contextlib.suppress(TrackerUnavailableError):
            push(run.store, tracker, run.store.runs(), jobs=1)
        again = push(run.store, tracker, run.store.runs(), jobs=1)
        assert [one.error for one in again] == ["", ""]
        for run_id, known in lines.items():
            assert wandb.find("team", "demo", run_id).lines == known


def test_points_of_a_push_that_was_cut_off_are_pulled_as_far_as_they_are_there(
    wandb, tracker, run, other_store
):
    push(run.store, tracker, run.store.runs())
    # The rows have arrived, the record of them not yet.
    more = run.series("loss")
    run.grow(loss=Points(more.steps[:3] + 900, more.values[:3], more.wall_times[:3] + 90))
    wandb.fail_at(4, how=DROP_BEFORE)
    push(run.store, tracker, run.store.runs())
    (done,) = pull(other_store, tracker)
    assert done.error == ""
    (series,) = other_store.series([run.run_id], "loss")
    assert np.array_equal(series.steps, run.series("loss").steps)


def test_a_tracker_that_cannot_be_reached_is_given_up(wandb, tracker, run, full_run):
    for seed in range(12):
        full_run(run.store, seed=seed, n=5)
    wandb.at(30, lambda: setattr(wandb, "every", DROP_BEFORE))
    done = push(run.store, tracker, run.store.runs(), jobs=2)
    states = [one.state for one in done]
    assert SyncState.PUSHED in states
    unreached = [one for one in done if "cannot be reached" in one.error]
    assert 8 <= len(unreached) <= 9
    assert {one.error for one in done if one.error and one not in unreached} == {
        "not tried, after 8 runs that did not reach the tracker"
    }


@pytest.mark.slow
def test_faults_of_single_runs_do_not_add_up(wandb, tracker, run, full_run):
    runs = [full_run(run.store, seed=seed, n=5) for seed in range(20)]
    wandb.fail_at(*range(15, 1000, 15), how=DROP_BEFORE)
    done = push(run.store, tracker, run.store.runs(), jobs=1)
    failed = [one for one in done if one.error]
    assert len(failed) > 8
    assert not any("not tried" in one.error for one in done)
    wandb.faults.clear()
    assert {one.state for one in push(run.store, tracker, run.store.runs())} <= {
        SyncState.PUSHED,
        SyncState.KNOWN,
    }
    assert set(runs) < {run.name for run in wandb.runs.values()}
