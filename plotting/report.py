"""The static report: one page with figures, tables and runs, that needs nothing but itself.

No script, nothing fetched, no time of writing: equal contents give equal bytes. Everything that is
not ours is text, escaped where it is put in; a policy in the page forbids the rest, should a
text ever get through.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from .inline_svg import colour_properties, inline_svg
from .render_tables import html_cell
from .tables import Cell, Table

__all__ = ["Report", "ReportFigure", "ReportSection", "report_page"]

# Nothing may be fetched and no script may run, whatever a run is called.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
# What HTML cannot hold, and what would turn the direction of the text that follows it.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
# Longer tables, and what few readers look at, stand behind a line to be opened.
_ROWS_IN_VIEW = 60


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """A figure of the page: its SVG file, and the caption that stands below it."""

    name: str
    title: str
    caption: str
    svg: bytes
    theme: str = "light"


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A part of the page: figures, then tables; `folded` tables show when they are opened."""

    title: str
    figures: tuple[ReportFigure, ...] = ()
    tables: tuple[Table, ...] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a page says. `facts` are names with values at its top, `versions` at its end."""

    title: str
    facts: Mapping[str, str]
    sections: tuple[ReportSection, ...]
    command: str
    versions: Mapping[str, str]


def report_page(report: Report) -> str:
    """The page as HTML. Figures get ids of their own by their places; the rest is escaped."""
    sections = [
        _section(section, f"part-{place}", f"f{place}")
        for place, section in enumerate(report.sections, start=1)
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{_text(report.title)}</title>",
            f"<style>\n{_style()}</style>",
            "</head>",
            "<body>",
            "<header>",
            f"<h1>{_text(report.title)}</h1>",
            _pairs(report.facts),
            _contents(report.sections),
            "</header>",
            "<main>",
            *sections,
            "</main>",
            "<footer>",
            "<h2>How this page was made</h2>",
            f"<pre><code>{_text(report.command)}</code></pre>",
            _pairs(report.versions),
            "</footer>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _style() -> str:
    """The style sheet, with the colours of the light and the dark theme put in."""
    sheet = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    light, dark = (_declarations(theme) for theme in ("light", "dark"))
    return (
        f":root {{ {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{sheet}"
    )


def _declarations(theme: str) -> str:
    return " ".join(f"{name}: {colour};" for name, colour in colour_properties(theme).items())


def _contents(sections: Sequence[ReportSection]) -> str:
    links = "".join(
        f'<li><a href="#part-{place}">{_text(section.title)}</a></li>'
        for place, section in enumerate(sections, start=1)
    )
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>'


def _section(section: ReportSection, anchor: str, prefix: str) -> str:
    figures = (_figure(figure, f"{prefix}x{place}") for place, figure in enumerate(section.figures))
    tables = (_table(table, folded=section.folded) for table in section.tables)
    return "\n".join(
        [
            f'<section id="{anchor}">',
            f"<h2>{_text(section.title)}</h2>",
            *figures,
            *tables,
            "</section>",
        ]
    )


def _figure(figure: ReportFigure, prefix: str) -> str:
    svg = inline_svg(figure.svg, prefix=prefix, title=_clean(figure.title), theme=figure.theme)
    return (
        f'<figure id="{_text(figure.name)}"><div class="drawing" tabindex="0">{svg}</div>'
        f"<figcaption>{_text(figure.caption)}</figcaption></figure>"
    )


def _table(table: Table, *, folded: bool) -> str:
    head = "".join(
        f'<th scope="col"{_side(one.numeric)}>{_text(one.title)}</th>' for one in table.columns
    )
    rows = "\n".join(f"<tr>{_row(table, row)}</tr>" for row in table.rows)
    notes = f'<p class="notes">{_text(" ".join(table.notes))}</p>' if table.notes else ""
    grid = (
        f'<div class="grid" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>\n{rows}\n</tbody></table></div>{notes}"
    )
    if folded or len(table.rows) > _ROWS_IN_VIEW:
        count = f"{len(table.rows):,} rows"
        return f"<details><summary>{_text(table.title)} ({count})</summary>{grid}</details>"
    return f"<h3>{_text(table.title)}</h3>{grid}"


def _row(table: Table, cells: Iterable[Cell]) -> str:
    return "".join(
        f"<td{_side(column.numeric)}>{_clean(html_cell(cell))}</td>"
        for column, cell in zip(table.columns, cells, strict=True)
    )


def _side(numeric: bool) -> str:
    return ' class="number"' if numeric else ""


def _pairs(pairs: Mapping[str, str]) -> str:
    items = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in pairs.items()
    )
    return f"<dl>{items}</dl>"


def _text(text: str) -> str:
    """Text of any origin as HTML, for elements and for quoted attributes."""
    return html.escape(_clean(text), quote=True)


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
