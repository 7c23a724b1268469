"""Which runs a command selects from a store, and what it says where there are none."""

from __future__ import annotations

import pytest

from orbench.errors import MetricNotFoundError, NoRunsError, ProjectNotFoundError, UsageError
from orbench.rlops import compared_sets, select_runs


@pytest.fixture
def select(store):
    """Runs of each set by env: `select('?wpn=demo', 'ppo', envs=['A'])`, ids in order of seed."""

    def found(*strings, envs=("A",), **options):
        sets = compared_sets([list(strings)], [list(envs)])
        return {
            one.label: [run.run_id for run in sorted(one.runs.runs, key=lambda run: run.seed)]
            for one in select_runs(store, sets, **options)
        }

    return found


@pytest.fixture
def put(store, stored_run, returns):
    """Puts a run with plain returns: `put('ppo', 'A', seed)`."""

    def stored(exp_name, env_id, seed, project="demo", last=10.0, **more):
        more.setdefault("points", returns(last))
        return stored_run(store, project, exp_name, env_id, seed, **more)

    return stored


def test_plain_runs_are_found_by_their_own_names(select, put) -> None:
    mine = [put("ppo", "A", seed) for seed in (1, 2)]
    put("dqn", "A", 1)
    put("ppo", "B", 1)
    put("ppo", "A", 1, project="other")
    assert select("?wpn=demo", "ppo") == {"ppo": mine}


def test_names_come_from_the_config_keys_that_the_source_names(select, put) -> None:
    run = put("whatever", "unknown", 1, config={"env": "A", "algo": "sac"})
    put("sac", "A", 2, config={"env": "B", "algo": "ppo"})
    assert select("?wpn=demo&ceik=env&cen=algo", "sac") == {"sac": [run]}


def test_a_run_without_the_config_key_has_its_own_name(select, put) -> None:
    run = put("sac", "A", 1, config={"lr": 0.1})
    assert select("?wpn=demo&ceik=env&cen=algo", "sac") == {"sac": [run]}


@pytest.mark.parametrize("name", ["a+b", "ns:ppo", "ppo#2", "ppo;v=1", "dir/ppo", "ALE/Pong-v5"])
def test_names_with_signs_of_urls_are_found(select, put, name) -> None:
    run = put(name, "dm:walk+run#1", 1, tags=[name])
    assert select("?wpn=demo", f"{name}?tag={name}", envs=["dm:walk+run#1"]) == {
        f"{name}?tag={name}": [run]
    }


def test_config_values_are_python_literals_and_alternatives(select, put) -> None:
    small, large = (put("ppo", "A", s, config={"lr": lr}) for s, lr in ((1, 3e-4), (2, 1e-3)))
    put("ppo", "A", 3, config={"lr": 0.1})
    assert list(select("?wpn=demo", "ppo?lr=3e-4&cl=one").values()) == [[small]]
    assert list(select("?wpn=demo", "ppo?lr=3e-4&lr=0.001&cl=two").values()) == [[small, large]]


def test_different_config_keys_must_all_hold(select, put) -> None:
    both = put("ppo", "A", 1, config={"lr": 0.1, "lstm": True})
    put("ppo", "A", 2, config={"lr": 0.1, "lstm": False})
    put("ppo", "A", 3, config={"lr": 0.2, "lstm": True})
    assert select("?wpn=demo", "ppo?lr=0.1&lstm=True&cl=it") == {"it": [both]}


def test_texts_are_not_taken_for_numbers(select, put) -> None:
    text = put("ppo", "A", 1, config={"variant": "007"})
    put("ppo", "A", 2, config={"variant": 7})
    assert select("?wpn=demo", "ppo?variant=007&cl=it") == {"it": [text]}


@pytest.mark.parametrize("key", ["optim.lr", "optim.value.lr", "optim.lr.value"])
@pytest.mark.parametrize(
    "config",
    [
        {"optim": {"lr": 0.1}},
        {"optim": {"desc": None, "value": {"lr": 0.1}}},
        {"optim.lr": 0.1},
    ],
    ids=["nested", "wandb", "dotted"],
)
def test_nested_keys_are_found_with_and_without_the_value_of_wandb(select, put, key, config):
    run = put("ppo", "A", 1, config=config)
    put("ppo", "A", 2, config={"optim": {"lr": 0.2}})
    assert select("?wpn=demo", f"ppo?{key}=0.1&cl=it") == {"it": [run]}


def test_two_tags_must_both_hold(select, put) -> None:
    both = put("ppo", "A", 1, tags=["v1", "gpu"])
    put("ppo", "A", 2, tags=["v1"])
    put("ppo", "A", 3, tags=["gpu"])
    assert select("?wpn=demo", "ppo?tag=v1&tag=gpu&cl=it") == {"it": [both]}


def test_a_user_is_a_tag_or_a_config_value(select, put) -> None:
    mine = [put("ppo", "A", 1, tags=["user:me"]), put("ppo", "A", 2, config={"user": "me"})]
    put("ppo", "A", 3, tags=["user:you"])
    assert select("?wpn=demo", "ppo?user=me&cl=it") == {"it": mine}


