"""Next runs: which seeds a decision lacks, and the commands that run them.

A command is that of a recorded run of the same side and env with another seed in the place of its
own, started through `orbench record`, so that it is recorded under the same names.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..capture.secrets import MASK
from ..run import Document, RunRecord
from .scored import ScoredRun, ScoredSet

if TYPE_CHECKING:
    from ..run_store import RunStore

__all__ = ["NextRuns", "next_commands", "next_runs"]

_SEED_OPTION = re.compile(r"-{1,2}(?:[\w.-]*[-_.])?seed|-s", re.IGNORECASE)
_SEED_ASSIGNMENT = re.compile(r"(?P<name>[-+]*(?:[\w.-]*[-_.])?seed)=(?P<value>\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NextRuns:
    """Seeds of the candidate to run next on an env; `like` is a run to take the command of."""

    env_id: str
    seeds: tuple[int, ...]
    like: str


def next_runs(candidate: ScoredSet, lacking: Iterable[tuple[str, int]]) -> tuple[NextRuns, ...]:
    """Fresh seeds for (env, number of runs): those after the largest that the candidate had."""
    runs = candidate.by_env()
    return tuple(
        NextRuns(env, _fresh(runs.get(env, ()), number), runs[env][-1].run_id)
        for env, number in lacking
        if number > 0 and env in runs
    )


def next_commands(store: RunStore, missing: Sequence[NextRuns]) -> list[str]:
    """Shell lines that run these seeds; a comment where a run's command cannot be repeated."""
    documents = store.facts([one.like for one in missing], "command")
    lines: list[str] = []
    for one in missing:
        like = store.details(one.like).record
        lines += _lines(one, like, documents.get(one.like))
    return lines


def _fresh(runs: Sequence[ScoredRun], number: int) -> tuple[int, ...]:
    last = max((run.seed for run in runs if run.seed is not None), default=0)
    return tuple(range(last + 1, last + 1 + number))


def _lines(missing: NextRuns, like: RunRecord, command: Document | None) -> list[str]:
    seeds = ", ".join(map(str, missing.seeds))
    argv = [str(word) for word in command.get("argv", ())] if command else []
    if not argv:
        return [
            f"# {_comment(missing.env_id)}: run {like.run_id} has no recorded command line;"
            f" run seeds {seeds} by hand"
        ]
    again = [with_seed(argv, like.seed, seed) for seed in missing.seeds]
    if again[0] is None:
        return [
            f"# {_comment(missing.env_id)}: the command line of run {like.run_id} does not name its"
            f" seed; run seeds {seeds} by hand"
        ]
    notes = [f"# {_comment(missing.env_id)}: as run {like.run_id}"]
    if command and command.get("cwd") not in (None, "", "."):
        notes[0] += f", which was started in {_comment(str(command['cwd']))}"
    if any(MASK in word for word in argv):
        notes.append(f"# put the secret where {MASK} stands")
    return notes + [
        shlex.join([*_recorded_as(like, seed), "--", *words])
        for seed, words in zip(missing.seeds, again, strict=True)
        if words is not None
    ]


def _comment(text: str) -> str:
    """A text that stays within its comment."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _recorded_as(like: RunRecord, seed: int) -> list[str]:
    words = ["orbench", "record", "--project", like.project, "--exp-name", like.exp_name]
    words += ["--env-id", like.env_id, "--seed", str(seed)]
    return words + [word for tag in like.tags for word in ("--tag", tag)]


def with_seed(argv: Sequence[str], old: int | None, new: int) -> list[str] | None:
    """A command line with another seed; None where it does not name the seed that it had."""
    words = list(argv)
    found = False
    for place, word in enumerate(argv):
        before = argv[place - 1] if place else ""
        if word == str(old) and _SEED_OPTION.fullmatch(before):
            words[place], found = str(new), True
        elif (given := _SEED_ASSIGNMENT.fullmatch(word)) and given["value"] == str(old):
            words[place], found = f"{given['name']}={new}", True
    return words if found else None
