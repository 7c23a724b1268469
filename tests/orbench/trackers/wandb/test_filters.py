"""Filters as W&B's: never a run too few, and few too many."""

from __future__ import annotations

import pytest

from orbench.filters import parse
from orbench.rlops import compared_sets
from orbench.trackers.wandb.filters import api_filter, may_fulfil, set_filter


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("config.lr=0.1", {"config.lr.value": {"$in": ["0.1", 0.1]}}),
        ("config.optim.lr<1e-3", {"config.optim.value.lr": {"$lt": 1e-3}}),
        ("config.optim.value.lr>=2", {"config.optim.value.lr": {"$gte": 2}}),
        ("config.on=true", {"config.on.value": {"$in": ["true", True]}}),
        ('config.on="true"', {"config.on.value": {"$in": ["true"]}}),
        ("tag:v1,v2", {"tags": {"$in": ["v1", "v2"]}}),
        ("status=failed", {"state": {"$in": ["failed", "crashed"]}}),
        ("tag:a tag:b", {"$and": [{"tags": {"$in": ["a"]}}, {"tags": {"$in": ["b"]}}]}),
        ("tag:a or tag:b", {"$or": [{"tags": {"$in": ["a"]}}, {"tags": {"$in": ["b"]}}]}),
        ("tag:a seed<3", {"$and": [{"tags": {"$in": ["a"]}}]}),
        # What W&B cannot decide is left to the store.
        ("tag:a or seed<3", {}),
        ("not tag:a", {}),
        ("config.lr!=1", {}),
        ("config.name=ppo*", {}),
        ("config.name~ppo", {}),
        ("status=running", {}),
        ("exp_name=ppo env_id=X", {}),
        ("last(loss)<1", {}),
        ("all", {}),
    ],
)
def test_a_filter_asks_for_what_w_and_b_can_decide(text, asked):
    assert api_filter(parse(text)) == asked


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("exp_name=ppo", True),
        ("exp_name=dqn", False),
        ("exp_name=p*", True),
        ("env_id!=CartPole-v1", False),
        ("seed<3", True),
        ("seed=3,4", False),
        ("seed>=3 or exp_name=ppo", True),
        ("not exp_name=ppo", False),
        ("not exp_name=dqn", True),
        ("status=finished", True),
        ("status=failed", False),
        # Told only once the run is read.
        ("last(loss)<1", True),
        ("not last(loss)<1", True),
        ("exp_name=dqn last(loss)<1", False),
    ],
)
def test_the_list_tells_which_histories_are_read_in_vain(wandb, tracker, text, may):
    wandb.add_run("a1", config={"exp_name": "ppo", "env_id": "CartPole-v1", "seed": 2})
    (run,) = tracker.runs()
    assert may_fulfil(parse(text), run) is may


def found(tracker, *strings, envs=("X",)):
    (one,) = compared_sets([["?we=team&wpn=demo", *strings]], [list(envs)])
    return sorted(run.remote_id for run in tracker.runs(where=set_filter(one)))


@pytest.fixture
def several(wandb):
    """Runs that differ in one thing each."""
    base = {"env_id": "X", "exp_name": "ppo", "optim": {"lr": 1e-3}, "seed": 1}
    wandb.add_run("base", config=base, tags=["v1", "best"])
    wandb.add_run("env", config=base | {"env_id": "Y"}, tags=["v1"])
    wandb.add_run("exp", config=base | {"exp_name": "dqn"}, tags=["v1"])
    wandb.add_run("lr", config=base | {"optim": {"lr": 1e-2}}, tags=["v2"])
    wandb.add_run("user", config=base | {"user": "ada"})
    wandb.add_run("none", config={})
    return wandb


@pytest.mark.parametrize(
    ("experiment", "runs"),
    [
        ("ppo", ["base", "lr", "user"]),
        ("ppo?tag=v1", ["base"]),
        ("ppo?tag=v1&tag=best", ["base"]),
        ("ppo?tag=v1&tag=v2", []),
        ("ppo?optim.lr=1e-3&optim.lr=0.01", ["base", "lr", "user"]),
        ("ppo?optim.value.lr=0.01", ["lr"]),
        ("ppo?optim.lr=1e-3&seed=1", ["base", "user"]),
        ("ppo?user=ada", ["user"]),
        ("ppo?user=tester&tag=v1", ["base"]),
        ("dqn", ["exp"]),
    ],
)
def test_a_set_asks_for_its_runs(several, tracker, experiment, runs):
    assert found(tracker, experiment) == runs
    assert several.refused == []


def test_several_envs_are_alternatives(several, tracker):
    assert found(tracker, "ppo?tag=v1", envs=("X", "Y")) == ["base", "env"]
