r"""The config of a run: normalised, flattened to dotted keys and back, merged, hashed.

Flattened keys join the keys of each level with dots. Within a key a dot is written `\.`, a
backslash `\\`, and the empty key `\e`. An empty mapping is kept as its key with a dot behind and
the value None, so that `unflatten(flatten(document)) == document` for every normalised document.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

from .config_values import NormalisedConfig, join_key, normalise
from .errors import UsageError
from .run import Document, JsonValue

__all__ = ["NormalisedConfig", "config_hash", "flatten", "merge", "normalise", "unflatten"]

FlatValue = None | bool | int | float | str | list[JsonValue]

_KEY_PIECE = re.compile(r"(?:\\.|[^.\\]|\\\Z)+|\.", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def flatten(document: Document) -> dict[str, FlatValue]:
    r"""A nested document as one level of dotted keys; lists are values, with what is in them.

    >>> flatten({"optim": {"lr": 0.1, "betas": [0.9, 0.99]}, "a.b": 1})
    {'optim.lr': 0.1, 'optim.betas': [0.9, 0.99], 'a\\.b': 1}
    """
    return dict(_leaves("", document))


def _leaves(prefix: str, document: Document) -> Iterator[tuple[str, FlatValue]]:
    for key, value in document.items():
        place = join_key(prefix, key)
        if not isinstance(value, Mapping):
            yield place, value
        elif value:
            yield from _leaves(place, value)
        else:
            yield f"{place}.", None


def unflatten(flat: Mapping[str, FlatValue]) -> dict[str, JsonValue]:
    """The nested document of dotted keys, as `flatten` wrote them.

    Raises UsageError when one key stands for a value and for a mapping at once.
    """
    document: dict[str, JsonValue] = {}
    for place, value in flat.items():
        pieces = _KEY_PIECE.findall(place)
        keys = [_key(piece) for piece in pieces if piece != "."]
        is_empty_mapping = not pieces or pieces[-1] == "."
        parents = keys if is_empty_mapping else keys[:-1]
        level = document
        for key in parents:
            level = level.setdefault(key, {})
            if not isinstance(level, dict):
                raise UsageError(f"config key '{place}': a key above it has a value already")
        if is_empty_mapping:
            continue
        if keys[-1] in level:
            raise UsageError(f"config key '{place}' stands for a value and for a mapping")
        level[keys[-1]] = value
    return document


def _key(piece: str) -> str:
    return "" if piece == "\\e" else _ESCAPED.sub(r"\1", piece)


def merge(base: Document, update: Document) -> dict[str, JsonValue]:
    """`update` laid over `base`, mapping by mapping; in all else `update` wins. Both stay as is."""
    merged = {key: _copy(value) for key, value in base.items()}
    for key, value in update.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(old, value)
        else:
            merged[key] = _copy(value)
    return merged


def _copy(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _copy(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(element) for element in value]
    return value


def config_hash(document: Document) -> str:
    """The sha256, in hex, of a normalised document: the same for any order of keys.

    1, 1.0 and True are different values; every NaN is the same one.
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), default=dict)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
