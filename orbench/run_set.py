"""The run set: the runs that make one row of a legend, grouped by keys that a user chooses."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .errors import UsageError, near
from .run import JsonValue, RunRecord, RunStatus

__all__ = [
    "DEFAULT_INCLUDE",
    "GROUP_FIELDS",
    "LeftOut",
    "RunSet",
    "group_runs",
    "left_out_in_words",
    "natural_key",
    "parse_include",
    "repeated_seeds",
    "split_by_status",
    "usual_in_words",
]

GROUP_FIELDS = ("exp_name", "project", "env_id", "seed", "status", "host", "tag")
"""Keys that runs can be grouped by, besides `config.` and the dotted name of a config value."""

DEFAULT_INCLUDE = (RunStatus.FINISHED,)
"""Only these runs are counted unless a caller asks for more: a dead run is not a result."""

_CONFIG = "config."
_MISSING = "none"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A run that a score or figure does not count, and why."""

    run_id: str
    label: str
    env_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunSet:
    """The runs of one row of a legend, in the order given; never empty."""

    label: str
    runs: tuple[RunRecord, ...]

    def by_env(self) -> dict[str, tuple[RunRecord, ...]]:
        """The runs of each env, envs in natural order."""
        found: dict[str, list[RunRecord]] = {}
        for run in self.runs:
            found.setdefault(run.env_id, []).append(run)
        return {env: tuple(found[env]) for env in sorted(found, key=natural_key)}


def group_runs(
    runs: Iterable[RunRecord], keys: Sequence[str] = ("exp_name",)
) -> tuple[RunSet, ...]:
    """Group runs by `keys`; every run is in one set, sets stand in the natural order of values.

    Keys are `GROUP_FIELDS` or `config.x.y`. `tag` groups by all the tags of a run together. A run
    without the value is in the set `none`. Raises UsageError for a key that is not known.
    """
    runs = list(runs)
    for key in keys:
        _check_key(key, runs)
    found: dict[tuple[str, ...], list[RunRecord]] = {}
    for run in runs:
        found.setdefault(tuple(_value_text(run, key) for key in keys), []).append(run)
    return tuple(
        RunSet(_label(keys, values), tuple(found[values]))
        for values in sorted(found, key=lambda values: tuple(map(natural_key, values)))
    )


def split_by_status(
    runs: Iterable[RunRecord], label: str, include: Iterable[str] = DEFAULT_INCLUDE
) -> tuple[tuple[RunRecord, ...], tuple[LeftOut, ...]]:
    """The runs whose status is included, and the others with their status as the reason.

    `include` is what counts besides finished runs, which always do.
    """
    wanted = parse_include(include)
    kept, left = [], []
    for run in runs:
        if run.status in wanted:
            kept.append(run)
        else:
            left.append(LeftOut(run.run_id, label, run.env_id, str(run.status)))
    return tuple(kept), tuple(left)


def parse_include(include: Iterable[str]) -> frozenset[RunStatus]:
    """The states that count: finished and those named; raises UsageError for an unknown one."""
    known = [str(status) for status in RunStatus]
    for name in include:
        if name not in known:
            raise UsageError(
                f"'{name}' is no state of a run; there are {', '.join(known)}{near(name, known)}"
            )
    return frozenset(DEFAULT_INCLUDE) | {RunStatus(name) for name in include}


def repeated_seeds(runs: Iterable[RunRecord]) -> dict[int, int]:
    """Seeds that more than one of the runs has, with the number of runs; runs without one aside."""
    counts: dict[int, int] = {}
    for run in runs:
        if run.seed is not None:
            counts[run.seed] = counts.get(run.seed, 0) + 1
    return {seed: count for seed, count in sorted(counts.items()) if count > 1}


def usual_in_words(numbers: Mapping[str, int]) -> str:
    """The most frequent number, and which have another.

    >>> usual_in_words({"Pong-v5": 3, "Qbert-v5": 3, "Zaxxon-v5": 2})
    '3, but 2 on Zaxxon-v5'
    """
    ((usual, _),) = Counter(numbers.values()).most_common(1)
    unusual = ", ".join(
        f"{number} on {name}" for name, number in numbers.items() if number != usual
    )
    return f"{usual}, but {unusual}" if unusual else str(usual)


