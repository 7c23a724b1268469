"""Everything that is known of one run, as sections of a page for people, and as one JSON object."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from orbench.events import FACT_KINDS
from orbench.run import Document, JsonValue, RunRecord
from orbench.run_store import ConsolePiece, RunDetails

from .cells import Kind, for_people, for_programs, printable
from .documents import brief, leaves_of, packages_of
from .download import artifact_table
from .table import Field, Table

__all__ = ["ConsoleTail", "Section", "metric_table", "run_object", "sections_of", "tail_of"]

_TAIL_LINES = 10

# These two are not printed in full on the page; the option prints them.
_PACKAGES_HINT = "--packages lists them"
_DIFF_HINT = "--diff prints it"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it: pairs of name and value, a table, or lines of text."""

    title: str
    pairs: Sequence[tuple[str, str]] = ()
    table: Table | None = None
    lines: Sequence[str] = ()
    empty: str = "none"


@dataclass(frozen=True, slots=True)
class ConsoleTail:
    """The last lines of a run's console output, and how many lines and bytes there are in all."""

    lines: tuple[str, ...]
    total_lines: int
    total_bytes: int


def tail_of(pieces: Iterable[ConsolePiece]) -> ConsoleTail:
    """The last lines of both streams together, as they would stand on a terminal."""
    kept: deque[bytes] = deque(maxlen=_TAIL_LINES)
    total_lines = total_bytes = 0
    open_line = b""
    for piece in pieces:
        total_bytes += len(piece.data)
        *whole, open_line = (open_line + piece.data).split(b"\n")
        total_lines += len(whole)
        kept.extend(whole)
    if open_line:
        total_lines += 1
        kept.append(open_line)
    return ConsoleTail(tuple(map(_console_line, kept)), total_lines, total_bytes)


def _console_line(line: bytes) -> str:
    """A line as text; of a progress bar only what it showed last."""
    shown = line.rstrip(b"\r").rpartition(b"\r")[2]
    return printable(shown.decode("utf-8", "replace").expandtabs())


def sections_of(details: RunDetails, console: ConsoleTail) -> list[Section]:
    """The page: identity, status, what was captured, results, console, and what is missing."""
    run, facts = details.record, details.facts
    return [
        Section("Run", _identity(run, details.children)),
        Section("Status", _status(run)),
        Section("Command", _command(facts.get("command", {}))),
        Section(
            "Source", _pairs(facts.get("source"), {"diff": _DIFF_HINT, "diff_base64": _DIFF_HINT})
        ),
        Section("Environment", _environment(facts.get("environment", {}))),
        Section("Machine", _pairs(facts.get("machine"))),
        Section("Variables", _pairs(facts.get("variables"))),
        Section("Seeds", _pairs(facts.get("seeds"))),
        Section("Config", _with_notes(_pairs(run.config), run.config_notes)),
        Section("Summary", _pairs(run.summary)),
        Section("Metrics", table=metric_table(details)),
        Section("Artifacts", table=artifact_table(details.artifacts)),
        Section(_console_title(console), lines=console.lines),
        Section("Capture notes", _pairs(facts.get("capture"))),
        Section("Damage", lines=details.damage),
    ]


def run_object(details: RunDetails, console: ConsoleTail) -> dict[str, JsonValue]:
    """The same as one object for JSON, nothing left out but the console's text and the points."""
    run = details.record
    times = {name: for_programs(getattr(run, name), Kind.TIME) for name in _TIMES}
    return {
        **asdict(run),
        **times,
        "duration": run.duration,
        "children": details.children,
        "facts": {kind: details.facts.get(kind) for kind in FACT_KINDS},
        "metrics": [_without_run(asdict(summary)) for summary in details.metrics],
        "artifacts": [
            {**asdict(a), "logged": for_programs(a.logged, Kind.TIME)} for a in details.artifacts
        ],
        "console": {"lines": console.total_lines, "bytes": console.total_bytes},
        "damage": details.damage,
    }


_TIMES = ("started", "ended", "heartbeat")


def metric_table(details: RunDetails) -> Table:
    """One row for each series of the run, without decoding any."""
    return Table(
        [
            Field("metric"),
            Field("points"),
            Field("last_step", heading="last step"),
            Field("last"),
            Field("minimum", heading="min"),
            Field("maximum", heading="max"),
            Field("nan_count", heading="NaN"),
        ],
        [
            [s.metric, s.n, s.last_step, s.last, s.minimum, s.maximum, s.nan_count]
            for s in details.metrics
        ],
        empty="none",
    )


def _without_run(summary: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in summary.items() if name != "run_id"}


def _identity(run: RunRecord, children: Sequence[str]) -> list[tuple[str, str]]:
    return _told(
        ("id", run.run_id),
        ("project", run.project),
        ("exp_name", run.exp_name),
        ("env_id", run.env_id),
        ("seed", run.seed),
        ("tags", run.tags),
        ("host", run.host),
        ("parent", run.parent_id),
        ("children", children),
    )


def _status(run: RunRecord) -> list[tuple[str, str]]:
    times = [
        (name, f"{for_people(getattr(run, name), Kind.TIME)} UTC")
        for name in _TIMES
        if getattr(run, name) is not None
    ]
    return [
        *_told(("status", run.status), ("exit code", run.exit_code), ("signal", run.signal)),
        *times,
        *_told(
            ("duration", for_people(run.duration, Kind.DURATION)),
            ("starts", run.starts if run.starts > 1 else None),
            ("error", run.error),
        ),
    ]


def _told(*pairs: tuple[str, JsonValue]) -> list[tuple[str, str]]:
    return [(name, text) for name, value in pairs if (text := for_people(value))]


def _pairs(
    document: Document | None, hints: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """Every leaf of a document; `hints` say, by key, which option prints a long one in full."""
    hints = hints or {}
    return [
        (printable(key), _one_line(value, hints.get(key)))
        for key, value in leaves_of(document or {})
    ]


def _one_line(value: JsonValue, hint: str | None) -> str:
    if value is None or value == []:
        return "none"
    return (brief(value, hint) if hint else brief(value)) or '""'


def _command(document: Document) -> list[tuple[str, str]]:
    """The command line as one would type it, then the rest."""
    rest = {key: value for key, value in document.items() if key != "argv"}
    line = shlex.join(map(str, document.get("argv") or []))
    return [*([("typed", printable(line))] if line else []), *_pairs(rest)]


def _environment(document: Document) -> list[tuple[str, str]]:
    rest = {key: value for key, value in document.items() if key != "packages"}
    packages = packages_of(document)
    counted = [("packages", f"{len(packages)} ({_PACKAGES_HINT})")] if packages else []
    return [*_pairs(rest), *counted]


def _with_notes(
    pairs: Iterable[tuple[str, str]], notes: Mapping[str, str]
) -> list[tuple[str, str]]:
    return [
        (key, f"{value} ({printable(notes[key])})" if key in notes else value)
        for key, value in pairs
    ]


def _console_title(console: ConsoleTail) -> str:
    shown, total = len(console.lines), console.total_lines
    if not total:
        return "Console"
    return f"Console (last {shown} of {total} lines; --console prints all)"
