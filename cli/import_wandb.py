"""`orbench import wandb`: runs out of the logs of W&B, without W&B."""

from __future__ import annotations

from typing import Annotated

import typer

from .command_help import OrbenchCommand
from .import_options import Delivering, NamingOptions, PathsArgument
from .importing import import_found
from .option_groups import with_groups
from .options import examples

__all__ = ["add_wandb_command"]

_Step = Annotated[
    str | None,
    typer.Option(
        "--step",
        metavar="KEY",
        help="The logged key that is the step; global_step where there is one, else W&B's _step.",
    ),
]


def add_wandb_command(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        "wandb",
        cls=OrbenchCommand,
        epilog=examples(
            "orbench import wandb wandb --dry-run",
            "orbench import wandb wandb",
            "orbench import wandb wandb --step env_steps --map env_id=task --set exp_name=ppo",
        ),
    )
    @with_groups
    def wandb(
        paths: PathsArgument,
        named: NamingOptions,
        into: Delivering,
        step: _Step = None,
    ) -> None:
        """Import runs out of W&B's own logs, offline or synced, without W&B.

        All rows are read, with config, summary, console output, system metrics and the end. The
        wandb package is not needed. The config names the run; --map, --path and --set say what it
        does not.
        """
        from orbench.importers import WandbImporter

        importer = WandbImporter(named.naming(into), step)
        import_found(importer, importer.find(paths), into)
