"""Points, bars and ranks as drawn: artists hold the figure's numbers, nothing overlaps or drops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex

from orbench.errors import FigureError
from orbench.plotting import (
    THEMES,
    Axis,
    Look,
    Mark,
    PointsFigure,
    PointsPanel,
    RankRow,
    RanksFigure,
    RunPoint,
    draw_figure,
    plot_curves,
)
from orbench.plotting.style import line_styles, mixed


def figure_of(names, panels=("IQM",), *, runs=0, low=-0.1, reference=None):
    def mark(panel, place, name):
        point = 1.0 + place
        ends = (None, None) if low is None else (point + low, point + 0.2)
        single = tuple(RunPoint(f"{name}-{run}", point + 0.01 * run) for run in range(runs))
        return Mark((panel, name), name, name, point, *ends, 3, single)

    return PointsFigure(
        panels=tuple(
            PointsPanel(one, one, tuple(mark(one, *pair) for pair in enumerate(names)))
            for one in panels
        ),
        rows=tuple(names),
        labels=tuple(names),
        axis=Axis("Score", "score"),
        title="",
        notes=("A note.",),
        names=("statistic", "run_set"),
        reference=reference,
    )


def panels_of(drawn):
    return [axes for axes in drawn.axes if axes.axison]


def test_bars_and_lines_stand_where_the_numbers_are():
    figure = figure_of(("ppo", "sac"), ("IQM", "Mean"))
    drawn = draw_figure(figure)
    assert [axes.get_title() for axes in panels_of(drawn)] == ["IQM", "Mean"]
    for axes, panel in zip(panels_of(drawn), figure.panels, strict=True):
        for bar, line, mark in zip(axes.patches, axes.lines, panel.marks, strict=True):
            assert bar.get_x() == mark.low
            assert bar.get_x() + bar.get_width() == pytest.approx(mark.high)
            assert set(line.get_xdata()) == {mark.point}


def test_rows_are_named_once_from_the_top_and_numbers_have_an_axis():
    drawn = draw_figure(figure_of(("ppo", "sac"), ("IQM", "Mean")))
    left, right = panels_of(drawn)
    assert [text.get_text() for text in left.get_yticklabels()] == ["ppo", "sac"]
    assert [text.get_text() for text in right.get_yticklabels()] == ["", ""]
    assert left.get_ylim()[0] > left.get_ylim()[1]
    assert drawn.get_supxlabel() == "Score"


def test_a_point_without_an_interval_is_a_ring():
    (axes,) = panels_of(draw_figure(figure_of(("ppo",), low=None)))
    assert not axes.patches
    (ring,) = axes.lines
    assert (ring.get_marker(), ring.get_markerfacecolor()) == ("o", "none")


def test_a_mark_at_the_end_of_an_axis_is_drawn_whole():
    (axes,) = panels_of(draw_figure(figure_of(("ppo",), low=None)))
    (ring,) = axes.lines
    assert not ring.get_clip_on()


def test_single_runs_are_dots_at_heights_of_their_own():
    (axes,) = panels_of(draw_figure(figure_of(("ppo",), runs=4)))
    (dots,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert list(dots.get_xdata()) == [1.0, 1.01, 1.02, 1.03]
    assert len(set(dots.get_ydata())) == 4


def test_a_run_set_has_the_colour_of_its_curves_in_figures_of_one_look(experiment):
    names = ("a", "b", "c")
    look = Look(labels=names)
    styles = line_styles(names, THEMES["light"])
    (points,) = panels_of(draw_figure(figure_of(("c", "b")), look))
    assert [to_hex(line.get_color()) for line in points.lines] == [
        styles["c"].colour, styles["b"].colour,
    ]  # fmt: skip
    (curves,) = panels_of(draw_figure(plot_curves(*experiment(("c",), ("Taxi-v3",))), look))
    assert to_hex(curves.lines[0].get_color()) == styles["c"].colour


@pytest.mark.parametrize(
    ("width", "panels", "sets"),
    [
        *(("single", 1, 1), ("single", 1, 12), ("single", 4, 12)),
        *(("double", 1, 1), ("double", 4, 1), ("double", 4, 12)),
        pytest.param("single", 57, 1, marks=pytest.mark.slow),
        pytest.param("single", 57, 12, marks=pytest.mark.slow),
        pytest.param("double", 57, 12, marks=pytest.mark.slow),
    ],
)
def test_every_mark_is_drawn_inside_the_figure_and_no_text_on_another(sets, panels, width):
    names = [f"a variant with a name {place}" for place in range(sets)]
    figure = figure_of(names, [f"Env{place}-v1" for place in range(panels)])
    drawn = draw_figure(figure, Look(width=width))
    assert len(panels_of(drawn)) == panels
    for axes in panels_of(drawn):
        assert len(axes.patches) == sets
        box = axes.get_position()
        assert 0 < box.x0 < box.x1 <= 1
        assert box.width * drawn.get_figwidth() > 0.5
    rows = [text.get_window_extent() for text in panels_of(drawn)[0].get_yticklabels()]
    assert min(extent.x0 for extent in rows) >= 0
    assert all(upper.y0 >= lower.y1 - 1 for upper, lower in itertools.pairwise(rows))
    below = drawn._supxlabel.get_window_extent()
    assert below.y1 < min(axes.get_tightbbox().y0 for axes in panels_of(drawn))


def test_names_too_wide_for_their_place_keep_their_ends():
    drawn = draw_figure(figure_of(("recurrent-" * 20 + "ppo", "sac")))
    name = panels_of(drawn)[0].get_yticklabels()[0].get_text()
    assert name.startswith("recurrent")
    assert name.endswith("ppo")
    assert panels_of(drawn)[0].get_position().width > 0.5


def ranks_of(names, *, shares=True):
    size = len(names)
    rows = tuple(
        RankRow(
            name, 1.0 + place, 0.9 + place, 1.1 + place, 6,
            tuple(np.full(size, 1 / size)) if shares else (),
        )
        for place, name in enumerate(names)
    )  # fmt: skip
    return RanksFigure(rows, tuple(names), "", ("A note.",))


def test_ranks_are_means_at_the_left_and_stacked_shares_at_the_right():
    drawn = draw_figure(ranks_of(("a", "b", "c")))
    left, right = panels_of(drawn)
    assert [line.get_xdata()[0] for line in left.lines] == [1.0, 2.0, 3.0]
    assert len(right.patches) == 9
    ends = [bar.get_x() + bar.get_width() for bar in right.patches][2::3]
    assert ends == pytest.approx([1, 1, 1])
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == [
        "rank 1", "rank 2", "rank 3",
    ]  # fmt: skip


def test_ranks_without_resamples_have_no_shares_and_no_legend():
    drawn = draw_figure(ranks_of(("a", "b"), shares=False))
    assert not panels_of(drawn)[1].patches
    assert not drawn.legends


def test_a_colour_is_thinned_on_its_ground():
    assert mixed("#0072b2", "#ffffff", 1) == "#0072b2"
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"


def test_a_figure_without_anything_is_refused():
    with pytest.raises(FigureError, match="no panel"):
        draw_figure(figure_of(("ppo",), ()))
    with pytest.raises(FigureError, match="no ranks"):
        draw_figure(RanksFigure((), (), "", ()))
