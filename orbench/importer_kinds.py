"""The kinds of `orbench import`: what one is, and those that other packages bring.

A package brings a kind by an entry point of the group `orbench.importers`: its name is the kind's,
its value names an `ImporterKind` or a function that returns one. Finding them imports nothing; a
package is imported when its kind is asked for, or the list of kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from .importers import Importer, Naming

__all__ = ["ENTRY_POINTS", "BroughtKind", "ImporterKind", "brought_kinds"]

ENTRY_POINTS = "orbench.importers"
"""The group of entry points by which other packages bring kinds."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class ImporterKind:
    """A kind of `orbench import`: its help, its examples, and how its importer is made.

    The first line of `help` stands in the list of kinds. `importer` is called with what the options
    say of names. With a `pattern` (as `{env_id}__{exp_name}__{seed}`) the kind has the option
    `--pattern`, and it is the default. Raises UsageError for what is none of these.
    """

    help: str
    importer: Callable[[Naming], Importer]
    examples: tuple[str, ...] = ()
    pattern: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.help, str) or not self.help.strip():
            raise UsageError("a kind has a help text, whose first line says what it imports")
        if not callable(self.importer):
            raise UsageError("a kind has a function that makes its importer, or a class")


@dataclass(frozen=True, slots=True)
class BroughtKind:
    """A kind that another package brings, not imported yet; `problem` says why it cannot be."""

    name: str
    package: str
    point: EntryPoint
    problem: str = ""

    def __str__(self) -> str:
        return f"the kind '{self.name}' of {self.package}"

    def load(self) -> ImporterKind:
        """Import the package; raises UsageError, one line, for whatever is wrong with it."""
        if self.problem:
            raise UsageError(f"{self} {self.problem}")
        try:
            loaded = self.point.load()
            made = loaded if isinstance(loaded, ImporterKind) else loaded()
        except (Exception, SystemExit) as error:  # a package may do anything as it is imported
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise UsageError(f"{self} cannot be loaded: {said}") from error
        if not isinstance(made, ImporterKind):
            raise UsageError(
                f"{self}: {self.point.value} must name an orbench.importers.ImporterKind or a "
                f"function that returns one, not a {type(made).__name__}"
            )
        return made


def brought_kinds(own: Collection[str]) -> list[BroughtKind]:
    """The kinds of other packages, by name; those called as one of orbench's `own` have a problem.

    So have those that two packages bring: neither is taken for the other.
    """
    from importlib.metadata import entry_points

    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=ENTRY_POINTS):
        found.setdefault(point.name, []).append(point)
    return [_brought(name, found[name], own) for name in sorted(found)]


def _brought(name: str, points: list[EntryPoint], own: Collection[str]) -> BroughtKind:
    problem = ""
    packages = sorted(map(_package, points))
    if name in own:
        problem = "has the name of one of orbench's own, which comes first; rename its entry point"
    elif len(points) > 1:
        problem = "has a name that both have; uninstall one"
    elif _NAME.fullmatch(name) is None:
        problem = "has a name that is none for a command: lower-case letters, digits, - and _"
    return BroughtKind(name, " and ".join(packages), points[0], problem)


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value
