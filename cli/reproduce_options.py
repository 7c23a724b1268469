"""The options of `orbench reproduce`, in groups: which runs, built how, and compared how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import split_names

if TYPE_CHECKING:
    from orbench.reproduce import Sense, Tolerance

__all__ = ["Comparing", "Rebuilding", "Sampling"]


class _Weakest(StrEnum):
    """The weakest sense that counts as reproduced."""

    EXACT = "exact"
    TOLERANCE = "tolerance"
    STATISTICAL = "statistical"


_Many = Annotated[
    str | None, typer.Option("--many", metavar="FILTER", help="Reproduce the runs of a filter.")
]
_Sample = Annotated[
    int | None,
    typer.Option("--sample", metavar="N", min=1, help="With --many: this many of them."),
]
_SampleSeed = Annotated[
    int, typer.Option("--sample-seed", metavar="N", help="Which sample --sample draws.")
]
_Jobs = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=1, help="With --many: so many at once.")
]
_Repositories = Annotated[
    list[str] | None,
    typer.Option(
        "--repo", metavar="PATH", help="A repository (or URL) to ask for the commit; repeatable."
    ),
]
_Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="PACKAGE", help="Leave a package out; repeatable."),
]
_Venv = Annotated[
    Path | None,
    typer.Option("--venv", metavar="FOLDER", help="Run in this environment, and build none."),
]
_Downloads = Annotated[
    bool, typer.Option("--downloads", help="Let uv fetch a Python that is not at hand.")
]
_Keep = Annotated[
    Path | None,
    typer.Option("--keep", metavar="FOLDER", help="Work in this new folder, and leave it there."),
]
_Project = Annotated[
    str,
    typer.Option(
        "--project",
        metavar="NAME",
        help="The new run's project; by default the run's own with -reproductions added.",
    ),
]
_Require = Annotated[
    _Weakest,
    typer.Option(
        "--require", metavar="SENSE", help="What counts: exact, tolerance or statistical."
    ),
]
_Relative = Annotated[
    float, typer.Option("--rtol", metavar="X", min=0, help="Relative tolerance of a value.")
]
_Absolute = Annotated[
    float, typer.Option("--atol", metavar="X", min=0, help="Absolute tolerance of a value.")
]
_Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="GLOB",
        help="Metrics that are not compared, besides those that measure the machine; repeatable.",
    ),
]
_Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="Compare these metrics alone; repeatable."),
]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Many runs in place of one: those of a filter, or a sample of them."""

    many: _Many = None
    sample: _Sample = None
    sample_seed: _SampleSeed = 0
    jobs: _Jobs = 1


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """Where the source comes from, what runs it, and where it is recorded."""

    repositories: _Repositories = None
    without: _Without = None
    venv: _Venv = None
    downloads: _Downloads = False
    keep: _Keep = None
    project: _Project = ""

    @property
    def packages_left_out(self) -> list[str]:
        """The names given by --without."""
        return split_names(self.without)


@dataclass(frozen=True, slots=True)
class Comparing:
    """Which metrics are compared, and in which sense they must be the same."""

    require: _Require = _Weakest.STATISTICAL
    relative: _Relative = 1e-6
    absolute: _Absolute = 1e-12
    ignore: _Ignore = None
    only: _Only = None

    @property
    def weakest(self) -> Sense:
        """The weakest sense that counts as reproduced."""
        from orbench.reproduce import Sense

        return dict(zip(_Weakest, Sense, strict=False))[self.require]

    @property
    def tolerance(self) -> Tolerance:
        """How far values may be apart."""
        from orbench.reproduce import Tolerance

        return Tolerance(self.relative, self.absolute)
