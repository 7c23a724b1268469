"""The figure of ranks as data: the mean rank of each run set and how often it has which rank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orbench.score import ScoreMatrix
from orbench.stats import RankEstimate, rank_estimates

from .captions import interval_in_words, score_sentences, sentences
from .interval_settings import IntervalSettings
from .score_figures import by_label_and_env
from .tables import Cell, Column, Table

__all__ = ["RankRow", "RanksFigure", "plot_ranks", "rank_in_words", "ranks_figure"]


@dataclass(frozen=True, slots=True)
class RankRow:
    """The ranks of one run set: `shares` has the probability of rank 1, 2, ...; 1 is best.

    Without resamples (n = 1 on an env) `shares` is empty, and there is no interval.
    """

    label: str
    mean: float
    low: float | None
    high: float | None
    n: int
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RanksFigure:
    """A row for each run set, from top to bottom. Everything that is drawn is in here.

    `labels` decides the colours by its order.
    """

    rows: tuple[RankRow, ...]
    labels: tuple[str, ...]
    title: str
    notes: tuple[str, ...]

    @property
    def caption(self) -> str:
        """The caption: one paragraph."""
        return " ".join(self.notes)

    @property
    def numbers(self) -> Table:
        """Every number in long form: mean ranks with their intervals, then the probabilities."""
        names = ("run_set", "n", "quantity", "value", "low", "high")
        return Table(
            title=self.title or "Ranks",
            columns=tuple(Column(name, name) for name in names),
            rows=tuple(cells for row in self.rows for cells in _rows(row)),
            notes=self.notes,
        )


def plot_ranks(
    matrices: Sequence[ScoreMatrix],
    *,
    lower_is_better: bool = False,
    settings: IntervalSettings | None = None,
    title: str = "",
) -> RanksFigure:
    """Mean ranks over envs with intervals, and how probable each rank is on an env.

    Raises ScoreError for fewer than two run sets and for run sets with different envs.
    """
    how = settings or IntervalSettings(reps=2000)
    estimates = rank_estimates(
        by_label_and_env(matrices),
        higher_is_better=not lower_is_better,
        method=how.method,
        level=how.level,
        reps=how.reps,
        seed=how.seed,
    )
    notes = sentences(
        rank_in_words(lower_is_better=lower_is_better),
        score_sentences(matrices),
        interval_in_words("Intervals", how),
    )
    return ranks_figure(estimates, notes=notes, title=title)


def rank_in_words(*, lower_is_better: bool) -> str:
    """The sentence on what has rank 1."""
    best = "lowest" if lower_is_better else "highest"
    return f"Rank 1 has the {best} mean score on an env; ties share the mean of their ranks."


def ranks_figure(
    estimates: Mapping[str, RankEstimate], *, notes: Iterable[str] = (), title: str = ""
) -> RanksFigure:
    """The figure of ranks by run set, as `rank_estimates` gives them."""
    rows = tuple(
        RankRow(label, one.point, one.low, one.high, sum(one.n), one.distribution)
        for label, one in estimates.items()
    )
    return RanksFigure(
        rows=rows,
        labels=tuple(estimates),
        title=title,
        notes=sentences(
            f"{title}." if title else "",
            "Left: mean rank over envs; lines across are point estimates, bars intervals, rings"
            " stand where n = 1 on an env allows none. Right: share of envs and resamples with each"
            " rank.",
            notes,
            _outside_in_words(rows),
        ),
    )


def _outside_in_words(rows: Iterable[RankRow]) -> str:
    """The sentence on intervals that do not hold their point, or an empty string."""
    outside = ", ".join(
        row.label
        for row in rows
        if row.low is not None and row.high is not None and not row.low <= row.mean <= row.high
    )
    if not outside:
        return ""
    return (
        f"The interval of {outside} does not hold the mean rank itself: resampled runs differ more,"
        " which draws ranks together."
    )


def _rows(row: RankRow) -> Iterable[tuple[Cell, ...]]:
    yield (row.label, row.n, "mean rank", row.mean, row.low, row.high)
    for rank, share in enumerate(row.shares, start=1):
        yield (row.label, row.n, f"probability of rank {rank}", share, None, None)
