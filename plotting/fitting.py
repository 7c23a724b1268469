"""Texts made to fit the room there is: shortened but still different, or broken into lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.text import Text

__all__ = ["broken", "fitted", "inches_of"]

_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_LETTERS_AT_LEAST = 8
_BETWEEN_NAMES = re.compile(r"(\s> |\n)")
# A name breaks after these.
_PIECE = re.compile(r"[^\s_/:,-]*[\s_/:,-]*")


def inches_of(drawn: Figure, text: str, size: float) -> float:
    """How wide a text is, in inches."""
    drawing = Text(0, 0, text, fontsize=size, figure=drawn)
    return float(drawing.get_window_extent().width / drawn.dpi)


def fitted(drawn: Figure, texts: Sequence[str], room: float, size: float) -> list[str]:
    """Texts whose names are no wider than `room` inches; different names stay different.

    A text is a name or several, each on a line or behind " > ". A name that is too long becomes
    its beginning and its end around an ellipsis or, where that would be another one's too, the
    part by which it differs.
    """
    parts = [_BETWEEN_NAMES.split(text) for text in texts]
    names = list(dict.fromkeys(name for found in parts for name in found[::2]))
    shown = dict(zip(names, _apart(drawn, names, room, size), strict=True))
    return ["".join(shown.get(part, part) for part in found) for found in parts]


def _apart(drawn: Figure, names: Sequence[str], room: float, size: float) -> list[str]:
    letters = [_letters_that_fit(drawn, name, room, size) for name in names]
    shown = [_ends(name, most) for name, most in zip(names, letters, strict=True)]
    alike = {text for text in shown if shown.count(text) > 1}
    for place, name in enumerate(names):
        if shown[place] in alike:
            differs = max(_letters_alike(name, other) for other in names if other != name)
            shown[place] = _window(name, letters[place], differs)
    # What still is alike is numbered.
    return [
        text if shown.count(text) == 1 else f"{text} ({shown[: place + 1].count(text)})"
        for place, text in enumerate(shown)
    ]


def _letters_alike(name: str, other: str) -> int:
    """How many letters two names begin with alike."""
    pairs = enumerate(zip(name, other, strict=False))
    return next((place for place, (mine, its) in pairs if mine != its), min(len(name), len(other)))


def _letters_that_fit(drawn: Figure, line: str, room: float, size: float) -> int:
    """How many letters of a line, its ends around an ellipsis, have room; never below a few."""
    letters = len(line)
    while letters > _LETTERS_AT_LEAST and inches_of(drawn, _ends(line, letters), size) > room:
        letters -= 1
    return letters


def _ends(line: str, letters: int) -> str:
    """The line, or so many letters of its beginning and end around an ellipsis."""
    if letters >= len(line):
        return line
    head = letters // 2
    return f"{line[:head]}{_ELLIPSIS}{line[len(line) - letters + head :]}"


def _window(line: str, letters: int, place: int) -> str:
    """So many letters of a line around a place in it."""
    start = max(0, min(place - letters // 2, len(line) - letters))
    end = start + letters
    before, after = _ELLIPSIS if start else "", _ELLIPSIS if end < len(line) else ""
    return f"{before}{line[start:end]}{after}"


def broken(text: str, letters: int) -> str:
    """A text in lines of at most so many letters, broken between the parts of a name."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if len(lines[-1]) + len(piece.rstrip()) > letters and lines[-1]:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1].rstrip()) > letters:
            lines[-1:] = [lines[-1][:letters], lines[-1][letters:]]
    return "\n".join(line.rstrip() for line in lines)
