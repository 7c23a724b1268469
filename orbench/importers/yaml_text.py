"""YAML as `yaml.dump` and MLflow write it: a reader of data alone, which makes no object.

Read are mappings, lists and scalars in block form, flow collections, quoted text, anchors, and
the tags that Python's dumpers write. A tag never runs anything: an OrderedDict is a mapping, a
tuple a list, a name its text, and any other object the data in it, below its tag. What is beyond
(literal blocks, merge keys, several documents) is an error that names the line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import ImportFileError
from ..run import JsonValue

__all__ = ["MOST_YAML_CHARACTERS", "parse_yaml"]

MOST_YAML_CHARACTERS = 4 * 2**20

_DEEPEST = 60
_MOST_VALUES = 200_000

# Not what Python takes for white space: a text may begin or end with a no-break space.
_BLANK = " \t\n\r"
_TAG_OR_ANCHOR = re.compile(r"([!&][^ \t\n\r,\[\]{}]*)(?:[ \t\n\r]+|$)")
_KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^ \t\n\r#&*!|>'"%@`\[\]{},].*?)"""
    r"""[ \t\n\r]*:(?:[ \t\n\r]+|$)"""
)
_FLOW_WORD = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(?:[^,\[\]{}:]|:(?![ \t\n\r,\]}]|$))+)""", re.DOTALL
)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*(?:[eE][-+][0-9]+)?")
_SPECIAL = {".inf": math.inf, "+.inf": math.inf, "-.inf": -math.inf, ".nan": math.nan}
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("~", "null", "Null", "NULL", ""), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_ESCAPES = {
    **{"0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"},
    **{"e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"},
}
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
    r"|([ \t\n\r]*\n[ \t\n\r]*)|(.))"
)


def parse_yaml(text: str, place: str) -> JsonValue:
    """The data in a YAML text; `place` is what an error calls it. Raises ImportFileError."""
    if len(text) > MOST_YAML_CHARACTERS:
        raise ImportFileError(
            f"{place}: has {len(text):,} characters of YAML, of which at most "
            f"{MOST_YAML_CHARACTERS:,} are read"
        )
    return _Reader(_lines(text), place).document()


@dataclass(slots=True)
class _Line:
    """A line: its number from 1, how far it is indented (-1 for a blank one), and what it says."""

    number: int
    indent: int
    text: str


def _lines(text: str) -> list[_Line]:
    made = []
    # Not splitlines: a YAML line ends with a line feed alone.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        bare = line.strip(" \r")
        made.append(_Line(number, len(line) - len(line.lstrip(" ")) if bare else -1, bare))
    return made


@dataclass(slots=True)
class _Reader:
    lines: list[_Line]
    place: str
    at: int = 0
    values: int = 0
    anchors: dict[str, tuple[JsonValue, int]] = field(default_factory=dict)

    def document(self) -> JsonValue:
        """The one document."""
        line = self._peek()
        while line is not None and (line.text.startswith("%") or line.text == "---"):
            self.at += 1
            line = self._peek()
        if line is not None and line.text.startswith("--- "):
            line.indent, line.text = line.indent + 4, line.text[4:].lstrip(_BLANK)
        value = self._block(-1, 0) if line is not None else None
        rest = self._peek()
        if rest is not None and rest.text != "...":
            raise self._error(rest, "is not read")
        return value

    def _peek(self) -> _Line | None:
        """The next line that says something."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.indent >= 0 and not line.text.startswith("#"):
                return line
            self.at += 1
        return None

    def _block(self, parent: int, depth: int) -> JsonValue:
        """The value whose lines are indented further than `parent`."""
        line = self._peek()
        if line is None or line.indent <= parent:
            return None
        self._counted(line, depth)
        marks, line.text, line.indent = *_marks(line.text), line.indent
        before = self.values
        if not line.text:
            self.at += 1
            # What is behind a tag on a line of its own may stand as far left as the tag.
            value = self._block(parent if marks else line.indent, depth + 1)
        elif line.text == "-" or line.text.startswith("- "):
            value = self._sequence(line.indent, depth)
        elif _KEY.match(line.text):
            value = self._mapping(line.indent, depth)
        else:
            value = self._scalar(parent)
        return self._marked(marks, value, before, line)

    def _sequence(self, indent: int, depth: int) -> JsonValue:
        items: list[JsonValue] = []
        while (line := self._peek()) is not None and line.indent == indent:
            if line.text != "-" and not line.text.startswith("- "):
                break
            rest = line.text[1:].lstrip(" ")
            if rest and not rest.startswith("#"):
                # The item stands in the place of its dash.
                line.indent, line.text = indent + len(line.text) - len(rest), rest
            else:
                self.at += 1
            items.append(self._block(indent, depth + 1))
        return items

    def _mapping(self, indent: int, depth: int) -> JsonValue:
        made: dict[str, JsonValue] = {}
        while (line := self._peek()) is not None and line.indent == indent:
            fitted = _KEY.match(line.text)
            if fitted is None:
                break
            key = self._key(fitted[1], line)
            rest = line.text[fitted.end() :]
            marks, rest = _marks("" if rest.startswith("#") else rest)
            before = self.values
            if rest:
                # Behind the key; what goes on below must stand further right than the key.
                line.indent, line.text = indent + 1, rest
                self._counted(line, depth)
                value = self._scalar(indent)
            else:
                self.at += 1
                below = self._peek()
                dashed = below is not None and below.indent == indent and below.text[:1] == "-"
                value = self._block(indent - 1 if dashed else indent, depth + 1)
            made[key] = self._marked(marks, value, before, line)
        return made

    def _key(self, text: str, line: _Line) -> str:
        if text[0] in "\"'":
            return self._quoted(text, line)
        if text == "<<" or text.startswith("? "):
            raise self._error(line, f"'{text}' is not read")
        return text

    def _scalar(self, parent: int) -> JsonValue:
        """A text that begins in this line, with the lines below that go on with it."""
        first = self._peek()
        assert first is not None
        pieces = [first.text]
        self.at += 1
        while self.at < len(self.lines):
            line = self.lines[self.at]
            ends = line.text == "..." or 0 <= line.indent <= parent
            if ends and not self._unclosed(pieces):
                break
            pieces.append(line.text if line.indent >= 0 else "")
            self.at += 1
        text = "\n".join(pieces).rstrip(_BLANK)
        if not text:
            return None
        if text[0] in "\"'":
            return self._quoted(_without_comment(text), first)
        if text[0] in "[{":
            return self._flow(_without_comment(text), first)
        if text[0] in "|>%@`":
            raise self._error(first, f"a text that begins with {text[0]} is not read")
        plain = _folded(re.split(r"[ \t\n\r]#", text, maxsplit=1)[0].rstrip(_BLANK))
        return self._alias(plain, first) if plain.startswith("*") else _plain(plain)

    def _unclosed(self, pieces: list[str]) -> bool:
        """Whether these lines are a quoted text that has not ended: it may go on anywhere."""
        return pieces[0][0] in "\"'" and not re.match(
            r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')""", "\n".join(pieces), re.DOTALL
        )

    def _quoted(self, text: str, line: _Line) -> str:
        if len(text) < 2 or text[-1] != text[0]:
            raise self._error(line, "a quoted text does not end")
        inner = text[1:-1]
        if text[0] == "'":
            return _folded(inner.replace("''", "'"))
        pieces = []
        last = 0
        for found in _ESCAPE.finditer(inner):
            pieces += [_folded(inner[last : found.start()]), self._escaped(found, line)]
            last = found.end()
        return "".join((*pieces, _folded(inner[last:])))

    def _escaped(self, found: re.Match[str], line: _Line) -> str:
        code = found[1] or found[2] or found[3]
        if code:
            number = int(code, 16)
            if number > 0x10FFFF:
                raise self._error(line, f"{found[0]} is no character")
            return chr(number)
        return "" if found[4] else _ESCAPES.get(found[5], found[5])

    def _alias(self, text: str, line: _Line) -> JsonValue:
        if text[1:] not in self.anchors:
            raise self._error(line, f"nothing is called '{text[1:]:.40}'")
        value, size = self.anchors[text[1:]]
        self.values += size
        self._counted(line, 0)
        return value

    def _marked(self, marks: list[str], value: JsonValue, before: int, line: _Line) -> JsonValue:
        for mark in reversed(marks):
            if mark.startswith("&"):
                self.anchors[mark[1:]] = (value, self.values - before + 1)
            else:
                value = _tagged(mark, value)
        return value

    def _counted(self, line: _Line, depth: int) -> None:
        self.values += 1
        if self.values > _MOST_VALUES or depth > _DEEPEST:
            raise self._error(line, f"has more than {_MOST_VALUES:,} values or {_DEEPEST} levels")

    def _error(self, line: _Line, said: str) -> ImportFileError:
        said = " ".join(said.split())
        return ImportFileError(f"{self.place}: line {line.number}: {said} in this YAML")

    # -- flow collections

    def _flow(self, text: str, line: _Line) -> JsonValue:
        value, end = self._flow_value(text, 0, line, 0)
        if text[end:].strip(_BLANK):
            raise self._error(line, f"'{text[end:].strip(_BLANK):.20}' is not read")
        return value

    def _flow_value(self, text: str, at: int, line: _Line, depth: int) -> tuple[JsonValue, int]:
        self._counted(line, depth)
        at = _skip(text, at)
        if text[at : at + 1] in ("[", "{"):
            return self._flow_collection(text, at, line, depth)
        fitted = _FLOW_WORD.match(text, at)
        if fitted is None:
            return None, at
        word = fitted[1].strip(_BLANK)
        if word == "?" or word.startswith("? "):
            raise self._error(line, "a key after ? is not read")
        if word[:1] in ("'", '"'):
            return self._quoted(word, line), fitted.end()
        return (self._alias(word, line) if word[:1] == "*" else _plain(_folded(word))), fitted.end()

    def _flow_collection(
        self, text: str, at: int, line: _Line, depth: int
    ) -> tuple[JsonValue, int]:
        close = "]" if text[at] == "[" else "}"
        items: list[JsonValue] = []
        pairs: dict[str, JsonValue] = {}
        at = _skip(text, at + 1)
        while text[at : at + 1] != close:
            item, at = self._flow_value(text, at, line, depth + 1)
            at = _skip(text, at)
            if close == "}":
                value: JsonValue = None
                if text[at : at + 1] == ":":
                    value, at = self._flow_value(text, at + 1, line, depth + 1)
                pairs["null" if item is None else str(item)] = value
            else:
                items.append(item)
            at = _skip(text, at)
            if text[at : at + 1] == ",":
                at = _skip(text, at + 1)
            elif text[at : at + 1] != close:
                raise self._error(line, f"a {close} is missing")
        return (items if close == "]" else pairs), at + 1


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\n"):
        at += 1
    return at


