"""The kinds of `orbench import` that name their runs alike: folders and files of other tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .command_help import OrbenchCommand
from .options import Format, FormatOption, StoreOption, examples

if TYPE_CHECKING:
    from orbench.importers import FoundPath, Importer, Naming

    # How an importer's findings are brought into a store, and told.
    Import = Callable[[Importer, Sequence[FoundPath], str | None, Format, bool], None]

__all__ = [
    "ConstantsOption",
    "DryRunOption",
    "MapsOption",
    "PathPatternOption",
    "PathsArgument",
    "add_source_commands",
]

PathsArgument = Annotated[
    list[Path], typer.Argument(metavar="PATH", help="Files, or folders of them.")
]
MapsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="TARGET=KEY",
        help="What names a run, by a key of its config, as env_id=task; or @GROUP of --path. "
        "TARGET is project, exp_name, env_id or seed. Repeatable.",
    ),
]
ConstantsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="TARGET=TEXT",
        help="What is the same for all runs, as exp_name=ppo, seed=none or config.lr=0.1. "
        "Repeatable.",
    ),
]
PathPatternOption = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="REGEX",
        help="What the path of a run tells, as '(?P<exp_name>[^/]+)/seed(?P<seed>[0-9]+)'.",
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be imported; change nothing.")
]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind: its help, its examples, and how its importer is made."""

    name: str
    help: str
    examples: tuple[str, ...]
    importer: Callable[[Naming], Importer]


def _sb3(naming: Naming) -> Importer:
    from orbench.importers import Sb3Importer

    return Sb3Importer(naming)


def _mlflow(naming: Naming) -> Importer:
    from orbench.importers import MlflowImporter

    return MlflowImporter(naming)


def _spinningup(naming: Naming) -> Importer:
    from orbench.importers import SpinningUpImporter

    return SpinningUpImporter(naming)


def _marl_eval(naming: Naming) -> Importer:
    from orbench.importers import MarlEvalImporter

    return MarlEvalImporter(naming)


_KINDS = (
    _Kind(
        "mlflow",
        "Import runs of MLflow: mlruns folders and SQLite tracking databases.\n\n"
        "A run keeps MLflow's run id: imported again it brings what is new. The experiment is the "
        "project, params are the config; exp_name, env_id and seed come from params of usual "
        "names, or from others by --map env_id=KEY, also tags.KEY, run_name and experiment.",
        (
            "orbench import mlflow mlruns --map exp_name=algo --map env_id=task",
            "orbench import mlflow mlflow.db --set seed=none --dry-run",
        ),
        _mlflow,
    ),
    _Kind(
        "spinningup",
        "Import runs of Spinning Up: folders with progress.txt and config.json.\n\n"
        "config.json says exp_name and seed; the env has to be said.",
        ("orbench import spinningup data --set env_id=Ant-v4",),
        _spinningup,
    ),
    _Kind(
        "marl-eval",
        "Import runs out of the raw JSON of marl-eval.\n\n"
        "The environment is the project, the task the env; each value of an evaluation is a point.",
        ("orbench import marl-eval raw_experiment_data.json",),
        _marl_eval,
    ),
    _Kind(
        "sb3",
        "Import runs of Stable-Baselines3: monitor.csv, progress.csv, evaluations.npz, RL Zoo.\n\n"
        "A folder with such logs is a run, all of them together. RL Zoo's args.yml and config.yml, "
        "its folders ALGO/ENV_N and the headers of monitor files name it.",
        (
            "orbench import sb3 rl-trained-agents",
            "orbench import sb3 logs --set exp_name=ppo --path 'seed(?P<seed>[0-9]+)'",
        ),
        _sb3,
    ),
)


def add_source_commands(app: typer.Typer, run: Import) -> None:
    """Add a command for each kind; `run` imports what an importer found."""
    for kind in _KINDS:
        _add(app, kind, run)


def _add(app: typer.Typer, kind: _Kind, run: Import) -> None:
    @app.command(kind.name, cls=OrbenchCommand, help=kind.help, epilog=examples(*kind.examples))
    def command(
        paths: PathsArgument,
        maps: MapsOption = None,
        constants: ConstantsOption = None,
        path_pattern: PathPatternOption = None,
        dry_run: DryRunOption = False,
        fmt: FormatOption = Format.TABLE,
        url: StoreOption = None,
    ) -> None:
        from orbench.importers import parse_naming

        importer = kind.importer(parse_naming(maps or (), constants or (), path_pattern))
        run(importer, importer.find(paths), url, fmt, dry_run)
