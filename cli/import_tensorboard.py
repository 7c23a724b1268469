"""`orbench import tensorboard`: runs out of folders with event files."""

from __future__ import annotations

import typer

from .command_help import OrbenchCommand
from .import_options import Delivering, NamingOptions, PathsArgument, PatternOption
from .importing import import_found
from .option_groups import with_groups
from .options import examples

__all__ = ["add_tensorboard_command"]


def add_tensorboard_command(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        "tensorboard",
        cls=OrbenchCommand,
        epilog=examples(
            "orbench import tensorboard runs --dry-run",
            "orbench import tensorboard runs",
            "orbench import tensorboard logs --pattern '{exp_name}_{seed}' --set env_id=Hopper-v4",
        ),
    )
    @with_groups
    def tensorboard(
        paths: PathsArgument,
        named: NamingOptions,
        into: Delivering,
        pattern: PatternOption = "{env_id}__{exp_name}__{seed}__{time}",
    ) -> None:
        """Import runs out of TensorBoard's event files.

        A folder with event files is a run: CleanRL, SB3, Tianshou, RLlib, Keras and JAX programs
        write them. All points are read, none is sampled. The folder's name and the hyperparameters
        in the files name the run; --pattern, --path, --map and --set say what they do not.
        """
        from orbench.importers import TensorboardImporter, parse_pattern

        importer = TensorboardImporter(named.naming(into), parse_pattern(pattern))
        import_found(importer, importer.find(paths), into)
