"""Baselines: what is saved comes back, equal ones are equal bytes, edited ones are refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.errors import BaselineError
from orbench.gate import Baseline, ScoredRun, ScoredSet, baseline_text, read_baseline_file
from orbench.gate.baselines import (
    baseline_from_document,
    check_baseline_name,
    is_baseline_file,
    is_baseline_name,
)

runs = st.builds(
    ScoredRun,
    run_id=st.text(min_size=1, max_size=12),
    env_id=st.sampled_from(["Hopper-v4", "Ant-v4", "é\n|"]),
    seed=st.none() | st.integers(0, 2**40),
    score=st.floats(allow_nan=False, allow_infinity=False),
    exp_name=st.text(max_size=5),
    commit=st.sampled_from(["", "1a2b", "1a2b+"]),
    config=st.just("c0ffee"),
    host=st.text(max_size=5),
    duration=st.none() | st.floats(0, 1e6),
)


def baseline_of(*scored, name="v1"):
    return Baseline(
        name, ScoredSet(name, "charts/return", "last-10%", scored), "keep", False, "all"
    )


RUN = ScoredRun("abc", "Hopper-v4", 1, 12.5, "ppo", "1a2b", "c0ffee", "node1", 60.0)


@settings(max_examples=30)
@given(st.lists(runs, max_size=5, unique_by=lambda run: run.run_id))
def test_a_saved_baseline_comes_back_from_a_file_and_from_a_store(tmp_path_factory, scored):
    one = baseline_of(*scored)
    path = tmp_path_factory.mktemp("b") / "v1.jsonl"
    path.write_text(baseline_text(one), encoding="utf-8")
    for read in (read_baseline_file(path), baseline_from_document("v1", one.document)):
        assert sorted(read.scored.runs, key=repr) == sorted(scored, key=repr)
        assert baseline_text(read) == baseline_text(one)
        assert (read.scored.measure, read.scored.selection) == ("charts/return", "last-10%")


def test_a_line_a_run_in_the_order_of_envs_and_seeds():
    second = ScoredRun("aaa", "Ant-v4", 3, 1.0)
    text = baseline_text(baseline_of(RUN, second))
    head, first, last = map(json.loads, text.splitlines())
    assert (head["runs"], head["envs"], head["metric"]) == (2, 2, "charts/return")
    assert (first["env_id"], last["env_id"]) == ("Ant-v4", "Hopper-v4")


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("12.5", "12.4"),
        lambda text: text.replace("last-10%", "best"),
        lambda text: text.replace('"higher"', '"lower"'),
        lambda text: text + text.splitlines()[1] + "\n",
        lambda text: text.splitlines()[0] + "\n",
    ],
    ids=["score", "select", "direction", "run twice", "run gone"],
)
def test_an_edited_file_is_refused(tmp_path, edit):
    path = tmp_path / "v1.jsonl"
    text = baseline_text(baseline_of(RUN))
    assert edit(text) != text
    path.write_text(edit(text))
    with pytest.raises(BaselineError, match="was edited after it was saved"):
        read_baseline_file(path)


def test_line_ends_and_spaces_of_another_system_are_no_edit(tmp_path):
    path = tmp_path / "v1.jsonl"
    path.write_bytes(baseline_text(baseline_of(RUN)).replace("\n", "\r\n").encode())
    assert read_baseline_file(path).scored.runs == (RUN,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no baseline: a line is not JSON|is no baseline"),
        (b"[1]\n", "is no baseline"),
        (b'{"format": "orbench-baseline-9"}\n', "does not know; upgrade orbench"),
        (b'{"format": "orbench-baseline-1"}\n3\n', "has a line that is no run"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": 1\n', "not JSON"),
    ],
)
def test_what_is_no_baseline_is_refused_in_one_line(tmp_path, content, said):
    path = tmp_path / "v1.jsonl"
    path.write_bytes(content)
    with pytest.raises(BaselineError, match=said) as caught:
        read_baseline_file(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BaselineError, match=r"cannot read .*gone\.jsonl: No such file"):
        read_baseline_file(tmp_path / "gone.jsonl")


def test_a_score_that_is_not_finite_is_refused_even_with_its_hash():
    document = json.loads(json.dumps(baseline_of(RUN).document))
    document["runs"][0]["score"] = float("nan")
    with pytest.raises(BaselineError):
        baseline_from_document("v1", document)


@pytest.mark.parametrize("name", ["v1.2", "ppo-main", "a" * 100])
def test_names(name):
    assert check_baseline_name(name) == name


@pytest.mark.parametrize("name", ["", "all", "a b", "exp_name=ppo", "../x", "-x", "a" * 101])
def test_what_could_be_a_filter_or_a_path_is_no_name(name):
    assert not is_baseline_name(name)
    with pytest.raises(BaselineError, match="is no name for a baseline"):
        check_baseline_name(name)


def test_files_are_told_by_their_suffix():
    assert is_baseline_file("baselines/ppo.jsonl")
    assert not is_baseline_file("exp_name=ppo")
