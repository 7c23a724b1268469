"""What holds for every kind of figure: files, equal bytes, sizes, themes."""

from __future__ import annotations

import csv
import json

import pytest

from orbench.plotting import (
    IntervalSettings,
    Look,
    plot_curves,
    plot_efficiency,
    plot_improvement,
    plot_intervals,
    plot_profiles,
    plot_ranks,
    plot_scores,
    save_figure,
)
from orbench.score import score_matrices
from orbench.stats import CurveSettings, learning_curves

FEW = IntervalSettings(reps=100)


def of_scores(plot):
    def make(runs, series):
        return plot(score_matrices(runs, series, metric="charts/episodic_return"), settings=FEW)

    return make


def efficiency(runs, series):
    curves = learning_curves(runs, series, settings=CurveSettings(interval="none"))
    return plot_efficiency(curves, settings=FEW)


KINDS = {
    "curves": lambda runs, series: plot_curves(runs, series, reps=100),
    "walltime": lambda runs, series: plot_curves(runs, series, reps=100, over="wall time"),
    "efficiency": efficiency,
    "intervals": of_scores(plot_intervals),
    "scores": of_scores(plot_scores),
    "profiles": of_scores(plot_profiles),
    "improvement": of_scores(plot_improvement),
    "ranks": of_scores(plot_ranks),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_name_is_no_formula(make, experiment, tmp_path):
    figure = make(*experiment((r"$\lr$", "$$"), (r"Cart$\pole$-v1", "$x^2$"), 2))
    for path in save_figure(figure, tmp_path / "figure", formats=("png", "svg", "pdf")):
        assert path.stat().st_size


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_a_figure_is_a_caption_and_numbers_in_two_forms_and_the_same_bytes_again(
    make, experiment, tmp_path
):
    written = [
        save_figure(make(*experiment()), tmp_path / name / "figure", formats=("png", "svg", "pdf"))
        for name in ("first", "second")
    ]
    names = [path.name for path in written[0]]
    assert names == [f"figure.{suffix}" for suffix in ("png", "svg", "pdf", "txt", "csv", "json")]
    for first, second in zip(*written, strict=True):
        assert first.read_bytes() == second.read_bytes()
    with written[0][4].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    told = json.loads(written[0][5].read_text(encoding="utf-8"))
    assert [list(row) for row in told] == [list(row) for row in rows]
    assert rows
    caption = written[0][3].read_text(encoding="utf-8")
    for said in ("95%", "100 replicates, seed 0", "n = 3 runs"):
        assert said in caption


@pytest.mark.slow
@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_five_sets_on_twenty_envs_stay_below_a_megabyte(make, experiment, tmp_path):
    made = experiment("abcde", [f"Env{place}-v1" for place in range(20)], 5, 2000)
    svg, *_ = save_figure(make(*made), tmp_path / "figure.svg")
    assert svg.stat().st_size < 1_000_000


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("width", ["single", "double"])
def test_every_kind_has_both_themes_and_both_widths(make, width, experiment, tmp_path):
    look = Look(theme="dark", width=width)
    svg, *_ = save_figure(make(*experiment()), tmp_path / "figure.svg", look=look)
    text = svg.read_text(encoding="utf-8")
    assert "#14161a" in text
    points = {"single": 3.25, "double": 6.75}[width] * 72
    assert f'width="{points:g}pt"' in text
