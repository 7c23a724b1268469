"""Any Python value as JSON values, with a note wherever JSON could not hold it as it was.

Nothing is imported to recognise a type: numpy, jax, torch, pydantic, attrs and OmegaConf values
are known by what they offer. Nothing raises, whatever a value's own methods do; only Ctrl-C passes.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import math
import operator
import os
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial
from typing import Any

from .run import JsonValue

__all__ = ["NormalisedConfig", "join_key", "normalise", "storable_text"]

NormalisedConfig = tuple[dict[str, JsonValue], dict[str, str]]

_MAX_DEPTH = 32
_MAX_VALUES = 20_000
_MAX_TEXT = 65_536
_MAX_KEY = 200
_MAX_ARRAY = 1_000
_MAX_BYTES = 4_096
_MAX_NOTE = 500
_MAX_REPR = 1_000

# What a foreign method may raise. KeyboardInterrupt is not here: that is the user, not the value.
_ANY_FAILURE = (Exception, SystemExit, GeneratorExit)

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOTHING = object()


def join_key(prefix: str, key: str) -> str:
    """`prefix` (flattened already) and one more key; dots in the key are escaped."""
    escaped = key.replace("\\", "\\\\").replace(".", "\\.") or "\\e"
    return f"{prefix}.{escaped}" if prefix else escaped


def storable_text(text: str) -> str:
    """`text` with lone surrogates, which no encoding can hold, written as backslash escapes."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def normalise(value: object) -> NormalisedConfig:
    """`value` as a nested JSON-able dict, and notes by flattened key on what was kept otherwise.

    Takes mappings and anything with named fields (dataclass, Namespace, pydantic, attrs, ...);
    another value is kept under the key `value`. NaN, infinities and 64-bit integers stay as they
    are, in Python's own types. Never raises.
    """
    if value is None:
        return {}, {}
    walk = _Walk()
    result = walk.convert(value, "", 0)
    if not isinstance(result, dict):
        walk.note("value", f"the config was a {_type_name(value)}, kept under the key 'value'")
        result = {"value": result}
    return result, {key: storable_text("; ".join(notes)) for key, notes in walk.notes.items()}


