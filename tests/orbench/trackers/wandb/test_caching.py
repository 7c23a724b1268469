"""Histories of W&B in a store: read once, read again when they change, never sampled."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.errors import MetricNotFoundError, NoRunsError, TrackerError, UsageError
from orbench.fetching import fetch
from orbench.filters import parse
from orbench.rlops import compared_sets, select_runs
from orbench.trackers import read_filtered, read_sets

from .conftest import PLACE, RUN_ID

METRIC = "charts/episodic_return"


@pytest.fixture
def project(wandb):
    """Twelve runs of two algorithms on two envs."""
    for exp in ("ppo", "dqn"):
        for env in ("X", "Y"):
            for seed in range(3):
                rows = [
                    {"global_step": step * 100, METRIC: float(step + seed), "loss": 1 / (step + 1)}
                    for step in range(30)
                ]
                config = {"exp_name": exp, "env_id": env, "seed": seed, "lr": 1e-3}
                wandb.add_run(f"{exp}-{env}-{seed}", rows, config=config, tags=["v1"])
    return wandb


def histories(wandb):
    return wandb.requests.count("RunSampledHistory")


def test_what_was_read_is_not_read_again(project, other_store):
    found = read_filtered(other_store, PLACE, None, [METRIC])
    assert (len(found.run_ids), found.read, found.notes) == (12, 12, [])
    assert project.requests == ["Runs"] + ["RunSampledHistory"] * 12
    again = read_filtered(other_store, PLACE, None, [METRIC])
    assert (sorted(again.run_ids), again.read) == (sorted(found.run_ids), 0)
    assert histories(project) == 12


def test_only_runs_that_may_fulfil_the_filter_are_read(project, other_store):
    found = read_filtered(other_store, PLACE, parse("exp_name=ppo seed<2 env_id=X"), [METRIC])
    assert (len(found.run_ids), histories(project)) == (2, 2)


def test_a_run_that_changed_is_read_again(project, other_store):
    read_filtered(other_store, PLACE, None, [METRIC])
    there = project.find("team", "demo", "ppo-X-0")
    there.write("wandb-history.jsonl", 30, [f'{{"_step": 30, "global_step": 3000, "{METRIC}": 9}}'])
    found = read_filtered(other_store, PLACE, None, [METRIC])
    assert (len(found.run_ids), found.read, len(other_store.run_ids())) == (12, 1, 12)
    (series,) = other_store.series(
        other_store.run_ids(parse("exp_name=ppo env_id=X seed=0")), METRIC
    )
    assert (series.steps[-1], series.values[-1], len(series)) == (3000, 9.0, 31)


def test_a_tag_that_changed_is_seen(project, other_store):
    read_filtered(other_store, PLACE, None, [METRIC])
    project.find("team", "demo", "ppo-X-0").said["tags"] = ["v1", "new"]
    read_filtered(other_store, PLACE, None, [METRIC])
    assert len(other_store.run_ids(parse("tag:new"))) == 1


def test_another_metric_is_added_to_the_same_run(project, other_store):
    first = read_filtered(other_store, PLACE, None, [METRIC])
    second = read_filtered(other_store, PLACE, None, ["loss"])
    assert sorted(first.run_ids) == sorted(second.run_ids)
    assert histories(project) == 24
    read_filtered(other_store, PLACE, None, ["loss", METRIC])
    assert histories(project) == 24
    assert other_store.metric_names() == {METRIC: 12, "loss": 12}


def test_a_metric_that_only_one_run_has_is_asked_for_once(project, other_store):
    project.add_run("other", [{"only": 1.0}], config={"exp_name": "ppo"})
    read_filtered(other_store, PLACE, None, [METRIC, "only"])
    read_filtered(other_store, PLACE, None, [METRIC, "only"])
    assert histories(project) == 13


def test_a_metric_that_no_run_has_is_told_before_anything_is_read(project, other_store):
    with pytest.raises(MetricNotFoundError, match=f"did you mean {METRIC}"):
        read_filtered(other_store, PLACE, None, ["charts/episode_return"])
    assert histories(project) == 0


def test_a_run_that_this_store_pushed_is_not_read_into_it(wandb, tracker, run):
    run.push(tracker)
    before = run.store.info().points
    found = read_filtered(run.store, PLACE, None, ["loss"])
    assert (found.run_ids, found.read) == ([RUN_ID], 0)
    assert run.store.info().points == before


def test_what_was_read_before_a_failure_is_kept(project, other_store):
    project.fail_at(8, how=401)
    with pytest.raises(TrackerError):
        read_filtered(other_store, PLACE, None, [METRIC])
    kept = len(other_store.run_ids())
    found = read_filtered(other_store, PLACE, None, [METRIC])
    assert found.read == 12 - kept
    assert len(other_store.run_ids()) == 12


def test_rlops_reads_the_runs_of_its_sets(project, other_store):
    sets = compared_sets(
        [["?we=team&wpn=demo&xaxis=global_step", "ppo?tag=v1", "dqn"]], [["X", "Y"]]
    )
    found = read_sets(other_store, "wandb", sets)
    selected = select_runs(other_store, sets, read=[one.run_ids for one in found])
    assert [len(one.runs.runs) for one in selected] == [6, 6]
    assert project.requests.count("Runs") == 2
    table = fetch(found[0].run_ids, metric=METRIC, store=other_store)
    assert np.array_equal(table.series[0].steps, np.arange(30) * 100)


@pytest.mark.parametrize(
    ("source", "experiment", "error", "said"),
    [
        ("?wpn=demo", "ppo", UsageError, r"names no entity.*\?we=ENTITY&wpn=demo"),
        ("?we=team&wpn=demo", "sac", NoRunsError, "has no run of sac"),
    ],
)
def test_sets_that_cannot_be_read(project, other_store, source, experiment, error, said):
    sets = compared_sets([[source, experiment]], [["X"]])
    with pytest.raises(error, match=said):
        read_sets(other_store, "wandb", sets)


def test_only_w_and_b_is_read_straight_from(other_store):
    with pytest.raises(UsageError, match="cannot be read straight from"):
        read_filtered(other_store, "mlflow://host/x", None, [METRIC])
    with pytest.raises(UsageError, match="cannot be read straight from"):
        read_sets(other_store, "mlflow", ())


def test_no_run_fulfils_the_filter(project, other_store):
    with pytest.raises(NoRunsError, match=r"no run at .*/team/demo fulfils exp_name=sac"):
        read_filtered(other_store, PLACE, parse("exp_name=sac"), [METRIC])
