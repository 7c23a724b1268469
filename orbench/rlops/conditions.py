"""Experiments as filters of a store: one condition after the other, each with its words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..config import flatten
from ..config_values import join_key
from ..filters import Field, Filter, Has
from ..filters import where as fields_are
from ..run import JsonValue, RunRecord
from .groups import ComparedSet
from .literals import Literal

__all__ = ["USER_TAG", "Condition", "among", "conditions_of", "env_name", "in_project"]

USER_TAG = "user:"
"""A run belongs to the user NAME of a tracker if it has the tag `user:NAME`."""

_VALUE = "value"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that the runs of an experiment must have.

    `has` says it in words that follow "no run", `asked` is what was asked for, and `known` gives
    what a run has instead.
    """

    has: str
    asked: str
    where: Filter
    known: Callable[[RunRecord], Iterable[str]]


def conditions_of(one: ComparedSet, place: Condition) -> list[Condition]:
    """What every run of a set must fulfil, in the order in which a person would check it.

    `place` is the first of them: `in_project`, or `among`. Raises FilterError for a text that is
    too long to be searched for.
    """
    source, experiment = one.source, one.experiment
    found = [
        place,
        _named("experiment name", source.exp_key, "exp_name", (experiment.name,)),
        *(
            Condition(f"has the tag '{tag}'", tag, fields_are(tag=tag), lambda run: run.tags)
            for tag in experiment.tags
        ),
    ]
    if experiment.user:
        tag = f"{USER_TAG}{experiment.user}"
        found.append(
            Condition(
                f"is by the user '{experiment.user}' (tag {tag}, or config.user)",
                tag,
                fields_are(tag=tag) | _config_is("user", (experiment.user,)),
                lambda run: [tag for tag in run.tags if tag.startswith(USER_TAG)],
            )
        )
    found += [_config_condition(key, values) for key, values in experiment.config]
    found.append(_named("env", source.env_key, "env_id", one.env_ids))
    return found


def in_project(project: str) -> Condition:
    """The runs of a project, by the name that the store has for it."""
    return Condition(
        f"belongs to the project '{project}'",
        project,
        fields_are(project=project),
        lambda run: [run.project],
    )


def among(run_ids: Sequence[str]) -> Condition:
    """The runs with these ids, as those that were just read from a tracker."""
    return Condition(
        "is one of those that the tracker gave",
        "",
        fields_are(run_id=list(run_ids)),
        lambda run: [],
    )


def env_name(run: RunRecord, key: str) -> str:
    """The env of a run by the name it has under a config key, else the run's own env id."""
    value = _config_value(run, key)
    return run.env_id if value is None else str(value)


def _named(what: str, key: str, field: str, names: Sequence[str]) -> Condition:
    """A name under a config key, or the run's own where its config has no such key."""
    lacks_key = ~Filter.any_of(*(Has(Field("config", name)) for name in _spellings(key)))
    own: Filter = fields_are(**{field: names})
    several = names[0] if len(names) == 1 else ", ".join(names)
    return Condition(
        f"has the {what} '{several}' (config.{key}, or else {field})",
        names[0],
        _config_is(key, names) | (lacks_key & own),
        lambda run: [
            getattr(run, field) if (value := _config_value(run, key)) is None else str(value)
        ],
    )


def _config_condition(key: str, values: Sequence[Literal]) -> Condition:
    def known(run: RunRecord) -> list[str]:
        value = _config_value(run, key)
        names = flatten(run.config)
        return [f"config.{name}" for name in names] if value is None else [f"config.{key}={value}"]

    asked = " or ".join(map(str, values))
    return Condition(
        f"has config.{key}={asked}", f"config.{key}={asked}", _config_is(key, values), known
    )


def _config_is(key: str, values: Sequence[Literal]) -> Filter:
    return Filter.any_of(
        *(fields_are(**{str(Field("config", name)): list(values)}) for name in _spellings(key))
    )


def _spellings(key: str) -> tuple[str, ...]:
    """The flattened names that a key may have in a store, nested or not, with W&B's `.value`.

    >>> _spellings("lr")
    ('lr', 'lr.value')
    """
    first, *rest = key.split(".")
    inner = [piece for piece in rest if piece != _VALUE]
    plain = ".".join([first, *inner])
    raw = ".".join([first, _VALUE, *inner])
    return tuple(dict.fromkeys([plain, raw, key, join_key("", plain)]))


def _config_value(run: RunRecord, key: str) -> JsonValue:
    """The config value under a key in any of its spellings; None where there is none."""
    flat: Mapping[str, JsonValue] = flatten(run.config)
    return next((flat[name] for name in _spellings(key) if flat.get(name) is not None), None)
