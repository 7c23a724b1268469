"""From the bands that statistics give to the lines that figures draw."""

from __future__ import annotations

from orbench.stats import Band

from .curves import CurveLine

__all__ = ["band_line"]


def band_line(label: str, band: Band, *, per: float = 1.0) -> CurveLine:
    """A band as a line; `per` of what it runs over make 1 on the axis."""
    return CurveLine(label, band.at / per, band.point, band.low, band.high, sum(band.n))
