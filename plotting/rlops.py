"""The figures and tables of `orbench rlops` from its results: data, nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from orbench.rlops import GRID_POINTS, CurveOptions, SetCurve, SetResult
from orbench.run_set import left_out_in_words

from .axis import Axis
from .captions import counts_in_words, sentences
from .curves import CurveLine, CurvesFigure, Panel, counted_legend
from .tables import Cell, Column, Table

__all__ = ["rlops_curves", "rlops_run_times", "rlops_scores"]

# A set whose first run ends earlier than this part of its longest is worth a sentence.
_SHORT = 0.95
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def rlops_curves(
    results: Sequence[SetResult],
    envs: Sequence[str],
    options: CurveOptions,
    *,
    y_label: str,
    x_label: str | None = None,
) -> CurvesFigure:
    """The curves of all sets, a panel for each env: over steps, or without `x_label` over time."""
    over_time = x_label is None
    axis = (
        Axis(f"Time ({options.time_unit})", f"time_{options.time_unit}")
        if x_label is None
        else Axis(x_label, "step")
    )
    curves = {one.label: one.over_time if over_time else one.over_steps for one in results}
    panels = tuple(
        Panel(
            env,
            env,
            tuple(_line(label, by_env[env]) for label, by_env in curves.items() if env in by_env),
        )
        for env in envs
        if any(env in by_env for by_env in curves.values())
    )
    labels = tuple(curves)
    what = f"{_metrics(results)} against {_UNITS[options.time_unit]} since the first row of a run."
    return CurvesFigure(
        panels=panels,
        labels=labels,
        legend=counted_legend(labels, panels),
        x=axis,
        y=Axis(y_label),
        title="",
        sentences=sentences(
            what if over_time else f"{_metrics(results)} against steps.",
            _method(options),
            _ends(curves, options.time_unit if over_time else ""),
            _cut(options) if not over_time else "",
            _skipped(curves),
            _about_runs(results, envs),
        ),
    )


def rlops_scores(results: Sequence[SetResult], envs: Sequence[str]) -> Table:
    """The table of scores: a row for each env, a column for each set, `mean ± std`."""
    cells = {
        (column.task, one.label): _mean_and_std(column.scores)
        for one in results
        for column in one.matrix.tasks
    }
    rule = (
        f"{_metrics(results)}: mean over runs of {results[0].matrix.selection}, ± standard "
        "deviation over runs (n in the denominator)."
    )
    return _table(results, envs, cells, sentences(rule, _about_runs(results, envs)))


def rlops_run_times(
    results: Sequence[SetResult], envs: Sequence[str], options: CurveOptions
) -> Table:
    """The table of run times: the mean over runs, in the unit of the options."""
    cells: dict[tuple[str, str], Cell] = {
        (env, one.label): float(times.mean())
        for one in results
        for env, times in one.run_times.items()
    }
    unit = _UNITS[options.time_unit]
    rule = f"Mean over runs of the {unit} between the first and the last row of a run."
    return _table(results, envs, cells, sentences(rule, _about_runs(results, envs)))


def _table(
    results: Sequence[SetResult],
    envs: Sequence[str],
    cells: Mapping[tuple[str, str], Cell],
    notes: tuple[str, ...],
) -> Table:
    return Table(
        title=_metrics(results),
        columns=(
            Column("", "", numeric=False),
            *(Column(name, name) for name in (one.label.replace("\n", " ") for one in results)),
        ),
        rows=tuple((env, *(cells.get((env, one.label)) for one in results)) for env in envs),
        notes=notes,
    )


def _mean_and_std(scores: NDArray[np.float64]) -> str:
    """A cell; one run has no spread, which openrlbenchmark writes as 0.00."""
    spread = f"{scores.std():.2f}" if len(scores) > 1 else "n/a (n=1)"
    return f"{scores.mean():.2f} ± {spread}"


def _line(label: str, curve: SetCurve) -> CurveLine:
    return CurveLine(label, curve.x, curve.values, curve.low, curve.high, curve.n)


def _metrics(results: Iterable[SetResult]) -> str:
    return ", ".join(dict.fromkeys(one.matrix.metric for one in results))


def _method(options: CurveOptions) -> str:
    rolling = (
        f"; both smoothed by a centred rolling mean over {options.rolling} of the points"
        if options.rolling > 1
        else ""
    )
    return (
        "Lines: mean over runs, rows of one step averaged and runs linearly interpolated to"
        f" {GRID_POINTS:,} points of the stretch "
        "that all runs of the set cover; bands: ± one standard deviation over runs (n - 1)"
        f"{rolling}."
    )


def _ends(curves: Mapping[str, Mapping[str, SetCurve]], unit: str) -> str:
    """Where bands end, and where runs went on much longer than that."""
    short = [
        f"{label} on {env} at {curve.x[-1]:.6g}{unit} of {curve.longest:.6g}{unit} "
        f"(run {curve.ends})"
        for label, by_env in curves.items()
        for env, curve in by_env.items()
        if curve.ends and curve.x[-1] < _SHORT * curve.longest
    ]
    rule = "Lines and bands end where the first run of a set ends"
    return f"{rule}: {'; '.join(short)}." if short else f"{rule}."


def _cut(options: CurveOptions) -> str:
    return "" if options.max_steps is None else f"Steps beyond {options.max_steps:,} are cut."


def _skipped(curves: Mapping[str, Mapping[str, SetCurve]]) -> str:
    found = "; ".join(
        f"{curve.skipped} of {label} on {env}"
        for label, by_env in curves.items()
        for env, curve in by_env.items()
        if curve.skipped
    )
    return f"Rows that are NaN or infinite are left out: {found}." if found else ""


def _about_runs(results: Sequence[SetResult], envs: Sequence[str]) -> tuple[str, ...]:
    """How many runs there are in every cell, which cells are empty, and who was left out."""
    single = "; ".join(
        f"{one.label} on {column.task}"
        for one in results
        for column in one.matrix.tasks
        if len(column) == 1
    )
    empty = "; ".join(
        f"{one.label} on {env}"
        for one in results
        for env in envs
        if env not in one.matrix.task_names
    )
    matrices = [one.matrix for one in results]
    return sentences(
        counts_in_words([matrix for matrix in matrices if matrix.tasks]),
        f"n = 1, hence no spread: {single}." if single else "",
        f"No runs: {empty}." if empty else "",
        left_out_in_words([run for matrix in matrices for run in matrix.left_out]),
    )
