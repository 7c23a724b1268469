"""What the records of one `.wandb` file say, gathered: columns, config, summary, console, end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..run import JsonValue
from ..run_store import ConsolePiece
from . import wandb_record as wire
from .wandb_columns import Columns, LastValues
from .wandb_items import blocks

__all__ = ["WandbContent", "gather", "json_value"]

_HISTORY, _SUMMARY = 2, 3
_STREAMS = {0: "stderr", 1: "stdout"}
_OTHER = {8: "artifact", 14: "link to an artifact", 25: "use of an artifact"}
_OTHER |= {10: "alert", 9: "synced TensorBoard folder"}
_DEEPEST = 20


@dataclass(slots=True)
class WandbContent:
    """All of a log: `history` and `system` are columns; `summary` is by key, part by part.

    `times` are those of the rows of `system`; `start` and `exit_code` are None where no record
    says them; `files` are the paths of files beside it; `other` counts what is not read.
    """

    history: Columns = field(default_factory=Columns)
    system: Columns = field(default_factory=Columns)
    times: list[float] = field(default_factory=list)
    config: dict[str, JsonValue] = field(default_factory=dict)
    summary: dict[tuple[str, ...], bytes] = field(default_factory=dict)
    console: list[ConsolePiece] = field(default_factory=list)
    run: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    git: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    start: float | None = None
    exit_code: int | None = None
    runtime: int | None = None
    files: set[str] = field(default_factory=set)
    other: Counter[str] = field(default_factory=Counter)


def gather(records: Sequence[bytes]) -> WandbContent:
    """Go through the records of a log in order; raises WireError for what is no record."""
    content, summary = WandbContent(), LastValues()
    for messages in blocks(records):
        content.history.add_messages(messages.of_kind(_HISTORY))
        summary.add_messages(messages.of_kind(_SUMMARY))
        others = messages.but_for(_HISTORY, _SUMMARY)
        for kind, start, end in others.spans():
            if kind in _READERS:
                _READERS[kind](content, messages.data, start, end)
            elif kind in _OTHER:
                content.other[_OTHER[kind]] += 1
    content.history.close()
    content.system.close()
    content.summary |= {wire.item_key(raw): text for raw, text in summary.values.items()}
    return content


def json_value(text: bytes) -> JsonValue:
    """A value as W&B writes it; what is no JSON is a text."""
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text.decode("utf-8", "replace")
    return value


def _stats(content: WandbContent, record: bytes, start: int, end: int) -> None:
    time = wire.seconds(record, start, end, 2)
    items: dict[bytes, bytes] = {}
    for first, last in wire.messages(record, start, end, 3):
        raw, text = wire.item(record, first, last)
        items[raw] = text
    content.system.add(items)
    content.times.append(time if time is not None else float("nan"))


def _config(content: WandbContent, record: bytes, start: int, end: int) -> None:
    for raw, text in wire.scan_items(record, start, end).items():
        _set(content.config, wire.item_key(raw), json_value(text))
    for first, last in wire.messages(record, start, end, 2):
        key = wire.item_key(record[first:last])
        if len(key) == 1:
            content.config.pop(key[0], None)


def _set(config: dict[str, JsonValue], key: tuple[str, ...], value: JsonValue) -> None:
    """Put a value at its place; what is no mapping above it gives way."""
    if not 0 < len(key) <= _DEEPEST:
        return
    inside = config
    for name in key[:-1]:
        below = inside.get(name)
        if not isinstance(below, dict):
            below = inside[name] = {}
        inside = below
    inside[key[-1]] = value


def _output(content: WandbContent, record: bytes, start: int, end: int) -> None:
    stream = _STREAMS.get(wire.numbers(record, start, end).get(1, 0), "stderr")
    time = wire.seconds(record, start, end, 2) or 0.0
    for first, last in wire.messages(record, start, end, 3):
        content.console.append(ConsolePiece(stream, time, record[first:last]))


def _run(content: WandbContent, record: bytes, start: int, end: int) -> None:
    names = {1: "id", 2: "entity", 3: "project", 6: "group", 7: "job_type", 8: "name"}
    names |= {9: "notes", 12: "sweep", 13: "host"}
    for number, name in names.items():
        if said := wire.text(record, start, end, number):
            content.run[name] = said
    content.tags = tuple(wire.texts(record, start, end, 10)) or content.tags
    start_time = wire.seconds(record, start, end, 17)
    if content.start is None:
        content.start = start_time
    for first, last in wire.messages(record, start, end, 4):
        _config(content, record, first, last)
    for first, last in wire.messages(record, start, end, 21):
        _git(content, record, first, last)


def _git(content: WandbContent, record: bytes, start: int, end: int) -> None:
    for number, name in ((1, "remote"), (2, "commit")):
        if said := wire.text(record, start, end, number):
            content.git[name] = said


def _files(content: WandbContent, record: bytes, start: int, end: int) -> None:
    for first, last in wire.messages(record, start, end, 1):
        content.files.add(wire.text(record, first, last, 1))


def _exit(content: WandbContent, record: bytes, start: int, end: int) -> None:
    found = wire.numbers(record, start, end)
    content.exit_code, content.runtime = found.get(1, 0), found.get(2)


def _environment(content: WandbContent, record: bytes, start: int, end: int) -> None:
    names = {1: "os", 2: "python", 6: "program", 12: "host", 14: "executable", 18: "gpu"}
    for number, name in names.items():
        if said := wire.text(record, start, end, number):
            content.environment[name] = said
    content.args = tuple(wire.texts(record, start, end, 5)) or content.args
    for first, last in wire.messages(record, start, end, 9):
        _git(content, record, first, last)


_READERS = {
    **{4: _output, 5: _config, 6: _files, 7: _stats, 13: _output, 17: _run, 18: _exit},
    26: _environment,
}
