"""Quantiles over the last axis, linearly interpolated between order statistics as numpy's are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["quantiles", "quantiles_by_row"]


def quantiles(
    values: NDArray[np.float64],
    probabilities: tuple[float, float],
    repeats: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two quantiles over the last axis.

    `repeats` (last axis) says how often each value stands in the sample, None for once.
    """
    size = values.shape[-1] if repeats is None else int(repeats.sum())
    places = [probability * (size - 1) for probability in probabilities]
    wanted = sorted({place for one in places for place in (math.floor(one), math.ceil(one))})
    found = dict(zip(wanted, _order_statistics(values, wanted, repeats), strict=True))

    def at(place: float) -> NDArray[np.float64]:
        below, above = found[math.floor(place)], found[math.ceil(place)]
        return below + (above - below) * (place - math.floor(place))

    return at(places[0]), at(places[1])


def quantiles_by_row(
    values: NDArray[np.float64], probabilities: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The quantile of every row of `values` (... x n) at its own probability (...)."""
    ordered = np.sort(values, axis=-1)
    places = probabilities * (values.shape[-1] - 1)
    floor = np.floor(places)
    below, above = (
        np.take_along_axis(ordered, place.astype(np.intp)[..., None], axis=-1)[..., 0]
        for place in (floor, np.ceil(places))
    )
    found: NDArray[np.float64] = below + (above - below) * (places - floor)
    return found


def _order_statistics(
    values: NDArray[np.float64], places: Sequence[int], repeats: NDArray[np.int64] | None
) -> list[NDArray[np.float64]]:
    """The values at these places of the sorted sample, over the last axis."""
    if repeats is None:
        ordered = np.partition(values, places, axis=-1)
        return [ordered[..., place] for place in places]
    order = np.argsort(values, axis=-1, kind="stable")
    up_to = np.cumsum(repeats[order], axis=-1)
    found = []
    for place in places:
        at = np.take_along_axis(order, np.argmax(up_to > place, axis=-1)[..., None], axis=-1)
        found.append(np.take_along_axis(values, at, axis=-1)[..., 0])
    return found
