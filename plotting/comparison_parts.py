"""The parts of a comparison that people see: its figures, its tables and its page.

Everything is taken from the `Comparison`; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orbench.comparison import Comparison, Training
from orbench.run import Document
from orbench.score import ScoreMatrix

from .captions import interval_in_words, mixed_units, score_label, score_sentences, sentences
from .curves import CurvesFigure
from .efficiency import efficiency_figure, efficiency_sentences
from .figures import AnyFigure
from .improvement import improvement_figure, improvement_pairs
from .interval_settings import IntervalSettings
from .learning_curves import curves_figure
from .points import PointsFigure
from .profiles import profiles_figure
from .ranks import RanksFigure, rank_in_words, ranks_figure
from .report import Report, ReportFigure, ReportSection
from .run_tables import run_table, shared_config_table
from .score_figures import intervals_figure, scores_figure
from .score_tables import score_table
from .tables import Table
from .titles import metric_in_words

__all__ = ["comparison_figures", "comparison_report", "comparison_tables"]

# More run sets than this are only counted in a page's title.
_MOST_NAMED = 4

FIGURE_TITLES = {
    "intervals": "Scores over envs",
    "scores": "Scores on every env",
    "curves": "Learning curves",
    "efficiency": "Sample efficiency",
    "profiles": "Performance profiles",
    "improvement": "Probability of improvement",
    "ranks": "Ranks",
    "walltime": "Learning curves over wall time",
    "walltime_efficiency": "Efficiency over wall time",
}
"""The figures of a comparison by the names of their files, in the order of the page."""


def comparison_figures(comparison: Comparison) -> dict[str, AnyFigure]:
    """The figures by the names of `FIGURE_TITLES`; those that the runs do not allow are missing.

    Figures over envs need an env that all run sets have, those of pairs and ranks two run sets.
    """
    figures: dict[str, AnyFigure | None] = {
        "intervals": _intervals(comparison),
        "scores": _scores(comparison),
        "curves": curves_figure(comparison.by_step.curves),
        "efficiency": _efficiency(comparison, comparison.by_step),
        "profiles": _profiles(comparison),
        "improvement": _improvement(comparison),
        "ranks": _ranks(comparison),
    }
    if comparison.by_time is not None:
        figures["walltime"] = curves_figure(comparison.by_time.curves)
        figures["walltime_efficiency"] = _efficiency(comparison, comparison.by_time)
    return {name: figure for name, figure in figures.items() if figure is not None}


def comparison_tables(comparison: Comparison, sources: Mapping[str, Document]) -> dict[str, Table]:
    """The tables by the names of their files: scores (a row a number, a row an env), every run.

    `sources` has the documents of kind `source` by run id.
    """
    return {
        "score_table": score_table(comparison.summary),
        "score_table_by_env": score_table(comparison.summary, layout="wide"),
        "runs": run_table(comparison.runs, sources),
    }


def comparison_report(
    comparison: Comparison,
    drawings: Mapping[str, tuple[AnyFigure, bytes]],
    tables: Mapping[str, Table],
    *,
    facts: Mapping[str, str],
    command: str,
    versions: Mapping[str, str],
    theme: str = "light",
) -> Report:
    """The page: scores, each figure, every run. `drawings` are figures with their SVG, by name.

    `facts` say at the top what was compared, besides the metric and the numbers of runs.
    """
    sections = [ReportSection("Score table", tables=(tables["score_table_by_env"],))]
    for name, (figure, svg) in drawings.items():
        title = FIGURE_TITLES[name]
        shown = ReportFigure(name, title, figure.caption, svg, theme)
        sections.append(ReportSection(title, (shown,)))
    runs = (tables["score_table"], tables["runs"], shared_config_table(comparison.runs))
    sections.append(ReportSection("Numbers and runs", tables=runs, folded=True))
    return Report(
        title=f"{metric_in_words(comparison.settings.metric)}: {_compared(comparison.labels)}",
        facts={**_facts(comparison), **facts},
        sections=tuple(sections),
        command=command,
        versions=versions,
    )


def _compared(labels: Sequence[str]) -> str:
    """What a page is about: the run sets, or how many there are."""
    return ", ".join(labels) if len(labels) <= _MOST_NAMED else f"{len(labels)} run sets"


def _facts(comparison: Comparison) -> dict[str, str]:
    counted = sum(run.score is not None for run in comparison.runs)
    return {
        "Metric": comparison.settings.metric,
        "Run sets": ", ".join(comparison.labels),
        "Envs": ", ".join(comparison.summary.tasks),
        "Runs": f"{counted} counted of {len(comparison.runs)}",
    }


def _intervals(comparison: Comparison) -> PointsFigure | None:
    rows = comparison.summary.aggregates
    if not rows:
        return None
    matrices = _on_shared_envs(comparison)
    estimates = {
        label: {row.estimate.statistic: row.estimate for row in rows if row.label == label}
        for label in dict.fromkeys(row.label for row in rows)
    }
    how = interval_in_words("Intervals", _how(comparison, comparison.settings.reps))
    notes = sentences(score_sentences(matrices), mixed_units(matrices), how)
    return intervals_figure(estimates, score_label(matrices), notes=notes)


def _scores(comparison: Comparison) -> PointsFigure:
    estimates = {
        (row.label, row.task): row.estimate
        for row in comparison.summary.cells
        if row.task is not None
    }
    how = _how(comparison, comparison.settings.reps)
    notes = (interval_in_words("Intervals", how),)
    return scores_figure(comparison.matrices, estimates, notes=notes, each_run=True)


def _profiles(comparison: Comparison) -> CurvesFigure | None:
    if not comparison.profiles:
        return None
    matrices = _on_shared_envs(comparison)
    notes = _score_notes(comparison, "Bands")
    return profiles_figure(comparison.profiles, score_label(matrices), notes=notes)


def _improvement(comparison: Comparison) -> PointsFigure | None:
    found = comparison.improvements
    if not found:
        return None
    labels = tuple(dict.fromkeys(better for better, _ in found))
    chosen = {pair: found[pair] for pair in improvement_pairs(labels)}
    return improvement_figure(chosen, labels=labels, notes=_score_notes(comparison, "Intervals"))


def _ranks(comparison: Comparison) -> RanksFigure | None:
    if not comparison.ranks:
        return None
    first = rank_in_words(lower_is_better=comparison.settings.best == "lowest")
    return ranks_figure(
        comparison.ranks, notes=sentences(first, _score_notes(comparison, "Intervals"))
    )


def _efficiency(comparison: Comparison, training: Training) -> CurvesFigure | None:
    if not training.efficiency:
        return None
    scale = comparison.normaliser
    how = _how(comparison, comparison.settings.curve_reps)
    return efficiency_figure(
        {comparison.settings.efficiency_statistic: training.efficiency},
        training.curves,
        normalised=scale is not None,
        notes=efficiency_sentences(training.sets, training.curves, scale, how),
    )


def _score_notes(comparison: Comparison, what: str) -> tuple[str, ...]:
    how = _how(comparison, comparison.settings.curve_reps)
    return sentences(score_sentences(_on_shared_envs(comparison)), interval_in_words(what, how))


def _how(comparison: Comparison, reps: int) -> IntervalSettings:
    chosen = comparison.settings
    return IntervalSettings(chosen.method, chosen.level, reps, chosen.seed, chosen.engine)


def _on_shared_envs(comparison: Comparison) -> tuple[ScoreMatrix, ...]:
    """The score matrices of the envs that all run sets have: what aggregates are of."""
    shared = comparison.summary.shared_tasks
    return tuple(
        replace(matrix, tasks=tuple(one for one in matrix.tasks if one.task in shared))
        for matrix in comparison.matrices
    )
