"""A check as one JSON document, for programs: every number exact, the unit of drops beside it."""

from __future__ import annotations

import math
from dataclasses import asdict

from ..run import Document, JsonValue
from .checking import CheckResult, Gated
from .judgement import SuiteJudgement, TaskJudgement
from .scored import ScoredSet

__all__ = ["check_document"]


def check_document(result: CheckResult) -> Document:
    """The verdict, and for each measure the suite, every env, the sides and the notes."""
    return {
        "verdict": str(result.verdict),
        "exit_code": result.exit_code,
        "headlines": list(result.headlines),
        "measures": [_measure(one) for one in result.gated],
        "broken_rules": [
            {"rule": one.name, "verdict": str(one.verdict), "why": one.why} for one in result.broken
        ],
        "next_runs": [asdict(one) for one in result.next_runs],
    }


def _measure(gated: Gated) -> Document:
    judgement, settings = gated.judgement, gated.judgement.settings
    return {
        "metric": gated.name,
        "select": gated.sides.measure.selection,
        "better": "lower" if gated.sides.lower_is_better else "higher",
        "verdict": str(judgement.verdict),
        "why": judgement.why,
        "refusal": judgement.refusal,
        "alpha": settings.level,
        "margin": settings.margin.size,
        "unit": settings.margin.unit.value or "score",
        "power": settings.power,
        "permutations": settings.relabellings,
        "suite": _numbers(judgement.suite),
        "envs": [_numbers(task) for task in judgement.tasks],
        "baseline": _side(gated.sides.baseline),
        "candidate": _side(gated.sides.candidate),
        "notes": list(gated.notes),
    }


def _numbers(judged: SuiteJudgement | TaskJudgement) -> dict[str, JsonValue]:
    values = asdict(judged)
    if "task" in values:
        values = {"env_id": values.pop("task"), **values}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    } | {"verdict": str(judged.verdict)}


def _side(scored: ScoredSet) -> Document:
    return {
        "label": scored.label,
        "runs": sorted(scored.run_ids),
        "left_out": [{"run_id": one.run_id, "reason": one.reason} for one in scored.left_out],
    }
