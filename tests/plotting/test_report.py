"""The static report as data: escaped, self-contained, in the colours of the page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from orbench.plotting import (
    Column,
    Report,
    ReportFigure,
    ReportSection,
    Table,
    figure_files,
    plot_curves,
    report_page,
)

HOSTILE = "<script>document.title='taken'</script>--!> \" ' & \u202e]]>"


class Page(HTMLParser):
    """What a page is made of: its elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def values(self, *attributes: str) -> list[str]:
        """The values of these attributes, on whichever element."""
        return [
            attrs[one] or "" for _, attrs in self.elements for one in attributes if one in attrs
        ]


@pytest.fixture
def report(experiment) -> Report:
    runs, series = experiment((HOSTILE, "sac"), ("CartPole-v1", f"Hopper {HOSTILE}"))
    curves = plot_curves(runs, series)
    svg = figure_files(curves, formats=["svg"])[".svg"]
    figures = tuple(ReportFigure(f"curves-{i}", HOSTILE, curves.caption, svg) for i in range(2))
    table = Table(HOSTILE, (Column("a", HOSTILE),), ((HOSTILE,), (1.5,)), (HOSTILE,))
    return Report(
        title=f"Comparison {HOSTILE}",
        facts={HOSTILE: HOSTILE},
        sections=(
            ReportSection(HOSTILE, figures, (table,)),
            ReportSection("Runs", (), (table,), folded=True),
        ),
        command=f"orbench compare {HOSTILE}",
        versions={"orbench": HOSTILE},
    )


def test_no_text_becomes_markup_whatever_a_run_is_called(report):
    page = Page(report_page(report))
    assert "script" not in {tag for tag, _ in page.elements}
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]
    shown = HOSTILE.replace("\u202e", "\N{REPLACEMENT CHARACTER}")
    # Title, heading, fact (name and value), contents, section, table (4, twice), command, version.
    assert page.text.count(shown) >= 14
    assert shown in page.values("aria-label")


def test_nothing_outside_the_page_is_referred_to(report):
    text = report_page(report)
    page = Page(text)
    ids = page.values("id")
    assert len(ids) == len(set(ids)), "two figures share an id"
    references = [*page.values("href", "xlink:href", "src", "srcset", "data", "action")]
    references += re.findall(r"url\(([^)]*)\)", text)
    assert references
    assert {reference[0] for reference in references} == {"#"}
    assert {reference[1:] for reference in references} <= set(ids)
    assert not re.search(r"https?:|@import|<!--", text)
    (policy,) = (
        attrs["content"]
        for tag, attrs in page.elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy


def test_figures_take_the_colours_of_the_page_in_light_and_dark(report):
    text = report_page(report)
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(drawings) == 2
    assert "var(--line-1)" in drawings[0]
    assert not re.search(r"#[0-9a-fA-F]{6}\b", "".join(drawings))
    assert len(set(re.findall(r"--line-1: (#\w+)", text))) == 2


def test_a_page_is_the_same_byte_for_byte(report):
    assert report_page(report) == report_page(report)


def test_long_and_folded_tables_wait_to_be_opened(report):
    table = Table("Long", (Column("a", "a"),), tuple((float(n),) for n in range(61)))
    short = Table("Short", (Column("a", "a"),), ((1.0,),))
    sections = (ReportSection("All", (), (table, short)),)
    text = report_page(Report("T", {}, sections, "orbench", {}))
    assert text.count("<details>") == 1
    assert "Long (61 rows)" in text
