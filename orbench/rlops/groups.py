"""The groups of `--filters` with their `--env-ids`: what is compared, run set by run set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import UsageError
from .grammar import Experiment, Source, parse_experiment, parse_source

__all__ = ["ComparedSet", "compared_sets", "metrics_compared", "one_metric"]


@dataclass(frozen=True, slots=True)
class ComparedSet:
    """One run set of a comparison, before its runs are looked for.

    `env_ids` are the names that envs have in its runs, place by place those of the other sets.
    """

    label: str
    source: Source
    experiment: Experiment
    env_ids: tuple[str, ...]


def compared_sets(
    filters: Sequence[Sequence[str]],
    env_ids: Sequence[Sequence[str]],
    project: str = "cleanrl",
) -> tuple[ComparedSet, ...]:
    """The run sets that groups of strings name, labelled apart.

    A group is one source and its experiments. There is one list of envs for all groups, or one for
    each, all of one length. Raises UsageError for groups and lists that do not fit together.
    """
    if not filters:
        raise UsageError("--filters is missing; give a source and experiments: '?wpn=atari' 'ppo'")
    if not env_ids:
        raise UsageError("--env-ids is missing; give one or more, like --env-ids CartPole-v1")
    if len(env_ids) not in (1, len(filters)):
        raise UsageError(
            f"--env-ids is given {len(env_ids)} times for {len(filters)} --filters; "
            "give it once, or once for each"
        )
    envs = list(env_ids) * (len(filters) if len(env_ids) == 1 else 1)
    _check_envs(envs)
    found = []
    for strings, names in zip(filters, envs, strict=True):
        source = parse_source(strings[0] if strings else "", project)
        if len(strings) < 2:
            raise UsageError(
                f"'{strings[0]}' is a source without experiments; name them behind it, like "
                "--filters '?wpn=atari' 'ppo' 'dqn'"
            )
        for text in strings[1:]:
            experiment = parse_experiment(text)
            label = experiment.legend or text
            found.append(ComparedSet(label, source, experiment, tuple(names)))
    _check_metrics(found)
    return _told_apart(found)


def metrics_compared(sets: Sequence[ComparedSet]) -> tuple[str, ...]:
    """The metrics that are compared, by the names they have in the first group."""
    return sets[0].source.metrics


def one_metric(sets: Sequence[ComparedSet], place: int) -> tuple[ComparedSet, ...]:
    """The same sets with only the metric at this place of each source."""
    return tuple(
        replace(one, source=replace(one.source, metrics=one.source.metrics[place : place + 1]))
        for one in sets
    )


def _check_envs(envs: Sequence[Sequence[str]]) -> None:
    sizes = [len(names) for names in envs]
    if not all(sizes):
        raise UsageError("--env-ids names no env; give one or more, like --env-ids CartPole-v1")
    if len(set(sizes)) > 1:
        raise UsageError(
            f"the lists of --env-ids have {' and '.join(map(str, sizes))} envs; they stand for the "
            "same envs place by place, so give each list as many"
        )
    for names in envs:
        if repeated := [name for name, count in Counter(names).items() if count > 1]:
            raise UsageError(f"--env-ids names '{repeated[0]}' twice in one list; name it once")


def _check_metrics(sets: Sequence[ComparedSet]) -> None:
    sizes = list(dict.fromkeys(len(one.source.metrics) for one in sets))
    if len(sizes) > 1:
        raise UsageError(
            f"the sources name {' and '.join(map(str, sizes))} metrics; they are compared place by "
            "place, so name as many in each"
        )


def _told_apart(sets: Sequence[ComparedSet]) -> tuple[ComparedSet, ...]:
    """Sets of one name get their project before it; those still alike are an error."""
    alike = Counter(one.label for one in sets)
    named = tuple(
        replace(one, label=f"{_place(one.source)}/{one.label}")
        if alike[one.label] > 1 and not one.experiment.legend
        else one
        for one in sets
    )
    for label, count in Counter(one.label for one in named).items():
        if count > 1:
            raise UsageError(
                f"{count} run sets are called '{label}'; tell them apart by legends, like "
                f"'{named[0].experiment.name}?cl=NAME'"
            )
    return named


def _place(source: Source) -> str:
    return "/".join(filter(None, (source.entity, source.project)))
