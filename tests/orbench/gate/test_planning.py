"""Planning: more runs find smaller drops, and the runs that a drop needs find it."""

from __future__ import annotations

import pytest

from orbench.errors import ScoreError, UsageError
from orbench.gate import (
    DropSettings,
    Margin,
    MarginUnit,
    ScoredRun,
    ScoredSet,
    parse_margin,
    plan,
    spreads_of,
    stated_spreads,
)
from orbench.gate.power import Demand, TaskSpread, runs_to_decide, smallest_p

SETTINGS = DropSettings(margin=Margin(0.0, MarginUnit.SD))
SPREADS = stated_spreads(20.0, 100.0, 10, MarginUnit.SD)


def test_more_runs_find_smaller_drops():
    rows = plan(SPREADS, SETTINGS).rows
    everywhere = [row.everywhere for row in rows]
    assert everywhere == sorted(everywhere, reverse=True)
    assert all(row.everywhere < row.alone for row in rows)


def test_the_runs_that_a_drop_needs_are_the_fewest_that_find_it():
    made = plan(SPREADS, SETTINGS, drop=parse_margin("0.5sd"))
    enough, fewer = (
        plan(SPREADS, SETTINGS, runs=[made.runs_everywhere - less]).rows[0].everywhere
        for less in (0, 1)
    )
    assert enough <= 0.5 < fewer
    assert made.runs_alone > made.runs_everywhere


def test_percent_is_of_the_mean():
    spreads = stated_spreads(20.0, -100.0, 1, MarginUnit.PERCENT)
    in_percent = plan(spreads, DropSettings(margin=Margin(0.0))).rows[0]
    in_sd = plan(stated_spreads(20.0, None, 1, MarginUnit.SD), SETTINGS).rows[0]
    assert in_percent.everywhere == pytest.approx(20 * in_sd.everywhere)


def test_two_runs_a_side_find_nothing_on_one_env():
    assert (
        plan(stated_spreads(1.0, None, 1, MarginUnit.SD), SETTINGS, runs=[2]).rows[0].everywhere
        is None
    )


def test_a_drop_that_nobody_can_find_needs_no_number_of_runs():
    made = plan(SPREADS, SETTINGS, drop=parse_margin("0.001sd"))
    assert made.runs_alone is None


def test_spreads_are_those_of_the_runs():
    runs = [ScoredRun(str(score), "env", score, float(score)) for score in (8, 10, 12)]
    assert spreads_of(ScoredSet("x", "m", "last", tuple(runs)), MarginUnit.PERCENT) == {
        "env": TaskSpread(2.0, 10.0)
    }


def test_the_smallest_p_and_the_runs_that_reach_alpha():
    assert smallest_p([(3, 3)], 20_000) == 1 / 20
    assert smallest_p([(3, 3)] * 39, 20_000) == 1 / 20_001
    assert runs_to_decide([3], Demand(0.05, 0.8, 20_000)) == 3
    assert runs_to_decide([2], Demand(0.05, 0.8, 20_000)) == 5
    assert runs_to_decide([1], Demand(0.05, 0.8, 20_000)) is None
    assert runs_to_decide([2], Demand(1e-6, 0.8, 20_000)) is None


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: stated_spreads(0, 1, 1, MarginUnit.SD), UsageError, "deviation is a number above"),
        (lambda: stated_spreads(1, None, 1, MarginUnit.PERCENT), UsageError, "give --mean"),
        (lambda: stated_spreads(1, 1, 0, MarginUnit.SD), UsageError, "number of envs"),
        (lambda: plan(SPREADS, SETTINGS, runs=[1]), UsageError, "at least 2 runs"),
        (lambda: plan(SPREADS, SETTINGS, drop=Margin(0.0, MarginUnit.SD)), UsageError, "above 0"),
        (
            lambda: spreads_of(
                ScoredSet("x", "m", "last", (ScoredRun("a", "env", 1, 1.0),)), MarginUnit.SD
            ),
            ScoreError,
            "one run on env",
        ),
    ],
)
def test_bad_input(call, error, said):
    with pytest.raises(error, match=said):
        call()
