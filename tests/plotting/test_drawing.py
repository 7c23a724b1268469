"""What is drawn is what the figure holds: artists are counted and compared with the data."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from orbench.errors import FigureError
from orbench.plotting import THEMES, Axis, CurvesFigure, Look, draw_curves, plot_curves
from orbench.plotting.frame import grid_columns
from orbench.plotting.style import line_styles
from orbench.plotting.ticks import in_units


def panels_of(drawn):
    return [axes for axes in drawn.axes if axes.axison]


def legend_of(drawn):
    (legend,) = drawn.legends
    return [text.get_text() for text in legend.get_texts()]


def test_lines_and_bands_have_the_figures_numbers(experiment):
    figure = plot_curves(*experiment())
    drawn = draw_curves(figure)
    assert [axes.get_title() for axes in panels_of(drawn)] == ["Acrobot-v1", "CartPole-v1"]
    for axes, panel in zip(panels_of(drawn), figure.panels, strict=True):
        assert len(axes.lines) == len(axes.collections) == len(panel.lines)
        for artist, line in zip(axes.lines, panel.lines, strict=True):
            np.testing.assert_array_equal(artist.get_xdata(), line.x)
            np.testing.assert_array_equal(artist.get_ydata(), line.values)
        for artist, line in zip(axes.collections, panel.lines, strict=True):
            heights = artist.get_paths()[0].vertices[:, 1]
            assert {line.low.min(), line.high.max()} <= set(heights)
        assert axes.get_ylim() == pytest.approx(panel.y_range(figure.y))


def test_axes_and_legend_say_what_is_seen(experiment):
    drawn = draw_curves(plot_curves(*experiment(), title="A title"))
    assert drawn.get_supxlabel() == "Steps"
    assert drawn.get_supylabel() == "Episodic return"
    assert drawn.get_suptitle() == "A title"
    assert legend_of(drawn) == ["ppo (n=3)", "sac (n=3)"]


def test_one_run_is_drawn_without_a_band(experiment):
    drawn = draw_curves(plot_curves(*experiment(("ppo",), ("Taxi-v3",), seeds=1)))
    (axes,) = panels_of(drawn)
    assert (len(axes.lines), len(axes.collections)) == (1, 0)


def test_single_runs_are_thin_lines(experiment):
    drawn = draw_curves(plot_curves(*experiment(("ppo",), ("Taxi-v3",)), each_run=True))
    widths = sorted(line.get_linewidth() for line in panels_of(drawn)[0].lines)
    assert len(widths) == 4
    assert widths[2] < widths[3]


def test_a_curve_of_one_point_is_seen(experiment):
    drawn = draw_curves(plot_curves(*experiment(("ppo",), ("Taxi-v3",), rows=1)))
    assert panels_of(drawn)[0].lines[0].get_marker() == "o"


def test_thirty_sets_are_all_drawn_and_none_looks_like_another(experiment):
    names = [f"variant-{place}" for place in range(30)]
    drawn = draw_curves(plot_curves(*experiment(names, ("Taxi-v3",), seeds=2)))
    lines = panels_of(drawn)[0].lines
    looks = {
        (to_hex(line.get_color()), str(line._unscaled_dash_pattern), line.get_marker())
        for line in lines
    }
    assert len(lines) == len(looks) == 30
    assert sorted(legend_of(drawn)) == sorted(f"{name} (n=2)" for name in names)


def test_a_set_has_one_look_in_every_panel_even_where_others_are_missing(experiment):
    runs, series = experiment(("a", "b", "c"))
    runs = [run for run in runs if (run.exp_name, run.env_id) != ("a", "Acrobot-v1")]
    drawn = draw_curves(plot_curves(runs, series))
    styles = line_styles(["a", "b", "c"], THEMES["light"])
    for axes in panels_of(drawn):
        for line in axes.lines:
            assert to_hex(line.get_color()) == styles[line.get_label()].colour


@pytest.mark.parametrize("panels", [1, 2, 3, 5, 12, 13, pytest.param(57, marks=pytest.mark.slow)])
def test_every_panel_is_in_the_grid_and_inside_the_figure(experiment, panels):
    envs = [f"Env{place}-v1" for place in range(panels)]
    drawn = draw_curves(plot_curves(*experiment(("ppo",), envs, rows=5)))
    shown = panels_of(drawn)
    assert [axes.get_title() for axes in shown] == envs
    for axes in shown:
        box = axes.get_position()
        assert 0 < box.x0 < box.x1 <= 1
        assert 0 < box.y0 < box.y1 <= 1
        assert box.width * drawn.get_figwidth() > 0.6


@pytest.mark.parametrize("sets", [1, 12, 30])
@pytest.mark.parametrize("panels", [1, 3, 12])
def test_nothing_lies_on_the_legend_or_on_the_labels(experiment, sets, panels):
    names = [f"a variant with a long name {place}" for place in range(sets)]
    envs = [f"Env{place}-v1" for place in range(panels)]
    drawn = draw_curves(plot_curves(*experiment(names, envs, seeds=1, rows=5)))
    # The entries of a legend get their places when it is drawn.
    drawn.draw_without_rendering()
    entries = [text.get_window_extent() for text in drawn.legends[0].get_texts()]
    below = drawn._supxlabel.get_window_extent()
    ticks = min(axes.get_tightbbox().y0 for axes in panels_of(drawn))
    # A gap of 2 points above and below the label.
    gap = 2 / 72 * drawn.dpi
    assert min(entry.y0 for entry in entries) >= 0
    assert max(entry.y1 for entry in entries) + gap < below.y0
    assert below.y1 + gap < ticks
    assert max(entry.x1 for entry in entries) <= drawn.bbox.x1


def test_a_name_wider_than_the_figure_is_broken_and_kept_whole(experiment):
    name = "recurrent-ppo-" + "with-a-very-long-name-" * 8
    drawn = draw_curves(plot_curves(*experiment((name,), ("Taxi-v3",), rows=5)))
    (text,) = legend_of(drawn)
    assert text.replace("\n", "").replace(" ", "") == f"{name}(n=3)"
    assert drawn.legends[0].get_window_extent().x1 <= drawn.bbox.x1


def test_a_title_wider_than_its_panel_keeps_its_ends(experiment):
    envs = ("a" * 90, "Taxi-v3", "Env-with-a-long-name-" * 4 + "v7")
    drawn = draw_curves(plot_curves(*experiment(("ppo",), envs, rows=5)))
    titles = [axes.get_title() for axes in panels_of(drawn)]
    assert titles[2] == "Taxi-v3"
    assert titles[1].startswith("Env-with")
    assert titles[1].endswith("-v7")
    for axes in panels_of(drawn):
        assert axes.title.get_window_extent().width < drawn.bbox.width / 3


@pytest.mark.parametrize(
    ("step", "text"),
    [(0, "0"), (500, "500"), (1500, "1.5k"), (1e6, "1M"), (2.5e6, "2.5M"), (2e8, "200M"),
     (3e9, "3B"), (1e12, "1T"), (-2000, "-2k"), (0.25, "0.25")],
)  # fmt: skip
def test_steps_have_units(step, text):
    assert in_units(step) == text


def test_returns_have_units_only_where_they_are_long():
    assert [in_units(value, above=1e4) for value in (500, 2500, 25000, -3e6)] == [
        "500",
        "2500",
        "25k",
        "-3M",
    ]


@pytest.mark.parametrize(
    ("panels", "columns"), [(1, 1), (2, 2), (3, 3), (4, 4), (6, 3), (12, 4), (20, 5), (57, 6)]
)
def test_panels_side_by_side(panels, columns):
    assert grid_columns(panels) == columns


def test_the_look_can_be_chosen(experiment):
    figure = plot_curves(*experiment())
    drawn = draw_curves(figure, Look(theme="dark", width="single", columns=1))
    assert drawn.get_figwidth() == 3.25
    assert to_hex(drawn.get_facecolor()) == THEMES["dark"].background
    assert len({axes.get_position().x0 for axes in drawn.axes}) == 1


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (Look(theme="drak"), "did you mean dark"),
        (Look(width="triple"), "use single or double"),
        (Look(columns=0), "1 column of panels or more"),
    ],
)
def test_a_look_that_does_not_exist_is_refused(experiment, look, message):
    with pytest.raises(FigureError, match=message):
        draw_curves(plot_curves(*experiment()), look)


def test_a_figure_without_panels_is_refused():
    with pytest.raises(FigureError, match="no panel"):
        draw_curves(CurvesFigure((), (), {}, Axis("Steps"), Axis("Return"), "", ()))


def test_neither_the_face_needs_matplotlib_nor_drawing_needs_pyplot():
    program = (
        "import sys, orbench.plotting; assert 'matplotlib' not in sys.modules;"
        "import orbench.plotting.drawing; assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
