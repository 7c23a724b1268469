"""A figure is data first: what will be drawn, said and written is all in one frozen value."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from orbench.plotting import Axis, CurveLine, CurvesFigure, Panel, plot_curves, render_table
from orbench.plotting.learning_curves import vertices
from orbench.plotting.titles import metric_in_words
from orbench.run import RunStatus

Y = Axis("Return")


def line(values, *, low=None, high=None, label="ppo", n=3):
    ends = [None if end is None else np.array(end, float) for end in (low, high)]
    return CurveLine(label, np.arange(len(values)) * 1.0, np.array(values, float), *ends, n)


def test_there_is_a_panel_for_each_env_and_a_line_for_each_set(experiment):
    figure = plot_curves(*experiment())
    assert [panel.name for panel in figure.panels] == ["Acrobot-v1", "CartPole-v1"]
    assert [[one.label for one in panel.lines] for panel in figure.panels] == [["ppo", "sac"]] * 2
    assert figure.labels == ("ppo", "sac")
    assert (figure.x.label, figure.y.label) == ("Steps", "Episodic return")


def test_the_line_is_the_mean_of_the_runs(experiment):
    runs, series = experiment(("ppo",), ("CartPole-v1",))
    figure = plot_curves(runs, series)
    values = np.mean([one.values for one in series], axis=0)
    np.testing.assert_allclose(figure.panels[0].lines[0].values, values, rtol=1e-12)
    assert figure.panels[0].lines[0].x.tolist() == series[0].steps.tolist()


def test_the_legend_says_how_many_runs_a_line_stands_for(experiment):
    runs, series = experiment()
    runs[0] = dataclasses.replace(runs[0], status=RunStatus.FAILED)
    legend = plot_curves(runs, series).legend
    assert legend == {"ppo": "ppo (n=2–3)", "sac": "sac (n=3)"}


def test_a_line_has_no_more_vertices_than_asked(experiment):
    runs, series = experiment(("ppo",), ("CartPole-v1",), rows=5000)
    for points, expected in ((None, 400), (64, 64)):
        figure = plot_curves(runs, series, points=points)
        assert len(figure.panels[0].lines[0].x) == expected
        assert f"brought to {expected} equally spaced steps" in figure.caption


def test_the_more_panels_the_fewer_vertices():
    counts = [vertices(panels) for panels in (1, 3, 12, 30, 57)]
    assert counts == sorted(counts, reverse=True)
    assert max(counts) <= 500


def test_the_numbers_are_everything_that_is_drawn(experiment):
    figure = plot_curves(*experiment())
    rows = render_table(figure.numbers, "csv").splitlines()
    assert rows[0] == "env_id,run_set,n,step,value,low,high"
    points = sum(len(one.x) for panel in figure.panels for one in panel.lines)
    assert len(rows) == 1 + points
    first = figure.panels[0].lines[0]
    ends = (first.x[0], first.values[0], first.low[0], first.high[0])
    assert rows[1] == ",".join(["Acrobot-v1", "ppo", "3", *(repr(float(end)) for end in ends)])


def test_one_run_has_no_band_in_the_numbers_either(experiment):
    figure = plot_curves(*experiment(("ppo",), ("Taxi-v3",), seeds=1))
    assert figure.panels[0].lines[0].low is None
    assert render_table(figure.numbers, "csv").splitlines()[1].endswith(",,")
    assert "n = 1 run per line, hence no band." in figure.caption


def test_single_runs_are_there_on_request(experiment):
    runs, series = experiment(("ppo",), ("Taxi-v3",))
    figure = plot_curves(runs, series, each_run=True)
    drawn = figure.panels[0].lines[0].runs
    for run, one in zip(drawn, series, strict=True):
        np.testing.assert_allclose(run.values, one.values)
    assert "Thin lines are single runs." in figure.caption
    assert plot_curves(runs, series).panels[0].lines[0].runs == ()


def test_the_axis_holds_lines_and_bands():
    low, high = Panel("e", "e", (line([0, 10], low=[-2, 8], high=[2, 12]),)).y_range(Y)
    assert low < -2
    assert high > 12


def test_a_band_that_would_flatten_the_lines_is_cut_and_that_is_said():
    panel = Panel("Taxi-v3", "Taxi-v3", (line([0, 10], low=[-500, -500], high=[500, 500]),))
    assert panel.cut(Y)
    assert -10 < panel.y_range(Y)[0] < panel.y_range(Y)[1] < 20
    assert not Panel("e", "e", (line([0, 10], low=[-1, 9], high=[1, 11]),)).cut(Y)


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0])
def test_a_flat_line_has_an_axis_with_some_height(value):
    low, high = Panel("e", "e", (line([value, value]),)).y_range(Y)
    assert low < value < high


def test_two_runs_have_wide_bands_that_the_caption_admits_are_cut(experiment):
    runs, series = experiment(("ppo",), ("Taxi-v3",), seeds=2)
    assert "beyond the axis" not in plot_curves(runs, series).caption
    series[0] = dataclasses.replace(series[0], values=series[0].values * 2)
    figure = plot_curves(runs, series)
    assert figure.panels[0].cut(Y)
    assert "Bands reach beyond the axis: Taxi-v3." in figure.caption


def test_an_ending_that_all_envs_share_is_left_out_of_titles_and_said(experiment):
    names = ["Alien", "MontezumaRevenge", "Pong", "Qbert"]
    envs = [f"{name}NoFrameskip-v4" for name in names]
    figure = plot_curves(*experiment(("ppo",), envs))
    assert [panel.title for panel in figure.panels] == names
    assert [panel.name for panel in figure.panels] == envs
    assert "Titles leave out that all envs end in NoFrameskip-v4." in figure.caption


def test_short_names_are_left_alone(experiment):
    figure = plot_curves(*experiment(("ppo",), ("A-v5", "B-v5", "C-v5", "D-v5")))
    assert [panel.title for panel in figure.panels] == ["A-v5", "B-v5", "C-v5", "D-v5"]


def test_runs_without_an_env_have_a_panel(experiment):
    figure = plot_curves(*experiment(("ppo",), ("",)))
    assert [(panel.name, panel.title) for panel in figure.panels] == [("", "(no env)")]


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("charts/episodic_return", "Episodic return"),
        ("loss", "Loss"),
        ("losses/TD error", "TD error"),
        ("a/", "A"),
        ("/", "/"),
    ],
)
def test_an_axis_says_a_metric_in_words(metric, words):
    assert metric_in_words(metric) == words


def test_equal_calls_give_equal_figures(experiment):
    one, other = (plot_curves(*experiment(), seed=5) for _ in range(2))
    assert isinstance(one, CurvesFigure)
    assert one.caption == other.caption
    assert render_table(one.numbers, "csv") == render_table(other.numbers, "csv")
