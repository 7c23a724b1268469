"""The strings of --filters: what they name, and what is refused."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import UsageError
from orbench.rlops import Source, compared_sets, parse_experiment, parse_source

NAMES = st.text(string.ascii_letters + string.digits + "+:#;/._-% ", min_size=1).filter(
    lambda name: "%" not in name
)


def test_a_source_names_entity_project_keys_axis_and_metric() -> None:
    text = "?we=me&wpn=atari&ceik=env&cen=algo&xaxis=_step&metric=rollout/ep_rew_mean"
    assert parse_source(text) == Source(
        "atari", "me", "env", "algo", "_step", ("rollout/ep_rew_mean",)
    )


def test_what_a_source_leaves_out_is_what_openrlbenchmark_means() -> None:
    assert parse_source("?") == Source(
        "cleanrl", "", "env_id", "exp_name", "global_step", ("charts/episodic_return",)
    )
    assert parse_source("?we=me", project="mine").project == "mine"


def test_of_a_source_key_given_twice_the_first_counts() -> None:
    assert parse_source("?wpn=a&wpn=b").project == "a"


def test_metrics_may_be_several() -> None:
    assert parse_source("?metrics=a&metrics=b&metrics=a").metrics == ("a", "b")


def test_an_unknown_source_key_is_an_error_that_lists_those_there_are() -> None:
    with pytest.raises(
        UsageError, match=r"no key 'ceikk'; did you mean ceik\?.*we, wpn, ceik, cen"
    ):
        parse_source("?ceikk=env")


def test_an_experiment_has_tags_a_user_a_legend_and_config_values() -> None:
    found = parse_experiment(r"ppo?tag=v1&tag=pr-2&user=me&cl=PPO\nwith LSTM&lr=3e-4&lr=1&env.n=4")
    assert found.name == "ppo"
    assert found.tags == ("v1", "pr-2")
    assert found.user == "me"
    assert found.legend == "PPO\nwith LSTM"
    assert found.config == (("lr", (3e-4, 1)), ("env.n", (4,)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-4", 3e-4),
        ("True", True),
        ("None", None),
        ("-1", -1),
        ("true", "true"),
        ("007", "007"),
        ("'7'", "7"),
        ("a=b", "a=b"),
        ("v1.0+gpu", "v1.0+gpu"),
        ("50%", "50%"),
        ("a%26b", "a&b"),
    ],
)
def test_a_value_is_a_python_literal_where_it_parses_else_a_text(text: str, value) -> None:
    ((_, (found,)),) = parse_experiment(f"ppo?key={text}").config
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["[1, 2]", "(1,)", "{}", "b'x'", "1j", "..."])
def test_a_value_that_cannot_be_compared_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="with which no config value is compared"):
        parse_experiment(f"ppo?layers={text}")


@given(NAMES)
def test_names_survive_whatever_signs_are_in_them(name: str) -> None:
    found = parse_experiment(f"{name}?tag={name}&cl={name}&key='{name}'")
    assert (found.name, found.tags, found.legend) == (name, (name,), name)
    assert found.config == (("key", (name,)),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("?tag=v1", "names no experiment"),
        ("ppo?tag", "'tag' in 'ppo\\?tag' is no KEY=VALUE"),
        ("ppo?=v1", "is no KEY=VALUE"),
        ("ppo?tag=", "is no KEY=VALUE"),
        ("", "names no experiment"),
        (f"ppo?key={'x' * 2000}", "2000 characters"),
        (f"ppo?{'&'.join(['a=1'] * 9000)}", "at most 10000 characters"),
    ],
)
def test_strings_that_are_no_experiment_are_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_experiment(text)


def test_one_list_of_envs_serves_all_groups() -> None:
    sets = compared_sets([["?wpn=a", "ppo", "dqn"], ["?wpn=b", "sac"]], [["X", "Y"]])
    assert [(one.label, one.source.project, one.env_ids) for one in sets] == [
        ("ppo", "a", ("X", "Y")),
        ("dqn", "a", ("X", "Y")),
        ("sac", "b", ("X", "Y")),
    ]


def test_each_group_may_have_its_own_names_for_the_same_envs() -> None:
    sets = compared_sets(
        [["?wpn=a", "ppo"], ["?wpn=b", "ppo2"]], [["PongNoFrameskip-v4"], ["Pong-v5"]]
    )
    assert [one.env_ids for one in sets] == [("PongNoFrameskip-v4",), ("Pong-v5",)]


def test_sets_of_one_name_are_told_apart_by_their_projects() -> None:
    sets = compared_sets([["?we=me&wpn=a", "ppo"], ["?wpn=b", "ppo"]], [["X"]])
    assert [one.label for one in sets] == ["me/a/ppo", "b/ppo"]


@pytest.mark.parametrize(
    ("filters", "env_ids", "message"),
    [
        ([], [["X"]], "--filters is missing"),
        ([["?wpn=a", "ppo"]], [], "--env-ids is missing"),
        ([["?wpn=a", "ppo"]], [[]], "names no env"),
        ([["?wpn=a", "ppo"]], [["X", "X"]], "'X' twice"),
        ([[]], [["X"]], "begins with a source"),
        ([["ppo"]], [["X"]], "begins with a source"),
        ([["?wpn=a"]], [["X"]], "a source without experiments"),
        ([["?wpn=a", "ppo", "ppo"]], [["X"]], "2 run sets are called 'a/ppo'"),
        ([["?wpn=a", "p?cl=A", "q?cl=A"]], [["X"]], "2 run sets are called 'A'"),
        ([["?", "a"], ["?", "b"], ["?", "c"]], [["X"], ["Y"]], "2 times for 3 --filters"),
        ([["?", "a"], ["?", "b"]], [["X"], ["Y", "Z"]], "have 1 and 2 envs"),
        ([["?metrics=a&metrics=b", "p"], ["?", "q"]], [["X"]], "name 2 and 1 metrics"),
    ],
)
def test_groups_that_do_not_fit_together_are_refused(filters, env_ids, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compared_sets(filters, env_ids)
