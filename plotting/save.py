"""Writes figures: the pictures, the caption and the numbers, byte-identical when repeated.

Nothing that changes between two writings gets in: no dates, no random ids, no version of the
program that wrote it where the format lets us leave it out. A file is written beside its place and
moved there whole, so that a reader never sees half of it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orbench.errors import FigureError, near

from .figures import AnyFigure, draw_figure
from .render_tables import render_table
from .style import Look, matplotlib_settings, theme_named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FIGURE_FORMATS", "figure_bytes", "figure_files", "save_figure", "write_file"]

FIGURE_FORMATS = ("png", "svg", "pdf")
"""The formats that figures are written in."""

_METADATA: dict[str, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save_figure(
    figure: AnyFigure,
    path: str | Path,
    *,
    formats: Sequence[str] = (),
    look: Look | None = None,
) -> tuple[Path, ...]:
    """Write a figure of any kind in every format, its caption and its numbers beside it.

    The caption is in a `.txt`, the numbers are in a `.csv` and, as one array, in a `.json`. A
    suffix of `path` that is a format counts as one; without any the format is png. Existing files
    are replaced. Returns the paths written. Raises FigureError for an unknown format, and where a
    file cannot be written.
    """
    stem, chosen = _stem_and_formats(Path(path), formats)
    contents = figure_files(figure, formats=chosen, look=look)
    written = [stem.with_name(stem.name + suffix) for suffix in contents]
    for target, content in zip(written, contents.values(), strict=True):
        write_file(target, content)
    return tuple(written)


def figure_files(
    figure: AnyFigure, *, formats: Sequence[str], look: Look | None = None
) -> dict[str, bytes]:
    """The files of a figure by suffix: drawn once, in every format, then caption and numbers."""
    look = look or Look()
    drawn = draw_figure(figure, look)
    contents = {f".{form}": figure_bytes(drawn, form, look) for form in formats}
    contents[".txt"] = f"{figure.caption}\n".encode()
    for form in ("csv", "json"):
        contents[f".{form}"] = render_table(figure.numbers, form).encode()
    return contents


def figure_bytes(drawn: Figure, form: str, look: Look | None = None) -> bytes:
    """A drawn figure as the bytes of a file; equal figures give equal bytes."""
    _check_format(form)
    out = io.BytesIO()
    with matplotlib_settings(theme_named((look or Look()).theme)):
        drawn.savefig(out, format=form, metadata=_METADATA[form])
    return _with_short_numbers(out.getvalue()) if form == "svg" else out.getvalue()


def _with_short_numbers(svg: bytes) -> bytes:
    """The outlines of an SVG to a hundredth of a point: half the size, and nobody can see it."""

    def shorter(outline: re.Match[bytes]) -> bytes:
        return re.sub(rb"(\.\d\d)\d+", rb"\1", outline[0])

    return re.sub(rb' d="[^"]*"', shorter, svg)


def _stem_and_formats(path: Path, formats: Sequence[str]) -> tuple[Path, list[str]]:
    """The path without the suffix of a format, and the formats asked for, each once."""
    suffix = path.suffix.removeprefix(".").lower()
    known = suffix in FIGURE_FORMATS
    # A dot may belong to a name (ppo-v1.2); letters after the last one are meant as a format.
    if suffix.isalpha() and not known and not formats:
        _check_format(suffix)
    chosen = list(dict.fromkeys([*([suffix] if known else []), *formats])) or ["png"]
    for form in chosen:
        _check_format(form)
    stem = path.with_suffix("") if known else path
    if not stem.name:
        raise FigureError(f"'{path}' names no file; give a path like figures/curves.png")
    return stem, chosen


def _check_format(form: str) -> None:
    if form not in FIGURE_FORMATS:
        raise FigureError(
            f"figures are not written as '{form}'; use {', '.join(FIGURE_FORMATS)}"
            f"{near(form, FIGURE_FORMATS)}"
        )


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, replacing one that is there; raises FigureError."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        reason = error.strerror or str(error)
        raise FigureError(f"cannot write {path}: {reason}; choose another place") from error
