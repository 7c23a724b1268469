"""Figures of the gate: what is drawn is what was judged."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.errors import FigureError
from orbench.gate import (
    DropSettings,
    Gated,
    Margin,
    MarginUnit,
    ScoredSet,
    Sides,
    TaskPair,
    judge,
    measure_named,
    plan,
    stated_spreads,
)
from orbench.plotting import check_figure, draw_figure, power_figure


@pytest.fixture(scope="module")
def gated():
    random = np.random.default_rng(0)
    pairs = [
        TaskPair(env, 100 + random.normal(size=6), 100 - drop + random.normal(size=6))
        for env, drop in (("Ant-v4", 0.0), ("Hopper-v4", 50.0))
    ]
    nothing = ScoredSet("x", "return", "last", ())
    sides = Sides(nothing, nothing, measure_named("return"), lower_is_better=False)
    return Gated(sides, judge(pairs, DropSettings(relabellings=999)), ("How.",))


def test_a_row_for_each_env_and_one_for_all_with_the_margin_as_a_line(gated):
    figure = check_figure(gated, title="PPO")
    (panel,) = figure.panels
    assert figure.rows == ("Ant-v4", "Hopper-v4: regressed", "all envs: regressed")
    assert [mark.point for mark in panel.marks[:2]] == [task.drop for task in gated.judgement.tasks]
    assert panel.marks[0].high == gated.judgement.tasks[0].bound
    assert figure.reference == 10.0
    assert figure.caption.startswith("PPO. REGRESSED: ")
    assert "How." in figure.caption
    (axes,) = draw_figure(figure).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == list(figure.rows)


def test_the_line_falls_as_runs_grow_and_what_finds_nothing_is_left_out():
    spreads = stated_spreads(20.0, 100.0, 2, MarginUnit.PERCENT)
    made = plan(spreads, DropSettings(margin=Margin(0.0)), runs=[2, 5, 10])
    figure = power_figure(made)
    everywhere, alone = figure.panels[0].lines
    assert everywhere.x.tolist() == [2, 5, 10]
    assert (np.diff(everywhere.values) < 0).all()
    assert (alone.values > everywhere.values).all()
    assert "with power 0.8 at alpha 0.05" in figure.caption
    assert draw_figure(figure).axes


def test_a_plan_that_finds_nothing_has_no_figure():
    made = plan(stated_spreads(1.0, None, 1, MarginUnit.SD), DropSettings(), runs=[2])
    with pytest.raises(FigureError, match="finds any drop"):
        power_figure(made)
