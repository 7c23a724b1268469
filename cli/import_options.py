"""Options that the kinds of `orbench import` share: how runs are named, what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Format, FormatOption, StoreOption

if TYPE_CHECKING:
    from orbench.importers import Naming

__all__ = ["Delivering", "NamingOptions", "PathsArgument", "PatternOption"]

PathsArgument = Annotated[
    list[Path], typer.Argument(metavar="PATH", help="Files, or folders of them.")
]
_Maps = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="TARGET=KEY",
        help="What names a run, by a key of its config, as env_id=task; or @GROUP of --path. "
        "TARGET is project, exp_name, env_id or seed. Repeatable.",
    ),
]
_Constants = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="TARGET=TEXT",
        help="What is the same for all runs, as exp_name=ppo, seed=none or config.lr=0.1. "
        "Repeatable.",
    ),
]
_PathPattern = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="REGEX",
        help="What the path of a run tells, as '(?P<exp_name>[^/]+)/seed(?P<seed>[0-9]+)'.",
    ),
]
PatternOption = Annotated[
    str,
    typer.Option(
        "--pattern",
        metavar="TEXT",
        help="What the name of a run's folder or file says: {project}, {exp_name}, {env_id}, "
        "{seed}, {time}, and {} for anything.",
    ),
]


@dataclass(frozen=True, slots=True)
class Delivering:
    """What is done with the runs of every kind."""

    project: Annotated[
        str,
        typer.Option("--project", "-p", metavar="NAME", help="The project of all runs."),
    ] = ""
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", "-t", metavar="TAG", help="A tag for all runs; repeat for several."),
    ] = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be imported; change nothing.")
    ] = False
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            metavar="N",
            min=1,
            max=64,
            help="How many processes read; by default as many as cores are idle, where it pays.",
        ),
    ] = None
    fmt: FormatOption = Format.TABLE
    url: StoreOption = None

    def constants(self, said: Sequence[str] | None) -> list[str]:
        """What is the same for all runs, as `--set` and `--project` say it."""
        return [*(said or ()), *([f"project={self.project}"] if self.project else ())]


@dataclass(frozen=True, slots=True)
class NamingOptions:
    """What names a run, where its source leaves it open."""

    maps: _Maps = None
    constants: _Constants = None
    path_pattern: _PathPattern = None

    def naming(self, into: Delivering, pattern: str = "") -> Naming:
        """The same as an importer takes it; raises UsageError."""
        from orbench.importers import parse_naming

        constants = into.constants(self.constants)
        return parse_naming(self.maps or (), constants, self.path_pattern, pattern)
