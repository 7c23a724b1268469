"""`orbench baseline`: save, list, show and remove the baselines that `orbench check` judges by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import UsageError
from orbench.wording import number_of

from .cells import Kind
from .command_help import OrbenchCommand
from .gate_options import GateScoring
from .opening import opened_store
from .option_groups import with_groups
from .options import (
    FilterArguments,
    Format,
    FormatOption,
    StoreOption,
    examples,
    new_app,
    split_names,
    where_from,
)
from .output import note, print_table
from .table import Field, Table

if TYPE_CHECKING:
    from orbench.gate import Baseline
    from orbench.run_store import RunStore

__all__ = ["app"]

app = new_app()

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the baseline.")]
_NameOrFile = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="The name of the baseline, or its file.")
]
_File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="Save to a JSON Lines file to be committed, as baselines/ppo.jsonl, not to the store.",
    ),
]
_Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="STATUS",
        help="Count runs of this status besides finished ones; repeatable.",
    ),
]


@app.callback()
def baseline() -> None:
    """Save, list, show and remove baselines."""


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench baseline save v1.2 exp_name=ppo tag:v1.2 -m charts/episodic_return",
        "orbench baseline save ppo exp_name=ppo -m charts/return --file baselines/ppo.jsonl",
    ),
)
@with_groups
def save(
    name: _Name,
    scoring: GateScoring,
    where: FilterArguments = None,
    file: _File = None,
    include: _Include = None,
    store_url: StoreOption = None,
) -> None:
    """Save the scores of runs under a name.

    With each score stand the run's id, env, seed, commit and the hash of its config. A baseline
    stays as it is whatever becomes of its runs; saving under its name again replaces it.
    """
    from orbench.gate import baseline_text, check_baseline_name
    from orbench.plotting import write_file

    check_baseline_name(name)
    if file is not None and file.suffix != ".jsonl":
        raise UsageError(f"a baseline's file ends with .jsonl, as in baselines/{name}.jsonl")
    with opened_store(store_url) as store:
        made = _scored(store, name, scoring, where, split_names(include))
        replaced = file.exists() if file else store.save_baseline(name, made.document)
    if file is not None:
        write_file(file, baseline_text(made).encode())
    _tell(made, f" to {file}" if file else "", replaced)


def _scored(
    store: RunStore,
    name: str,
    scoring: GateScoring,
    where: list[str] | None,
    include: list[str],
) -> Baseline:
    from dataclasses import replace

    from orbench.finding import metric_not_found
    from orbench.gate import DEFAULT_SELECT, Baseline, GatedMeasure, measure_named, scored_runs

    asked = scoring.over(GatedMeasure())
    if not asked.metric:
        raise UsageError("give --metric; `orbench metrics` lists them")
    chosen = where_from(where)
    measure = measure_named(asked.metric, asked.select or DEFAULT_SELECT, asked.repeats or "keep")
    known = store.metric_names(chosen)
    if known and not measure.name.startswith("run.") and measure.name not in known:
        raise metric_not_found(measure.name, known)
    scored = scored_runs(store, chosen, measure, include=include)
    lower = asked.better == "lower" if asked.better else measure.lower_is_better
    note_of = chosen.text if chosen else "all"
    return Baseline(name, replace(scored, label=name), asked.repeats or "keep", lower, note_of)


def _tell(made: Baseline, where: str, replaced: bool) -> None:
    from orbench.gate import commits_in_words
    from orbench.run_set import left_out_in_words

    scored = made.scored
    runs, envs = number_of(len(scored.runs), "run"), number_of(len(scored.by_env()), "env")
    note(
        f"{'replaced' if replaced else 'saved'} baseline '{made.name}'{where}: {runs} on {envs},"
        f" {scored.measure}"
    )
    if commits := commits_in_words(scored.runs):
        note(f"orbench: note: commits: {commits}")
    if scored.without_source:
        lacking = len(scored.without_source)
        note(f"orbench: note: of {lacking} of them no source is recorded")
    if left_out := left_out_in_words(scored.left_out):
        note(f"orbench: note: {left_out}")


@app.command("list", cls=OrbenchCommand)
def list_baselines(store_url: StoreOption = None, fmt: FormatOption = Format.TABLE) -> None:
    """List the baselines of the store."""
    from orbench.gate import stored_baseline

    fields = [
        Field("name"),
        Field("metric"),
        Field("select"),
        Field("runs"),
        Field("envs"),
        Field("filter", may_fold=True),
        Field("saved", Kind.TIME),
    ]
    rows = []
    with opened_store(store_url) as store:
        for name, saved in store.baselines().items():
            one = stored_baseline(store, name)
            scored = one.scored
            counts = (len(scored.runs), len(scored.by_env()))
            rows.append([name, scored.measure, scored.selection, *counts, one.note, saved])
    empty = "no baseline is saved; `orbench baseline save NAME FILTER --metric M` saves one"
    print_table(Table(fields, rows, empty), fmt)


@app.command(cls=OrbenchCommand)
def show(
    name: _NameOrFile, store_url: StoreOption = None, fmt: FormatOption = Format.TABLE
) -> None:
    """Show the runs of a baseline with their scores and where they come from."""
    from orbench.gate import is_baseline_file, read_baseline_file, stored_baseline

    if is_baseline_file(name):
        one = read_baseline_file(Path(name))
    else:
        with opened_store(store_url) as store:
            one = stored_baseline(store, name)
    names = ("env_id", "seed", "score", "run_id", "exp_name", "commit", "config", "host")
    runs = [run for some in one.scored.by_env().values() for run in some]
    rows = [[getattr(run, column) for column in names] for run in runs]
    print_table(Table([Field(column) for column in names], rows), fmt)
    better = "lower" if one.lower_is_better else "higher"
    by = f" by {one.scored.selection}" if one.scored.selection else ""
    note(f"orbench: scores of {one.scored.measure}{by}, {better} is better; from: {one.note}")


@app.command(cls=OrbenchCommand)
def rm(name: _Name, store_url: StoreOption = None) -> None:
    """Remove a baseline from the store; its runs stay."""
    with opened_store(store_url) as store:
        store.remove_baseline(name)
    note(f"removed baseline '{name}'")
