"""The bars of recording and storing, measured: ours beside others, in one run of this program.

`uv run --group bench python benchmarks/recording.py [--quick] > docs/benchmarks.md`

Every tool runs in processes of its own. The report is Markdown on stdout, what is being done on
stderr. `--quick` uses sizes that show whether this program works and nothing else.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from measuring import Table, adopt_orphans, describe_machine, num, say
from recording_one_run import Trouble, import_costs, one_run, troubled_runs
from recording_processes import Outcome, crowd, postgres_url
from recording_series import many_runs, million_points
from recording_store import LIST_FILTERS, Answers, grown_store
from recording_tools import LIMIT, OURS

PACKAGES = (
    *("orbench", "numpy", "sqlalchemy", "zstandard"),
    *("mlflow", "tensorboard", "tensorboardX", "trackio", "wandb"),
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    steps: int = 20_000
    slow_steps: int = 500
    repeats: int = 5
    runs: int = 50
    million: int = 1_000_000
    processes: int = 32
    process_steps: int = 2_000
    store: tuple[int, ...] = (1_000, 5_000, 25_000)
    store_points: int = 200


QUICK = Sizes(2_000, 100, 1, 4, 100_000, 4, 200, (1_000, 1_500), 20)


@dataclass
class Bars:
    """What was asked and what was measured; nothing is rounded before it is compared."""

    table: Table = field(default_factory=lambda: Table("bar", "asked", "measured", "met"))

    def at_most(self, what: str, limit: float, measured: float, unit: str) -> None:
        """A bar that is met from below."""
        met = "met" if measured <= limit else "**not met**"
        self.table.add(what, f"at most {num(limit, unit)}", num(measured, unit), met)

    def at_least(self, what: str, limit: float, measured: float, unit: str) -> None:
        """A bar that is met from above."""
        met = "met" if measured >= limit else "**not met**"
        self.table.add(what, f"at least {num(limit, unit)}", num(measured, unit), met)


def section_one_run(sizes: Sizes, bars: Bars) -> str:
    """One run of five metrics, every tool."""
    found = one_run(sizes.steps, sizes.slow_steps, sizes.repeats)
    ours = found[OURS]
    table = Table(
        *("tool", "log median, us", "log p99, us", "x ours"),
        *("whole run, s", "CPU, s", "disk, MB", "one metric back, s", "left after kill -9"),
    )
    for name, one in found.items():
        scaled = " \\*" if one["scale"] != 1 else ""
        table.add(
            "*limit: pack and write(2)*" if name == LIMIT else name,
            *(num(one["median"]), num(one["p99"]), num(one["median"] / ours["median"])),
            *(num(one["wall"] * one["scale"]) + scaled, num(one["cpu"] * one["scale"]) + scaled),
            num(one["disk"] * one["scale"] / 1e6) + scaled,
            *(num(one["read"]) + (scaled if one["read"] else ""), one["left"]),
        )
    bars.at_most("log of 5 metrics, median", 5, ours["median"], "us")
    bars.at_most("log of 5 metrics, p99", 30, ours["p99"], "us")
    per_step = found["mlflow sqlite, per step"]["median"]
    bars.at_least(
        "against wandb offline", 20, found["wandb offline"]["median"] / ours["median"], "x"
    )
    bars.at_least("against mlflow per step", 500, per_step / ours["median"], "x")
    bars.at_most(f"whole run of {5 * sizes.steps:,} points", 0.5, ours["wall"], "s")
    return f"""## One run

{sizes.steps:,} steps of five metrics: start, log, end; then one metric is read back by a new
process. Medians of {sizes.repeats} (mlflow: 1). Imports are left out everywhere; orbench makes its
store within the clock and captures what it always captures. Left after kill -9: points of one
metric that can be read when the process is killed as soon as its 1,000th `log` has returned.
tensorboardX logs five times a step, mlflow's log_batch only collects.
\\* {sizes.slow_steps:,} steps, scaled.