class _Walk:
    """One conversion: the notes so far, the containers entered, and what may still be kept."""

    def __init__(self) -> None:
        self.notes: dict[str, list[str]] = {}
        self._entered: set[int] = set()
        self._left = _MAX_VALUES

    def note(self, key: str, sentence: str) -> None:
        """Remember how the value under a flattened key was kept."""
        notes = self.notes.setdefault(key, [])
        if len(notes) < 5:
            notes.append(sentence[:_MAX_NOTE])
        elif len(notes) == 5:
            notes.append("and more like these")

    def convert(self, value: object, key: str, depth: int) -> JsonValue:
        """The JSON value for any value."""
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        try:
            return self._convert(value, key, depth)
        except _ANY_FAILURE as error:
            self.note(key, f"a {_type_name(value)} that failed with {_type_name(error)} when read")
            return f"<{_type_name(value)}>"

    def _convert(self, value: Any, key: str, depth: int) -> JsonValue:  # Any: duck typing
        for convert in (self._plain, self._named, self._array, self._container):
            result = convert(value, key, depth)
            if result is not _NOTHING:
                return result
        self.note(key, f"a {_type_name(value)}, kept as its repr")
        return _short_repr(value)

    # -- values without parts

    def _plain(self, value: Any, key: str, depth: int) -> JsonValue:
        if isinstance(value, enum.Enum) and not isinstance(value, int | str | float):
            self.note(key, f"a member of the enum {_type_name(value)}, kept as its value")
            return self.convert(value.value, key, depth + 1)
        if isinstance(value, str):
            return self._text(str.__str__(value), key)
        if isinstance(value, int):
            return self._integer(int(value), key)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._bytes(bytes(value), key)
        if isinstance(value, os.PathLike):
            return self._text(os.fsdecode(os.fspath(value)), key)
        return self._plain_by_method(value, key)

    def _plain_by_method(self, value: Any, key: str) -> JsonValue:
        if isinstance(value, type):
            return _NOTHING
        if callable(getattr(value, "isoformat", None)):
            self.note(key, f"a {_type_name(value)}, kept as ISO 8601 text")
            return self._text(str(value.isoformat()), key)
        if type(value).__name__ == "timedelta" and hasattr(value, "total_seconds"):
            self.note(key, "a timedelta, kept as seconds")
            return float(value.total_seconds())
        if type(value).__name__ in ("Decimal", "Fraction", "complex", "UUID"):
            self.note(key, f"a {_type_name(value)}, kept as text")
            return str(value)
        return _NOTHING

    def _integer(self, value: int, key: str) -> JsonValue:
        if -(2**63) <= value < 2**64:
            return value
        self.note(key, "an integer beyond 64 bits, kept as text")
        if value.bit_length() > 10_000:
            return f"<integer of {value.bit_length()} bits>"
        return str(value)

    def _text(self, value: str, key: str) -> str:
        if len(value) > _MAX_TEXT:
            self.note(key, f"text of {len(value)} characters, cut to {_MAX_TEXT}")
            value = value[:_MAX_TEXT]
        kept = storable_text(value)
        if kept is not value:
            self.note(key, "text with lone surrogates, kept as backslash escapes")
        return kept

    def _bytes(self, value: bytes, key: str) -> str:
        cut = f", cut to the first {_MAX_BYTES}" if len(value) > _MAX_BYTES else ""
        self.note(key, f"{len(value)} bytes, kept as base64{cut}")
        return base64.b64encode(value[:_MAX_BYTES]).decode("ascii")

    def _named(self, value: Any, key: str, depth: int) -> JsonValue:
        """Classes, functions and methods, by their qualified names."""
        name = getattr(value, "__qualname__", None)
        if not isinstance(name, str) or not callable(value):
            return _NOTHING
        kind = "class" if isinstance(value, type) else "function"
        self.note(key, f"a {kind}, kept as its name")
        module = getattr(value, "__module__", None)
        return f"{module}.{name}" if isinstance(module, str) else name

    def _array(self, value: Any, key: str, depth: int) -> JsonValue:
        """Scalars and arrays of numpy, jax, torch and their like."""
        shape = getattr(value, "shape", None)
        if not hasattr(value, "dtype") or not isinstance(shape, tuple):
            return _NOTHING
        if shape == ():
            return self.convert(value.item(), key, depth + 1)
        size = math.prod(int(length) for length in shape)
        if size > _MAX_ARRAY or not hasattr(value, "tolist"):
            self.note(key, f"a {_type_name(value)} of {size} values, kept as its shape and type")
            return f"{_type_name(value)}(shape={shape}, dtype={value.dtype})"
        self.note(key, f"a {_type_name(value)} of {value.dtype}, kept as a list")
        return self.convert(value.tolist(), key, depth + 1)

    # -- values with parts

    def _container(self, value: Any, key: str, depth: int) -> JsonValue:
        items = _items(value)
        elements = None if items is not None else self._elements(value, key)
        if items is None and elements is None:
            return _NOTHING
        if id(value) in self._entered:
            self.note(key, "refers back to a container that holds it, left out")
            return f"<{_type_name(value)} that holds itself>"
        if depth >= _MAX_DEPTH:
            self.note(key, f"nested deeper than {_MAX_DEPTH} levels, left out")
            return f"<{_type_name(value)} nested too deep>"
        self._entered.add(id(value))
        try:
            if items is not None:
                return self._mapping(items, key, depth)
            return self._list(elements or (), key, depth)
        finally:
            self._entered.discard(id(value))

    def _mapping(
        self, items: list[tuple[object, Callable[[], object]]], key: str, depth: int
    ) -> JsonValue:
        result: dict[str, JsonValue] = {}
        for name, read in items:
            if not self._spend(key):
                break
            text = self._key_text(name, key, result)
            place = join_key(key, text)
            try:
                value = read()
            except _ANY_FAILURE as error:
                self.note(place, f"could not be read: {_type_name(error)}")
                value = None
            result[text] = self.convert(value, place, depth + 1)
        return result

    def _key_text(self, name: object, key: str, taken: Mapping[str, JsonValue]) -> str:
        """A key as text that is not taken yet."""
        text = str.__str__(name) if isinstance(name, str) else _short_str(name)
        text = storable_text(text)[:_MAX_KEY]
        if text in taken:
            tries = (f"{text} ({_type_name(name)} {n})" for n in range(len(taken) + 1))
            text = next(candidate for candidate in tries if candidate not in taken)
        if text != name:
            self.note(join_key(key, text), f"its key was a {_type_name(name)}, kept as text")
        return text

    def _list(self, elements: Iterable[object], key: str, depth: int) -> list[JsonValue]:
        result: list[JsonValue] = []
        for element in elements:
            if not self._spend(key):
                break
            result.append(self.convert(element, key, depth + 1))
        return result

    def _elements(self, value: Any, key: str) -> Iterable[object] | None:
        if isinstance(value, Set):
            self.note(key, f"a {_type_name(value)}, kept as a sorted list")
            return sorted(value, key=lambda element: (_type_name(element), _short_repr(element)))
        if isinstance(value, Sequence) and not isinstance(value, range):
            return value
        if type(value).__name__ == "deque":
            return list(value)
        return None

    def _spend(self, key: str) -> bool:
        """Take one from the values that may be kept; False when there are none left."""
        self._left -= 1
        if self._left == -1:
            self.note(key, f"the config has more than {_MAX_VALUES} values, the rest was left out")
        return self._left >= 0


def _items(value: Any) -> list[tuple[object, Callable[[], object]]] | None:
    """The keys of a value with named parts, each with a way to read its part; None for others."""
    if isinstance(value, type):
        return None
    if isinstance(value, Mapping) or (hasattr(value, "keys") and hasattr(value, "__getitem__")):
        # Not list(): that asks for the length, which a foreign mapping may not know.
        return [(name, partial(operator.getitem, value, name)) for name in iter(value.keys())]
    names = _field_names(value)
    return None if names is None else [(name, partial(getattr, value, name)) for name in names]


def _field_names(value: Any) -> list[str] | None:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(value._fields)
    kind = type(value)
    for name in ("model_fields", "__fields__"):  # pydantic 2; 1, in this order: 2 warns about it
        fields = getattr(kind, name, None)
        if isinstance(fields, Mapping):
            return list(fields)
    attributes = getattr(kind, "__attrs_attrs__", None)
    if attributes is not None:
        return [attribute.name for attribute in attributes]
    argparse = sys.modules.get("argparse")
    if isinstance(value, types.SimpleNamespace) or (
        argparse is not None and isinstance(value, argparse.Namespace)
    ):
        return list(vars(value))
    return None


def _type_name(value: object) -> str:
    return type(value).__name__


def _short_repr(value: object) -> str:
    """The repr, cut, and without the memory address that would differ in every run."""
    try:
        text = _ADDRESS.sub("", repr(value)[: 2 * _MAX_REPR])
    except _ANY_FAILURE:
        return f"<{_type_name(value)}>"
    return storable_text(text if len(text) <= _MAX_REPR else text[:_MAX_REPR] + "...")


def _short_str(value: object) -> str:
    try:
        return _ADDRESS.sub("", str(value)[:_MAX_REPR])
    except _ANY_FAILURE:
        return f"<{_type_name(value)}>"
