"""An SVG file as a part of a page: no prologue, ids of its own, colours that follow the page.

Several SVGs on one page share one space of ids, so each one's ids get a prefix. Colours of the
theme become the page's custom properties, by which one drawing serves light and dark.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from .style import THEMES, Theme

__all__ = ["colour_properties", "inline_svg"]

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
# Drawings of one column of a paper are narrower than this, in points.
_NARROW = 300.0
# A channel of a mixture is a whole number, and so was each of its parts.
_ROUNDING = 1.0
# What is not drawn; the page says in its own style what the file's style says.
_LEFT_OUT = {f"{_SVG}metadata", f"{_SVG}style"}


def inline_svg(svg: bytes, *, prefix: str, title: str, theme: str = "light") -> str:
    """The markup of a file that `picture` made, drawn with `theme`, to stand in a page.

    `prefix` is letters and digits, another one for each figure of the page; `title` is what a
    reader who cannot see it is told. Comments, which hold texts of the figure, are left out.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314 - we wrote it ourselves
    colours = _PageColours(THEMES[theme])
    for parent in root.iter():
        for child in [one for one in parent if one.tag in _LEFT_OUT]:
            parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.text = (element.text or "").strip() or None
        element.tail = None
        _rename(element, prefix, colours)
    width, height = root.get("viewBox", "0 0 1 1").split()[2:]
    root.attrib.clear()
    root.attrib |= {
        "viewBox": f"0 0 {width} {height}",
        "width": f"{width}pt",
        "height": f"{height}pt",
        "role": "img",
        "aria-label": title,
        "class": "narrow" if float(width) < _NARROW else "wide",
    }
    return ElementTree.tostring(root, encoding="unicode")


def colour_properties(theme: str) -> dict[str, str]:
    """The custom properties that inlined figures use, with the colours of a theme."""
    return _properties(THEMES[theme])


def _properties(theme: Theme) -> dict[str, str]:
    plain = {name: getattr(theme, name) for name in ("background", "ink", "faint", "grid")}
    lines = {f"line-{place}": colour for place, colour in enumerate(theme.colours, start=1)}
    return {f"--{name}": colour for name, colour in (plain | lines).items()}


class _PageColours:
    """What the page calls the colours of a drawing: by a property, or by a mixture of two.

    A mixture is of a colour with the background; a colour that is neither stays as it is.
    """

    def __init__(self, theme: Theme) -> None:
        self._palette = {value: f"var({name})" for name, value in _properties(theme).items()}
        self._background = theme.background

    def __getitem__(self, colour: str) -> str:
        return self._palette.get(colour.lower()) or self._mixture(colour.lower())

    def _mixture(self, colour: str) -> str:
        parts = {
            part: name
            for value, name in self._palette.items()
            if (part := _part_of(colour, value, self._background)) is not None
        }
        if not parts:
            return colour
        # Of several that would do, the one that needs the most of its colour is the likeliest.
        part = max(parts)
        return f"color-mix(in srgb, {parts[part]} {100 * part:.4g}%, var(--background))"


def _part_of(colour: str, full: str, ground: str) -> float | None:
    """How much of a colour is mixed with a ground to give a third; None if none does."""
    mixed, ends, starts = _channels(colour), _channels(full), _channels(ground)
    reach = [end - start for end, start in zip(ends, starts, strict=True)]
    widest = max(range(3), key=lambda place: abs(reach[place]))
    if not reach[widest]:
        return None
    part = (mixed[widest] - starts[widest]) / reach[widest]
    fits = all(
        abs(start + part * along - seen) <= _ROUNDING
        for start, along, seen in zip(starts, reach, mixed, strict=True)
    )
    return part if fits and 0 < part <= 1 else None


def _channels(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def _rename(element: ElementTree.Element, prefix: str, colours: _PageColours) -> None:
    """Give an element's id, what it refers to, and its colours the names of the page."""
    attributes = element.attrib
    if "id" in attributes:
        attributes["id"] = f"{prefix}-{attributes['id']}"
    # HTML knows plain href in SVG; the page then needs no namespace.
    if (target := attributes.pop(_XLINK_HREF, None)) is not None:
        attributes["href"] = f"#{prefix}-{target[1:]}" if target.startswith("#") else target
    for name, value in attributes.items():
        if "url(#" in value:
            attributes[name] = _REFERENCE.sub(rf"url(#{prefix}-\1)", value)
    if "style" in attributes:
        attributes["style"] = _COLOUR.sub(lambda found: colours[found[0]], attributes["style"])
