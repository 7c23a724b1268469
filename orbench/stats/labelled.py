"""Scores of several run sets: the same tasks in all of them, in the same order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import ScoreError
from .aggregate import Scores, TaskArrays, as_tasks

__all__ = ["labelled_tasks", "matched_tasks"]


def labelled_tasks(scores: Mapping[str, Scores]) -> dict[str, TaskArrays]:
    """The scores of every label by task; tasks that have names are put in one order.

    Raises ScoreError, naming the labels and the missing tasks, where the tasks differ.
    """
    found = {label: as_tasks(values, label) for label, values in scores.items()}
    labels = list(found)
    for label in labels[1:]:
        found[label] = _in_order(scores, found, labels[0], label)
    return found


def matched_tasks(
    x: Scores, y: Scores, labels: tuple[str, str] = ("x", "y")
) -> tuple[TaskArrays, TaskArrays]:
    """The scores of two run sets on the same tasks; see `labelled_tasks`."""
    if labels[0] == labels[1]:
        labels = (f"{labels[0]} (first)", f"{labels[1]} (second)")
    first, second = labelled_tasks(dict(zip(labels, (x, y), strict=True))).values()
    return first, second


def _in_order(
    scores: Mapping[str, Scores], found: Mapping[str, TaskArrays], first: str, label: str
) -> TaskArrays:
    """The tasks of a label in the order of the first label."""
    wanted, given = scores[first], scores[label]
    if isinstance(wanted, Mapping) and isinstance(given, Mapping):
        missing = [
            f"{who} has no runs on {', '.join(map(str, lacking))}"
            for who, have, need in ((first, wanted, given), (label, given, wanted))
            if (lacking := [task for task in need if task not in have])
        ]
        if missing:
            raise ScoreError(f"the tasks differ: {'; '.join(missing)}")
        by_name = dict(zip(given, found[label], strict=True))
        return tuple(by_name[task] for task in wanted)
    if len(found[first]) != len(found[label]):
        turned = isinstance(given, np.ndarray) and given.ndim == 2
        hint = "; rows are runs and columns tasks: is one turned?" if turned else ""
        raise ScoreError(
            f"the tasks differ: {first} has {len(found[first])}, {label} has"
            f" {len(found[label])}{hint}"
        )
    return found[label]
