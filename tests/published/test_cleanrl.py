"""CleanRL's event files of one project, brought in whole: every run, point and config."""

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
