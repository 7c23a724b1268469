"""The options of the gate: how runs are scored, and how sure a verdict has to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orbench.gate import GatedMeasure

__all__ = ["GateScoring"]

_Metric = Annotated[
    str,
    typer.Option(
        "--metric",
        "-m",
        metavar="NAME",
        help="The metric, or run.duration, run.steps_per_second or run.memory; by default that of "
        "the policy or the saved baseline.",
    ),
]
_Select = Annotated[
    str,
    typer.Option(
        "--select",
        metavar="RULE",
        help="What the score of a run is, as in `orbench stats`; by default last-10%, or as the "
        "baseline was saved.",
    ),
]
_Repeats = Annotated[
    str,
    typer.Option(
        "--repeats",
        metavar="RULE",
        help="Which rows count where a run logged a step more than once, as in `orbench stats`.",
    ),
]
_Better = Annotated[
    str,
    typer.Option(
        "--better",
        metavar="DIRECTION",
        help="Which scores are better, higher or lower; by default higher, and lower for "
        "run.duration, run.memory and --select lowest.",
    ),
]


@dataclass(frozen=True, slots=True)
class GateScoring:
    """How a run gets its score; what is left out is as the policy or the baseline says."""

    metric: _Metric = ""
    select: _Select = ""
    repeats: _Repeats = ""
    better: _Better = ""

    def over(self, measure: GatedMeasure) -> GatedMeasure:
        """The measure of a policy with what was given here in its place."""
        from dataclasses import replace

        given = {name: getattr(self, name) for name in ("metric", "select", "repeats", "better")}
        return replace(measure, **{name: value for name, value in given.items() if value})
