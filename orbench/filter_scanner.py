"""Reads the text of a filter sign by sign; `filter_parser` says what the signs mean."""

from __future__ import annotations

import re
from typing import NoReturn

from .errors import FilterError

__all__ = ["OPERATOR", "FilterScanner"]

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"""[^\s()=!<>~,"']+""")
_BARE_VALUE = re.compile(r"""(?:[^\s()=!<>,"'~]|!(?![=~]))(?:[^\s()=!<>,"']|!(?![=~]))*""")
_QUOTED = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""", re.DOTALL)
_ESCAPE = re.compile(r"""\\(["'\\])""")
_REGEX_PIECE = re.compile(r"\\\S|\[\^?\]?(?:\\\S|[^\]\\\s])*\]|\S")
_RESERVED = ("and", "or", "not", "in")

OPERATOR = re.compile(r"==|!=|<=|>=|!~|[=<>~]")


class FilterScanner:
    """A text and the place `at` of its next character; what is read moves the place on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        """Raise FilterError for the place `at`, by default that of the next character."""
        column = (self.at if at is None else at) + 1
        raise FilterError(message, text=self.text, column=column)

    def next_sign(self) -> str:
        """The next character that is not white space, not read yet; empty at the end."""
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.text[self.at : self.at + 1]

    def takes(self, signs: str) -> bool:
        """Whether these characters come next; if so they are read."""
        self.next_sign()
        found = self.text.startswith(signs, self.at)
        self.at += len(signs) if found else 0
        return found

    def next_name(self) -> str:
        """The name that comes next, not read yet; empty if there is none or a reserved word."""
        word = self._next_word()
        return "" if word.lower() in _RESERVED else word

    def is_word(self, reserved: str) -> bool:
        """Whether this reserved word comes next, in small letters or capitals."""
        return self._next_word().lower() == reserved

    def takes_word(self, reserved: str) -> bool:
        """Whether this reserved word comes next; if so it is read."""
        found = self.is_word(reserved)
        self.at += len(reserved) if found else 0
        return found

    def _next_word(self) -> str:
        self.next_sign()
        found = _NAME.match(self.text, self.at)
        return found[0] if found else ""

    def is_quote(self) -> bool:
        """Whether a quote comes next."""
        return self.next_sign() in ('"', "'")

    def quoted(self) -> str:
        """Read the quoted text that comes next, and give what it stands for."""
        found = _QUOTED.match(self.text, self.at)
        if not found:
            self.fail("no quote closes the text that begins here")
        self.at = found.end()
        return _ESCAPE.sub(r"\1", found[1] if found[2] is None else found[2])

    def bare_value(self, behind: str) -> str:
        """Read a value without quotes; empty if there is none."""
        found = _BARE_VALUE.match(self.text, self.at)
        if not found:
            if behind == "=" and self.next_sign() == "~":
                self.fail("a regular expression is compared by ~ alone; quote a text that has a ~")
            return ""
        if found[0].lower() in _RESERVED:
            self.fail(f"a value is missing behind {behind}; quote '{found[0]}' if it is the value")
        self.at = found.end()
        return found[0]

    def bare_regex(self) -> str:
        """Read a regular expression without quotes, up to white space or a ) not its own."""
        start, opened = self.at, 0
        while piece := _REGEX_PIECE.match(self.text, self.at):
            opened += {"(": 1, ")": -1}.get(piece[0], 0)
            if opened < 0:
                break
            self.at = piece.end()
        return self.text[start : self.at]
