"""PNG files have the pixels that they were made of, read by a program that is not ours."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from orbench.plotting.png import png_bytes


@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (255, 4), (256, 4), (600, 31)])
def test_the_pixels_are_those_given(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 4), np.uint8)
    with Image.open(io.BytesIO(png_bytes(pixels, 300))) as read:
        assert read.mode == "RGB"
        assert read.info["dpi"] == pytest.approx((300, 300), abs=0.05)
        np.testing.assert_array_equal(np.asarray(read), pixels[..., :3])


def test_a_drawing_takes_little_room():
    pixels = np.full((1000, 2000, 3), 255, np.uint8)
    pixels[400:410] = (0, 114, 178)
    assert len(png_bytes(pixels, 300)) < 20_000
