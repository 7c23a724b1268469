"""What in a project would stop a run from being reproduced: looked at before there is a run.

The same capture that a run has is read here, and what it would lack is told. Each finding is `ok`,
`warning` (it can be lived with, or may not hold elsewhere) or `problem` (a run could not be built
again from its record).
"""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .run import JsonValue

__all__ = ["Finding", "Level", "examine", "seeding_calls"]

_MAX_SCRIPT_BYTES = 2 * 1024 * 1024
_SEEDERS = {"seed", "manual_seed", "seed_everything", "default_rng", "PRNGKey", "RandomState"}
_NAMED = 8


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what, how it stands, and what to do."""

    level: Level
    subject: str
    sentence: str


def examine(folder: Path, argv: Sequence[str] = ()) -> list[Finding]:
    """Look at the project in `folder`, and at the command line that a run would have.

    Changes nothing; may take some seconds, as it asks git and reads every distribution.
    """
    from .capture import Redactor
    from .capture.command import source_folder
    from .capture.environment import capture_environment
    from .capture.pacing import Pace
    from .capture.source import capture_source

    pace = Pace(slice_seconds=1.0, rest_seconds=0.0)
    words = list(argv) or ["python"]
    redactor = Redactor.from_environment(os.environ)
    source = capture_source(redactor, pace, words, folder, own_process=False)
    environment = capture_environment(
        pace, source_folder(words, folder), program=words if argv else None
    )
    return [
        *_about_source(source),
        *_about_environment(environment),
        *_about_seeds(folder, argv),
        *_about_tools(),
    ]


def _about_source(source: Mapping[str, JsonValue]) -> Iterator[Finding]:
    if source.get("kind") != "git":
        why = "; ".join(map(str, source.get("left_out", ()))) or "no git repository"
        yield Finding(
            Level.PROBLEM, "repository", f"{why}; only the script itself is recorded: git init"
        )
        return
    if not source.get("commit"):
        yield Finding(Level.PROBLEM, "repository", "there is no commit yet: git commit")
    elif source.get("pushed") is None:
        yield Finding(
            Level.WARNING, "remote", "no remote is known to have the commit: it is here alone"
        )
    elif not source["pushed"]:
        yield Finding(
            Level.WARNING, "remote", "the commit is not pushed; its changes are recorded: git push"
        )
    else:
        yield Finding(Level.OK, "remote", f"{source.get('remote')} has the commit")
    if source.get("redacted"):
        yield Finding(Level.PROBLEM, "changes", "they hold a secret, which is replaced by ***")
    left_out = [str(one) for one in source.get("left_out", ())]
    for sentence in left_out[:_NAMED]:
        yield Finding(Level.PROBLEM, "changes", f"not recorded: {sentence}")
    if len(left_out) > _NAMED:
        yield Finding(Level.PROBLEM, "changes", f"and {len(left_out) - _NAMED} more not recorded")
    if source.get("dirty") or source.get("untracked"):
        count = len(source.get("untracked", ()))
        yield Finding(
            Level.WARNING, "changes", f"uncommitted; recorded with each run ({count} new files)"
        )
    elif not left_out:
        yield Finding(Level.OK, "changes", f"all is in commit {str(source.get('commit'))[:12]}")


def _about_environment(environment: Mapping[str, JsonValue]) -> Iterator[Finding]:
    from .reproduce.packages import packages_of

    packages = packages_of(environment)
    lost = [package for package in packages if package.lost]
    for package in lost:
        yield Finding(Level.WARNING, "packages", package.lost)
    if not lost:
        yield Finding(Level.OK, "packages", f"{len(packages)}, all with where they come from")
    names = [str(file.get("path")) for file in environment.get("lock_files", ())]
    locks = [name for name in names if "lock" in name or "requirements" in name]
    if locks:
        yield Finding(Level.OK, "lock file", ", ".join(locks))
    else:
        yield Finding(
            Level.WARNING, "lock file", "none: versions are recorded, hashes are not; uv lock"
        )
    if environment.get("conda_packages"):
        yield Finding(Level.WARNING, "conda", "what conda installed beside Python is not restored")
    for problem in list(environment.get("problems", ()))[:_NAMED]:
        yield Finding(Level.WARNING, "packages", str(problem))


def _about_seeds(folder: Path, argv: Sequence[str]) -> Iterator[Finding]:
    from .capture.command import entry_point

    if os.environ.get("PYTHONHASHSEED", "random") == "random":
        yield Finding(
            Level.WARNING,
            "seeds",
            "PYTHONHASHSEED is not set: the order of sets of texts changes from run to run",
        )
    else:
        yield Finding(Level.OK, "seeds", f"PYTHONHASHSEED={os.environ['PYTHONHASHSEED']}")
    script = entry_point(list(argv), folder).script if argv else None
    if script is None or not script.is_file():
        return
    calls = seeding_calls(script)
    if calls is None:
        yield Finding(Level.WARNING, "seeds", f"{script.name} cannot be read as Python")
    elif calls:
        yield Finding(Level.OK, "seeds", f"{script.name} calls {', '.join(calls)}")
    else:
        yield Finding(
            Level.PROBLEM,
            "seeds",
            f"{script.name} seeds no generator itself: orbench.seed_everything(seed)",
        )


def seeding_calls(script: Path) -> list[str] | None:
    """The calls in a script that seed something, as written; None if it cannot be parsed.

    >>> seeding_calls(Path("does-not-exist.py")) is None
    True
    """
    try:
        if script.stat().st_size > _MAX_SCRIPT_BYTES:
            return None
        tree = ast.parse(script.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            seeds = name.rpartition(".")[2] in _SEEDERS
            if seeds or (name.endswith("reset") and any(k.arg == "seed" for k in node.keywords)):
                found[name] = None
    return list(found)


def _about_tools() -> Iterator[Finding]:
    for name, what in (("git", "gets the source"), ("uv", "builds environments, else pip does")):
        there = shutil.which(name)
        level = Level.OK if there else Level.WARNING
        yield Finding(level, name, what if there else f"not installed; it {what}")
