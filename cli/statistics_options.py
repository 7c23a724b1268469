"""The options that `stats` and `plot` share: how runs are grouped, counted and resampled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from .selecting import require_metrics

if TYPE_CHECKING:
    from orbench.filters import Filter
    from orbench.metric import Series
    from orbench.run import RunRecord
    from orbench.run_store import RunStore

__all__ = [
    "BestOption",
    "ByOption",
    "EngineOption",
    "IncludeOption",
    "LevelOption",
    "MetricOption",
    "NormaliseOption",
    "RepeatsOption",
    "SeedOption",
    "SelectOption",
    "best_or_default",
    "names_or",
    "runs_and_series",
]

MetricOption = Annotated[
    str,
    typer.Option(
        "--metric", "-m", metavar="NAME", help="The metric; `orbench metrics` lists them."
    ),
]
ByOption = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        "-b",
        metavar="KEY",
        help="What makes a run set: exp_name (default), project, tag, config.KEY ...; repeatable.",
    ),
]
IncludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="STATUS",
        help="Count runs of this status besides finished ones; repeatable.",
    ),
]
SelectOption = Annotated[
    str,
    typer.Option(
        "--select",
        metavar="RULE",
        help="What the score of a run is: last, last-ROWS, last-X%, best, lowest, at-STEP.",
    ),
]
RepeatsOption = Annotated[
    str,
    typer.Option(
        "--repeats",
        metavar="RULE",
        help="Which rows of a score count where a run logged a step more than once: keep (all), "
        "average, last-pass or longest-pass (of a restarted run).",
    ),
]
BestOption = Annotated[
    str,
    typer.Option(
        "--best",
        metavar="END",
        help="What is marked as best, by test: highest, lowest or none; by default highest, and "
        "lowest where --select is.",
    ),
]
EngineOption = Annotated[
    str, typer.Option("--engine", metavar="NAME", help="What computes: numpy (orbench) or rliable.")
]
NormaliseOption = Annotated[
    str,
    typer.Option(
        "--normalise",
        "--normalize",
        metavar="NAME|FILE",
        help="Bring the scores of all envs to one scale: atari, d4rl, dmc, maxmin, metaworld, "
        "procgen-easy, procgen-hard, or a .csv, .json or .toml file of references.",
    ),
]
LevelOption = Annotated[
    float, typer.Option("--level", metavar="P", help="The level of the intervals.")
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="The seed of the resampling.")]


def names_or(given: Iterable[str] | None, default: Iterable[str]) -> tuple[str, ...]:
    """What an option that may be repeated was given, or its default."""
    return tuple(given or default)


def best_or_default(best: str, select: str) -> str:
    """What `--best` was given, or the end that a selection rule looks for."""
    return best or ("lowest" if select == "lowest" else "highest")


def runs_and_series(
    store: RunStore, where: Filter | None, metric: str
) -> tuple[list[RunRecord], list[Series]]:
    """The runs of a filter and their series; raises NoRunsError and MetricNotFoundError."""
    from orbench.finding import find_runs

    runs = find_runs(store, where)
    require_metrics(store, where, [metric])
    return runs, store.series([run.run_id for run in runs], metric)