def _marks(text: str) -> tuple[list[str], str]:
    """The tags and anchors before a value, and the value."""
    marks = []
    while (found := _TAG_OR_ANCHOR.match(text)) is not None:
        marks.append(found[1])
        text = text[found.end() :]
    return marks, text


def _tagged(tag: str, value: JsonValue) -> JsonValue:
    """What data with a tag stands for; see the module."""
    name = tag.removeprefix("!!")
    if name in ("python/tuple", "python/list", "python/dict", "set", "omap", "map", "seq"):
        return value
    if name in ("str", "python/str", "python/unicode"):
        return "" if value is None else value
    if name.startswith(("python/name:", "python/module:")):
        return name.partition(":")[2]
    if name == "python/object/apply:collections.OrderedDict" and isinstance(value, list):
        pairs = value[0] if value else []
        if isinstance(pairs, list) and all(
            isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs
        ):
            return {str(pair[0]): pair[1] for pair in pairs if isinstance(pair, list)}
    return {name: value}


def _plain(text: str) -> JsonValue:
    """A text without quotes as YAML 1.1 types it."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) < 4_000:
        return int(text.replace("_", ""))
    if text.lower() in _SPECIAL:
        return _SPECIAL[text.lower()]
    if _FLOAT.fullmatch(text) and any(sign.isdigit() for sign in text):
        return float(text.replace("_", ""))
    return text


def _folded(text: str) -> str:
    """Lines joined as YAML folds them: one break is a space, more are one break less."""
    if "\n" not in text:
        return text
    return re.sub(
        r"[ \t]*\n[ \t]*(\n[ \t]*)*",
        lambda found: "\n" * (found[0].count("\n") - 1) or " ",
        text,
    )


def _without_comment(text: str) -> str:
    """A quoted or flow text without a comment behind it."""
    end = max(text.rfind(sign) for sign in "\"']}")
    tail = text[end + 1 :].strip(_BLANK)
    return text[: end + 1] if tail.startswith("#") else text
