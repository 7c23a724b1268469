"""Short names for places where there is little room, with the sentence that says what is gone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from orbench.wording import NO_ENV

__all__ = ["metric_in_words", "short_names", "shortened_in_words"]

_MANY_ENVS = 4
_LONG_NAME = 20


def short_names(envs: Sequence[str]) -> dict[str, str]:
    """A title for each env: its name without what all of many names begin or end with."""
    start, ending = _shared_start(envs), _shared_ending(envs)
    return {env: env.removeprefix(start).removesuffix(ending) or NO_ENV for env in envs}


def shortened_in_words(titles: Mapping[str, str]) -> str:
    """The sentence on what `short_names` took off, or an empty string."""
    start, ending = _shared_start(list(titles)), _shared_ending(list(titles))
    taken = [f"begin with {start}"] if start else []
    taken += [f"end in {ending}"] if ending else []
    return f"Titles leave out that all envs {' and '.join(taken)}." if taken else ""


def metric_in_words(metric: str) -> str:
    """A metric as an axis says it.

    >>> metric_in_words("charts/episodic_return")
    'Episodic return'
    """
    words = metric.rstrip("/").rpartition("/")[2].replace("_", " ").strip()
    return words[:1].upper() + words[1:] or metric


def _shared_start(envs: Sequence[str]) -> str:
    """A namespace that all of many names share (ALE/), with its slash."""
    start = envs[0].rpartition("/")[0] + "/" if envs else ""
    if len(envs) < _MANY_ENVS or start == "/":
        return ""
    return start if all(env.startswith(start) for env in envs) else ""


def _shared_ending(envs: Sequence[str]) -> str:
    """An ending that many long names share (NoFrameskip-v4), from a capital or a hyphen on."""
    if len(envs) < _MANY_ENVS or max(map(len, envs)) < _LONG_NAME:
        return ""
    for start in re.finditer(r"[A-Z]|-", envs[0]):
        ending = envs[0][start.start() :]
        if ending not in envs and all(env.endswith(ending) for env in envs):
            return ending
    return ""
