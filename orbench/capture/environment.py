"""The environment of a run: Python, every installed distribution, lock files, registered env."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..config import normalise
from ..config_values import storable_text
from ..run import JsonValue
from .command import repository_root
from .distributions import installed_distributions
from .files import encoded
from .interpreter import ask_python, interpreter_of
from .loaded import loaded_module
from .python_facts import python_facts

__all__ = ["capture_environment"]

_LOCK_FILES = (
    *("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "pixi.lock"),
    *("conda-lock.yml", "environment.yml", "environment.yaml", "requirements*.txt"),
    *("constraints*.txt", "pyproject.toml", ".python-version"),
)
_MAX_LOCK_BYTES = 4 * 1024 * 1024
_MAX_LOCK_FILES = 32
_MAX_PROBLEMS = 50
_MAX_CONDA = 2_000

Facts = dict[str, JsonValue]


def capture_environment(
    pause: Callable[[], object],
    folder: Path,
    *,
    env_id: str = "",
    program: Sequence[str] | None = None,
    path: Sequence[str] = (),
) -> Facts:
    """The document `environment`; lock files are looked for from `folder` up to its repository.

    `program` is the command line of a recorded program that may run on another Python than this;
    `path` is the import path to list instead of that Python's own. The same software gives the
    same document. `problems` tells hidden and broken distributions.
    """
    facts, left_out = _python(program)
    packages, problems = installed_distributions(path or facts["path"], pause)
    root = repository_root(folder)
    for package in packages:
        origin = package.get("origin")
        if root is not None and isinstance(origin, dict) and "path" in origin:
            _say_where(origin, root)
    document: Facts = {
        "python": facts["python"],
        "packages": packages,
        "lock_files": _lock_files(folder, root, pause),
    }
    optional: Facts = {
        "conda_packages": _conda_packages(Path(facts["python"]["prefix"])),
        "env": _env_specification(env_id),
        "problems": problems[:_MAX_PROBLEMS],
        "left_out": left_out,
    }
    return document | {name: value for name, value in optional.items() if value}


def _python(program: Sequence[str] | None) -> tuple[Facts, list[str]]:
    """The facts of the Python that counts, and what is to be said where it is not known."""
    if program is None:
        return python_facts(), []
    interpreter = interpreter_of(program, Path.cwd())
    answer = None if interpreter is None else ask_python(interpreter, Path.cwd())
    if answer is not None:
        return answer, []
    name = program[0] if program else "the program"
    reason = "is not known to run on a Python" if interpreter is None else "gave no answer"
    return python_facts(), [f"{name} {reason}; Python and packages are those of the recorder"]


def _say_where(origin: Facts, root: Path) -> None:
    """A path below the repository is told relative to it: it is part of the source."""
    path = Path(origin["path"])
    if path.is_relative_to(root):
        origin["path"] = path.relative_to(root).as_posix()
        origin["in_repository"] = True


def _lock_files(folder: Path, root: Path | None, pause: Callable[[], object]) -> list[Facts]:
    folders = [folder]
    if root is not None and folder.is_relative_to(root):
        folders = [place for place in (folder, *folder.parents) if place.is_relative_to(root)]
    found: list[Facts] = []
    for place in folders:
        for pattern in _LOCK_FILES:
            for file in sorted(place.glob(pattern)):
                pause()
                if len(found) < _MAX_LOCK_FILES and file.is_file():
                    found.append(_lock_file(file, folders[-1]))
    return found


def _lock_file(file: Path, root: Path) -> Facts:
    entry: Facts = {"path": storable_text(file.relative_to(root).as_posix())}
    try:
        size = file.stat().st_size
        if size > 8 * _MAX_LOCK_BYTES:
            return {**entry, "size": size, "left_out": "too large to be read"}
        data = file.read_bytes()
    except OSError as error:
        return {**entry, "left_out": f"cannot be read: {error.strerror}"}
    entry |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    if len(data) > _MAX_LOCK_BYTES:
        return {**entry, "left_out": f"its content is larger than {_MAX_LOCK_BYTES} bytes"}
    return {**entry, **encoded("content", data)}


def _conda_packages(prefix: Path) -> list[str]:
    """`name-version-build` of what conda installed, which is more than Python's packages."""
    try:
        names = os.listdir(prefix / "conda-meta")  # noqa: PTH208 - names are enough
    except OSError:
        return []
    found = sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))
    return [storable_text(name) for name in found[:_MAX_CONDA]]


def _env_specification(env_id: str) -> Facts:
    """What Gymnasium has registered for an env, if the program has imported it; else nothing."""
    gymnasium = loaded_module("gymnasium")
    if gymnasium is None or not env_id:
        return {}
    spec = gymnasium.registry.get(env_id)
    if spec is None:
        return {}
    told = {
        name: getattr(spec, name, None)
        for name in ("id", "entry_point", "kwargs", "max_episode_steps", "reward_threshold")
    }
    return normalise({**told, "gymnasium": getattr(gymnasium, "__version__", None)})[0]
