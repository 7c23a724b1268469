"""The kinds of `orbench import` without options of their own: folders and files of other tools.

Those of other packages (see `orbench.importer_kinds`) are commands of the same make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from orbench.importer_kinds import ImporterKind

from .command_help import OrbenchCommand
from .import_options import Delivering, NamingOptions, PathsArgument, PatternOption
from .importing import import_found
from .option_groups import with_groups
from .options import examples

if TYPE_CHECKING:
    from orbench.importers import Importer, Naming

__all__ = ["add_kind", "add_source_commands"]


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


def _openrlbenchmark(naming: Naming) -> Importer:
    from orbench.importers import OpenrlbenchmarkImporter

    return OpenrlbenchmarkImporter(naming)


_KINDS = {
    "mlflow": ImporterKind(
        "Import runs of MLflow: mlruns folders and SQLite tracking databases.\n\n"
        "A run keeps MLflow's run id: imported again it brings what is new. The experiment is the "
        "project, params are the config; exp_name, env_id and seed come from params of usual "
        "names, or from others by --map env_id=KEY, also tags.KEY, run_name and experiment.",
        _mlflow,
        (
            "orbench import mlflow mlruns --map exp_name=algo --map env_id=task",
            "orbench import mlflow mlflow.db --set seed=none --dry-run",
        ),
    ),
    "spinningup": ImporterKind(
        "Import runs of Spinning Up: folders with progress.txt and config.json.\n\n"
        "config.json says exp_name and seed; the env has to be said.",
        _spinningup,
        ("orbench import spinningup data --set env_id=Ant-v4",),
    ),
    "marl-eval": ImporterKind(
        "Import runs out of the raw JSON of marl-eval.\n\n"
        "The environment is the project, the task the env; each value of an evaluation is a point.",
        _marl_eval,
        ("orbench import marl-eval raw_experiment_data.json",),
    ),
    "openrlbenchmark": ImporterKind(
        "Import runs out of the cache of openrlbenchmark.\n\n"
        "That is the folder dataset of its package. A run has the project ENTITY/PROJECT, the tags "
        "and the config that it has in W&B, so that orbench rlops selects it by the filters of "
        "openrlbenchmark.",
        _openrlbenchmark,
        ("orbench import openrlbenchmark site-packages/openrlbenchmark/dataset",),
    ),
    "sb3": ImporterKind(
        "Import runs of Stable-Baselines3: monitor.csv, progress.csv, evaluations.npz, RL Zoo.\n\n"
        "A folder with such logs is a run, all of them together. RL Zoo's args.yml and config.yml, "
        "its folders ALGO/ENV_N and the headers of monitor files name it.",
        _sb3,
        (
            "orbench import sb3 rl-trained-agents",
            "orbench import sb3 logs --set exp_name=ppo --path 'seed(?P<seed>[0-9]+)'",
        ),
    ),
}


def add_source_commands(app: typer.Typer) -> None:
    """Add a command for each kind."""
    for name, kind in _KINDS.items():
        add_kind(app, name, kind)


def add_kind(app: typer.Typer, name: str, kind: ImporterKind, who: str = "") -> None:
    """Add the command of a kind, with --pattern if it has one; `who` brings it, if others do."""

    def imported(
        paths: PathsArgument, named: NamingOptions, into: Delivering, pattern: str = ""
    ) -> None:
        from orbench.importers import BroughtImporter

        naming = named.naming(into, pattern)
        importer = BroughtImporter.of(kind, naming, who) if who else kind.importer(naming)
        import_found(importer, importer.find(paths), into)

    @with_groups
    def plain(paths: PathsArgument, named: NamingOptions, into: Delivering) -> None:
        imported(paths, named, into)

    @with_groups
    def by_pattern(
        paths: PathsArgument,
        named: NamingOptions,
        into: Delivering,
        pattern: PatternOption = kind.pattern,
    ) -> None:
        imported(paths, named, into, pattern)

    command = by_pattern if kind.pattern else plain
    shown = examples(*kind.examples) if kind.examples else None
    app.command(name, cls=OrbenchCommand, help=kind.help, epilog=shown)(command)
