"""The argument list of `orbench rlops` as openrlbenchmark's users write it, made one of ours.

Theirs takes several values behind one flag (`--env-ids A B C`) and spells flags with `_` or `-`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from orbench.errors import UsageError

from .command_help import OrbenchCommand

if TYPE_CHECKING:  # Typer carries its own Click; only a type checker needs this name.
    from typer._click import Context

__all__ = ["RlopsCommand", "regrouped", "values_of"]

_SEVERAL_VALUES = ("--filters", "--env-ids", "--files", "--rc.sample-efficiency-figsize")


class RlopsCommand(OrbenchCommand):
    """A command that takes arguments as openrlbenchmark's users write them."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the arguments once their flags are spelled our way."""
        return super().parse_args(ctx, regrouped(args))


def regrouped(arguments: Sequence[str]) -> list[str]:
    """The arguments with `-` in every flag, and the values behind one flag as one JSON list.

    >>> regrouped(["--env_ids", "A", "B", "--pc.ncols_legend=2"])
    ['--env-ids', '["A", "B"]', '--pc.ncols-legend=2']
    """
    made: list[str] = []
    waiting: list[str] | None = None
    for flag, value in _split(arguments):
        if flag is None:
            if waiting is None:
                made.append(value)
            else:
                waiting.append(value)
                made[-1] = json.dumps(waiting)
        elif flag in _SEVERAL_VALUES:
            waiting = [value] if value else []
            made += [flag, json.dumps(waiting)]
        else:
            waiting = None
            made.append(f"{flag}{value}")
    return made


def values_of(groups: Sequence[str] | None) -> list[list[str]]:
    """The values of each time that a flag was given, as `regrouped` wrote them."""
    return [[str(value) for value in json.loads(group)] for group in groups or ()]


def _split(arguments: Sequence[str]) -> Iterator[tuple[str | None, str]]:
    """Flags with what follows them after `=`, and values with None before them."""
    for argument in arguments:
        if not argument.startswith("--"):
            yield (argument, "") if argument == "-h" else (None, argument)
            continue
        name, sign, value = argument.partition("=")
        flag = name.replace("_", "-")
        if flag == "--":
            raise UsageError("'--' has no use here; values stand behind the flag they belong to")
        yield flag, value if flag in _SEVERAL_VALUES else f"{sign}{value}"
