"""A drawn figure as the bytes of a picture: the same bytes for the same figure.

Nothing that changes between two writings gets in: no dates, no random ids, no version of the
program that wrote it where the format lets us leave it out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .png import png_bytes
from .style import Look, matplotlib_settings, theme_named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FIGURE_FORMATS", "picture"]

_SVG_METADATA = {"Date": None, "Creator": None}
_PDF_METADATA = {"CreationDate": None, "Creator": None, "Producer": None}
# Tables of a font by which text is laid out.
_LAYOUT_TABLES = ("GDEF", "GPOS", "GSUB")


def picture(drawn: Figure, form: str, look: Look | None = None) -> bytes:
    """A drawn figure in one of `FIGURE_FORMATS`; equal figures give equal bytes."""
    with matplotlib_settings(theme_named((look or Look()).theme)):
        return _WRITERS[form](drawn)


def _png(drawn: Figure) -> bytes:
    import numpy as np

    # The canvas that measured the layout: a second one would hold as many pixels again. Its
    # methods are untyped in matplotlib's stubs.
    canvas: Any = drawn.canvas
    canvas.draw()
    return png_bytes(np.asarray(canvas.buffer_rgba()), drawn.dpi)


def _svg(drawn: Figure) -> bytes:
    return _with_short_numbers(_saved(drawn, "svg", _SVG_METADATA))


def _pdf(drawn: Figure) -> bytes:
    with _fonts_without_layout():
        return _saved(drawn, "pdf", _PDF_METADATA)


def _saved(drawn: Figure, form: str, metadata: Mapping[str, None]) -> bytes:
    out = io.BytesIO()
    drawn.savefig(out, format=form, metadata=metadata)
    return out.getvalue()


def _with_short_numbers(svg: bytes) -> bytes:
    """The outlines of an SVG to a hundredth of a point: half the size, and nobody can see it."""

    def shorter(outline: re.Match[bytes]) -> bytes:
        return re.sub(rb"(\.\d\d)\d+", rb"\1", outline[0])

    return re.sub(rb' d="[^"]*"', shorter, svg)


@contextmanager
def _fonts_without_layout() -> Iterator[None]:
    """Fonts in PDF go without the tables by which text is laid out: here every glyph has its place.

    fontTools needs longer to cut these tables down than for all the rest of a font. It has no
    option for what matplotlib asks of it, so that the default is another one meanwhile.
    """
    from fontTools.subset import Options  # type: ignore[import-untyped]

    usual = Options._drop_tables_default
    Options._drop_tables_default = [*usual, *_LAYOUT_TABLES]
    try:
        yield
    finally:
        Options._drop_tables_default = usual


_WRITERS = {"png": _png, "svg": _svg, "pdf": _pdf}

FIGURE_FORMATS = tuple(_WRITERS)
"""The formats that figures are written in."""
