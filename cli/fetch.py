"""`orbench fetch`: series of many runs in long form, for programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from orbench.wording import number_of

from .command_help import OrbenchCommand
from .opening import opened_store
from .options import FilterArguments, StoreOption, examples, new_app, where_from
from .output import note
from .reading import read_into

__all__ = ["app"]

app = new_app()


_Metrics = Annotated[
    list[str],
    typer.Option(
        "--metric",
        "-m",
        metavar="NAME",
        help="A metric; repeat for several. `orbench metrics` lists them.",
    ),
]

_Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Where to write: .csv, .json or .parquet; by default stdout.",
    ),
]

_Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="csv, json or parquet; by default the suffix of --out, on stdout csv.",
    ),
]


_From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="PLACE",
        help="Read what is new from wandb://ENTITY/PROJECT into the store first.",
    ),
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench fetch exp_name=ppo --metric charts/episodic_return --out ppo.parquet",
        "orbench fetch tag:v1.2 -m loss -m charts/episodic_return -o series.csv",
        "orbench fetch 'seed<3' -m loss --format json > loss.json",
        "orbench fetch --from wandb://openrlbenchmark/cleanrl 'config.exp_name=ppo' \\",
        "    -m charts/episodic_return -o ppo.csv",
    ),
)
def fetch(
    metrics: _Metrics,
    where: FilterArguments = None,
    out: _Out = None,
    form: _Form = None,
    source: _From = None,
    store_url: StoreOption = None,
) -> None:
    """Write series in long form to a file or to stdout.

    One row for each point: run_id, project, exp_name, env_id, seed, metric, step, wall_time,
    value. Numbers are exact. Runs without points of a metric are told on stderr. With --from the
    runs of a W&B project that fulfil the filter are meant: those that are new or have changed are
    read, whole, and kept in the store.
    """
    from orbench.fetching import fetch as fetched
    from orbench.run_set import left_out_in_words

    selecting = where_from(where)
    with opened_store(store_url, create=source is not None) as store:
        if source is not None:
            selecting = read_into(store, source, selecting, metrics)
        table = fetched(selecting, metrics=metrics, store=store)
    if out is not None:
        table.write(out, form)
        runs = number_of(len(table.runs), "run")
        note(f"{out}: {number_of(len(table), 'point')} of {runs}")
    elif form == "parquet":
        table.write(sys.stdout.buffer, form)
    else:
        table.write(sys.stdout, form or "csv")
    if table.left_out:
        note(left_out_in_words(table.left_out))
