"""Pushing to W&B: everything once, whatever happens on the way."""

from __future__ import annotations

import json

import numpy as np
import pytest

from orbench.errors import TrackerError, TrackerUnavailableError
from orbench.events import ConsoleWritten, RunEnded, RunStarted, TagsChanged
from orbench.importers import deliver
from orbench.run_store import Points

from ....wandb_server import DROP_AFTER, DROP_BEFORE
from .conftest import RUN_ID, START, new_folder


def contents(wandb):
    """All that the server has of the run."""
    there = wandb.find("team", "demo", RUN_ID)
    return there.lines, there.files, there.config, there.summary, there.said, there.state


def test_a_round_trip_gives_the_same_run(wandb, tracker, run, other_store, same_run):
    report = run.push(tracker)
    assert (report.points, report.artifacts) == (83, 1)
    (remote,) = tracker.runs()
    assert remote.orbench_run_id == RUN_ID
    imported = tracker.pull(remote, new_folder())
    assert imported.notes == ()
    deliver(other_store, imported)
    assert same_run(run.store, other_store) == []
    assert wandb.refused == []


def test_a_second_push_asks_for_nothing(wandb, tracker, run):
    run.push(tracker)
    before = len(wandb.requests)
    report = run.push(tracker)
    assert (report.points, report.artifacts) == (0, 0)
    assert len(wandb.requests) == before


def test_w_and_b_sees_steps_config_and_state(wandb, tracker, run):
    run.push(tracker)
    there = wandb.find("team", "demo", RUN_ID)
    rows = there.rows()
    assert len(rows) == len(there.lines["wandb-history.jsonl"]), "no row goes back"
    assert [row["global_step"] for row in rows if "loss" in row] == list(range(0, 500, 10))
    assert there.config["env_id"] == {"value": "X-v1"}
    assert there.config["net"] == {"value": {"layers": [64, 64]}}
    assert there.state == "finished"
    assert there.lines["output.log"][1].startswith("ERROR 2023-11-14T22:13:22")


@pytest.mark.parametrize("how", [DROP_BEFORE, DROP_AFTER, 500])
def test_a_push_cut_off_at_any_request_doubles_and_loses_nothing(wandb, tracker, run, how):
    run.push(tracker)
    whole, count = contents(wandb), len(wandb.requests)
    for number in range(1, count + 1):
        wandb.reset()
        run.link = {}
        wandb.fail_at(number, how=how)
        with pytest.raises(TrackerUnavailableError):
            run.push(tracker)
        run.push(tracker)
        assert contents(wandb) == whole, f"cut off at request {number}"


@pytest.mark.parametrize("how", [DROP_BEFORE, DROP_AFTER])
def test_a_run_that_grows_while_its_push_is_cut_off(
    wandb, tracker, run, other_store, same_run, how
):
    number = 0
    while True:
        number += 1
        wandb.fail_at(number, how=how)
        try:
            run.push(tracker)
        except TrackerUnavailableError:
            # At a step and time that are there already, so that the rows would be others.
            at = START + 5
            more = Points(np.array([7000 + number]), np.array([1.0 * number]), np.array([at]))
            run.grow(loss=more, **{f"new{number}": more})
        else:
            break
    wandb.faults.clear()
    assert number > 5, "every kind of request was cut off"
    (remote,) = tracker.runs()
    deliver(other_store, tracker.pull(remote, new_folder()))
    assert same_run(run.store, other_store) == []


def test_a_growing_run_is_pushed_piece_by_piece(wandb, tracker, run, other_store, same_run):
    run.push(tracker)
    run.grow(
        RunStarted(started=START + 100, resumed=True),
        ConsoleWritten(stream="stdout", time=START + 101, data=b"again"),
    )
    assert wandb.find("team", "demo", RUN_ID).state == "finished"
    run.push(tracker)
    assert wandb.find("team", "demo", RUN_ID).state == "running"
    times = START + 100 + np.arange(10.0)
    run.grow(
        RunEnded(status="failed", ended=START + 120, exit_code=3),
        TagsChanged(added=("late",)),
        loss=Points(np.arange(10) * 10, np.arange(10.0), times),  # from the beginning again
    )
    assert run.push(tracker).points == 10
    there = wandb.find("team", "demo", RUN_ID)
    assert there.state == "failed"
    assert there.said["tags"] == ["late", "v1"]
    (remote,) = tracker.runs()
    deliver(other_store, tracker.pull(remote, new_folder()))
    assert [name for name in same_run(run.store, other_store) if name != "starts"] == []


def test_another_store_with_the_same_run_adds_what_it_has_more(wandb, tracker, run):
    run.push(tracker)
    rows = len(wandb.find("team", "demo", RUN_ID).rows())
    run.link = {}
    assert run.push(tracker).points == 0
    run.grow(loss=Points(np.array([900]), np.array([1.0]), np.array([START + 90])))
    run.link = {}
    assert run.push(tracker).points == 1
    assert len(wandb.find("team", "demo", RUN_ID).rows()) == rows + 1


def test_many_rows_go_out_in_batches(wandb, tracker, run, other_store, same_run):
    steps = np.arange(5_500)
    run.grow(many=Points(steps, np.sin(steps), START + steps / 100))
    run.push(tracker)
    assert wandb.requests.count("file_stream") < 15
    (remote,) = tracker.runs()
    deliver(other_store, tracker.pull(remote, new_folder()))
    assert same_run(run.store, other_store) == []


def test_a_metric_called_global_step_keeps_its_name(wandb, tracker, run, other_store, same_run):
    values = np.array([5.0, 7.5])
    run.grow(global_step=Points(np.array([1, 2]), values, START + np.arange(2.0)))
    run.push(tracker)
    (remote,) = tracker.runs()
    deliver(other_store, tracker.pull(remote, new_folder()))
    assert same_run(run.store, other_store) == []


def test_a_run_that_was_deleted_there_is_told(wandb, tracker, run):
    run.push(tracker)
    wandb.find("team", "demo", RUN_ID).deleted = True
    assert run.push(tracker).points == 0, "nothing is new, nothing is asked"
    run.grow(loss=Points(np.array([900]), np.array([1.0]), np.array([START + 90])))
    with pytest.raises(TrackerError, match=r"was deleted at .*; push it to another project"):
        run.push(tracker)


def test_a_run_whose_rows_are_gone_there_is_told(wandb, tracker, run):
    run.push(tracker)
    wandb.find("team", "demo", RUN_ID).lines.clear()
    run.grow(loss=Points(np.array([900]), np.array([1.0]), np.array([START + 90])))
    with pytest.raises(TrackerError, match="0 rows of run r1abc, of 53 that were sent"):
        run.push(tracker)


def test_a_run_of_somebody_else_is_left_alone(wandb, tracker, run):
    wandb.add_run(RUN_ID, [{"loss": 1.0}])
    with pytest.raises(TrackerError, match="that orbench did not push"):
        run.push(tracker)
    assert wandb.find("team", "demo", RUN_ID).rows()[0]["loss"] == 1.0


def test_a_project_of_an_entity_that_is_not_ours(wandb, tracker_at, run):
    with pytest.raises(TrackerError, match="permission denied"):
        run.push(tracker_at("wandb://others/demo"))


def test_the_link_holds_no_key(wandb, tracker, run):
    from ....wandb_server import KEY

    run.push(tracker)
    assert KEY not in json.dumps(run.link)