{table}
"""


def section_trouble(sizes: Sizes, bars: Bars) -> str:
    """Our log while the store is in trouble, and in a loop that sleeps."""
    table = Table("store", "log median, us", "log p99, us", "worst, us", "points afterwards")
    found: list[Trouble] = troubled_runs(sizes.steps)
    for one in found:
        table.add(one.what, num(one.median), num(one.p99), num(one.worst), one.left)
    worst = max(found, key=lambda one: one.p99 if one.bar else 0)
    bars.at_most(f"log p99, {worst.what}", 30, worst.p99, "us")
    return f"""## A store in trouble

The same loop of {sizes.steps:,} steps; afterwards the store is well again and `orbench list` ships
the rest.

{table}
"""


def section_imports(sizes: Sizes, bars: Bars) -> str:
    """What imports cost."""
    table = Table("started", "CPU, s")
    costs = import_costs(2 * sizes.repeats)
    for what, seconds in costs.items():
        table.add(f"`{what}`", num(seconds))
    bars.at_most("import orbench, CPU", 0.1, costs["import orbench"], "s")
    bars.at_most(
        "orbench --help, CPU, the interpreter included", 0.25, costs["orbench --help"], "s"
    )
    return f"""## Imports

CPU time, user and system; for imports beyond that of an interpreter that imports nothing. Medians
of {2 * sizes.repeats}.

{table}
"""


def section_series(sizes: Sizes, bars: Bars) -> str:
    """How large points are and how fast series come back."""
    million = million_points(sizes.million)
    bars.at_most("bytes a point in the store", 10, million.bytes_a_point, "bytes")
    uneven = million.bytes_an_uneven_point
    bars.at_most("bytes a point, uneven steps and times", 10, uneven, "bytes")
    what = f"{sizes.million:,} points over 100 runs into arrays, warm"
    bars.at_most(what, 0.1, million.warm, "s")
    found = many_runs(sizes.runs, sizes.steps // 10)
    ours = found[OURS]
    table = Table("tool", "disk, MB", "first, s", "again, s", "again, x ours")
    for name, one in found.items():
        table.add(
            *(name, num(one["disk"] / 1e6), num(one["cold"]), num(one["warm"])),
            num(one["warm"] / ours["warm"]),
        )
    fastest = min(one["warm"] for name, one in found.items() if name != OURS)
    bars.at_least(
        "one metric of many runs, against the fastest other", 10, fastest / ours["warm"], "x"
    )
    return f"""## Series

{sizes.million:,} points of one metric over 100 runs, noise of full precision, with all that the
store knows besides: {num(million.bytes_a_point)} bytes a point at even steps and nearly even times,
{num(million.bytes_an_uneven_point)} where steps and times are as uneven as episodes are; the latter
into arrays in {num(million.cold)} s (first) and {num(million.warm)} s (again).

