"""A check as Markdown, for the comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .checking import CheckResult, Gated
from .judgement import Verdict
from .report_rows import HEADINGS, NUMERIC, judgement_rows

__all__ = ["COMMENT_MARK", "check_markdown"]

COMMENT_MARK = "<!-- orbench check -->"
"""Stands at the top, so that a later check can find its comment and write it anew."""

_SIGNS = {Verdict.PASS: "✅", Verdict.REGRESSED: "❌", Verdict.INCONCLUSIVE: "⚠️"}
# What Markdown or HTML would take for itself in a name or a sentence.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@])")


def check_markdown(result: CheckResult, figure: str = "") -> str:
    """The comment: verdict, reasons, a table for each measure, notes folded away.

    `figure` is the address of the figure, if there is one.
    """
    lines = [COMMENT_MARK, f"### {_SIGNS[result.verdict]} orbench check: {result.verdict}", ""]
    lines += [f"- {_escaped(line)}" for line in result.headlines]
    for gated in result.gated:
        lines += ["", *_measure(gated)]
    if figure:
        lines += ["", f"![The drop on every env with its bound]({_address(figure)})"]
    if result.next_runs:
        lines += ["", "Seeds to run next (`orbench check --emit-missing` prints the commands):", ""]
        lines += [
            f"- {_escaped(one.env_id)}: {', '.join(map(str, one.seeds))}"
            for one in result.next_runs
        ]
    return "\n".join(lines) + "\n"


def _measure(gated: Gated) -> Iterable[str]:
    yield f"**{_escaped(gated.name)}**"
    yield ""
    yield _row(HEADINGS)
    yield _row(["---:" if numeric else "---" for numeric in NUMERIC])
    for row in judgement_rows(gated.judgement):
        yield _row([_escaped(cell) for cell in row])
    yield ""
    yield "<details><summary>How this was judged</summary>"
    yield ""
    for note in gated.notes:
        yield f"- {_escaped(note)}"
    yield ""
    yield "</details>"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    one_line = " ".join(text.split())
    return _SPECIAL.sub(r"\\\1", one_line)


def _address(text: str) -> str:
    return text.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
