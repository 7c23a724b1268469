"""The normalisers there are: of this package, of other packages, of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError, near
from .maxmin import maxmin
from .references import Normaliser
from .tables import TABLE_SUFFIXES, read_table

if TYPE_CHECKING:
    from ..score import ScoreMatrix

__all__ = ["ENTRY_POINTS", "MAXMIN", "normalised", "normaliser", "normaliser_names"]

ENTRY_POINTS = "orbench.normalisers"
"""The group of entry points by which other packages bring normalisers."""

MAXMIN = "maxmin"

_DATA = Path(__file__).parent / "data"
_PROCGEN = "Procgen's ranges depend on the difficulty: use procgen-easy or procgen-hard"


def normaliser_names() -> tuple[str, ...]:
    """The names that `normaliser` knows, in order; a file's path is as good as a name."""
    return tuple(sorted({*_built_in(), MAXMIN, *_brought()}))


def normaliser(name: str, compared: Sequence[ScoreMatrix] = ()) -> Normaliser:
    """The normaliser of a name or of a file of references (`.csv`, `.json`, `.toml`).

    `compared` is what `maxmin` takes its range from; the others have no use for it. Raises
    UsageError with near names for a name that is not known, and for a file that is no table.
    """
    if name == MAXMIN:
        return maxmin(compared)
    if name in _built_in():
        return _read(name)
    brought = _brought()
    if name in brought:
        return _load(brought[name])
    if os.sep in name or Path(name).suffix.lower() in TABLE_SUFFIXES:
        return read_table(Path(name))
    known = normaliser_names()
    why = f": {_PROCGEN}" if name == "procgen" else f"{near(name, known)}"
    raise UsageError(
        f"there is no normaliser '{name}'{why}; there are {', '.join(known)}, and files of"
        f" references ({', '.join(TABLE_SUFFIXES)})"
    )


def normalised(matrices: Sequence[ScoreMatrix], name: str) -> tuple[ScoreMatrix, ...]:
    """All the matrices normalised in one way, named or from a file; see `normaliser`."""
    chosen = normaliser(name, matrices)
    return tuple(chosen.normalise(matrix) for matrix in matrices)


def _built_in() -> dict[str, Path]:
    return {path.stem.replace("_", "-"): path for path in sorted(_DATA.glob("*.toml"))}


@cache
def _read(name: str) -> Normaliser:
    return read_table(_built_in()[name])


def _brought() -> dict[str, EntryPoint]:
    """The entry points of other packages; raises UsageError where two have one name."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=ENTRY_POINTS):
        if point.name in found or point.name in _built_in() or point.name == MAXMIN:
            raise UsageError(
                f"the normaliser '{point.name}' of {point.value} has a name that is taken;"
                " rename its entry point"
            )
        found[point.name] = point
    return found


def _load(point: EntryPoint) -> Normaliser:
    """What an entry point names: a normaliser, or a function that gives one."""
    loaded = point.load()
    made = loaded() if callable(loaded) else loaded
    if not isinstance(made, Normaliser):
        raise UsageError(
            f"the entry point '{point.name}' ({point.value}) must name an"
            f" orbench.normalisation.Normaliser or a function that returns one, not a"
            f" {type(made).__name__}"
        )
    return made
