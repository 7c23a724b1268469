"""What W&B tells of a run's software, machine and command, as facts of orbench.

It does so in the records of a log, in `wandb-metadata.json` beside it, or in that file at its
server, by the same names everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from ..run import Document, JsonValue

__all__ = ["WandbFacts", "wandb_facts", "wandb_metadata"]

_MOST_PACKAGES = 5_000


@dataclass(frozen=True, slots=True)
class WandbFacts:
    """Documents by kind, how the run was started, and where and when, as far as it is told."""

    facts: Mapping[str, Document]
    command: Document
    host: str
    started: str


def wandb_metadata(data: bytes) -> dict[str, JsonValue]:
    """The content of `wandb-metadata.json`; empty for what is no JSON object."""
    try:
        value = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, JsonValue]", value) if isinstance(value, dict) else {}


def wandb_facts(told: Mapping[str, JsonValue], requirements: bytes) -> WandbFacts:
    """The facts in W&B's metadata and in `requirements.txt`; what is not told is left out."""
    facts = {
        "environment": _environment(told, requirements),
        "source": _source(told),
        "machine": _machine(told),
    }
    return WandbFacts(
        facts={kind: document for kind, document in facts.items() if document},
        command=_command(told),
        host=_text(told.get("host")),
        started=_text(told.get("startedAt")),
    )


def _environment(told: Mapping[str, JsonValue], requirements: bytes) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    name, _, version = _text(told.get("python")).rpartition(" ")
    if version:
        found["python"] = {"version": version, "implementation": name or "CPython"}
    if packages := list(_packages(requirements))[:_MOST_PACKAGES]:
        found["packages"] = packages
    return found


def _packages(requirements: bytes) -> Iterator[dict[str, str]]:
    for line in requirements.decode("utf-8", "replace").splitlines():
        name, equal, version = line.strip().partition("==")
        if equal and name:
            yield {"name": name, "version": version}


def _source(told: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    git = told.get("git")
    if not isinstance(git, dict) or not git.get("commit"):
        return {}
    return {"kind": "git", "commit": git["commit"], "remote": git.get("remote")}


def _machine(told: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    cpu = told.get("cpu")
    name = _text(cpu.get("model")) if isinstance(cpu, dict) else ""
    machine: dict[str, JsonValue] = {
        "host": _text(told.get("host")),
        "os": {"name": _text(told.get("os"))} if _text(told.get("os")) else None,
        "cpu": {"name": name, "logical_cores": told.get("cpu_count_logical")} if name else None,
        "gpus": [{"index": place, "name": gpu} for place, gpu in enumerate(_gpus(told))],
    }
    return {key: value for key, value in machine.items() if value}


def _gpus(told: Mapping[str, JsonValue]) -> list[str]:
    """The names of the GPUs: one by one, or the first alone where no more is told."""
    listed = told.get("gpu_nvidia") or told.get("gpuNvidia")
    if isinstance(listed, list):
        return [_text(gpu.get("name")) for gpu in listed if isinstance(gpu, dict)]
    return [gpu for gpu in [_text(told.get("gpu"))] if gpu]


def _command(told: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    program = _text(told.get("program"))
    arguments = told.get("args")
    if not program:
        return {}
    argv = [program, *(map(str, arguments) if isinstance(arguments, list) else ())]
    return {"argv": argv, "executable": _text(told.get("executable"))}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
