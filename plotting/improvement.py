"""The figure of probabilities of improvement: how often a run of one set beats one of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, permutations

from orbench.errors import ScoreError, near
from orbench.score import ScoreMatrix
from orbench.stats import PairEstimate, probability_of_improvement

from .axis import Axis
from .captions import interval_in_words, score_sentences, sentences
from .interval_settings import IntervalSettings
from .points import Mark, PointsFigure, PointsPanel
from .score_figures import by_label_and_env

__all__ = ["improvement_figure", "improvement_pairs", "plot_improvement"]

Pair = tuple[str, str]

# More pairs than this stand in a panel for each run set, where one row has the same opponent.
_MOST_PAIRS = 15
_LETTERS_A_LINE = 36


def plot_improvement(
    matrices: Sequence[ScoreMatrix],
    *,
    baseline: str = "",
    settings: IntervalSettings | None = None,
    title: str = "",
) -> PointsFigure:
    """How probable it is that a run of X scores above a run of Y, for pairs of run sets.

    With a `baseline`, every other run set against it. Raises ScoreError for fewer than two run
    sets, a baseline that is none of them, and run sets with different envs.
    """
    how = settings or IntervalSettings(reps=2000)
    scores = by_label_and_env(matrices)
    estimates = {
        (x, y): probability_of_improvement(
            scores[x],
            scores[y],
            labels=(x, y),
            method=how.method,
            level=how.level,
            reps=how.reps,
            seed=how.seed,
            engine=how.engine,
        )
        for x, y in improvement_pairs(tuple(scores), baseline)
    }
    notes = sentences(score_sentences(matrices), interval_in_words("Intervals", how))
    return improvement_figure(estimates, labels=tuple(scores), notes=notes, title=title)


def improvement_pairs(labels: Sequence[str], baseline: str = "") -> list[Pair]:
    """The pairs worth showing: each once, all against a baseline, or of many sets both ways."""
    if len(labels) < 2:
        raise ScoreError(
            f"an improvement is of one run set over another; there is only {', '.join(labels)}:"
            " widen the filter or group with --by"
        )
    if baseline:
        if baseline not in labels:
            raise ScoreError(
                f"there is no run set '{baseline}'; there are {', '.join(labels)}"
                f"{near(baseline, labels)}"
            )
        return [(label, baseline) for label in labels if label != baseline]
    once = list(combinations(labels, 2))
    return once if len(once) <= _MOST_PAIRS else list(permutations(labels, 2))


def improvement_figure(
    estimates: Mapping[Pair, PairEstimate],
    *,
    labels: Sequence[str] = (),
    notes: Iterable[str] = (),
    title: str = "",
) -> PointsFigure:
    """The figure of probabilities by pair (X, Y) of run sets, as the statistic gives them.

    Few pairs stand in one panel, many in a panel for each X. `labels` are all run sets, in order.
    """
    labels = tuple(labels) or tuple(dict.fromkeys(label for pair in estimates for label in pair))
    together = len(estimates) <= _MOST_PAIRS
    if together:
        # Two long names stand one below the other.
        gap = "\n" if any(len(x) + len(y) > _LETTERS_A_LINE for x, y in estimates) else " "
        rows = tuple(f"{x}{gap}> {y}" for x, y in estimates)
        panels = [PointsPanel("", "", _marks(estimates, rows))]
    else:
        rows = labels
        panels = [
            PointsPanel(x, x, _marks(ours, [y for _, y in ours]))
            for x in labels
            if (ours := {pair: one for pair, one in estimates.items() if pair[0] == x})
        ]
    return PointsFigure(
        panels=tuple(panels),
        rows=rows,
        labels=labels,
        axis=Axis(
            "P(X > Y)" if together else "P(X > Y), X above the panel, Y beside the row",
            "probability",
            limits=(-0.02, 1.02),
        ),
        title=title,
        notes=sentences(
            f"{title}." if title else "",
            "P(X > Y): the probability that a run of X scores above a run of Y on the same env,"
            " ties counting one half; mean over envs.",
            "" if together else "X is the run set above a panel, Y the one beside a row.",
            notes,
            "Lines across: point estimates; bars: intervals; rings: n = 1 on an env, hence no"
            " interval; dashed: 0.5, neither is better.",
        ),
        names=("run_set", "other"),
        reference=0.5,
    )


def _marks(estimates: Mapping[Pair, PairEstimate], rows: Iterable[str]) -> tuple[Mark, ...]:
    return tuple(
        Mark(pair, row, pair[0], one.point, one.low, one.high, sum(one.n) + sum(one.n_other))
        for (pair, one), row in zip(estimates.items(), rows, strict=True)
    )
