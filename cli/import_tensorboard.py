"""`orbench import tensorboard`: runs out of folders with event files."""

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

__all__ = ["add_tensorboard_command"]

_Pattern = Annotated[
    str,
    typer.Option(
        "--pattern",
        metavar="TEXT",
        help="What the name of a run's folder says: {project}, {exp_name}, {env_id}, {seed}, "
        "{time}, and {} for anything.",
    ),
]


def add_tensorboard_command(app: typer.Typer, run: Import) -> None:
    """Add the command; `run` imports what the importer found."""

    @app.command(
        "tensorboard",
        cls=OrbenchCommand,
        epilog=examples(
            "orbench import tensorboard runs --dry-run",
            "orbench import tensorboard runs",
            "orbench import tensorboard logs --pattern '{exp_name}_{seed}' --set env_id=Hopper-v4",
        ),
    )
    def tensorboard(
        paths: PathsArgument,
        pattern: _Pattern = "{env_id}__{exp_name}__{seed}__{time}",
        maps: MapsOption = None,
        constants: ConstantsOption = None,
        path_pattern: PathPatternOption = None,
        dry_run: DryRunOption = False,
        fmt: FormatOption = Format.TABLE,
        url: StoreOption = None,
    ) -> None:
        """Import runs out of TensorBoard's event files.

        A folder with event files is a run: CleanRL, SB3, Tianshou, RLlib, Keras and JAX programs
        write them. All points are read, none is sampled. The folder's name and the hyperparameters
        in the files name the run; --pattern, --path, --map and --set say what they do not.
        """
        from orbench.importers import TensorboardImporter, parse_naming, parse_pattern

        naming = parse_naming(maps or (), constants or (), path_pattern)
        importer = TensorboardImporter(naming, parse_pattern(pattern))
        run(importer, importer.find(paths), url, fmt, dry_run)
