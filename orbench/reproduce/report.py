"""The outcome of a reproduction, for people (Markdown) and programs (a JSON document)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ..run import JsonValue
from ..wording import number_of
from .verify import Comparison, Sense

__all__ = ["Reproduction", "markdown_report", "report_document"]

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of reproducing a run.

    `new_id` is the new run's id, empty where it did not come to one; `problem` says why nothing
    can be told. `weakest` is the weakest sense that counts as reproduced.
    """

    run_id: str
    label: str
    new_id: str = ""
    comparison: Comparison | None = None
    weakest: Sense = Sense.COMPATIBLE
    problem: str = ""
    losses: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    unseeded: tuple[str, ...] = field(default=())
    seconds: float = math.nan

    @property
    def verdict(self) -> str:
        """`reproduced`, `different` or `cannot tell`."""
        sense = None if self.comparison is None else self.comparison.sense
        if self.problem or sense is None:
            return "cannot tell"
        order = list(Sense)
        accepted = sense is not Sense.DIFFERENT and order.index(sense) <= order.index(self.weakest)
        return "reproduced" if accepted else "different"

    @property
    def exit_code(self) -> int:
        """0 reproduced, 1 different, 3 cannot tell."""
        return {"reproduced": 0, "different": 1}.get(self.verdict, 3)

    @property
    def sentence(self) -> str:
        """The verdict and its reason on one line."""
        if self.verdict == "cannot tell":
            why = self.problem or "the two runs have no metric that is compared"
            return f"cannot tell whether run {self.run_id} is reproduced: {why}"
        assert self.comparison is not None
        parted = [one for one in self.comparison.metrics if one.sense is not Sense.EXACT]
        if self.verdict == "reproduced":
            return (
                f"run {self.run_id} is reproduced by {self.new_id}: {self.comparison.sense}, "
                f"{number_of(len(self.comparison.metrics), 'metric')}"
            )
        worst = max(parted, key=lambda one: list(Sense).index(one.sense))
        return (
            f"run {self.run_id} is not reproduced by {self.new_id}: {worst.metric} {worst.detail}"
        )

    @property
    def reasons(self) -> list[str]:
        """What may be behind numbers that differ, likeliest first."""
        if self.comparison is None or self.comparison.sense in (None, Sense.EXACT):
            return []
        packages = [one for one in self.differences if one.startswith("package ")]
        others = [one for one in self.differences if not one.startswith("package ")]
        unseeded = [f"not known to be seeded: {one}" for one in self.unseeded]
        return [*packages, *unseeded, *self.losses, *others]


def report_document(found: Reproduction) -> dict[str, JsonValue]:
    """The outcome as a JSON document; numbers that JSON does not have are null."""
    comparison = found.comparison
    metrics = () if comparison is None else comparison.metrics
    return {
        "run_id": found.run_id,
        "label": found.label,
        "verdict": found.verdict,
        "sense": None if comparison is None or comparison.sense is None else str(comparison.sense),
        "exit_code": found.exit_code,
        "sentence": found.sentence,
        "new_run_id": found.new_id or None,
        "metrics": [
            {
                "metric": one.metric,
                "sense": str(one.sense),
                "points": one.n,
                "first_different_step": one.first_step,
                "largest_relative_difference": one.largest if math.isfinite(one.largest) else None,
                "detail": one.detail,
            }
            for one in metrics
        ],
        "not_compared": [] if comparison is None else list(comparison.left_out),
        "only_in_the_new_run": [] if comparison is None else list(comparison.extra),
        "not_restored": list(found.losses),
        "differences": list(found.differences),
        "not_known_to_be_seeded": list(found.unseeded),
        "seconds": found.seconds if math.isfinite(found.seconds) else None,
    }


def markdown_report(found: Reproduction) -> str:
    """The outcome as Markdown, for a comment in a pull request."""
    lines = [f"## {found.label}: {found.verdict}", "", f"{found.sentence}.", ""]
    if found.comparison is not None and found.comparison.metrics:
        lines += ["| metric | points | verdict | |", "|---|---:|---|---|"]
        for one in found.comparison.metrics:
            detail = one.detail.replace("|", "\\|")
            lines.append(f"| `{one.metric}` | {one.n:,} | {one.sense} | {detail} |")
        lines.append("")
        if found.comparison.left_out:
            names = ", ".join(f"`{name}`" for name in found.comparison.left_out)
            lines += [f"Not compared, as they measure the machine: {names}.", ""]
    for title, sentences in (
        ("What may be behind it", found.reasons),
        ("What was not restored", found.losses),
        ("What differs", found.differences),
    ):
        if sentences:
            lines += [f"### {title}", "", *(f"- {one}" for one in sentences[:_SHOWN])]
            if len(sentences) > _SHOWN:
                lines.append(f"- and {len(sentences) - _SHOWN} more")
            lines.append("")
    return "\n".join(lines)
