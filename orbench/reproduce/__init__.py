"""Reproducing a run from its record: a plan, an environment, a new run, a verdict.

    with open_store() as store:
        plan = plan_reproduction(store.details(run_id))
        for sentence in plan.losses: ...

Nothing of a record is handed to a shell, no path of it leaves the folder that is made for it, and
nothing of the user's own tree, index or venv is touched. The program of the run is run: whoever
reproduces a run trusts it as much as whoever ran it first.
"""

from .plan import Package, ReproductionPlan, plan_reproduction
from .report import Reproduction, markdown_report, report_document
from .reproducing import Choices, reproduce
from .script import shell_script
from .verify import IGNORED, Comparison, MetricVerdict, Sense, Tolerance, compare_runs

__all__ = [
    "IGNORED",
    "Choices",
    "Comparison",
    "MetricVerdict",
    "Package",
    "Reproduction",
    "ReproductionPlan",
    "Sense",
    "Tolerance",
    "compare_runs",
    "markdown_report",
    "plan_reproduction",
    "report_document",
    "reproduce",
    "shell_script",
]
