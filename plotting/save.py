"""Writes figures: the pictures, the caption and the numbers, byte-identical when repeated.

A file is written beside its place and moved there whole, so that a reader never sees half of it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from orbench.errors import FigureError, near

from .figures import AnyFigure, draw_figure
from .pictures import FIGURE_FORMATS, picture
from .render_tables import render_table
from .style import Look

__all__ = ["figure_files", "save_figure", "write_file"]


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
    for form in formats:
        _check_format(form)
    drawn = draw_figure(figure, look)
    contents = {f".{form}": picture(drawn, form, look) for form in formats}
    contents[".txt"] = f"{figure.caption}\n".encode()
    for form in ("csv", "json"):
        contents[f".{form}"] = render_table(figure.numbers, form).encode()
    return contents


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
