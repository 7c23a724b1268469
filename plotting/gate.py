"""Figures of the gate: the drop on every env with its bound, and what numbers of runs find."""

from __future__ import annotations

import numpy as np

from orbench.errors import FigureError
from orbench.gate import Gated, Margin, MarginUnit, Plan
from orbench.wording import number_of

from .axis import Axis
from .captions import sentences
from .curves import CurveLine, CurvesFigure, Panel
from .points import Mark, PointsFigure, PointsPanel

__all__ = ["check_figure", "power_figure"]

_SUITE = "all envs"
_UNITS = {
    MarginUnit.PERCENT: "Drops are in % of the baseline's mean on the env.",
    MarginUnit.SD: "Drops are in standard deviations of the baseline's runs on the env.",
    MarginUnit.SCORE: "Drops are in the units of the score.",
}


def check_figure(gated: Gated, *, title: str = "") -> PointsFigure:
    """The drop on every env and over all, each with what it is at most; the margin as a line.

    Worse is to the right. Rows are named and coloured by their verdicts, where they are not PASS.
    """
    judgement = gated.judgement
    margin = judgement.settings.margin
    verdicts = ("REGRESSED", "INCONCLUSIVE", "PASS")
    marks = [
        _mark(task.task, str(task.verdict), task.drop, task.bound, task.candidate_runs)
        for task in judgement.tasks
    ]
    if len(marks) > 1:
        runs = sum(task.candidate_runs for task in judgement.tasks)
        suite = judgement.suite
        marks.append(_mark(_SUITE, str(suite.verdict), suite.drop, suite.bound, runs))
    return PointsFigure(
        panels=(PointsPanel("", "", tuple(marks)),),
        rows=tuple(mark.row for mark in marks),
        labels=verdicts,
        axis=Axis(f"drop of {gated.name}{_in_unit(margin)}", "drop"),
        title=title,
        notes=sentences(
            f"{title}." if title else "",
            f"{judgement.verdict}: {judgement.refusal or judgement.why}.",
            gated.notes,
            "Lines across: the drop of the mean; bars reach to what the drop is at most; rings:"
            f" nothing bounds it; dashed: the margin of {margin.text}; rows without a word: PASS.",
            _UNITS[margin.unit],
        ),
        names=("env_id", "verdict"),
        reference=margin.size,
    )


def power_figure(plan: Plan, *, title: str = "") -> CurvesFigure:
    """The drop that is found by the number of the candidate's runs on each env.

    Raises FigureError where no number of runs of the plan finds any drop.
    """
    margin = plan.settings.margin
    several = len(plan.spreads) > 1
    named = {
        "all envs at once" if several else plan.hardest: "everywhere",
        **({f"{plan.hardest} alone": "alone"} if several else {}),
    }
    lines = []
    for label, field in named.items():
        found = [(row.candidate, value) for row in plan.rows if (value := getattr(row, field))]
        if found:
            runs, drops = (
                np.array(column, dtype=np.float64) for column in zip(*found, strict=True)
            )
            lines.append(CurveLine(label, runs, drops, None, None, len(found)))
    if not lines:
        raise FigureError("no number of runs of this plan finds any drop; ask for more --runs")
    settings = plan.settings
    baseline = plan.rows[0].baseline if len({row.baseline for row in plan.rows}) == 1 else None
    return CurvesFigure(
        panels=(Panel("", "", tuple(lines)),),
        labels=tuple(named),
        legend={line.label: line.label for line in lines},
        x=Axis("runs of the candidate on each env", "runs", whole=True),
        y=Axis(f"drop that is found{_in_unit(margin)}", "drop"),
        title=title,
        sentences=sentences(
            f"{title}." if title else "",
            f"The drop found with power {settings.power:g} at alpha {settings.level:.3g},"
            f" over {number_of(len(plan.spreads), 'env')};"
            f" the baseline has {baseline or 'as many'} runs on each.",
            _UNITS[margin.unit],
        ),
    )


def _mark(env: str, verdict: str, drop: float, bound: float | None, runs: int) -> Mark:
    row = env if verdict == "PASS" else f"{env}: {verdict.lower()}"
    low = None if bound is None else min(drop, bound)
    return Mark((env, verdict), row, verdict, drop, low, bound, runs)


def _in_unit(margin: Margin) -> str:
    return f" ({margin.unit.value})" if margin.unit.value else ""
