"""A run's documents as lines for people: every key of any document, long texts counted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from orbench.run import Document, JsonValue

from .cells import for_people, json_text

__all__ = ["brief", "leaves_of", "packages_of"]

_LONGEST = 500


def leaves_of(document: Document) -> list[tuple[str, JsonValue]]:
    """The dotted keys of a nested document and what stands at them, in its order."""
    from orbench.config import flatten

    return list(flatten(document).items())


def brief(value: JsonValue, instead: str = "--format json has it whole") -> str:
    """A value on one line; a long or many-line one is counted, and named by its hash."""
    if isinstance(value, str) and ("\n" in value or len(value) > _LONGEST):
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        lines = value.count("\n") + (not value.endswith("\n"))
        return f"{lines} lines, {len(value)} characters, sha256 {digest} ({instead})"
    if isinstance(value, Sequence) and not isinstance(value, str):
        text = json_text(value) if _is_nested(value) else for_people(value)
        return text if len(text) <= _LONGEST else f"{len(value)} entries ({instead})"
    return for_people(value)


def _is_nested(values: Sequence[JsonValue]) -> bool:
    return any(isinstance(value, Mapping | list | tuple) for value in values)


def packages_of(environment: Document) -> list[dict[str, JsonValue]]:
    """The installed distributions in an environment document, each a flat mapping, by name."""
    packages = environment.get("packages") or []
    if isinstance(packages, Mapping):
        packages = [_package(name, told) for name, told in packages.items()]
    rows = [dict(package) for package in packages if isinstance(package, Mapping)]
    return sorted(rows, key=lambda row: str(row.get("name", "")).lower())


def _package(name: str, told: JsonValue) -> dict[str, JsonValue]:
    return {"name": name, **(told if isinstance(told, Mapping) else {"version": told})}
