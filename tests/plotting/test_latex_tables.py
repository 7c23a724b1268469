"""LaTeX: what is written compiles, aligns numbers, and has no text that TeX reads as a command."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.plotting import Column, ScoreCell, Table, Term, render_table
from orbench.stats import Estimate


def estimate(point, low, high, note=""):
    return Estimate("mean", point, low, high, (3,), "percentile", 0.95, 100, note)


ENV, SCORE, N = Column("env", "env", numeric=False), Column("s", "a_c & 2"), Column("n", "n")
TABLE = Table(
    "return_100%",
    (ENV, SCORE, N),
    (
        ("a|b_c%", ScoreCell(estimate(-1.2345, -1.4, 1.1), best=True), 3),
        ("[x]", ScoreCell(estimate(5.0, None, None, "n=1: no interval"), n=1, unusual=True), 12),
        ("~^\\{}$#<>", ScoreCell(estimate(250.0, 0.0, 1.0), "std", 5.678, 2, unusual=True), None),
        ("big", ScoreCell(estimate(1.2345e7, 1e7, 2e7), best=False), 1),
        ("none", Term(None, "\N{EM DASH}"), 1),
        ("none", estimate(0.5, None, None), 1),
    ),
    ("Mean ± std, 50% & more.",),
)


def cells_of(text):
    """The cells of each row, and the number of LaTeX columns that a row takes."""
    body = text.partition("\\midrule\n")[2].partition("\\bottomrule")[0]
    rows = [line.removesuffix(r" \\") for line in body.splitlines()]
    return [re.split(r"(?<!\\)&", row) for row in rows]


def width(cells):
    spans = [re.match(r"\s*\\multicolumn\{(\d+)\}", cell) for cell in cells]
    return sum(int(span[1]) if span else 1 for span in spans)


def test_numbers_stand_in_columns_of_siunitx_and_spreads_beside_them():
    lines = render_table(TABLE, "latex").splitlines()
    assert (
        r"\begin{tabular}{l S[table-format = -3.3e1, detect-weight] @{\;} l S[table-format = 2]}"
        in lines
    )
    assert r"env & \multicolumn{2}{c}{a\_c \& 2} & {n} \\" in lines


def test_the_cells():
    found = [[cell.strip() for cell in row] for row in cells_of(render_table(TABLE, "latex"))]
    assert [row[1:3] for row in found] == [
        [r"\bfseries -1.2", "$[-1.4, 1.1]$"],
        ["5", "$[n=1]$"],
        ["250.0", r"$\pm\,5.7$ $(n=2)$"],
        ["1.234e7", r"$[1 \times 10^{7}, 2 \times 10^{7}]$"],
        [r"\multicolumn{2}{c}{---}", "1"],
        ["0.5", "{[no interval]}"],
    ]


def test_what_tex_would_read_as_a_command_is_escaped():
    rows = cells_of(render_table(TABLE, "latex"))
    assert [row[0].strip() for row in rows[:3]] == [
        r"a\textbar{}b\_c\%",
        "{[x]}",
        r"\textasciitilde{}\textasciicircum{}\textbackslash{}\{\}\$\#\textless{}\textgreater{}",
    ]


def test_the_notes_are_the_caption():
    lines = render_table(TABLE, "latex").splitlines()
    assert r"\caption{return\_100\%. Mean $\pm$ std, 50\% \& more.}" in lines
    assert lines[0].startswith(r"% \usepackage{booktabs}")


def test_rules_and_environments_are_in_order():
    words = re.findall(r"\\(?:begin|end)\{\w+\}|\\\w+rule", render_table(TABLE, "latex"))
    assert words == [
        r"\begin{table}", r"\begin{tabular}", r"\toprule", r"\midrule", r"\bottomrule",
        r"\end{tabular}", r"\end{table}",
    ]  # fmt: skip


def test_a_column_of_numbers_and_words_is_not_siunitxs():
    table = Table("", (Column("x", "x"),), ((1.5,), ("many",)))
    assert r"\begin{tabular}{r}" in render_table(table, "latex")


NUMBERS = st.floats(-1e9, 1e9)
SCORES = st.builds(
    lambda point, ends, std, best: ScoreCell(
        estimate(point, *sorted(ends)), "std" if std else "interval", std or None, 3, best=best
    ),
    NUMBERS,
    st.tuples(NUMBERS, NUMBERS),
    st.floats(0, 1e5),
    st.booleans(),
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=12)


@given(st.lists(st.tuples(TEXTS, SCORES | st.just(Term(None, "-")), NUMBERS), max_size=5), TEXTS)
def test_every_row_has_all_columns_and_every_brace_its_other(rows, note):
    first = ("first", ScoreCell(estimate(1.0, 0.0, 2.0)), 1.0)
    text = render_table(Table("t", (ENV, SCORE, N), (first, *rows), (note,)), "latex")
    assert [width(cells) for cells in cells_of(text)] == [4] * (len(rows) + 1)
    unescaped = re.sub(r"\\.", "", text)
    depth = 0
    for sign in unescaped:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    assert unescaped.count("$") % 2 == 0


DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage{siunitx}
\begin{document}
%s
\end{document}
"""


def test_it_compiles(tmp_path):
    pdflatex = shutil.which("pdflatex")
    if pdflatex is None:
        pytest.skip("no pdflatex here")
    found = subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True, check=False)
    if found.returncode:
        pytest.skip("no siunitx here")
    (tmp_path / "table.tex").write_text(DOCUMENT % render_table(TABLE, "latex"))
    done = subprocess.run(
        [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "table.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
