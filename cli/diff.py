"""`orbench diff`: two runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from .cells import Kind, for_people, json_text
from .command_help import OrbenchCommand
from .documents import brief, leaves_of, packages_of
from .opening import opened_store
from .options import Format, FormatOption, RunArgument, StoreOption, examples, new_app
from .output import note, print_table
from .table import Field, Table

if TYPE_CHECKING:
    from orbench.run import JsonValue
    from orbench.run_store import RunDetails

__all__ = ["app", "comparison", "facts_of"]

app = new_app()

Facts = dict[tuple[str, str], "JsonValue"]
"""What is known of a run, by section and key."""


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench diff 3f9k 8qz2", "orbench diff 3f9k 8qz2 --all --format csv > runs.csv"
    ),
)
def diff(
    first: RunArgument,
    second: RunArgument,
    everything: Annotated[
        bool, typer.Option("--all", help="What is the same in both as well.")
    ] = False,
    fmt: FormatOption = Format.TABLE,
    store_url: StoreOption = None,
) -> None:
    """Show how two runs differ.

    Side by side: names, config, packages, source, machine, variables, seeds and results. What
    one run does not have is left blank (null in JSON).
    """
    with opened_store(store_url) as store:
        runs = [store.details(store.resolve(run)) for run in (first, second)]
    facts_a, facts_b = (facts_of(run) for run in runs)
    rows = comparison(facts_a, facts_b, everything=everything)
    if fmt in _FOR_PEOPLE:
        rows = [[section, key, brief(a), brief(b)] for section, key, a, b in rows]
    fields = [
        Field("section"),
        Field("key", may_fold=True),
        Field("a", heading=runs[0].record.run_id, may_fold=True),
        Field("b", heading=runs[1].record.run_id, may_fold=True),
    ]
    print_table(Table(fields, rows, empty="the two runs do not differ"), fmt)
    if not everything:
        same = len(facts_a.keys() | facts_b.keys()) - len(rows)
        note(f"the same in both: {same} more (--all shows them)")


def facts_of(details: RunDetails) -> Facts:
    """All that can differ between two runs, in the order in which it is shown."""
    run, facts = details.record, details.facts
    environment = dict(facts.get("environment", {}))
    packages = {row.pop("name", ""): row for row in packages_of(environment)}
    environment.pop("packages", None)
    by_section: dict[str, Mapping[str, JsonValue]] = {
        "run": {name: getattr(run, name) for name in _NAMES},
        "config": dict(leaves_of(run.config)),
        "packages": {str(name): _version(row) for name, row in packages.items()},
        "environment": dict(leaves_of(environment)),
        **{kind: dict(leaves_of(facts.get(kind, {}))) for kind in _DOCUMENTS},
        "results": _results(details),
    }
    return {
        (section, key): "null" if section == "config" and value is None else value
        for section, values in by_section.items()
        for key, value in values.items()
    }


_FOR_PEOPLE = (Format.TABLE, Format.MARKDOWN, Format.LATEX)
_NAMES = ("project", "exp_name", "env_id", "seed", "tags", "parent_id", "host")
_DOCUMENTS = ("source", "machine", "command", "variables", "seeds")


def comparison(a: Facts, b: Facts, *, everything: bool) -> list[list[JsonValue]]:
    """Rows of section, key, value in `a`, value in `b`; only where they differ by default.

    Values are compared as they are written, so that NaN is the same as NaN.
    """
    sections = list(dict.fromkeys(section for section, _ in (*a, *b)))
    places = sorted(dict.fromkeys((*a, *b)), key=lambda place: sections.index(place[0]))
    return [
        [*place, a.get(place), b.get(place)]
        for place in places
        if everything or json_text(a.get(place)) != json_text(b.get(place))
    ]


def _version(package: Mapping[str, JsonValue]) -> JsonValue:
    """The version alone, or with where it came from when that is not an index."""
    rest = {key: value for key, value in package.items() if key != "version" and value}
    version = str(package.get("version", ""))
    return f"{version} {json_text(rest)}" if rest else version


def _results(details: RunDetails) -> dict[str, JsonValue]:
    run = details.record
    return {
        "status": run.status.value,
        "exit_code": run.exit_code,
        "signal": run.signal,
        "error": run.error,
        "started (UTC)": for_people(run.started, Kind.TIME),
        "duration (s)": run.duration,
        **{f"summary.{key}": value for key, value in leaves_of(run.summary)},
        **{f"{series.metric} (last)": series.last for series in details.metrics},
        **{f"{series.metric} (points)": series.n for series in details.metrics},
    }
