"""Baselines: the scores of runs, saved under a name in the store or in a file to be committed.

The file is JSON Lines, so that a pull request shows what changed run by run: a first line that
says what the scores are, then one line a run. The sha256 of the rest stands in the first line: a
file that was edited by hand is refused. That keeps out mistakes, not people: who can commit the
file can make another hash, and the review of the pull request is there for that.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BaselineError, BaselineNotFoundError, near
from ..run import Document, JsonValue
from .scored import ScoredRun, ScoredSet

if TYPE_CHECKING:
    from ..run_store import RunStore

__all__ = [
    "BASELINE_FORMAT",
    "Baseline",
    "baseline_from_document",
    "baseline_text",
    "check_baseline_name",
    "is_baseline_file",
    "is_baseline_name",
    "read_baseline_file",
    "stored_baseline",
]

BASELINE_FORMAT = "orbench-baseline-1"

SUFFIX = ".jsonl"
_MOST_BYTES = 64 * 2**20
_MOST_RUNS = 100_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RUN_FIELDS = ("run_id", "env_id", "seed", "score", "exp_name", "commit", "config", "host")
_OPTIONAL = ("duration",)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A saved baseline: `scored` has its runs, `lower_is_better` the direction it was saved with.

    `note` says which filter made it.
    """

    name: str
    scored: ScoredSet
    repeats: str = "keep"
    lower_is_better: bool = False
    note: str = ""

    @property
    def document(self) -> Document:
        """What a store keeps: the lines of the file, as one document."""
        head, *runs = _lines(self)
        return {"head": head, "runs": runs}


def baseline_text(baseline: Baseline) -> str:
    """The baseline as JSON Lines; equal baselines give equal bytes."""
    return "".join(f"{_line(one)}\n" for one in _lines(baseline))


def read_baseline_file(path: Path) -> Baseline:
    """The baseline in a file; raises BaselineError for what is none or was edited."""
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise BaselineError(f"{path} is too large for a baseline ({size:,} bytes)")
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BaselineError(f"{path} is no baseline: it is not UTF-8 text") from None
    except OSError as error:
        raise BaselineError(f"cannot read {path}: {error.strerror}") from error
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        head, *runs = [json.loads(line) for line in lines[: _MOST_RUNS + 2]]
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"{path} is no baseline: a line is not JSON ({error})") from None
    return _checked(head, runs, str(path))


def baseline_from_document(name: str, document: Document) -> Baseline:
    """The baseline that a store kept under a name; raises BaselineError."""
    return _checked(document.get("head"), document.get("runs"), f"baseline '{name}'")


def stored_baseline(store: RunStore, name: str) -> Baseline:
    """The baseline of this name in a store; raises BaselineNotFoundError and BaselineError."""
    return baseline_from_document(name, store.baseline(name))


def is_baseline_file(text: str) -> bool:
    """Whether a word that a user typed means a file of a baseline."""
    return text.endswith(SUFFIX) or (("/" in text or "\\" in text) and Path(text).is_file())


def is_baseline_name(text: str) -> bool:
    """Whether a word may be the name of a baseline: no filter is one word without a sign."""
    return _NAME.fullmatch(text) is not None and text != "all"


def check_baseline_name(name: str) -> str:
    """The name; raises BaselineError for one that could be taken for a filter or a path."""
    if not is_baseline_name(name):
        raise BaselineError(
            f"'{name}' is no name for a baseline; use letters, digits, dots, - and _"
        )
    return name


def missing_baseline(store: RunStore, name: str) -> BaselineNotFoundError:
    """The error for a word that is neither a baseline, nor a file, nor a filter."""
    known = store.baselines()
    there = f"; there are {', '.join(known)}" if known else "; none is saved yet"
    return BaselineNotFoundError(
        f"no baseline '{name}'{near(name, known) or there}; a filter has a sign, as exp_name={name}"
    )


def _lines(baseline: Baseline) -> list[dict[str, JsonValue]]:
    ordered = [run for runs in baseline.scored.by_env().values() for run in runs]
    runs: list[dict[str, JsonValue]] = [
        {name: getattr(run, name) for name in (*_RUN_FIELDS, *_OPTIONAL)} for run in ordered
    ]
    head: dict[str, JsonValue] = {
        "format": BASELINE_FORMAT,
        "name": baseline.name,
        "metric": baseline.scored.measure,
        "select": baseline.scored.selection,
        "repeats": baseline.repeats,
        "better": "lower" if baseline.lower_is_better else "higher",
        "filter": baseline.note,
        "runs": len(runs),
        "envs": len(baseline.scored.by_env()),
    }
    return [head | {"sha256": _hash(head, runs)}, *runs]


def _line(one: Mapping[str, JsonValue]) -> str:
    return json.dumps(one, ensure_ascii=True, allow_nan=False)


def _hash(head: Mapping[str, JsonValue], runs: list[dict[str, JsonValue]]) -> str:
    digest = hashlib.sha256()
    for one in ({key: value for key, value in head.items() if key != "sha256"}, *runs):
        text = json.dumps(one, ensure_ascii=True, allow_nan=False, sort_keys=True)
        digest.update(text.encode("ascii") + b"\n")
    return digest.hexdigest()


def _checked(head: JsonValue, runs: JsonValue, what: str) -> Baseline:
    if not isinstance(head, dict) or not str(head.get("format", "")).startswith("orbench-baseline"):
        raise BaselineError(
            f"{what} is no baseline; `orbench baseline save NAME FILTER --metric M --file F` makes"
            " one"
        )
    if head["format"] != BASELINE_FORMAT:
        raise BaselineError(
            f"{what} is of the format {head['format']}, which this orbench does not know; upgrade"
            " orbench or save the baseline again"
        )
    if not isinstance(runs, list) or not all(isinstance(one, dict) for one in runs):
        raise BaselineError(f"{what} has a line that is no run; save the baseline again")
    try:
        same = _hash(head, runs) == head.get("sha256")
    except ValueError:
        same = False
    if not same:
        raise BaselineError(
            f"{what} was edited after it was saved: its hash is not that of its lines; save it"
            " again with `orbench baseline save`"
        )
    try:
        scored = tuple(_run(one) for one in runs)
        name, measure, select = (str(head[key]) for key in ("name", "metric", "select"))
    except (KeyError, TypeError, ValueError) as error:
        raise BaselineError(f"{what} lacks what a baseline has ({error}); save it again") from None
    return Baseline(
        name,
        ScoredSet(name, measure, select, scored),
        str(head.get("repeats", "keep")),
        head.get("better") == "lower",
        str(head.get("filter", "")),
    )


def _run(line: Mapping[str, JsonValue]) -> ScoredRun:
    score = float(line["score"])
    if not math.isfinite(score):
        raise ValueError(f"a score of {score}")
    seed, duration = line["seed"], line.get("duration")
    return ScoredRun(
        run_id=str(line["run_id"]),
        env_id=str(line["env_id"]),
        seed=None if seed is None else int(seed),
        score=score,
        exp_name=str(line.get("exp_name", "")),
        commit=str(line.get("commit", "")),
        config=str(line.get("config", "")),
        host=str(line.get("host", "")),
        duration=None if duration is None else float(duration),
    )
