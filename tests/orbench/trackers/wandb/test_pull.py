"""Pulling from W&B: every row, whoever logged it and however the server likes to answer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from orbench.errors import TrackerError
from orbench.importers import Outcome, deliver
from orbench.run import RunStatus
from orbench.trackers import RECORD_NAME

from .conftest import new_folder

CLEANRL = {"env_id": "CartPole-v1", "exp_name": "ppo", "seed": 2, "optim": {"lr": 1e-3}}


def returns(count, **more):
    """Rows as CleanRL logs them: other metrics in rows of their own, steps in global_step."""
    rows = []
    for step in range(count):
        rows.append({"global_step": step * 10, "charts/episodic_return": float(step)} | more)
        rows.append({"global_step": step * 10, "losses/value_loss": 1 / (step + 1)})
    return rows


def pulled(tracker, metrics=None):
    (remote,) = tracker.runs()
    return tracker.pull(remote, new_folder(), metrics)


@pytest.mark.parametrize("metrics", [None, ["charts/episodic_return", "losses/value_loss"]])
def test_steps_are_those_of_global_step(wandb, tracker, metrics):
    wandb.add_run("a1", returns(20), config=CLEANRL)
    run = pulled(tracker, metrics)
    assert sorted(run.points) == ["charts/episodic_return", "losses/value_loss"]
    points = run.points["charts/episodic_return"]
    assert points.steps.tolist() == list(range(0, 200, 10))
    assert points.values.tolist() == list(map(float, range(20)))
    assert points.wall_times[1] == 1.7e9 + 2
    assert run.notes == ()


def test_names_come_from_the_config(wandb, tracker):
    wandb.add_run("a1", returns(2), config=CLEANRL, tags=["v1"], state="crashed")
    run = pulled(tracker)
    assert (run.project, run.exp_name, run.env_id, run.seed) == (
        "team/demo",
        "ppo",
        "CartPole-v1",
        2,
    )
    assert run.config == CLEANRL
    assert run.tags == ("v1", "user:tester")
    assert run.status is RunStatus.FAILED
    assert run.provenance["file"].endswith("/team/demo/a1")


def test_names_come_from_the_runs_name_where_the_config_has_none(wandb, tracker):
    wandb.add_run("a1", returns(2), displayName="Hopper-v4__td3__7__1700000000")
    run = pulled(tracker)
    assert (run.exp_name, run.env_id, run.seed) == ("td3", "Hopper-v4", 7)


def test_without_global_step_the_rows_are_the_steps(wandb, tracker):
    wandb.add_run("a1", [{"loss": 0.5}, {"acc": 1}, {"loss": 0.25}])
    points = pulled(tracker).points["loss"]
    assert points.steps.tolist() == [0, 2]


def test_a_global_step_that_is_no_count_is_a_metric_like_another(wandb, tracker):
    rows = [{"loss": 1.0, "global_step": 0.5}, {"loss": 2.0, "global_step": 1.5}]
    wandb.add_run("a1", rows, config=CLEANRL)
    run = pulled(tracker)
    assert run.points["global_step"].values.tolist() == [0.5, 1.5]
    assert run.points["loss"].steps.tolist() == [0, 1]
    assert run.notes == ("global_step is no count of steps; the steps are the rows of W&B",)


@pytest.mark.parametrize("metrics", [None, ["loss"]])
def test_rows_without_global_step_stand_at_the_one_before(wandb, tracker, metrics):
    rows = [{"loss": 1.0}, {"global_step": 40}, {"loss": 2.0}, {"loss": 3.0, "global_step": 50}]
    wandb.add_run("a1", rows, config=CLEANRL)
    run = pulled(tracker, metrics)
    assert run.points["loss"].steps.tolist() == [0, 40, 50]
    assert run.notes == ("2 values have no global_step in their row; they stand at the one before",)


def test_texts_that_mean_numbers_are_numbers(wandb, tracker):
    wandb.add_run("a1", [{"x": "NaN"}, {"x": "Infinity"}, {"x": "-Infinity"}, {"x": True}])
    values = pulled(tracker).points["x"].values
    assert math.isnan(values[0])
    assert values[1:].tolist() == [math.inf, -math.inf, 1.0]


def test_what_is_no_number_is_left_out_and_told(wandb, tracker):
    video = {"_type": "video-file", "path": "media/v.mp4"}
    rows = [{"x": 1.0, "video": video, "name": "a"}, {"nested": {"y": 2.0}}]
    wandb.add_run("a1", rows, config=CLEANRL)
    run = pulled(tracker)
    assert sorted(run.points) == ["nested.y", "x"]
    assert run.notes == ("2 values are no numbers and were left out, of name, video",)


@pytest.mark.parametrize("metrics", [None, ["charts/episodic_return"]])
@pytest.mark.parametrize("cap", [99, 1_000])
def test_a_server_that_samples_is_asked_in_parts(wandb, tracker, metrics, cap):
    wandb.add_run("a1", returns(600), config=CLEANRL)
    wandb.cap = cap
    run = pulled(tracker, metrics)
    assert run.points["charts/episodic_return"].values.tolist() == list(map(float, range(600)))
    assert run.notes == ()


def test_rows_that_are_counted_but_not_there_are_told(wandb, tracker):
    there = wandb.add_run("a1", returns(10), config=CLEANRL)
    (remote,) = tracker.runs()
    there.lines["wandb-history.jsonl"] = there.lines["wandb-history.jsonl"][:15]
    run = tracker.pull(remote, new_folder())
    assert "W&B counts 20 rows of the history and has 15" in run.notes[0]
    assert len(run.points["charts/episodic_return"].steps) == 8


def test_a_hundred_runs_and_one_metric_take_few_requests(wandb, tracker, other_store):
    for seed in range(100):
        wandb.add_run(f"a{seed}", returns(5), config=CLEANRL | {"seed": seed})
    for remote in list(tracker.runs()):
        deliver(other_store, tracker.pull(remote, new_folder(), ["charts/episodic_return"]))
    assert len(wandb.requests) <= 110
    assert other_store.info().points == 500


def test_files_output_and_facts_of_a_run_that_wandb_recorded(wandb, tracker, other_store):
    there = wandb.add_run("a1", returns(2), config=CLEANRL)
    there.files |= {
        "wandb-metadata.json": b'{"python":"CPython 3.10.2","host":"gpu7","program":"train.py",'
        b'"args":["--lr","1"],"git":{"commit":"abc","remote":"git@example.org:x"},'
        b'"startedAt":"2023-11-14T22:00:00.000000Z","cpu":{"model":"EPYC"}}',
        "requirements.txt": b"numpy==1.26.0\n# no\ntorch==2.2.0\n",
        "model.pt": b"weights",
        "config.yaml": b"x: 1",
        "../../escape": b"no",
    }
    there.lines["output.log"] = ["2023-11-14T22:13:20.000000 hello"]
    run = pulled(tracker)
    assert run.notes == ("the file '../../escape' has a name that is no artifact's; left out",)
    run_id = deliver(other_store, run).run_id
    details = other_store.details(run_id)
    assert [(one.name, one.kind) for one in details.artifacts] == [("model.pt", "wandb-file")]
    assert details.facts["environment"]["packages"][1] == {"name": "torch", "version": "2.2.0"}
    assert details.facts["command"]["argv"] == ["train.py", "--lr", "1"]
    assert details.record.host == "gpu7"
    assert details.record.started < 1.7e9
    assert [piece.data for piece in other_store.console(run_id)] == [
        b"2023-11-14T22:13:20.000000 hello"
    ]


@pytest.mark.parametrize(
    ("config", "name", "said"),
    [
        ({}, "first try", "its config and name tell no env_id and no seed"),
        ({"env_id": "X"}, "first try", "its config and name tell no seed"),
        ({"seed": 1}, "first try", "its config and name tell no env_id"),
    ],
)
def test_what_a_run_does_not_tell_is_said(wandb, tracker, config, name, said):
    wandb.add_run("a1", returns(2), config=config, displayName=name)
    run = pulled(tracker)
    assert (run.exp_name, said in run.notes) == (name, True)


def test_system_metrics_are_read_with_their_times(wandb, tracker):
    there = wandb.add_run("a1", returns(2))
    there.lines["wandb-events.jsonl"] = [
        '{"system.cpu": 12.5, "_timestamp": 1700000015.5, "_runtime": 15.5, "_wandb": true}'
    ]
    points = pulled(tracker).points["system/cpu"]
    assert (points.steps[0], points.values[0], points.wall_times[0]) == (15, 12.5, 1700000015.5)


def test_a_pull_again_adds_what_is_new(wandb, tracker, other_store):
    there = wandb.add_run("a1", returns(5), config=CLEANRL)
    (before,) = tracker.runs()
    assert deliver(other_store, tracker.pull(before, new_folder())).outcome is Outcome.NEW
    assert deliver(other_store, tracker.pull(before, new_folder())).outcome is Outcome.KNOWN
    there.write("wandb-history.jsonl", 10, ['{"_step": 10, "charts/episodic_return": 9.0}'])
    (after,) = tracker.runs()
    assert after.revision != before.revision
    delivery = deliver(other_store, tracker.pull(after, new_folder()))
    assert (delivery.outcome, delivery.added) == (Outcome.GROWN, 1)


def test_the_last_to_change_come_first_and_since_ends_the_list(wandb, tracker):
    for day in range(3):
        wandb.add_run(f"a{day}", created=1.7e9 + day * 86_400)
    assert [run.remote_id for run in tracker.runs()] == ["a2", "a1", "a0"]
    assert [run.remote_id for run in tracker.runs(since=1.7e9 + 3_600)] == ["a2", "a1"]


def test_runs_come_in_pages(wandb, tracker):
    for number in range(250):
        wandb.add_run(f"a{number}", created=1.7e9 + number)
    assert len({run.remote_id for run in tracker.runs()}) == 250
    assert wandb.requests == ["Runs"] * 3


def test_a_project_that_is_not_there(wandb, tracker):
    with pytest.raises(TrackerError, match="has no project 'team/demo', or your key may not"):
        list(tracker.runs())


@pytest.mark.parametrize("metrics", [None, ["charts/episodic_return"]])
def test_a_run_that_is_deleted_meanwhile(wandb, tracker, metrics):
    there = wandb.add_run("a1", returns(2))
    (remote,) = tracker.runs()
    there.deleted = True
    with pytest.raises(TrackerError, match="a1 is no longer there"):
        tracker.pull(remote, new_folder(), metrics)


def test_a_record_that_is_damaged_is_told(wandb, tracker, run):
    run.push(tracker)
    there = wandb.find("team", "demo", run.run_id)
    there.files[RECORD_NAME] = there.files[RECORD_NAME][:100]
    with pytest.raises(TrackerError, match=r"record\.zip is damaged"):
        pulled(tracker)


def test_a_pushed_run_without_its_record_is_still_its_run(wandb, tracker, run):
    run.push(tracker)
    del wandb.find("team", "demo", run.run_id).files[RECORD_NAME]
    found = pulled(tracker)
    assert (found.run_id, found.project, found.exp_name, found.seed) == ("r1abc", "p", "ppo", 3)
    assert np.array_equal(found.points["loss"].steps, run.series("loss").steps)
