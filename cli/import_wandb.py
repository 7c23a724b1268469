"""`orbench import wandb`: runs out of the logs of W&B, without W&B."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .command_help import OrbenchCommand
from .import_sources import (
    ConstantsOption,
    DryRunOption,
    MapsOption,
    PathPatternOption,
    PathsArgument,
)
from .options import Format, FormatOption, StoreOption, examples

if TYPE_CHECKING:
    from .import_sources import Import

__all__ = ["add_wandb_command"]

_Step = Annotated[
    str | None,
    typer.Option(
        "--step",
        metavar="KEY",
        help="The logged key that is the step; global_step where there is one, else W&B's _step.",
    ),
]


def add_wandb_command(app: typer.Typer, run: Import) -> None:
    """Add the command; `run` imports what the importer found."""

    @app.command(
        "wandb",
        cls=OrbenchCommand,
        epilog=examples(
            "orbench import wandb wandb --dry-run",
            "orbench import wandb wandb",
            "orbench import wandb wandb --step env_steps --map env_id=task --set exp_name=ppo",
        ),
    )
    def wandb(
        paths: PathsArgument,
        step: _Step = None,
        maps: MapsOption = None,
        constants: ConstantsOption = None,
        path_pattern: PathPatternOption = None,
        dry_run: DryRunOption = False,
        fmt: FormatOption = Format.TABLE,
        url: StoreOption = None,
    ) -> None:
        """Import runs out of W&B's own logs, offline or synced, without W&B.

        All rows are read, with config, summary, console output, system metrics and the end. The
        wandb package is not needed. The config names the run; --map, --path and --set say what it
        does not.
        """
        from orbench.importers import WandbImporter, parse_naming

        importer = WandbImporter(parse_naming(maps or (), constants or (), path_pattern), step)
        run(importer, importer.find(paths), url, fmt, dry_run)
