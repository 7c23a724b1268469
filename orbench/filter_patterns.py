r"""Globs and regular expressions that mean the same to Python and to PostgreSQL.

Regular expressions are the common subset of both: literals, `.`, classes, `* + ? {m,n}`, `^ $`,
`|`, groups `( )` and `(?: )`, lookaround, back references, `(?i)` in front, and the escapes
`\d \D \w \W \s \S \b \B \A \Z \n \r \t \f \v`. What else Python knows is refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable

__all__ = ["Problem", "glob_problem", "glob_regex", "postgres_regex", "regex_problem"]

Problem = tuple[str, int]
"""What is wrong with a pattern, and the 0-based place in it."""

_GLOB_PIECE = re.compile(
    r"(?P<any>\*+)|(?P<one>\?)|\[(?P<not>!?)(?P<set>\]?[^\]]*)\]|(?P<open>\[)|(?P<text>[^*?\[]+)"
)
_MEMBER = re.compile(r"(.)-(.)|.", re.DOTALL)

_REGEX_PIECE = re.compile(
    r"""
    \\(?P<escape>.)
    | \[ \^? \]? (?: \\. | [^\]\\] )* \]        # a class
    | (?P<group> \(\? (?! [:=!] | <[=!] ) )
    | (?P<possessive> [*+?}] \+ )
    | \{ (?P<least>\d*) ,? (?P<most>\d*) \}
    """,
    re.VERBOSE | re.DOTALL,
)
_PORTABLE_ESCAPES = frozenset("dDwWsSbBAZnrtfv123456789")
_MOST_TIMES = 255
_LONGEST_REGEX = 1_000
_TOO_LARGE = "the regular expression is too large"
_IGNORE_CASE = "(?i)"


def glob_problem(glob: str) -> Problem | None:
    """What is wrong with a glob, None if nothing is."""
    for piece in _GLOB_PIECE.finditer(glob):
        if piece["open"]:
            return "no ] closes this [; quote the value if it is no pattern", piece.start()
        for low, high in _MEMBER.findall(piece["set"] or ""):
            if low > high:
                return f"the range {low}-{high} is empty; turn it around", piece.start()
    return None


def glob_regex(globs: Iterable[str]) -> str:
    """A regular expression that matches what one of these globs matches, as a whole."""
    alternatives = "|".join("".join(map(_glob_piece, _GLOB_PIECE.finditer(g))) for g in globs)
    return rf"(?s)\A(?:{alternatives})\Z"


def _glob_piece(piece: re.Match[str]) -> str:
    if piece["any"]:
        return ".*"
    if piece["one"]:
        return "."
    if piece["text"]:
        return re.escape(piece["text"])
    return f"[{'^' if piece['not'] else ''}{_MEMBER.sub(_class_member, piece['set'])}]"


def _class_member(member: re.Match[str]) -> str:
    return "-".join(re.escape(end) for end in member.groups() if end) or re.escape(member[0])


def regex_problem(pattern: str) -> Problem | None:
    """What is wrong with a regular expression, None if every back end reads it alike."""
    if len(pattern) > _LONGEST_REGEX:
        return _TOO_LARGE, 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except re.error as error:
        return f"not a regular expression: {error.msg}", error.pos or 0
    except Warning as warning:
        return f"not a clear regular expression: {warning}; escape the bracket", 0
    except (OverflowError, RecursionError):
        return _TOO_LARGE, 0
    start = len(_IGNORE_CASE) if pattern.startswith(_IGNORE_CASE) else 0
    for piece in _REGEX_PIECE.finditer(pattern, start):
        problem = _unportable(piece)
        if problem:
            return f"{problem} (the filter language has what all stores know)", piece.start()
    return None


def _unportable(piece: re.Match[str]) -> str:
    escape = piece["escape"]
    if escape and escape.isalnum() and escape not in _PORTABLE_ESCAPES:
        return rf"the escape \{escape} is not supported in a regular expression"
    if piece["group"]:
        return "groups are ( ), (?: ), (?= ), (?! ), (?<= ) and (?<! ), with (?i) in front"
    if piece["possessive"]:
        return f"the quantifier {piece[0]} is not supported in a regular expression"
    if piece["most"] and not piece["least"]:
        return f"a repeat count needs both ends, like {{0,{piece['most']}}}"
    if any(int(count) > _MOST_TIMES for count in (piece["least"], piece["most"]) if count):
        return f"a repeat count is at most {_MOST_TIMES}"
    return ""


def postgres_regex(pattern: str) -> str:
    r"""The pattern as PostgreSQL spells it: word boundaries are `\y` and `\Y` there."""
    spelled = {"b": r"\y", "B": r"\Y"}
    return _REGEX_PIECE.sub(lambda piece: spelled.get(piece["escape"], piece[0]), pattern)
