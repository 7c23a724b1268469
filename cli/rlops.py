"""`orbench rlops`: the command line of openrlbenchmark, out of a store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import UsageError

from .opening import opened_store
from .option_groups import with_groups
from .options import StoreOption, examples, new_app
from .output import note
from .reading import read_sets_into
from .rlops_arguments import RlopsCommand, values_of
from .rlops_files import RlopsFiles
from .rlops_options import CompareFlags, PlotFlags, RliableFlags
from .statistics_options import IncludeOption, SeedOption

if TYPE_CHECKING:
    from orbench.rlops import ComparedSet, CurveOptions, SetResult
    from orbench.run_store import RunStore

__all__ = ["app"]

app = new_app()

_From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="SOURCE",
        help="Read what is new from wandb into the store first; wandb://HOST for a server that "
        "wandb's settings do not name.",
    ),
]


@app.command(
    cls=RlopsCommand,
    epilog=examples(
        "orbench rlops --filters '?wpn=demo&metric=charts/return' ppo 'dqn?tag=v1&lr=1e-3' \\",
        "    --env-ids CartPole-v1 Acrobot-v1 --rliable --output-filename figures/compare",
    ),
)
@with_groups
def rlops(
    compare: CompareFlags,
    pc: PlotFlags,
    rc: RliableFlags,
    include: IncludeOption = None,
    seed: SeedOption = 0,
    source: _From = None,
    store_url: StoreOption = None,
) -> None:
    """Compare experiments as openrlbenchmark does: tables, curves, aggregates.

    Runs come out of the store; with --from those of W&B are read into it first, as far as they are
    new or have changed. Only finished runs count, one for each seed and env; what is left
    out stands in every caption. The paths of all files are printed.
    """
    from orbench.rlops import compared_sets, metrics_compared, one_metric

    for flag, why in _without_effect(compare, source):
        note(f"orbench: note: {flag} changes nothing: {why}")
    sets = compared_sets(
        values_of(compare.filters), values_of(compare.env_ids), compare.wandb_project_name
    )
    options = _curve_options(len(sets[0].env_ids), compare, pc, rc)
    with opened_store(store_url, create=source is not None) as store:
        read = None if source is None else read_sets_into(store, source, sets)
        for place, metric in enumerate(metrics_compared(sets)):
            results = _results(
                store, one_metric(sets, place), options, compare, include=include, read=read
            )
            files = RlopsFiles(
                stem=f"{compare.output_filename}{f'_{_in_a_name(metric)}' if place else ''}",
                results=results,
                envs=sets[0].env_ids,
                options=options,
                pc=pc,
                seed=seed,
            )
            files.write(rc if compare.rliable else None)


def _without_effect(compare: CompareFlags, source: str | None) -> Iterator[tuple[str, str]]:
    """The flags given that only meant something to a hosted service."""
    if compare.offline and source is not None:
        raise UsageError("--offline and --from exclude each other; leave one of them out")
    if compare.report:
        yield "--report", "`orbench compare ... --html report.html` writes a page of your own"


def _curve_options(
    envs: int, compare: CompareFlags, pc: PlotFlags, rc: RliableFlags
) -> CurveOptions:
    from orbench.plotting import vertices
    from orbench.rlops import CurveOptions

    return CurveOptions(
        last_rows=compare.last_rows,
        rolling=pc.rolling,
        points=vertices(envs),
        subsamples=rc.nsubsamples,
        time_unit=pc.time_unit,
        max_steps=pc.max_steps,
    )


def _results(
    store: RunStore,
    sets: Sequence[ComparedSet],
    options: CurveOptions,
    compare: CompareFlags,
    *,
    include: list[str] | None,
    read: list[list[str]] | None,
) -> list[SetResult]:
    from orbench.rlops import select_runs, set_result

    selected = select_runs(
        store, sets, include=include or (), check_empty=compare.check_empty_runs, read=read
    )
    return [set_result(store, one, sets[0].env_ids, options) for one in selected]


def _in_a_name(metric: str) -> str:
    """A metric as a part of a file's name."""
    return re.sub(r"[^\w.-]+", "-", metric).strip("-")
