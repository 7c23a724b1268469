"""What differs between a run and its reproduction, besides the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..config import flatten
from ..run import JsonValue
from ..run_store import RunDetails

__all__ = ["differences"]

# Where things lie differs by design.
_PLACES = ("prefix", "prefix_kind", "VIRTUAL_ENV", "CONDA_PREFIX")


def differences(original: RunDetails, again: RunDetails) -> list[str]:
    """Sentences on what differs in packages, Python, machine, variables and config."""
    return [
        *_packages(original.facts.get("environment", {}), again.facts.get("environment", {})),
        *_values("Python", _python(original), _python(again)),
        *_values("machine", original.facts.get("machine", {}), again.facts.get("machine", {})),
        *_values("variable", original.facts.get("variables", {}), again.facts.get("variables", {})),
        *_values("config", original.record.config, again.record.config),
    ]


def _python(details: RunDetails) -> Mapping[str, JsonValue]:
    python: Mapping[str, JsonValue] = details.facts.get("environment", {}).get("python", {})
    return python


def _packages(first: Mapping[str, JsonValue], second: Mapping[str, JsonValue]) -> Iterator[str]:
    if not first or not second:
        return
    a, b = _versions(first), _versions(second)
    for name in sorted(a.keys() | b.keys()):
        if name not in b:
            yield f"package {name} {a[name]} was there, and is not"
        elif name not in a:
            yield f"package {name} {b[name]} is there, and was not"
        elif a[name] != b[name]:
            yield f"package {name} was {a[name]}, is {b[name]}"


def _versions(environment: Mapping[str, JsonValue]) -> dict[str, str]:
    return {
        str(row.get("name", "")).lower().replace("_", "-"): str(row.get("version", ""))
        for row in environment.get("packages", ())
    }


def _values(
    what: str, first: Mapping[str, JsonValue], second: Mapping[str, JsonValue]
) -> Iterator[str]:
    if not first or not second:
        return
    a, b = flatten(first), flatten(second)
    for key in sorted((a.keys() | b.keys()) - {*_PLACES}):
        if key not in b:
            yield f"{what} {key} was {a[key]}, and is not set"
        elif key not in a:
            yield f"{what} {key} is {b[key]}, and was not set"
        elif repr(a[key]) != repr(b[key]):
            yield f"{what} {key} was {a[key]}, is {b[key]}"
