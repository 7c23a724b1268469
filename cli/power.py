"""`orbench power`: how many seeds find which drop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import UsageError
from orbench.wording import number_of

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
    where_from,
)
from .output import note, print_table
from .table import Field, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbench.gate import GatedMeasure, MarginUnit, Plan, TaskSpread

__all__ = ["app"]

app = new_app()

_Runs = Annotated[
    list[int] | None,
    typer.Option("--runs", metavar="N", help="Runs of the candidate on each env; repeatable."),
]
_BaselineRuns = Annotated[
    int | None,
    typer.Option(
        "--baseline-runs",
        metavar="N",
        help="Runs of the baseline on each env; by default as many as the candidate's.",
    ),
]
_Drop = Annotated[
    str,
    typer.Option(
        "--drop", metavar="DROP", help="Say how many runs find this drop: 10%, 0.5sd or 12."
    ),
]
_Unit = Annotated[
    str,
    typer.Option("--unit", metavar="UNIT", help="What drops are told in: % (default), sd, score."),
]
_Sd = Annotated[
    float | None,
    typer.Option(
        "--sd", metavar="SD", help="The spread of a run's score, instead of that of recorded runs."
    ),
]
_Mean = Annotated[
    float | None,
    typer.Option("--mean", metavar="MEAN", help="The mean score that belongs to --sd."),
]
_Envs = Annotated[
    int, typer.Option("--envs", metavar="N", help="The number of envs that goes with --sd.")
]
_Alpha = Annotated[
    float, typer.Option("--alpha", metavar="P", help="The chance of a false alarm of the gate.")
]
_Power = Annotated[
    float, typer.Option("--power", metavar="P", help="The chance to find the drop that is told.")
]
_Figure = Annotated[
    Path | None,
    typer.Option("--figure", metavar="FILE", help="Draw it too: .png, .svg or .pdf."),
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench power exp_name=ppo -m charts/episodic_return --drop 10%",
        "orbench power exp_name=ppo -m charts/episodic_return --unit sd --figure power.png",
        "orbench power --sd 20 --mean 100 --envs 10 --baseline-runs 30",
    ),
)
@with_groups
def power(
    scoring: GateScoring,
    where: FilterArguments = None,
    runs: _Runs = None,
    baseline_runs: _BaselineRuns = None,
    drop: _Drop = "",
    unit: _Unit = "%",
    sd: _Sd = None,
    mean: _Mean = None,
    envs: _Envs = 1,
    alpha: _Alpha = 0.05,
    target: _Power = 0.8,
    figure: _Figure = None,
    fmt: FormatOption = Format.TABLE,
    store_url: StoreOption = None,
) -> None:
    """How many seeds find which drop.

    The drop that `orbench check` finds with this power, by the number of runs on each env: on all
    envs at once, and on one env alone, the one with the largest spread. Spreads are those of the
    recorded runs, or --sd.
    """
    from orbench.gate import (
        DEFAULT_RUNS,
        DropSettings,
        GatedMeasure,
        Margin,
        parse_margin,
        plan,
        stated_spreads,
    )

    wanted = parse_margin(drop) if drop else None
    told = wanted.unit if wanted else _unit(unit)
    if sd is not None:
        spreads: Mapping[str, TaskSpread] = stated_spreads(sd, mean, envs, told)
    else:
        spreads = _recorded(scoring.over(GatedMeasure()), where, told, store_url)
    settings = DropSettings(margin=Margin(0.0, told), alpha=alpha, power=target)
    made = plan(spreads, settings, runs=runs or DEFAULT_RUNS, baseline=baseline_runs, drop=wanted)
    if figure is not None:
        from orbench.plotting import power_figure, save_figure

        save_figure(power_figure(made), figure)
    _print(made, fmt)


def _unit(text: str) -> MarginUnit:
    from orbench.gate import MarginUnit

    units = {"%": MarginUnit.PERCENT, "sd": MarginUnit.SD, "score": MarginUnit.SCORE}
    if text not in units:
        raise UsageError(f"'{text}' is no unit of a drop; use {', '.join(units)}")
    return units[text]


def _recorded(
    asked: GatedMeasure, where: list[str] | None, unit: MarginUnit, store_url: str | None
) -> Mapping[str, TaskSpread]:
    """The spreads of recorded runs; says on stderr what they are of."""
    from orbench.finding import metric_not_found
    from orbench.gate import DEFAULT_SELECT, measure_named, scored_runs, spreads_of
    from orbench.run_set import left_out_in_words

    if not asked.metric:
        raise UsageError("give --metric, or --sd for a spread that is not recorded")
    measure = measure_named(asked.metric, asked.select or DEFAULT_SELECT, asked.repeats or "keep")
    chosen = where_from(where)
    with opened_store(store_url) as store:
        known = store.metric_names(chosen)
        if known and not measure.name.startswith("run.") and measure.name not in known:
            raise metric_not_found(measure.name, known)
        scored = scored_runs(store, chosen, measure)
    variants = sorted({run.exp_name for run in scored.runs})
    if len(variants) > 1:
        raise UsageError(
            f"these are runs of {len(variants)} variants ({', '.join(variants[:5])}): their"
            " differences are no spread of one; narrow the filter with exp_name=NAME"
        )
    envs = number_of(len(scored.by_env()), "env")
    note(f"orbench: spread of {number_of(len(scored.runs), 'run')} on {envs}")
    if left_out := left_out_in_words(scored.left_out):
        note(f"orbench: note: {left_out}")
    return spreads_of(scored, unit)


def _print(made: Plan, fmt: Format) -> None:
    margin = made.settings.margin
    for_people = fmt in (Format.TABLE, Format.MARKDOWN, Format.LATEX)

    def told(value: float | None) -> float | str | None:
        return margin.in_words(value) if for_people and value is not None else value

    alone = f"on {made.hardest} alone" if len(made.spreads) > 1 else ""
    fields = [
        Field("baseline", heading="baseline runs"),
        Field("candidate", heading="candidate runs"),
        Field("everywhere", heading="drop on all envs at once" if alone else "drop"),
        *([Field("alone", heading=alone)] if alone else []),
    ]
    rows = [
        [row.baseline, row.candidate, told(row.everywhere), *([told(row.alone)] if alone else [])]
        for row in made.rows
    ]
    print_table(Table(fields, rows), fmt)
    note(
        f"orbench: found with power {made.settings.power:g} at alpha {made.settings.level:g};"
        " empty: no drop is found, however large"
    )
    if made.drop is not None:
        note(f"orbench: {_needed(made)}")


def _needed(made: Plan) -> str:
    drop = made.drop.text if made.drop else ""
    every = f"{made.runs_everywhere or 'more than 1000'} runs on each env"
    if len(made.spreads) == 1:
        return f"a drop of {drop} needs {every}"
    alone = f"{made.runs_alone or 'more than 1000'}"
    return f"a drop of {drop} on all envs at once needs {every}; on {made.hardest} alone, {alone}"