def test_an_entity_says_which_of_two_projects_of_a_name_is_meant(select, put) -> None:
    mine = put("ppo", "A", 1, project="me/atari")
    yours = put("ppo", "A", 1, project="you/atari")
    assert select("?we=me&wpn=atari", "ppo") == {"ppo": [mine]}
    assert select("?we=you&wpn=atari", "ppo") == {"ppo": [yours]}
    with pytest.raises(UsageError, match=r"several entities .* me/atari, you/atari; add we="):
        select("?wpn=atari", "ppo")


def test_an_entity_is_no_hindrance_for_runs_recorded_here(select, put) -> None:
    run = put("ppo", "A", 1, project="atari")
    assert select("?we=me&wpn=atari", "ppo") == {"ppo": [run]}


def test_the_same_env_may_have_another_name_in_each_group(store, put) -> None:
    put("ppo2", "PongNoFrameskip-v4", 1)
    put("ppo", "Pong-v5", 1)
    sets = compared_sets(
        [["?wpn=demo", "ppo2"], ["?wpn=demo", "ppo"]], [["PongNoFrameskip-v4"], ["Pong-v5"]]
    )
    selected = select_runs(store, sets)
    assert [one.runs.runs[0].env_id for one in selected] == ["PongNoFrameskip-v4"] * 2


@pytest.mark.parametrize("status", ["failed", "killed", "running"])
def test_runs_that_did_not_finish_are_no_seeds_and_are_named(store, put, status) -> None:
    done, other = put("ppo", "A", 1), put("ppo", "A", 2, status=status)
    (selected,) = select_runs(store, compared_sets([["?wpn=demo", "ppo"]], [["A"]]))
    assert [run.run_id for run in selected.runs.runs] == [done]
    (left_out,) = selected.left_out
    assert left_out.run_id == other


def test_states_besides_finished_count_on_request(select, put) -> None:
    runs = [put("ppo", "A", 1), put("ppo", "A", 2, status="failed")]
    assert select("?wpn=demo", "ppo", include=["failed"]) == {"ppo": runs}


def test_of_two_runs_of_one_seed_the_later_counts_and_the_other_is_named(store, put) -> None:
    early = put("ppo", "A", 1, started=1.7e9)
    late = put("ppo", "A", 1, started=1.8e9)
    elsewhere = put("ppo", "B", 1, started=1.6e9)
    (selected,) = select_runs(store, compared_sets([["?wpn=demo", "ppo"]], [["A", "B"]]))
    assert {run.run_id for run in selected.runs.runs} == {late, elsewhere}
    assert [(run.run_id, run.reason) for run in selected.left_out] == [
        (early, "with a seed that a later run has")
    ]


def test_thirty_and_more_sets_are_all_kept(store, put) -> None:
    names = [f"exp{number}" for number in range(33)]
    for name in names:
        put(name, "A", 1)
    sets = compared_sets([["?wpn=demo", *names]], [["A"]])
    assert [one.label for one in select_runs(store, sets)] == names


def test_an_env_without_runs_is_an_error_wherever_it_stands(select, put) -> None:
    put("ppo", "A", 1)
    put("ppo", "C", 1, status="failed")
    with pytest.raises(NoRunsError, match=r"ppo has no run on B; .*--no-check-empty-runs"):
        select("?wpn=demo", "ppo", envs=["A", "B"])
    with pytest.raises(NoRunsError, match=r"no run on C that counts \(there are runs, but failed"):
        select("?wpn=demo", "ppo", envs=["A", "C"])
    assert len(select("?wpn=demo", "ppo", envs=["A", "B", "C"], check_empty=False)["ppo"]) == 1


@pytest.mark.parametrize(
    ("source", "experiment", "message"),
    [
        ("?wpn=demo", "pppo", r"has the experiment name 'pppo'.*; did you mean ppo\?"),
        ("?wpn=demo", "ppo?tag=v2", r"has the tag 'v2'.*there are v1"),
        ("?wpn=demo", "ppo?lrr=0.1", r"has config.lrr=0.1; did you mean config.lr"),
        ("?wpn=demo", "ppo?lr=0.2", r"has config.lr=0.2.*config.lr=0.1"),
        ("?wpn=demo", "ppo?user=me", r"is by the user 'me'"),
        ("?wpn=demo&ceik=env", "ppo?lr=0.1&tag=v1", r"has the env 'X' \(config.env, or else"),
    ],
)
def test_nothing_found_names_the_condition_that_fails(
    select, put, source, experiment, message
) -> None:
    put("ppo", "A", 1, config={"lr": 0.1}, tags=["v1"])
    with pytest.raises(NoRunsError, match=message):
        select(source, experiment, envs=["X"])


def test_a_project_or_metric_that_is_not_there_is_named_with_near_ones(select, put) -> None:
    put("ppo", "A", 1)
    with pytest.raises(ProjectNotFoundError, match=r"no project 'demos'; did you mean demo\?"):
        select("?wpn=demos", "ppo")
    with pytest.raises(MetricNotFoundError, match=r"did you mean charts/episodic_return\?"):
        select("?wpn=demo&metric=charts/episode_return", "ppo")


def test_an_empty_store_says_how_to_record_a_run(select) -> None:
    with pytest.raises(ProjectNotFoundError, match="the store has no runs yet"):
        select("?wpn=demo", "ppo")
