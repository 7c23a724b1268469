"""The gate: is a candidate worse than a baseline, over the suite and on each env. numpy only.

`orbench check CANDIDATE --baseline B -m M` is, in full:

    policy = Policy(baseline=B, candidate=CANDIDATE, measures=(GatedMeasure(metric=M),))
    result = check(store, policy)              # or judge(pairs, settings), from scores alone
    result.verdict                             # PASS, REGRESSED or INCONCLUSIVE
    check_markdown(result)                     # for a pull request; check_junit, check_annotations,
                                               # check_document, or plotting's check_figure
"""

from .baselines import (
    Baseline,
    baseline_text,
    check_baseline_name,
    is_baseline_file,
    read_baseline_file,
    stored_baseline,
)
from .checking import CheckResult, Gated, check
from .drops import TaskPair
from .judgement import DropSettings, Judgement, SuiteJudgement, TaskJudgement, Verdict
from .judging import judge
from .margin import DEFAULT_MARGIN, Margin, MarginUnit, parse_margin
from .measures import DEFAULT_SELECT, RUN_MEASURES, Measure, measure_named
from .next_runs import NextRuns, next_commands
from .planning import DEFAULT_RUNS, Plan, PlanRow, plan, spreads_of, stated_spreads
from .policy import DIRECTIONS, POLICY_FILES, GatedMeasure, Policy, found_policy, read_policy
from .power import TaskSpread
from .report_ci import check_annotations, check_junit
from .report_document import check_document
from .report_markdown import COMMENT_MARK, check_markdown
from .report_rows import HEADINGS, NUMERIC, judgement_rows
from .rules import BrokenRule, MaxDuration, MaxFailed, MinRuns, RequiredEnvs, Rule
from .scored import ScoredRun, ScoredSet, commits_in_words, scored_runs
from .sides import Sides, needs_store, saved_baseline
from .stages import CONFIRM_RUNS, SUSPECT_ALPHA, SUSPECT_RUNS

__all__ = [
    "COMMENT_MARK",
    "CONFIRM_RUNS",
    "DEFAULT_MARGIN",
    "DEFAULT_RUNS",
    "DEFAULT_SELECT",
    "DIRECTIONS",
    "HEADINGS",
    "NUMERIC",
    "POLICY_FILES",
    "RUN_MEASURES",
    "SUSPECT_ALPHA",
    "SUSPECT_RUNS",
    "Baseline",
    "BrokenRule",
    "CheckResult",
    "DropSettings",
    "Gated",
    "GatedMeasure",
    "Judgement",
    "Margin",
    "MarginUnit",
    "MaxDuration",
    "MaxFailed",
    "Measure",
    "MinRuns",
    "NextRuns",
    "Plan",
    "PlanRow",
    "Policy",
    "RequiredEnvs",
    "Rule",
    "ScoredRun",
    "ScoredSet",
    "Sides",
    "SuiteJudgement",
    "TaskJudgement",
    "TaskPair",
    "TaskSpread",
    "Verdict",
    "baseline_text",
    "check",
    "check_annotations",
    "check_baseline_name",
    "check_document",
    "check_junit",
    "check_markdown",
    "commits_in_words",
    "found_policy",
    "is_baseline_file",
    "judge",
    "judgement_rows",
    "measure_named",
    "needs_store",
    "next_commands",
    "parse_margin",
    "plan",
    "read_baseline_file",
    "read_policy",
    "saved_baseline",
    "scored_runs",
    "spreads_of",
    "stated_spreads",
    "stored_baseline",
]
