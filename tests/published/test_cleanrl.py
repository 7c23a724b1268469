"""CleanRL's event files and W&B logs of one project, brought in whole: the same in both."""

from __future__ import annotations

import pytest

from orbench.cli import main
from orbench.filters import parse
from orbench.run_store import open_store

pytestmark = pytest.mark.published

RETURN = "charts/episodic_return"


@pytest.fixture(scope="module")
def store(published, tmp_path_factory):
    folder = published("Laptq201__double_dqn")
    url = f"sqlite:///{tmp_path_factory.mktemp('cleanrl') / 'store.db'}"
    assert main(["import", "tensorboard", str(folder), "--store", url, "--format", "csv"]) == 0
    with open_store(url) as opened:
        yield opened


def test_the_last_returns_are_those_of_the_published_curves(store):
    runs = store.runs(parse("exp_name=dqn env_id=CartPole-v0"), order_by=("seed",))
    found = store.series([run.run_id for run in runs], RETURN)
    assert [run.seed for run in runs] == [22520750, 22520751, 22520752]
    assert [(one.values[-1], int(one.steps[-1])) for one in found] == [
        (170.0, 49949),
        (200.0, 49959),
        (200.0, 49988),
    ]


def test_the_configs_are_those_of_the_tables_in_the_files(store):
    (run,) = store.runs(parse("exp_name=double_dqn"))
    assert run.config["env_id"] == "CartPole-v0"
    assert run.config["seed"] == run.seed == 22520750
    assert isinstance(run.config["learning_rate"], float)
    assert isinstance(run.config["torch_deterministic"], bool)


@pytest.fixture(scope="module")
def logs(published, tmp_path_factory):
    folder = published("Laptq201__double_dqn")
    url = f"sqlite:///{tmp_path_factory.mktemp('logs') / 'store.db'}"
    assert main(["import", "wandb", str(folder), "--store", url, "--format", "csv"]) == 0
    with open_store(url) as opened:
        yield opened


def test_the_logs_of_w_b_have_the_same_series_and_configs(store, logs):
    runs = logs.runs(parse("env_id=CartPole-v0"), order_by=("exp_name", "seed"))
    there = store.runs(parse("env_id=CartPole-v0"), order_by=("exp_name", "seed"))
    assert [(run.exp_name, run.seed) for run in runs] == [(run.exp_name, run.seed) for run in there]
    for metric in (RETURN, "charts/episodic_length", "losses/td_loss"):
        ours = logs.series([run.run_id for run in runs], metric)
        theirs = store.series([run.run_id for run in there], metric)
        for one, other in zip(ours, theirs, strict=True):
            # W&B keeps one value of a metric and step, TensorBoard each: the last one counts.
            last = dict(zip(other.steps.tolist(), other.values.tolist(), strict=True))
            assert dict(zip(one.steps.tolist(), one.values.tolist(), strict=True)) == last
    for run, other in zip(runs, there, strict=True):
        said = {key: value for key, value in run.config.items() if value not in (None, "")}
        told = {key: value for key, value in other.config.items() if value not in (None, "")}
        assert said == told


def test_the_run_that_died_is_there_without_returns(logs):
    died = logs.runs(parse("env_id=BreakoutNoFrameskip-v4"))
    assert len(died) == 2
    assert logs.series([run.run_id for run in died], RETURN) == []
    assert {run.status.value for run in died} == {"failed"}