{sizes.runs} runs of {sizes.steps // 10:,} steps of three metrics, one metric of all runs back, in a
new process (first) and in the same one (again):

{table}
"""


def section_crowd(sizes: Sizes, bars: Bars) -> str:
    """Many recording processes on one store."""
    table = Table(
        "store", "processes", "points", "lost", "doubled", "wrong", "complaints", "wall, s"
    )
    complaints: list[str] = []

    def add(store: str, url: str, folder: Path) -> None:
        say(f"{sizes.processes} processes record into {store}")
        found: Outcome = crowd(url, folder, sizes.processes, sizes.process_steps, 0.005)
        counts = (found.processes, found.logged, found.lost, found.doubled, found.wrong)
        said = len(found.complaints)
        table.add(store, *(f"{count:,}" for count in (*counts, said)), num(found.seconds))
        bad = found.lost + found.doubled + found.wrong + said
        what = f"{found.processes} processes, {store}: lost, doubled, wrong or complained of"
        bars.at_most(what, 0, bad, "")
        complaints.extend(f"- {store}: {line}" for line in found.complaints)

    with tempfile.TemporaryDirectory() as folder:
        add("SQLite", f"sqlite:///{folder}/crowd.db", Path(folder) / "journal")
    with tempfile.TemporaryDirectory() as folder, postgres_url() as url:
        add("PostgreSQL", url, Path(folder) / "journal")
    return f"""## Many processes

They start at once and record into one store, three metrics at each of {sizes.process_steps:,}
steps, 5 ms apart. Afterwards the store is compared with what was logged. A complaint is anything a
run wrote to its output. The server has its default settings.

{table}
{chr(10).join(["", *complaints, ""]) if complaints else ""}"""


def section_store(sizes: Sizes, bars: Bars) -> str:
    """A store that grows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grown.db"
        found = list(grown_store(path, sizes.store, 20, sizes.store_points, say))
    table = Table("", *(f"{one.runs:,} runs" for one in found))
    rows: dict[str, list[str]] = {
        "points": [f"{one.points:,}" for one in found],
        "on disk, MB": [num(one.size_bytes / 1e6) for one in found],
        "filling it so far, s": [num(one.filling) for one in found],
        "`orbench list`, slowest filter, s": [num(one.list_command) for one in found],
        **{
            f"runs of `{where}`, ms": [
                f"{num(1000 * one.listed[at])} ({one.listed_runs[at]:,} runs)" for one in found
            ]
            for at, where in enumerate(LIST_FILTERS)
        },
        "fetch of 500 runs, first, s": [num(one.fetch_cold) for one in found],
        "fetch of 500 runs, again, s": [num(one.fetch_warm) for one in found],
    }
    for name, cells in rows.items():
        table.add(name, *cells)
    first, last = found[0], found[-1]
    _store_bars(bars, first, last)
    return f"""## A store that grows

Synthetic runs of 20 metrics, {sizes.store_points} points each, SQLite. `orbench list` is the
command as typed, its imports included; the runs of a filter and `orbench.fetch` are calls in
Python. {last.fetched_series} series of {last.fetched_points // last.fetched_series} points are
fetched.

{table}
"""


def _store_bars(bars: Bars, first: Answers, last: Answers) -> None:
    bars.at_most(f"`orbench list` with a filter, {last.runs:,} runs", 1, last.list_command, "s")
    bars.at_most(f"fetch of 500 runs' series, {last.runs:,} runs", 1, last.fetch_cold, "s")
    times = last.runs / first.runs
    slowest = max(b / a for a, b in zip(first.listed, last.listed, strict=True))
    bars.at_most(
        f"slowest growth of a filter's time, store {times:g} times larger", times, slowest, "x"
    )
    growth = last.fetch_warm / first.fetch_warm
    bars.at_most(f"growth of fetch's time, store {times:g} times larger", times, growth, "x")


SECTIONS = {
    "one-run": section_one_run,
    "trouble": section_trouble,
    "imports": section_imports,
    "series": section_series,
    "crowd": section_crowd,
    "store": section_store,
}


def main() -> None:
    """Measure and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to try this program")
    parser.add_argument("--only", choices=SECTIONS, nargs="+", default=list(SECTIONS))
    arguments = parser.parse_args()
    adopt_orphans()
    bars = Bars()
    sizes = QUICK if arguments.quick else Sizes()
    sections = [SECTIONS[name](sizes, bars) for name in arguments.only]
    quick = " --quick" * arguments.quick
    print(f"""# Benchmarks

Printed by `uv run --group bench python benchmarks/recording.py{quick}` on this machine:

{describe_machine(PACKAGES)}

## Bars

That every point survives `kill -9` at any moment is a test: `tests/orbench/test_kill.py`.

{bars.table}
""")
    print("\n".join(sections))


if __name__ == "__main__":
    main()
