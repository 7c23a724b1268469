"""A run's documents as lines for people: every key of any document, long texts counted."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping

from orbench.run import Document, JsonValue

from .cells import for_people, json_text

__all__ = ["brief", "diff_of", "leaves_of", "packages_of"]

_LONGEST = 300
_MOST_ENTRIES = 8


def leaves_of(document: Document) -> list[tuple[str, JsonValue]]:
    """The dotted keys of a nested document and what stands at them, in its order.

    A short list of mappings is gone into, as `gpus[0].name`; other lists are values.
    """
    return list(_leaves(document))


def _leaves(document: Document) -> Iterator[tuple[str, JsonValue]]:
    from orbench.config import flatten

    for key, value in flatten(document).items():
        if isinstance(value, list) and _is_list_of_mappings(value) and len(value) <= _MOST_ENTRIES:
            for index, entry in enumerate(value):
                for name, leaf in _leaves(entry):
                    yield f"{key}[{index}].{name}", leaf
        else:
            # An empty mapping is flattened to its key with a dot behind.
            yield key.removesuffix(".") if value is None else key, value


def _is_list_of_mappings(values: list[JsonValue]) -> bool:
    return bool(values) and all(isinstance(value, Mapping) for value in values)


def brief(value: JsonValue, instead: str = "--format json has it whole") -> str:
    """A value on one line; a long or many-line one is counted, and told apart by its hash."""
    if isinstance(value, str) and ("\n" in value.rstrip("\n") or len(value) > _LONGEST):
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        lines = value.count("\n") + (not value.endswith("\n"))
        size = f"{lines} lines" if lines > 1 else f"{len(value)} characters"
        return f"{size}, sha256 {digest} ({instead})"
    if isinstance(value, list | tuple):
        nested = any(isinstance(item, Mapping | list | tuple) for item in value)
        text = json_text(value) if nested else for_people(value)
        return text if len(text) <= _LONGEST else f"{len(value)} entries ({instead})"
    return for_people(value)


def packages_of(environment: Document) -> list[dict[str, JsonValue]]:
    """The installed distributions in an environment document, each with a name and a version."""
    return [dict(package) for package in environment.get("packages") or []]


def diff_of(source: Document) -> bytes:
    """The uncommitted changes in a source document, as git wrote them; empty if there are none."""
    encoded = source.get("diff_base64")
    if encoded:
        return base64.b64decode(encoded)
    return (source.get("diff") or "").encode("utf-8", "surrogatepass")
