"""A plan as a shell script that works by itself, with git and uv alone."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from .packages import extra_indexes
from .plan import ReproductionPlan
from .source_plan import SourceFile, SourcePlan

__all__ = ["command_in", "shell_script"]


def shell_script(plan: ReproductionPlan) -> str:
    """A POSIX shell script that gets the source, builds the environment and runs the program.

    It works in the folder that its first argument names, else in a new one. Every word of the
    record is quoted, every file is base64.
    """
    run = plan.record
    lines = [
        "#!/bin/sh",
        f"# Reproduces run {run.run_id}: {_plain(run.exp_name)} on {_plain(run.env_id)}, "
        f"seed {run.seed}.",
        *(f"# Not restored: {_plain(sentence)}" for sentence in plan.losses),
        "set -eu",
        'work="${1:-$(mktemp -d)}"',
        'mkdir -p "$work/source"',
        'cd "$work/source"',
        *_source(plan.source),
        *_environment(plan),
        *(
            f"export {name}={shlex.quote(value)}"
            for name, value in plan.variables.items()
            if name.isidentifier()
        ),
        'PATH="$work/venv/bin:$PATH"; export PATH',
        f"cd {shlex.quote(plan.folder)}",
        f"exec {shlex.join(command_in(plan, 'python'))}",
        "",
    ]
    return "\n".join(lines)


def command_in(plan: ReproductionPlan, python: str) -> list[str]:
    """The command line, with `python` for the Python that ran it.

    A program that lay in the environment of the run is called by its name alone, so that it is
    found in the new one.
    """
    first, *rest = plan.command
    if plan.runs_python:
        return [python, *rest]
    path = PurePosixPath(first)
    in_environment = path.is_absolute() and path.parent.name == "bin"
    return [path.name if in_environment else first, *rest]


def _source(source: SourcePlan) -> Iterator[str]:
    if source.commit or source.diff:
        yield "export GIT_ALLOW_PROTOCOL=file:git:http:https:ssh GIT_TERMINAL_PROMPT=0"
        yield "git init --quiet ."
    if source.commit:
        wanted = source.commit
        if source.pushed is False and source.pushed_commit:
            wanted = source.pushed_commit
        # In a variable of its own: within the double quotes below, quotes would protect nothing.
        if source.remotes:
            yield f"remote={shlex.quote(source.remotes[0])}"
        other = ":-$remote" if source.remotes else ":?set it to a repository that has the commit"
        yield f'git fetch --quiet --no-tags -- "${{ORBENCH_REPOSITORY{other}}}" {wanted}'
        yield f"git -c core.hooksPath=/dev/null checkout --quiet --detach {wanted}"
        if wanted != source.commit:
            yield from _applied(source.pushed_diff)
    if source.diff:
        yield from _applied(source.diff)
    for file in source.files:
        yield from _file(file)


def _file(file: SourceFile) -> Iterator[str]:
    """Write a file, unless a link of the commit lies on the way to it."""
    place = PurePosixPath(file.path)
    for above in reversed([place, *place.parents][:-1]):
        yield f"test ! -L {shlex.quote(f'./{above}')}"
    name = shlex.quote(f"./{place}")
    yield f"mkdir -p {shlex.quote(f'./{place.parent}')}"
    if file.link:
        yield f"ln -s -- {shlex.quote(file.link)} {name}"
    else:
        yield from _decoded(file.content, f"> {name}")


def _applied(diff: bytes) -> Iterator[str]:
    yield from _decoded(diff, "| git apply --binary --whitespace=nowarn -")


def _decoded(data: bytes, rest: str) -> Iterator[str]:
    yield f"base64 -d <<'ORBENCH' {rest}"
    text = base64.b64encode(data).decode("ascii")
    yield from (text[start : start + 76] for start in range(0, len(text), 76))
    yield "ORBENCH"


def _environment(plan: ReproductionPlan) -> Iterator[str]:
    yield f'uv venv --quiet --python {shlex.quote(plan.python)} "$work/venv"'
    yield "cat > \"$work/requirements.txt\" <<'ORBENCH'"
    yield from plan.requirements
    yield "ORBENCH"
    more = "".join(f" --extra-index-url {url}" for url in extra_indexes(plan.packages))
    more += " --index-strategy unsafe-best-match" if more else ""
    install = f'uv pip install --quiet --no-deps --python "$work/venv"{more}'
    yield f'{install} -r "$work/requirements.txt"'
    for package in plan.local_packages:
        switch = "-e " if package.editable else ""
        yield f"{install} {switch}{shlex.quote(f'./{package.in_source}')}"
    for package in plan.packages:
        if package.name == "orbench" and not package.requirement and not package.in_source:
            yield f"{install} orbench=={package.version}"


def _plain(text: str) -> str:
    """Text for a comment: on one line."""
    return " ".join(str(text).split())
