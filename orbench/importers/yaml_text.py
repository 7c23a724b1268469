"""YAML as data alone: PyYAML reads it, event by event, and no tag makes an object.

An OrderedDict that Python's dumper wrote is a mapping, a tuple a list, a name its text, and any
other object the data in it, below its tag. Keys are texts. How deep it goes and how much aliases
may multiply has an end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import ImportFileError
from ..run import JsonValue

if TYPE_CHECKING:
    import yaml

__all__ = ["MOST_YAML_CHARACTERS", "parse_yaml"]

MOST_YAML_CHARACTERS = 4 * 2**20

_DEEPEST = 60
_MOST_VALUES = 200_000
_YAML = "tag:yaml.org,2002:"
_MERGE = f"{_YAML}merge"


def parse_yaml(text: str, place: str) -> JsonValue:
    """The data in a YAML text; `place` is what an error calls it. Raises ImportFileError."""
    import yaml

    if len(text) > MOST_YAML_CHARACTERS:
        raise ImportFileError(
            f"{place}: has {len(text):,} characters of YAML, of which at most "
            f"{MOST_YAML_CHARACTERS:,} are read"
        )
    try:
        return _Reader(_events(text), place, _Scalars()).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise _error(place, line, f"this is no YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise ImportFileError(f"{place}: has characters that YAML does not have") from error


def _events(text: str) -> Iterator[yaml.Event]:
    """What the parser finds; libyaml's where PyYAML was built with it, which is much faster."""
    import yaml

    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return yaml.parse(text, Loader=loader)


class _Scalars:
    """Turns a scalar into a value, as YAML 1.1 types it; dates stay texts."""

    def __init__(self) -> None:
        import yaml

        self._scalar = yaml.ScalarNode
        self._loader = yaml.SafeLoader("")

    def tag(self, event: yaml.ScalarEvent) -> str:
        """The tag it has, or that its form gives it."""
        if event.tag not in (None, "!"):
            return event.tag
        # What the stubs do not type.
        tag: str = self._loader.resolve(  # type: ignore[no-untyped-call]
            self._scalar, event.value, event.implicit
        )
        return tag

    def value(self, tag: str, text: str) -> JsonValue:
        """What it stands for; raises ValueError where the text is not of its tag."""
        node = self._scalar(tag, text)
        match tag.removeprefix(_YAML):
            case "null":
                return None
            case "bool":
                return self._loader.construct_yaml_bool(node)
            case "int":
                # Numbers to the base 60 are times of day that a person wrote.
                return text if ":" in text else self._loader.construct_yaml_int(node)
            case "float":
                return text if ":" in text else self._loader.construct_yaml_float(node)
            case "str" | "timestamp" | "merge" | "value":
                return text
        return _tagged(tag, text)


@dataclass(slots=True)
class _Reader:
    events: Iterator[yaml.Event]
    place: str
    scalars: _Scalars
    values: int = 0
    anchors: dict[str, tuple[JsonValue, int]] = field(default_factory=dict)

    def document(self) -> JsonValue:
        """The one document; None for an empty text."""
        import yaml

        value: JsonValue = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refused(event, "a second document is not read")
            elif not isinstance(
                event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent
            ):
                value = self._value(event, 0)
        return value

    def _value(self, event: yaml.Event, depth: int) -> JsonValue:
        import yaml

        before = self.values
        self._counted(event, 1, depth)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        assert isinstance(event, yaml.NodeEvent)
        value: JsonValue
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = _tagged(event.tag, self._sequence(depth))
        else:
            assert isinstance(event, yaml.MappingStartEvent)
            value = _tagged(event.tag, self._mapping(depth))
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.values - before)
        return value

    def _scalar(self, event: yaml.ScalarEvent) -> JsonValue:
        tag = self.scalars.tag(event)
        try:
            return self.scalars.value(tag, event.value)
        except (ValueError, KeyError) as error:
            name = tag.removeprefix(_YAML)
            raise self._refused(event, f"'{event.value:.40}' is no {name}") from error

    def _sequence(self, depth: int) -> list[JsonValue]:
        import yaml

        items: list[JsonValue] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._value(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, JsonValue]:
        import yaml

        own: dict[str, JsonValue] = {}
        merged: dict[str, JsonValue] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refused(event, "a key that is no text is not read")
            value = self._value(next(self.events), depth + 1)
            if self.scalars.tag(event) == _MERGE:
                for one in value if isinstance(value, list) else [value]:
                    if not isinstance(one, dict):
                        raise self._refused(event, "'<<' stands for what is no mapping")
                    merged = one | merged  # the first that has a key gives it
            else:
                own[event.value] = value
        return merged | own

    def _alias(self, event: yaml.AliasEvent) -> JsonValue:
        if event.anchor not in self.anchors:
            raise self._refused(event, f"nothing is called '{event.anchor:.40}'")
        value, size = self.anchors[event.anchor]
        self._counted(event, size, 0)
        return value

    def _counted(self, event: yaml.Event, more: int, depth: int) -> None:
        self.values += more
        if self.values > _MOST_VALUES or depth > _DEEPEST:
            raise self._refused(
                event, f"has more than {_MOST_VALUES:,} values or {_DEEPEST} levels"
            )

    def _refused(self, event: yaml.Event, said: str) -> ImportFileError:
        line = event.start_mark.line if event.start_mark else 0
        return _error(self.place, line, f"{said} in this YAML")


def _error(place: str, line: int, said: str) -> ImportFileError:
    return ImportFileError(f"{place}: line {line + 1}: {' '.join(said.split())}")


def _tagged(tag: str | None, value: JsonValue) -> JsonValue:
    """What data with a tag stands for; see the module."""
    name = (tag or "").removeprefix(_YAML)
    if name in ("", "!", "python/tuple", "python/list", "python/dict", "set", "omap", "map", "seq"):
        return value
    if name in ("python/str", "python/unicode"):
        return value
    if name.startswith(("python/name:", "python/module:")):
        return name.partition(":")[2]
    if name == "python/object/apply:collections.OrderedDict" and isinstance(value, list):
        pairs = value[0] if value else []
        if isinstance(pairs, list) and all(
            isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs
        ):
            return {str(pair[0]): pair[1] for pair in pairs if isinstance(pair, list)}
    return {name: value}
