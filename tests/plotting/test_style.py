"""Styles tell any number of lines apart, in colour, in grey and under colour deficiencies."""

from __future__ import annotations

import itertools

import matplotlib as mpl
import numpy as np
import pytest

from orbench.errors import FigureError
from orbench.plotting import THEMES
from orbench.plotting.style import lightness as lightness_of
from orbench.plotting.style import line_styles, matplotlib_settings, theme_named

MANY = [f"variant {place}" for place in range(100)]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_no_two_of_a_hundred_labels_look_the_same(theme):
    styles = line_styles(MANY, theme)
    assert len(styles) == len(set(styles.values())) == 100


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_in_grey_lines_differ_in_lightness_or_in_dash_or_marker(theme):
    for one, other in itertools.combinations(line_styles(MANY, theme).values(), 2):
        lighter = abs(lightness_of(one.colour) - lightness_of(other.colour))
        assert lighter > 7 or (one.dashes, one.marker) != (other.dashes, other.marker)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_colour_stands_out_from_the_background(theme):
    ground = lightness_of(theme.background)
    assert all(abs(lightness_of(colour) - ground) > 25 for colour in theme.colours)


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def _lab(linear):
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ linear / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.cbrt(np.clip(xyz, 1e-9, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_colours_of_one_dash_stay_apart_for_the_colour_blind(theme, deficiency):
    """A difference of 10 in CIE Lab is seen at a glance; we ask for more."""
    seen = []
    for colour in theme.colours:
        channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        seen.append(_lab(np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)))
    for group in (seen[:4], seen[4:]):
        for one, other in itertools.combinations(group, 2):
            assert np.linalg.norm(one - other) > 15


def test_a_label_keeps_its_style_when_others_follow_it():
    theme = THEMES["light"]
    assert line_styles(MANY[:3], theme) == dict(list(line_styles(MANY, theme).items())[:3])


@pytest.mark.parametrize(
    ("colour", "lightness"), [("#000000", 0), ("#ffffff", 100), ("#777777", 50.03)]
)
def test_lightness_is_cie_l(colour, lightness):
    assert lightness_of(colour) == pytest.approx(lightness, abs=0.01)


def test_the_users_own_settings_stay_out_and_come_back():
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 40}):
        with matplotlib_settings(THEMES["light"]):
            assert mpl.rcParams["lines.linewidth"] == 1.5
            assert mpl.rcParams["font.size"] == 7.5
        assert mpl.rcParams["font.size"] == 40


def test_an_unknown_theme_names_the_near_one():
    with pytest.raises(FigureError, match="did you mean light"):
        theme_named("ligt")
