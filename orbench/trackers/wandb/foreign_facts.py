"""What W&B's own files say of a run's software, machine and command, as facts of orbench."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...run import Document
from .runs import seconds

__all__ = ["ForeignFacts", "facts_of"]

_MOST_PACKAGES = 5_000


@dataclass(frozen=True, slots=True)
class ForeignFacts:
    """Documents by kind, and what else the metadata tell."""

    facts: Mapping[str, Document] = field(default_factory=dict)
    command: Document = field(default_factory=dict)
    host: str = ""
    started: float = 0.0


def facts_of(metadata: bytes | None, requirements: bytes | None) -> ForeignFacts:
    """The facts in `wandb-metadata.json` and `requirements.txt`; what is not there is left out."""
    told = _object(metadata)
    environment: dict[str, Any] = {}
    if python := _text(told.get("python")):
        name, _, version = python.rpartition(" ")
        environment["python"] = {"version": version, "implementation": name or "CPython"}
    if requirements:
        environment["packages"] = list(_packages(requirements))[:_MOST_PACKAGES]
    git = told.get("git")
    source = {}
    if isinstance(git, dict) and git.get("commit"):
        source = {"kind": "git", "commit": git["commit"], "remote": git.get("remote")}
    facts = {"environment": environment, "source": source, "machine": _machine(told)}
    return ForeignFacts(
        facts={kind: document for kind, document in facts.items() if document},
        command=_command(told),
        host=_text(told.get("host")),
        started=seconds(told.get("startedAt")),
    )


def _machine(told: Mapping[str, Any]) -> dict[str, Any]:
    cpu = told.get("cpu")
    name = _text(cpu.get("model")) if isinstance(cpu, dict) else ""
    gpus = told.get("gpu_nvidia") or told.get("gpuNvidia") or ()
    machine: dict[str, Any] = {
        "host": _text(told.get("host")),
        "os": {"name": _text(told.get("os"))} if told.get("os") else None,
        "cpu": {"name": name, "logical_cores": told.get("cpu_count_logical")} if name else None,
        "gpus": [
            {"index": place, "name": _text(gpu.get("name"))}
            for place, gpu in enumerate(gpus)
            if isinstance(gpu, dict)
        ],
    }
    return {key: value for key, value in machine.items() if value}


def _command(told: Mapping[str, Any]) -> dict[str, Any]:
    program = _text(told.get("program"))
    arguments = told.get("args")
    if not program:
        return {}
    argv = [program, *(map(str, arguments) if isinstance(arguments, list) else ())]
    return {"argv": argv, "executable": _text(told.get("executable"))}


def _packages(requirements: bytes) -> Iterator[dict[str, str]]:
    for line in requirements.decode("utf-8", "replace").splitlines():
        name, equal, version = line.strip().partition("==")
        if equal and name:
            yield {"name": name, "version": version}


def _object(data: bytes | None) -> dict[str, Any]:
    try:
        value = json.loads(data or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
