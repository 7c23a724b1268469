"""Scored runs: what the gate knows of a run, whether it is in a store or in a saved baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import config_hash
from ..errors import NoRunsError
from ..finding import find_runs
from ..run import Document, RunRecord
from ..run_set import DEFAULT_INCLUDE, LeftOut, left_out_in_words, natural_key, split_by_status
from .measures import Measure

if TYPE_CHECKING:
    from ..filters import Filter
    from ..run_store import RunStore

__all__ = ["ScoredRun", "ScoredSet", "commits_in_words", "envs_in_order", "scored_runs"]

_NO_COMMIT = "no commit"


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """A run with its score and where it comes from.

    `commit` is that of its source, `+` behind it for uncommitted changes, `no commit` for files
    that are in none, or empty where no source was recorded.
    """

    run_id: str
    env_id: str
    seed: int | None
    score: float
    exp_name: str = ""
    commit: str = ""
    config: str = ""
    host: str = ""
    duration: float | None = None
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class ScoredSet:
    """The runs of the baseline or of the candidate.

    `label` says which they are, `measure` and `selection` how each got its score. `left_out` has
    the runs that do not count, each with the reason.
    """

    label: str
    measure: str
    selection: str
    runs: tuple[ScoredRun, ...]
    left_out: tuple[LeftOut, ...] = ()

    def by_env(self) -> dict[str, tuple[ScoredRun, ...]]:
        """The runs of each env, envs in natural order, runs by seed."""
        found: dict[str, list[ScoredRun]] = {}
        for run in self.runs:
            found.setdefault(run.env_id, []).append(run)
        return {env: tuple(sorted(found[env], key=_by_seed)) for env in envs_in_order(found)}

    @property
    def run_ids(self) -> frozenset[str]:
        """The ids of the runs that count."""
        return frozenset(run.run_id for run in self.runs)

    @property
    def without_source(self) -> tuple[ScoredRun, ...]:
        """Runs of which it is not known what code they ran."""
        return tuple(run for run in self.runs if not run.commit)


def envs_in_order(envs: Iterable[str]) -> list[str]:
    """Envs in natural order."""
    return sorted(envs, key=natural_key)


def scored_runs(
    store: RunStore,
    where: Filter | None,
    measure: Measure,
    *,
    label: str = "",
    include: Iterable[str] = DEFAULT_INCLUDE,
) -> ScoredSet:
    """The runs that a filter selects, with their scores by `measure`.

    Runs that did not finish, unless their state is in `include`, and runs without the metric are
    left out. Raises NoRunsError, saying what was left out, where no run is left, and ScoreError
    for a score that is not finite.
    """
    label = label or (where.text if where else "all runs")
    runs = find_runs(store, where)
    kept, left_out = split_by_status(runs, label, include)
    scores = measure.scores(store, kept)
    left_out += tuple(
        LeftOut(run.run_id, label, run.env_id, f"without {measure.name}")
        for run in kept
        if run.run_id not in scores
    )
    scored = [run for run in kept if run.run_id in scores]
    if not scored:
        raise NoRunsError(
            f"no run of '{label}' has a score of {measure.name}. {left_out_in_words(left_out)}"
            " Use --include to count runs that did not finish"
        )
    sources = store.facts([run.run_id for run in scored], "source")
    made = [_scored(run, scores[run.run_id], sources) for run in scored]
    return ScoredSet(label, measure.name, measure.selection, tuple(made), left_out)


def _scored(run: RunRecord, score: float, sources: Mapping[str, Document]) -> ScoredRun:
    return ScoredRun(
        run_id=run.run_id,
        env_id=run.env_id,
        seed=run.seed,
        score=score,
        exp_name=run.exp_name,
        commit=_commit(sources.get(run.run_id)),
        config=config_hash(run.config)[:16],
        host=run.host,
        duration=run.duration,
        started=run.started,
    )


def _commit(source: Document | None) -> str:
    if source is None:
        return ""
    changed = "+" if source.get("dirty") or source.get("untracked") else ""
    return f"{source['commit']}{changed}" if source.get("commit") else _NO_COMMIT


def _by_seed(run: ScoredRun) -> tuple[bool, int, str]:
    return (run.seed is None, run.seed or 0, run.run_id)


def commits_in_words(runs: Sequence[ScoredRun]) -> str:
    """The commits of runs, shortened, the most frequent first; empty for none."""
    counts: dict[str, int] = {}
    for run in runs:
        if run.commit:
            counts[run.commit] = counts.get(run.commit, 0) + 1
    names = sorted(counts, key=lambda commit: (-counts[commit], commit))
    told = [_shortened(name) for name in names[:3]]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(told) + more


def _shortened(commit: str) -> str:
    return commit if commit == _NO_COMMIT else commit[:10] + ("+" if commit.endswith("+") else "")
