"""Judging: three verdicts, a bound that is the PASS, and refusal where runs cannot decide."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.errors import ScoreError, UsageError
from orbench.gate import (
    DropSettings,
    Margin,
    MarginUnit,
    TaskPair,
    Verdict,
    judge,
    parse_margin,
)

FEW = {"relabellings": 999}


def settings_of(margin="10%", **changes):
    return DropSettings(margin=parse_margin(margin), **{**FEW, **changes})


def test_as_good_with_little_spread_passes_and_says_by_how_much(scores):
    found = judge(scores(1, (10, 10), (0.0,) * 3, sd=3.0), settings_of())
    assert found.verdict is Verdict.PASS
    assert found.why.startswith("the drop on average over envs is at most ")
    assert 0 < found.suite.bound <= 10
    assert found.verdict.exit_code == 0


def test_a_collapsed_env_regressed_and_is_named(scores):
    found = judge(scores(1, (10, 10), (0.0, 6.0, 0.0), sd=5.0), settings_of())
    assert found.verdict is Verdict.REGRESSED
    assert [task.task for task in found.regressed] == ["env1"]
    assert "env1 dropped by" in found.why
    assert found.verdict.exit_code == 1


def test_not_significant_is_not_a_pass(scores):
    found = judge(scores(1, (5, 5), sd=30.0), settings_of("1%"))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "no drop is shown" in found.why
    assert found.verdict.exit_code == 3


def test_a_drop_that_is_shown_and_within_the_margin_passes(scores):
    found = judge(scores(1, (30, 30), (0.0,), sd=0.5), settings_of("10%"))
    drop = scores(1, (30, 30), (2.0,), sd=0.5)
    small = judge(drop, settings_of("10%"))
    assert (found.verdict, small.verdict) == (Verdict.PASS, Verdict.PASS)
    assert small.suite.p_value < 0.01
    assert judge(drop, settings_of("0.1%")).verdict is Verdict.REGRESSED


def test_every_task_asks_more_than_the_mean(scores):
    pairs = scores(4, (10, 10), (0.0,) * 4, sd=12.0)
    assert judge(pairs, settings_of("10%")).verdict is Verdict.PASS
    found = judge(pairs, settings_of("10%", every_task=True))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.why.startswith("not shown to be within the margin of 10%: env")


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from(["5%", "0.5sd", "8"]), st.integers(1, 3))
def test_a_pass_and_its_bound_are_one(seed, margin, tasks):
    random = np.random.default_rng(seed)
    pairs = [
        TaskPair(f"e{task}", 100 + 10 * random.normal(size=6), 100 + 10 * random.normal(size=5))
        for task in range(tasks)
    ]
    asked = settings_of(margin)
    found = judge(pairs, asked)
    for judged in (found.suite, *found.tasks):
        within = judged.bound is not None and judged.bound <= asked.margin.size
        assert (judged.verdict is Verdict.PASS) == within
        assert judged.bound is None or judged.bound > judged.drop


def test_lower_is_better_is_the_mirror_image(scores):
    pairs = scores(6, (8, 6), (1.0, 0.0))
    mirrored = [TaskPair(one.task, -one.baseline, -one.candidate) for one in pairs]
    up = judge(pairs, settings_of("0.5sd"))
    down = judge(mirrored, settings_of("0.5sd", lower_is_better=True))
    assert dataclasses.astuple(up.suite) == dataclasses.astuple(down.suite)


def test_units_do_not_matter(scores):
    pairs = scores(6, (8, 6), (1.0, 0.0))
    scaled = [TaskPair(one.task, 1e6 * one.baseline, 1e6 * one.candidate) for one in pairs]
    first, second = judge(pairs, settings_of()), judge(scaled, settings_of())
    assert first.suite.p_value == second.suite.p_value
    assert first.suite.bound == pytest.approx(second.suite.bound)


def test_a_percentage_of_a_negative_mean_is_a_drop_below_it():
    random = np.random.default_rng(0)
    baseline = -150 + 5 * random.normal(size=10)
    found = judge([TaskPair("Pendulum", baseline, baseline - 30)], settings_of())
    assert found.suite.drop == pytest.approx(20, abs=1)
    assert found.verdict is Verdict.REGRESSED


def test_equal_seeds_give_equal_results_and_another_seed_nearly(scores):
    pairs = scores(9, (10, 8), (0.4, 0.3, 0.2))
    first, again, other = (judge(pairs, settings_of(seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first.suite.p_value == pytest.approx(other.suite.p_value, abs=0.05)


def test_three_against_three_can_just_reach_alpha(scores):
    gone = scores(0, (3, 3), (20.0,))
    found = judge(gone, settings_of())
    assert found.suite.p_value == pytest.approx(0.05)
    assert found.verdict is Verdict.REGRESSED


def test_runs_that_cannot_decide_are_refused_with_what_would_do(scores):
    found = judge(scores(0, (2, 3), (20.0,)), settings_of())
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.refusal == (
        "with these numbers of runs no p-value is below 0.1, above the alpha of 0.05:"
        " 5 runs of the candidate on each env would do"
    )
    assert found.suite.found is None
    enough = judge(scores(0, (2, 5), (20.0,)), settings_of())
    assert not enough.refusal


def test_one_run_on_an_env_is_refused_by_its_name(scores):
    found = judge(scores(0, (5, 1), (9.0, 0.0)), settings_of())
    assert found.refusal.startswith("baseline and candidate need at least 2 runs on each env")
    assert "env0, env1" in found.refusal


def test_alpha_is_split_over_looks_and_measures(scores):
    asked = settings_of(alpha=0.06, looks=3, shares=2)
    assert asked.level == pytest.approx(0.01)
    # 3 v 3 reaches .05, which is above a split alpha.
    assert "above the alpha of 0.01" in judge(scores(0, (3, 3), (20.0,)), asked).refusal


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"alpha": 0.0}, "alpha is above 0"),
        ({"alpha": 0.6}, "alpha is above 0 and at most 0.5, not 0.6"),
        ({"alpha": math.nan}, "alpha is above 0"),
        ({"power": 1.0}, "power is between 0 and 1"),
        ({"looks": 0}, "the number of looks"),
        ({"relabellings": 10}, "10 permutations are too few"),
    ],
)
def test_settings_out_of_range_are_refused(changes, said):
    with pytest.raises(UsageError, match=said):
        DropSettings(**changes)


@pytest.mark.parametrize("text", ["5 %%", "-5%", "many", "", "100%", "nan", "5 percent", "1e400"])
def test_what_is_no_margin_is_refused(text):
    with pytest.raises(UsageError, match="margin"):
        parse_margin(text)


@given(st.floats(0, 99.9), st.sampled_from(list(MarginUnit)))
def test_a_margin_is_read_as_it_is_written(size, unit):
    written = Margin(float(f"{size:.3g}"), unit)
    if written.size < 100:
        assert parse_margin(written.text) == written


def test_a_percentage_of_a_mean_near_zero_is_refused():
    near_zero = TaskPair("env", np.array([-1.0, 1.0, 0.5]), np.array([0.0, 1.0, 2.0]))
    with pytest.raises(ScoreError, match="not clear of 0: a margin in % means nothing there"):
        judge([near_zero], settings_of("5%"))


def test_a_margin_in_sd_of_runs_that_do_not_vary_is_refused():
    constant = TaskPair("env", np.full(3, 500.0), np.array([0.0, 1.0, 2.0]))
    with pytest.raises(ScoreError, match="all equal"):
        judge([constant], settings_of("1sd"))


def test_no_tasks_and_scores_that_are_not_finite_are_refused(scores):
    with pytest.raises(ScoreError, match="share no env"):
        judge([], settings_of())
    (pair,) = scores(0, (3, 3))
    with pytest.raises(ScoreError, match="env0 is not finite"):
        judge([TaskPair("env0", pair.baseline, np.array([1.0, math.inf]))], settings_of())
