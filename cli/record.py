"""`orbench record`: run a program as it is and record it as a run."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import UsageError

from .command_help import OrbenchCommand
from .options import StoreOption, examples, new_app, split_names
from .output import note

if TYPE_CHECKING:
    from orbench.recorder import Run
    from orbench.run import JsonValue

__all__ = ["app", "config_from"]

app = new_app()

# Python's own spellings too: they are what a command line of a Python program has.
_WORDS: dict[str, JsonValue] = {"True": True, "False": False, "None": None}


_Command = Annotated[
    list[str],
    typer.Argument(metavar="CMD", help="The program and its arguments, passed on untouched."),
]

_Project = Annotated[
    str, typer.Option("--project", "-p", metavar="NAME", help="The project's name.")
]

_ExpName = Annotated[
    str,
    typer.Option(
        "--exp-name",
        "-e",
        metavar="NAME",
        help="The algorithm variant; by default the script's name.",
    ),
]

_EnvId = Annotated[
    str, typer.Option("--env-id", metavar="NAME", help="The environment trained on.")
]

_Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="The seed.")]

_Config = Annotated[
    list[str] | None,
    typer.Option(
        "--config",
        metavar="KEY=VALUE",
        help="A config value, typed as in JSON (else text), nested at dots; repeatable.",
    ),
]

_ConfigFile = Annotated[
    Path | None,
    typer.Option("--config-file", metavar="FILE", help="Config from a .json or .toml file."),
]

_Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", "-t", metavar="TAG", help="A tag; repeat for several."),
]

_Parent = Annotated[
    str | None, typer.Option("--parent", metavar="RUN", help="The run that this comes from.")
]

_Watches = Annotated[
    list[str] | None,
    typer.Option(
        "--watch",
        metavar="KIND:DIR",
        help="Log what another tool writes to a folder into this run: tensorboard:DIR, sb3:DIR, "
        "wandb:DIR, or wandb for a new folder. Further runs in it are child runs. Repeatable.",
    ),
]

_Resume = Annotated[
    str | None, typer.Option("--resume", metavar="RUN", help="Go on with this ended run.")
]


@app.command(
    # What follows the program's name is the program's, dashes included.
    cls=OrbenchCommand,
    context_settings={"allow_interspersed_args": False},
    epilog=examples(
        "orbench record -- python train.py --lr 3e-4",
        "orbench record --exp-name ppo --env-id CartPole-v1 --seed 1 -- ./train.sh",
        "orbench record --watch tensorboard:runs -- python ppo.py --seed 1",
        "orbench record --watch wandb -- python train.py",
        "orbench record --config optim.lr=3e-4 --config-file run.toml -- python train.py",
    ),
)
def record(
    command: _Command,
    project: _Project = "",
    exp_name: _ExpName = "",
    env_id: _EnvId = "",
    seed: _Seed = None,
    config: _Config = None,
    config_file: _ConfigFile = None,
    tags: _Tags = None,
    parent: _Parent = None,
    resume: _Resume = None,
    watch: _Watches = None,
    store_url: StoreOption = None,
) -> None:
    """Run a program and record it as a run.

    Its input, output, signals and exit code pass through; the run's id is told on stderr. What
    the program logs through orbench goes into the same run. The exit code is the program's own,
    127 if there is no such program, 126 if it cannot be executed.
    """
    from orbench.process import end_as, record_command
    from orbench.starting import start_run
    from orbench.watched_kinds import parse_watch

    watches = [parse_watch(text) for text in watch or ()]
    values = config_from(config or (), config_file)

    def start() -> Run:
        run = start_run(
            project=project,
            exp_name=exp_name,
            env_id=env_id,
            seed=seed,
            config=values or None,
            tags=split_names(tags),
            parent=parent,
            resume=resume,
            store=store_url,
            program=command,
        )
        note(f"orbench: recording run {run.run_id}")
        return run

    end_as(record_command(command, start=start, watches=watches))


def config_from(assignments: Iterable[str], path: Path | None) -> dict[str, JsonValue]:
    """The nested config of a file and of KEY=VALUE assignments, which win; raises UsageError."""
    from orbench.config import merge, unflatten

    values: dict[str, JsonValue] = {} if path is None else _read_config(path)
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not all(key.split(".")):
            raise UsageError(f"--config '{assignment}' is not KEY=VALUE, as in optim.lr=3e-4")
        values = merge(values, unflatten({key: _typed(text)}))
    return values


def _typed(text: str) -> JsonValue:
    if text in _WORDS:
        return _WORDS[text]
    try:
        return json.loads(text)
    except ValueError:
        return text


def _read_config(path: Path) -> dict[str, JsonValue]:
    text = path.read_text(encoding="utf-8")
    try:
        if path.suffix == ".toml":
            return tomllib.loads(text)
        if path.suffix == ".json":
            values = json.loads(text)
            if isinstance(values, dict):
                return values
            raise UsageError(f"{path} holds no JSON object; a config is one, as in {{'lr': 0.1}}")
    except ValueError as error:
        raise UsageError(f"{path} does not parse: {error}") from None
    raise UsageError(f"{path} is neither .json nor .toml; give a config file of one of the two")
