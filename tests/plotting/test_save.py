"""Figures on disk: the same bytes whenever they are written, whole files, caption and numbers."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from orbench.errors import FigureError
from orbench.plotting import FIGURE_FORMATS, Look, plot_curves, save_figure


@pytest.fixture
def figure(experiment):
    return plot_curves(*experiment(), reps=200)


def test_a_figure_is_written_with_its_caption_and_its_numbers(figure, tmp_path):
    paths = save_figure(figure, tmp_path / "new" / "curves", formats=FIGURE_FORMATS)
    assert [path.name for path in paths] == [
        "curves.png", "curves.svg", "curves.pdf", "curves.txt", "curves.csv", "curves.json",
    ]  # fmt: skip
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(paths[1]).getroot().tag.endswith("svg")
    assert paths[2].read_bytes().startswith(b"%PDF")
    assert paths[3].read_text(encoding="utf-8") == figure.caption + "\n"
    with paths[4].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    drawn = np.concatenate([line.values for panel in figure.panels for line in panel.lines])
    assert [float(row["value"]) for row in rows] == drawn.tolist()
    assert sorted((tmp_path / "new").iterdir()) == sorted(paths)


@pytest.mark.parametrize(
    ("name", "formats", "pictures"),
    [
        ("curves", (), ["curves.png"]),
        ("curves.pdf", (), ["curves.pdf"]),
        ("curves.SVG", (), ["curves.svg"]),
        ("curves.svg", ("png", "svg"), ["curves.svg", "curves.png"]),
        ("ppo-v1.2", (), ["ppo-v1.2.png"]),
        ("ppo.final", ("svg",), ["ppo.final.svg"]),
    ],
)
def test_the_suffix_is_a_format_where_it_is_one(figure, tmp_path, name, formats, pictures):
    paths = save_figure(figure, tmp_path / name, formats=formats)
    assert [path.name for path in paths[:-3]] == pictures


PROGRAM = """
import hashlib, sys
import numpy as np
from orbench.metric import Series
from orbench.plotting import plot_curves, save_figure
from orbench.run import RunRecord, RunStatus
runs, series = [], []
for exp_name in {"ppo", "sac", "dqn"}:
    for seed in range(3):
        run_id = f"{exp_name}{seed}"
        random = np.random.default_rng(seed + ord(exp_name[0]))
        runs.append(RunRecord(run_id, "p", exp_name, "Taxi-v3", seed, RunStatus.FINISHED, 0.0))
        series.append(Series(run_id, "return", np.arange(900), random.normal(size=900).cumsum(),
                             np.zeros(900)))
runs.sort(key=lambda run: run.run_id)
for path in save_figure(plot_curves(runs, series), sys.argv[1], formats=["png", "svg", "pdf"]):
    print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
"""


@pytest.mark.slow
def test_fresh_processes_write_the_same_bytes(tmp_path):
    printed = []
    for hash_seed in ("1", "2"):
        place = tmp_path / hash_seed / "curves"
        finished = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(place)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "SOURCE_DATE_EPOCH": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        printed.append(finished.stdout)
    assert printed[0] == printed[1]
    assert len(printed[0].splitlines()) == 6


def test_the_users_own_settings_do_not_show(figure, tmp_path):
    plain = save_figure(figure, tmp_path / "plain.png")
    with mpl.rc_context({"font.size": 30, "savefig.dpi": 50, "axes.grid": False}):
        other = save_figure(figure, tmp_path / "other.png")
    digests = {hashlib.sha256(paths[0].read_bytes()).digest() for paths in (plain, other)}
    assert len(digests) == 1


def test_no_format_says_when_it_was_written(figure, tmp_path):
    png, svg, pdf, *_ = save_figure(figure, tmp_path / "curves", formats=FIGURE_FORMATS)
    assert b"Software" not in png.read_bytes()
    assert b"<dc:date>" not in svg.read_bytes()
    assert b"CreationDate" not in pdf.read_bytes()


def test_fonts_are_in_the_file(figure, tmp_path):
    _, svg, pdf, *_ = save_figure(figure, tmp_path / "curves", formats=FIGURE_FORMATS)
    assert b"<text" not in svg.read_bytes()
    assert b"/FontFile2" in pdf.read_bytes()
    assert b"DejaVuSans" in pdf.read_bytes()


def test_what_others_draw_in_the_same_process_has_whole_fonts(figure, tmp_path):
    from fontTools.subset import Options

    before = Options().drop_tables
    save_figure(figure, tmp_path / "curves.pdf")
    assert Options().drop_tables == before


def test_an_svg_has_no_more_digits_than_can_be_seen(figure, tmp_path):
    svg = save_figure(figure, tmp_path / "curves.svg")[0].read_text(encoding="utf-8")
    outlines = re.findall(r' d="([^"]*)"', svg)
    assert outlines
    assert not any(re.search(r"\.\d{3}", outline) for outline in outlines)


@pytest.mark.slow
def test_an_svg_of_five_sets_on_twenty_envs_is_below_a_megabyte(experiment, tmp_path):
    runs, series = experiment("abcde", [f"Env{place}-v1" for place in range(20)], 5, 2000)
    paths = save_figure(plot_curves(runs, series), tmp_path / "curves.svg")
    assert paths[0].stat().st_size < 1_000_000


def test_a_theme_is_in_the_picture(figure, tmp_path):
    light = save_figure(figure, tmp_path / "light.svg")[0].read_text(encoding="utf-8")
    dark = save_figure(figure, tmp_path / "dark.svg", look=Look(theme="dark"))[0].read_text(
        encoding="utf-8"
    )
    assert "#14161a" in dark
    assert "#14161a" not in light


@pytest.mark.parametrize(
    ("name", "formats", "message"),
    [
        ("curves.pngg", (), "did you mean png"),
        ("curves", ["svgg"], "did you mean svg"),
        ("curves.jpg", (), "use png, svg, pdf"),
    ],
)
def test_an_unknown_format_writes_nothing(figure, tmp_path, name, formats, message):
    with pytest.raises(FigureError, match=message):
        save_figure(figure, tmp_path / name, formats=formats)
    assert not any(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(figure, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FigureError, match=r"cannot write .*curves\.png"):
        save_figure(figure, tmp_path / "file" / "curves.png")


def test_an_old_figure_is_replaced_whole(figure, tmp_path):
    (tmp_path / "curves.png").write_bytes(b"old")
    paths = save_figure(figure, tmp_path / "curves.png")
    assert paths[0].read_bytes().startswith(b"\x89PNG")
