"""The look of figures: colours, dashes and markers that tell any number of lines apart.

Lines are told apart by colour, and in grey print by lightness or dash: four colours of clearly
different lightness share a dash, the next four have the next one. After eight colours colours come
again with other dashes, and after twenty lines with markers. No line is ever dropped. The colours
keep apart under the common colour deficiencies (they are near Okabe and Ito's and Tol's sets).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from orbench.errors import FigureError, near

__all__ = [
    "THEMES",
    "WIDTHS",
    "LineStyle",
    "Look",
    "Theme",
    "lightness",
    "line_styles",
    "matplotlib_settings",
    "mixed",
    "theme_named",
    "width_named",
]

# A dash pattern is (offset, on-off lengths) in units of the line width, None for solid.
Dashes = tuple[int, tuple[float, ...] | None]

_DASHES: tuple[Dashes, ...] = (
    (0, None),
    (0, (4.5, 1.6)),
    (0, (1.2, 1.3)),
    (0, (6.5, 1.6, 1.2, 1.6)),
    (0, (6.5, 1.4, 1.2, 1.4, 1.2, 1.4)),
)
_MARKERS = ("", "o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
# So many neighbours share a dash, and differ in lightness.
_GROUP = 4


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a figure. `colours` come in fours of clearly different lightness."""

    name: str
    background: str
    ink: str
    faint: str
    grid: str
    colours: tuple[str, ...]


THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        Theme(
            name="light",
            background="#ffffff",
            ink="#1a1a1a",
            faint="#5c5c5c",
            grid="#e6e6e6",
            colours=(
                "#0072b2",
                "#e69f00",
                "#882255",
                "#009e73",
                "#56b4e9",
                "#d55e00",
                "#332288",
                "#9c3a8c",
            ),
        ),
        Theme(
            name="dark",
            background="#14161a",
            ink="#f0f0f0",
            faint="#a6a6a6",
            grid="#2e3238",
            colours=(
                "#4ea8f5",
                "#ffd166",
                "#d4548a",
                "#4fd8a8",
                "#9ad8ff",
                "#f08040",
                "#8a78f0",
                "#eba6a6",
            ),
        ),
    )
}
"""The themes by name."""

WIDTHS = {"single": 3.25, "double": 6.75}
"""Widths of a figure in inches: one and two columns of a conference paper."""


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How one label is drawn in every panel: colour, dash pattern and marker ("" for none)."""

    colour: str
    dashes: Dashes
    marker: str


@dataclass(frozen=True, slots=True)
class Look:
    """How a figure is drawn, apart from what it shows.

    `width` is a name of `WIDTHS` and `columns` a number of panels side by side; None for both
    lets the number of panels decide. `labels` come first when styles are given out: figures drawn
    with the same ones show a label alike, whichever of them they show.

    Figures of lines can be given more: `panel` is the width and height of one in inches, and rules
    over `width`; `legend_columns` at most as many entries side by side; `share_x` one horizontal
    axis for all; `gaps` room between rows and between columns, in parts of a panel.
    """

    theme: str = "light"
    width: str | None = None
    columns: int | None = None
    labels: tuple[str, ...] = ()
    panel: tuple[float, float] | None = None
    legend_columns: int | None = None
    share_x: bool = False
    gaps: tuple[float | None, float | None] = (None, None)


def theme_named(name: str) -> Theme:
    """The theme of this name; raises FigureError with near names."""
    if name not in THEMES:
        raise FigureError(
            f"there is no theme '{name}'; use {' or '.join(THEMES)}{near(name, THEMES)}"
        )
    return THEMES[name]


def width_named(name: str) -> float:
    """The width of this name in inches; raises FigureError with those there are."""
    if name not in WIDTHS:
        raise FigureError(f"there is no width '{name}'; use {' or '.join(WIDTHS)}")
    return WIDTHS[name]


def line_styles(labels: Sequence[str], theme: Theme) -> dict[str, LineStyle]:
    """A style for each label by its place: give the same labels to get the same styles."""
    return {label: _style(place, theme) for place, label in enumerate(dict.fromkeys(labels))}


def _style(place: int, theme: Theme) -> LineStyle:
    group = place // _GROUP
    return LineStyle(
        colour=theme.colours[place % len(theme.colours)],
        dashes=_DASHES[group % len(_DASHES)],
        marker=_MARKERS[group // len(_DASHES) % len(_MARKERS)],
    )


def mixed(colour: str, ground: str, part: float) -> str:
    """A colour written #rrggbb, thinned on a ground: `part` 1 is the colour, 0 the ground."""
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    return "#" + "".join(f"{round(part * one + (1 - part) * other):02x}" for one, other in pairs)


def _channels(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def lightness(colour: str) -> float:
    """CIE L* (0 black to 100 white) of a colour written #rrggbb: how light it prints in grey."""
    channels = [channel / 255 for channel in _channels(colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(
        part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True)
    )
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


@contextmanager
def matplotlib_settings(theme: Theme, *, small: bool = False) -> Iterator[None]:
    """Draw and write within this: matplotlib's own defaults and ours, whatever the user's are.

    Text is DejaVu Sans, which comes with matplotlib; SVG has it as outlines and PDF embeds it, so
    that a figure looks the same everywhere.
    """
    import matplotlib as mpl

    base = 6.0 if small else 7.5
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "axes.axisbelow": True,
                "axes.edgecolor": theme.faint,
                "axes.facecolor": theme.background,
                "axes.grid": True,
                "axes.labelcolor": theme.ink,
                "axes.labelsize": base + 0.5,
                "axes.linewidth": 0.6,
                "axes.spines.right": False,
                "axes.spines.top": False,
                "axes.titlecolor": theme.ink,
                "axes.titlesize": base + 0.5,
                "axes.titlepad": 3.0,
                # A place of its own: matplotlib needs not look for one above ticks on the top.
                "axes.titley": 1.0,
                "figure.dpi": 300.0,
                "figure.facecolor": theme.background,
                "figure.labelsize": base + 1,
                "figure.titlesize": base + 2,
                "font.family": "DejaVu Sans",
                "font.size": base,
                "grid.color": theme.grid,
                "grid.linewidth": 0.5,
                "legend.fontsize": base + (1 if small else 0.5),
                "legend.frameon": False,
                "lines.solid_capstyle": "round",
                "lines.solid_joinstyle": "round",
                "pdf.fonttype": 42,
                "savefig.dpi": 300.0,
                "savefig.facecolor": "auto",
                "svg.fonttype": "path",
                "svg.hashsalt": "orbench",
                "text.color": theme.ink,
                # A name is shown as it stands: a dollar in it begins no formula.
                "text.parse_math": False,
                "xtick.color": theme.faint,
                "xtick.labelcolor": theme.ink,
                "xtick.labelsize": base,
                "xtick.major.size": 2.5,
                "xtick.major.width": 0.6,
                "ytick.color": theme.faint,
                "ytick.labelcolor": theme.ink,
                "ytick.labelsize": base,
                "ytick.major.size": 2.5,
                "ytick.major.width": 0.6,
            }
        )
        yield
