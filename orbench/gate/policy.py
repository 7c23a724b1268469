"""The policy: what a check looks at, in `orbench.toml` or `[tool.orbench.check]` of pyproject.toml.

```toml
[check]
baseline = "baselines/ppo.jsonl"
candidate = "exp_name=ppo tag:pr"
metric = "charts/episodic_return"
margin = "5%"
min-runs = 5

[[check.also]]
metric = "run.duration"
margin = "20%"
```
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import UsageError, near
from ..run import JsonValue
from .judgement import DropSettings
from .margin import DEFAULT_MARGIN, Margin, parse_margin
from .rules import MaxDuration, MaxFailed, MinRuns, RequiredEnvs, Rule

__all__ = ["DIRECTIONS", "POLICY_FILES", "GatedMeasure", "Policy", "found_policy", "read_policy"]

DIRECTIONS = ("higher", "lower")
"""Which scores are better."""

POLICY_FILES = ("orbench.toml", "pyproject.toml")
"""Where a policy is looked for: the first that has one counts."""


@dataclass(frozen=True, slots=True)
class GatedMeasure:
    """One measure that is gated. Empty texts are not said: the baseline or the measure decides.

    `margin` None is the default one.
    """

    metric: str = ""
    select: str = ""
    repeats: str = ""
    better: str = ""
    margin: Margin | None = None
    every_env: bool = False
    baseline: str = ""

    def __post_init__(self) -> None:
        if self.better and self.better not in DIRECTIONS:
            raise UsageError(
                f"'{self.better}' is no direction; scores are better higher or lower"
                f"{near(self.better, DIRECTIONS)}"
            )


@dataclass(frozen=True, slots=True)
class Policy:
    """All that a check needs to be told. `baseline` and `candidate` are filters, names or files.

    `drops` has alpha and how drops are judged in general; the margin is each measure's own. With
    `shared_envs` only the envs that both sides have are judged. `stages` are the runs on each env
    of the first and of the second stage, empty for one stage.
    """

    baseline: str = ""
    candidate: str = ""
    measures: tuple[GatedMeasure, ...] = (GatedMeasure(),)
    rules: tuple[Rule, ...] = ()
    drops: DropSettings = field(default_factory=DropSettings)
    include: tuple[str, ...] = ()
    shared_envs: bool = False
    two_stage: bool = False
    allow_inconclusive: bool = False

    def settings(self, measure: GatedMeasure, lower_is_better: bool) -> DropSettings:
        """How the drops of one measure are judged; alpha is split over all of them."""
        return replace(
            self.drops,
            margin=measure.margin or DEFAULT_MARGIN,
            every_task=measure.every_env,
            lower_is_better=lower_is_better,
            shares=len(self.measures),
        )


def found_policy(folder: Path) -> Policy | None:
    """The policy in the files of a folder, None where none has one; raises UsageError."""
    for name in POLICY_FILES:
        path = folder / name
        if path.is_file() and _table(path) is not None:
            return read_policy(path)
    return None


def read_policy(path: Path) -> Policy:
    """The policy in a file; raises UsageError for keys that are not known and wrong values."""
    table = _table(path)
    if table is None:
        where = _header(path)
        raise UsageError(f"{path} has no policy; a policy is a table [{where}] with a metric in it")
    try:
        return _policy(table)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _header(path: Path) -> str:
    return "tool.orbench.check" if path.name == "pyproject.toml" else "check"


def _table(path: Path) -> Mapping[str, JsonValue] | None:
    try:
        document: JsonValue = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} does not parse: {error}") from None
    for key in _header(path).split("."):
        document = document.get(key) if isinstance(document, dict) else None
    if document is not None and not isinstance(document, dict):
        raise UsageError(f"{path}: {_header(path)} is no table")
    return document


# -- from TOML to values: each reader raises UsageError for a value of another type


def _text(value: JsonValue, key: str) -> str:
    if isinstance(value, str):
        return value
    raise UsageError(f"{key} is a text in quotes, not {value!r}")


def _yes_or_no(value: JsonValue, key: str) -> bool:
    if isinstance(value, bool):
        return value
    raise UsageError(f"{key} is true or false, not {value!r}")


def _number(value: JsonValue, key: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise UsageError(f"{key} is a number, not {value!r}")


def _count(value: JsonValue, key: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise UsageError(f"{key} is a whole number from 0, not {value!r}")


def _texts(value: JsonValue, key: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise UsageError(f"{key} is a list of texts, not {value!r}")


def _margin(value: JsonValue, key: str) -> Margin:
    return parse_margin(value if isinstance(value, str) else f"{_number(value, key):g}")


def _share(value: JsonValue, key: str) -> float:
    percent = isinstance(value, str) and value.strip().endswith("%")
    try:
        share = float(value.strip()[:-1]) / 100 if percent else _number(value, key)
    except (ValueError, UsageError):
        share = -1.0
    if 0 <= share <= 1:
        return share
    raise UsageError(f"{key} is a share like '10%' or 0.1, not {value!r}")


Reader = Callable[[JsonValue, str], JsonValue]

_OF_MEASURE: Mapping[str, tuple[str, Reader]] = {
    "metric": ("metric", _text),
    "select": ("select", _text),
    "repeats": ("repeats", _text),
    "better": ("better", _text),
    "margin": ("margin", _margin),
    "every-env": ("every_env", _yes_or_no),
    "baseline": ("baseline", _text),
}
_OF_POLICY: Mapping[str, tuple[str, Reader]] = {
    "candidate": ("candidate", _text),
    "include": ("include", _texts),
    "shared-envs": ("shared_envs", _yes_or_no),
    "two-stage": ("two_stage", _yes_or_no),
    "allow-inconclusive": ("allow_inconclusive", _yes_or_no),
}
_OF_DROPS: Mapping[str, tuple[str, Reader]] = {
    "alpha": ("alpha", _number),
    "looks": ("looks", _count),
    "power": ("power", _number),
    "permutations": ("relabellings", _count),
    "seed": ("seed", _count),
}
_RULES: Mapping[str, tuple[Callable[[JsonValue], Rule], Reader]] = {
    "min-runs": (MinRuns, _count),
    "max-failed": (MaxFailed, _share),
    "envs": (RequiredEnvs, _texts),
    "max-duration": (MaxDuration, _number),
}
_ALSO = "also"


def _policy(table: Mapping[str, JsonValue]) -> Policy:
    known = [*_OF_MEASURE, *_OF_POLICY, *_OF_DROPS, *_RULES, _ALSO]
    given = _with_known_keys(table, known)
    also = given.pop(_ALSO, [])
    if not isinstance(also, list) or not all(isinstance(one, dict) for one in also):
        raise UsageError(f"{_ALSO} is a list of tables, [[...{_ALSO}]]")
    first = GatedMeasure(**_values(given, _OF_MEASURE))
    others = [
        GatedMeasure(**_values(_with_known_keys(one, _OF_MEASURE), _OF_MEASURE)) for one in also
    ]
    return Policy(
        baseline=first.baseline,
        measures=(first, *others),
        rules=tuple(
            make(read(given[key], key)) for key, (make, read) in _RULES.items() if key in given
        ),
        drops=DropSettings(**_values(given, _OF_DROPS)),
        **_values(given, _OF_POLICY),
    )


def _with_known_keys(table: Mapping[str, JsonValue], known: Iterable[str]) -> dict[str, JsonValue]:
    """The table with its keys as they are spelled here: min_runs is min-runs."""
    known = list(known)
    given = {key.replace("_", "-"): value for key, value in table.items()}
    for key in given:
        if key not in known:
            raise UsageError(f"no key '{key}'{near(key, known) or _there_are(known)}")
    return given


def _values(
    given: Mapping[str, JsonValue], fields: Mapping[str, tuple[str, Reader]]
) -> dict[str, JsonValue]:
    return {name: read(given[key], key) for key, (name, read) in fields.items() if key in given}


def _there_are(names: Sequence[str]) -> str:
    return f"; there are {', '.join(names)}"
