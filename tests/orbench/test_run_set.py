"""Run sets: runs grouped by the keys a user chooses, nothing dropped without a word."""

from __future__ import annotations

import pytest

from orbench.errors import UsageError
from orbench.run import RunRecord, RunStatus
from orbench.run_set import (
    LeftOut,
    group_runs,
    left_out_in_words,
    parse_include,
    repeated_seeds,
    split_by_status,
)


def run(run_id="r", *, status=RunStatus.FINISHED, **fields):
    known = {"project": "demo", "exp_name": "ppo", "env_id": "Taxi-v3", "seed": 0, "started": 0.0}
    return RunRecord(run_id=run_id, status=status, **(known | fields))


def labels(runs, *keys):
    return [run_set.label for run_set in group_runs(runs, keys)]


def test_runs_are_grouped_by_experiment_unless_told_otherwise():
    runs = [run("a"), run("b", exp_name="dqn"), run("c")]
    sets = group_runs(runs)
    assert [(one.label, [r.run_id for r in one.runs]) for one in sets] == [
        ("dqn", ["b"]),
        ("ppo", ["a", "c"]),
    ]


def test_sets_stand_in_the_order_of_numbers():
    runs = [run(exp_name=name) for name in ("ppo-10", "ppo-2", "ppo")]
    assert labels(runs, "exp_name") == ["ppo", "ppo-2", "ppo-10"]
    runs = [run(config={"lr": value}) for value in (0.01, 1e-5, 3, -1)]
    assert labels(runs, "config.lr") == ["lr=-1", "lr=1e-05", "lr=0.01", "lr=3"]


def test_a_label_names_config_keys_and_not_experiments():
    one = run(config={"optim": {"lr": 0.1}, "a.b": True}, tags=("v2", "v1"))
    assert labels([one], "exp_name", "config.optim.lr") == ["ppo, optim.lr=0.1"]
    assert labels([one], "config.a.b") == ["a.b=true"]
    assert labels([one], "tag", "seed") == ["v1 v2, seed=0"]


def test_numbers_that_are_equal_are_one_value_and_text_is_another():
    runs = [run(config={"x": value}) for value in (1, 1.0, "1")]
    assert [(one.label, len(one.runs)) for one in group_runs(runs, ["config.x"])] == [
        ("x=1", 2),
        ('x="1"', 1),
    ]


def test_runs_without_the_value_are_a_set_of_their_own():
    runs = [run(config={"x": 1}), run(config={}), run(seed=None, config={"x": None})]
    assert labels(runs, "config.x") == ["x=1", "x=none", "x=null"]
    assert labels(runs, "seed") == ["seed=0", "seed=none"]
    assert labels(runs, "tag") == ["no tag"]


def test_a_key_that_is_not_known_names_the_near_one():
    with pytest.raises(UsageError, match="did you mean exp_name"):
        group_runs([run()], ["expname"])
    with pytest.raises(UsageError, match=r"did you mean config\.optim\.lr"):
        group_runs([run(config={"optim": {"lr": 1}})], ["config.optm.lr"])


def test_runs_that_did_not_finish_are_left_out_with_the_reason():
    runs = [run(str(status), status=status) for status in RunStatus]
    kept, left = split_by_status(runs, "ppo")
    assert [one.run_id for one in kept] == ["finished"]
    assert {one.run_id: one.reason for one in left} == {
        name: name for name in ("running", "failed", "killed", "lost")
    }


def test_a_caller_may_count_other_states_too():
    runs = [run(str(status), status=status) for status in RunStatus]
    kept, _ = split_by_status(runs, "ppo", ["running"])
    assert [one.run_id for one in kept] == ["running", "finished"]
    with pytest.raises(UsageError, match="did you mean killed"):
        parse_include(["kiled"])


def test_repeated_seeds_are_counted():
    runs = [run(seed=seed) for seed in (3, 1, 3, 3, None, None)]
    assert repeated_seeds(runs) == {3: 3}


def test_what_was_left_out_is_one_sentence():
    left = [LeftOut(f"r{place}", "ppo", "e", "failed") for place in range(6)]
    left.append(LeftOut("q", "ppo", "e", "without points of loss"))
    assert left_out_in_words(left) == (
        "Left out: 6 failed runs (r0, r1, r2, r3 and 2 more); 1 run without points of loss (q)."
    )
    assert left_out_in_words([]) == ""
