"""What `orbench reproduce` prints: a plan, a script, one verdict or a table of them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from .options import Format
from .output import note, print_object, print_table, print_text, wrapped
from .table import Field, Table

if TYPE_CHECKING:
    from orbench.reproduce import Reproduction, ReproductionPlan

__all__ = ["VerdictFormat", "print_plan", "print_verdicts", "write_script"]


class VerdictFormat(StrEnum):
    """How a verdict is printed on stdout."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


def write_script(plan: ReproductionPlan, path: Path) -> None:
    """Write the plan as a shell script that works by itself."""
    from orbench.reproduce import shell_script

    path.write_text(shell_script(plan), encoding="utf-8")
    path.chmod(0o755)
    note(f"{path}: written; it needs git and uv, and takes a folder to work in")


def print_plan(plan: ReproductionPlan) -> None:
    """Print what would be done, and what cannot be restored."""
    source, run = plan.source, plan.record
    changes = len(source.files) + bool(source.diff)
    lines = [
        f"run {run.run_id}: {run.exp_name} on {run.env_id}, seed {run.seed}",
        f"source: {f'commit {source.commit}' if source.commit else 'recorded files'}"
        + (f" from {', '.join(source.remotes)}" if source.remotes else "")
        + (f", with {changes} recorded changes and files" if changes else ""),
        f"Python: {plan.implementation} {plan.python}",
        f"packages: {len(plan.packages)}"
        + (f" (lock files then: {', '.join(plan.lock_files)})" if plan.lock_files else ""),
        *(f"  {one.requirement or one.name + ' ' + one.version}" for one in plan.packages),
        *(["variables:"] if plan.variables else []),
        *(f"  {name}={value}" for name, value in plan.variables.items()),
        f"command, in {plan.folder}: {' '.join(plan.command)}",
        *(f"not restored: {sentence}" for sentence in plan.losses),
        *(f"not known to be seeded: {sentence}" for sentence in plan.unseeded),
    ]
    print_text(lines)


def print_verdicts(found: Sequence[Reproduction], fmt: VerdictFormat) -> None:
    """Print a page for one reproduction, a summary for several."""
    from orbench.reproduce import markdown_report, report_document

    if fmt is VerdictFormat.JSON:
        documents = [report_document(one) for one in found]
        print_object(documents[0] if len(documents) == 1 else documents)
    elif fmt is VerdictFormat.MARKDOWN:
        print_text([markdown_report(one) for one in found])
    elif len(found) == 1:
        _print_page(found[0])
    else:
        _print_summary(found)


def _print_page(found: Reproduction) -> None:
    if found.comparison is not None and found.comparison.metrics:
        fields = [
            Field("metric"),
            Field("points"),
            Field("verdict"),
            Field("detail", may_fold=True),
        ]
        rows = [[one.metric, one.n, str(one.sense), one.detail] for one in found.comparison.metrics]
        print_table(Table(fields, rows, empty=""), Format.TABLE)
        if found.comparison.left_out:
            note(f"not compared: {', '.join(found.comparison.left_out)}")
    for title, sentences in (("may be behind it", found.reasons), ("differs", found.differences)):
        for sentence in sentences:
            print_text(wrapped(f"{title}: {sentence}"))
    print_text(wrapped(f"{found.verdict.upper()}: {found.sentence}"))


def _print_summary(found: Sequence[Reproduction]) -> None:
    fields = [
        *(Field("run_id"), Field("new_run_id"), Field("verdict")),
        Field("sense"),
        Field("reason", may_fold=True),
    ]
    rows = [
        [
            one.run_id,
            one.new_id or None,
            one.verdict,
            None if one.comparison is None else str(one.comparison.sense),
            None if one.exit_code == 0 else one.sentence,
        ]
        for one in found
    ]
    print_table(Table(fields, rows, empty=""), Format.TABLE)
    verdicts = [one.verdict for one in found]
    print_text([", ".join(f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts))])
