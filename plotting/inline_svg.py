"""An SVG file as a part of a page: no prologue, ids of its own, colours that follow the page.

Several SVGs on one page share one space of ids, so each one's ids get a prefix. Colours of the
theme become the page's custom properties, by which one drawing serves light and dark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from .style import THEMES, Theme

__all__ = ["colour_properties", "inline_svg"]

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
# What is not drawn; the page says in its own style what the file's style says.
_LEFT_OUT = {f"{_SVG}metadata", f"{_SVG}style"}


def inline_svg(svg: bytes, *, prefix: str, title: str, theme: str = "light") -> str:
    """The markup of a file that `figure_bytes` made, drawn with `theme`, to stand in a page.

    `prefix` is letters and digits, another one for each figure of the page; `title` is what a
    reader who cannot see it is told. Comments, which hold texts of the figure, are left out.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314 - we wrote it ourselves
    names = {value.lower(): f"var({name})" for name, value in _properties(THEMES[theme]).items()}
    for parent in root.iter():
        for child in [one for one in parent if one.tag in _LEFT_OUT]:
            parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.text = (element.text or "").strip() or None
        element.tail = None
        _rename(element, prefix, names)
    width, height = root.get("viewBox", "0 0 1 1").split()[2:]
    root.attrib.clear()
    root.attrib |= {
        "viewBox": f"0 0 {width} {height}",
        "width": f"{width}pt",
        "height": f"{height}pt",
        "role": "img",
        "aria-label": title,
    }
    return ElementTree.tostring(root, encoding="unicode")


def colour_properties(theme: str) -> dict[str, str]:
    """The custom properties that inlined figures use, with the colours of a theme."""
    return _properties(THEMES[theme])


def _properties(theme: Theme) -> dict[str, str]:
    plain = {name: getattr(theme, name) for name in ("background", "ink", "faint", "grid")}
    lines = {f"line-{place}": colour for place, colour in enumerate(theme.colours, start=1)}
    return {f"--{name}": colour for name, colour in (plain | lines).items()}


def _rename(element: ElementTree.Element, prefix: str, colours: Mapping[str, str]) -> None:
    """Give an element's id, what it refers to, and its colours the names of the page."""
    if "id" in element.attrib:
        element.attrib["id"] = f"{prefix}-{element.attrib['id']}"
    # SVG 2 has plain href; the page then needs no namespace.
    target = element.attrib.pop(_XLINK_HREF, element.attrib.get("href", ""))
    if target:
        element.attrib["href"] = f"#{prefix}-{target[1:]}" if target[0] == "#" else target
    for name, value in element.attrib.items():
        if "url(#" in value:
            element.attrib[name] = value = _REFERENCE.sub(rf"url(#{prefix}-\1)", value)
        if name == "style":
            element.attrib[name] = _COLOUR.sub(
                lambda found: colours.get(found[0].lower(), found[0]), value
            )
    for place in ("fill", "stroke"):
        # A presentation attribute takes no var(); a style does.
        if (colour := colours.get(element.attrib.get(place, "").lower())) is not None:
            del element.attrib[place]
            style = element.attrib.get("style", "")
            element.attrib["style"] = f"{place}: {colour}; {style}".removesuffix("; ")