def left_out_in_words(left_out: Iterable[LeftOut], *, name_at_most: int = 4) -> str:
    """One sentence on what was left out, by reason, or an empty string.

    >>> left_out_in_words([LeftOut("a1", "ppo", "CartPole-v1", "failed")])
    'Left out: 1 failed run (a1).'
    """
    by_reason: dict[str, list[str]] = {}
    for run in left_out:
        by_reason.setdefault(run.reason, []).append(run.run_id)
    if not by_reason:
        return ""
    parts = []
    for reason, ids in by_reason.items():
        named = ", ".join(ids[:name_at_most])
        more = f" and {len(ids) - name_at_most} more" if len(ids) > name_at_most else ""
        runs = "run" if len(ids) == 1 else "runs"
        words = f"{reason} {runs}" if " " not in reason else f"{runs} {reason}"
        parts.append(f"{len(ids)} {words} ({named}{more})")
    return f"Left out: {'; '.join(parts)}."


def _check_key(key: str, runs: Sequence[RunRecord]) -> None:
    if key in GROUP_FIELDS:
        return
    if not key.startswith(_CONFIG):
        raise UsageError(
            f"runs cannot be grouped by '{key}'; use {', '.join(GROUP_FIELDS)} or config.NAME"
            f"{near(key, GROUP_FIELDS)}"
        )
    if all(_config_value(run.config, key) is _ABSENT for run in runs) and runs:
        known = sorted({name for run in runs for name in _config_names(run.config, "config")})
        raise UsageError(f"no run has '{key}' to be grouped by{near(key, known)}")


def _label(keys: Sequence[str], values: Sequence[str]) -> str:
    parts = []
    for key, value in zip(keys, values, strict=True):
        if key in ("exp_name", "project", "env_id", "tag"):
            parts.append(value)
        else:
            parts.append(f"{key.removeprefix(_CONFIG)}={value}")
    return ", ".join(parts) or "all runs"


def _value_text(run: RunRecord, key: str) -> str:
    if key == "tag":
        return " ".join(sorted(run.tags)) or "no tag"
    if key.startswith(_CONFIG):
        value = _config_value(run.config, key)
        return _MISSING if value is _ABSENT else _as_text(value)
    value = getattr(run, key)
    return _MISSING if value is None or value == "" else str(value)


def _as_text(value: JsonValue) -> str:
    """A config value as a legend shows it; 1 and 1.0 are one value, "1" is another."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if not isinstance(value, str):
        return text
    try:
        json.loads(value)
    except ValueError:
        return value
    return text


class _Absent:
    """Stands for a config value that a run does not have; None is a value."""


_ABSENT = _Absent()


def _config_value(config: Mapping[str, JsonValue], key: str) -> JsonValue | _Absent:
    """The value at `config.x.y`: nested, or under a name that has the dots in it."""
    name = key.removeprefix(_CONFIG)
    if name in config:
        return config[name]
    head, dot, rest = name.partition(".")
    while dot:
        inner = config.get(head)
        if isinstance(inner, Mapping):
            found = _config_value(inner, rest)
            if found is not _ABSENT:
                return found
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return _ABSENT


def _config_names(config: Mapping[str, JsonValue], prefix: str) -> list[str]:
    names = []
    for key, value in config.items():
        name = f"{prefix}.{key}"
        names += _config_names(value, name) if isinstance(value, Mapping) else [name]
    return names


def natural_key(text: str) -> tuple[tuple[float, str], ...]:
    """A sort key in which `lr=0.001` < `lr=0.01` and `ppo-2` < `ppo-10`."""
    # The sign belongs to a number only where nothing precedes it: the 2 of ppo-2 is not -2.
    parts = re.findall(r"(?:(?<![\w.])-)?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\D", text.casefold())
    keyed = [(float(part), "") if part[-1].isdigit() else (float("inf"), part) for part in parts]
    return (*keyed, (float("-inf"), text))
