"""Filters of orbench as filters of W&B: what can be said there is asked there, the rest here.

W&B filters by Mongo-style JSON. A filter made here selects every run that orbench's selects, and
maybe more: orbench looks again once the runs are in a store. What names a run (`exp_name`,
`env_id`, `seed`) is told from a run's config by rules that W&B does not know, so that
`may_fulfil` looks at the list of runs, before a history is read in vain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...filter_fields import text_fulfils
from ...filter_tree import And, Compare, Filter, Not, Or, Value
from ...filter_values import CONSTANTS, as_integer, as_number
from ...rlops import ComparedSet
from ...run import Document, JsonValue, RunStatus
from ..tracker import RemoteRun
from .naming import env_id_of, exp_name_of, seed_of, status_of
from .runs import WandbRun

__all__ = ["api_filter", "may_fulfil", "set_filter"]

_ORDER = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_STATES = {
    RunStatus.FINISHED: ("finished",),
    RunStatus.FAILED: ("failed", "crashed"),
    RunStatus.KILLED: ("killed", "preempted"),
}
_VALUE = "value"


def set_filter(one: ComparedSet) -> Document:
    """The runs of one set of `orbench rlops`, as openrlbenchmark asks W&B for them."""
    source, experiment = one.source, one.experiment
    conditions: list[Document] = [
        _config_in(source.env_key, one.env_ids),
        _config_in(source.exp_key, (experiment.name,)),
        *({"tags": {"$in": [tag]}} for tag in experiment.tags),
        *(_config_in(key, values) for key, values in experiment.config),
    ]
    if experiment.user:
        by_config = _config_in("user", (experiment.user,))
        conditions.append({"$or": [{"username": experiment.user}, by_config]})
    return {"$and": [condition for condition in conditions if condition]}


def api_filter(where: Filter | None) -> Document:
    """The part of a filter that W&B can decide; empty where it can decide nothing."""
    return (_translated(where) if where is not None else None) or {}


def _translated(where: Filter) -> Document | None:
    """A condition that holds wherever `where` does, None where there is none to be said."""
    match where:
        case And(parts):
            told = [one for part in parts if (one := _translated(part)) is not None]
            return {"$and": told} if told else None
        case Or(parts):
            each = [_translated(part) for part in parts]
            return None if None in each else {"$or": each}
        case Compare(field, operator, values) if not any(value.is_glob for value in values):
            return _compared(field.space, field.name, operator, values)
    return None


def _compared(space: str, name: str, operator: str, values: Sequence[Value]) -> Document | None:
    if space == "tag" and operator == "=":
        return {"tags": {"$in": [value.text for value in values]}}
    if space == "status" and operator == "=":
        states = [state for value in values for state in _STATES.get(RunStatus(value.text), ())]
        if all(RunStatus(value.text) in _STATES for value in values):
            return {"state": {"$in": states}}
    if space != "config" or "\\" in name:
        return None
    if operator == "=":
        return _config_in(name, [each for value in values for each in _readings(value)]) or None
    number = as_number(values[0].text)
    if operator in _ORDER and number is not None:
        return {_config_key(name): {_ORDER[operator]: number}}
    return None


def _readings(value: Value) -> list[JsonValue]:
    """What a value may stand for: bare it is a text, and also what it can be read as."""
    if value.quoted:
        return [value.text]
    found: list[JsonValue] = [value.text]
    if value.text in CONSTANTS:
        found.append(CONSTANTS[value.text])
    number = as_number(value.text)
    return found if number is None or number != number else [*found, number]


def _config_in(key: str, values: Sequence[JsonValue]) -> Document:
    """A config value under a key, nested or not; empty for a key that cannot be said there."""
    return {} if "\\" in key else {_config_key(key): {"$in": list(values)}}


def _config_key(key: str) -> str:
    """Where W&B keeps a config value: its raw config has `value` below every first key.

    >>> _config_key("optim.lr")
    'config.optim.value.lr'
    """
    first, *rest = key.split(".")
    inner = [piece for piece in rest if piece != _VALUE]
    return ".".join(["config", first, _VALUE, *inner])


def may_fulfil(where: Filter | None, run: RemoteRun) -> bool:
    """Whether a run can fulfil a filter, as far as the list of runs tells."""
    if where is None or not isinstance(run.client, WandbRun):
        return True
    return _known(where, run.client) is not False


def _known(where: Filter, run: WandbRun) -> bool | None:
    """Whether a run fulfils a filter; None where the list does not tell."""
    match where:
        case And(parts):
            told = [_known(part, run) for part in parts]
            return False if False in told else None if None in told else True
        case Or(parts):
            told = [_known(part, run) for part in parts]
            return True if True in told else None if None in told else False
        case Not(part):
            found = _known(part, run)
            return None if found is None else not found
        case Compare(field, operator, values):
            return _fulfils(_names(run).get(field.space), operator, values)
    return None


def _names(run: WandbRun) -> Mapping[str, JsonValue]:
    """What orbench will call the run; empty for a pushed run, whose record has its names."""
    if run.mark:
        return {key: run.mark.get(key) for key in ("exp_name", "env_id", "seed", "project")}
    return {
        "exp_name": exp_name_of(run),
        "env_id": env_id_of(run),
        "seed": seed_of(run),
        "status": status_of(run).value,
    }


def _fulfils(told: JsonValue, operator: str, values: tuple[Value, ...]) -> bool | None:
    if isinstance(told, str) and operator in ("=", "!=", "~", "!~"):
        return text_fulfils(told, operator, values)
    numbers = [as_integer(value.text) for value in values]
    if not isinstance(told, int) or None in numbers:
        return None
    first = numbers[0] or 0
    results = {
        "=": told in numbers,
        "!=": told not in numbers,
        "<": told < first,
        "<=": told <= first,
        ">": told > first,
        ">=": told >= first,
    }
    return results.get(operator)
