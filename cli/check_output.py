"""What `orbench check` prints and writes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .layout import Column
from .output import note, print_columns, print_object, print_text, wrapped

if TYPE_CHECKING:
    from orbench.gate import CheckResult, Gated

__all__ = ["print_check", "write_reports"]


class ReportFiles(Protocol):
    """Where reports are written, None for those not asked for."""

    @property
    def markdown(self) -> Path | None: ...
    @property
    def junit(self) -> Path | None: ...
    @property
    def json(self) -> Path | None: ...
    @property
    def figure(self) -> Path | None: ...
    @property
    def figure_url(self) -> str: ...


def print_check(result: CheckResult, fmt: str, reports: ReportFiles) -> None:
    """Print a check on stdout as a table, markdown, json, junit or github annotations."""
    from orbench.gate import check_annotations, check_document, check_junit, check_markdown

    if fmt == "table":
        _print_pages(result)
    elif fmt == "json":
        print_object(check_document(result))
    elif fmt == "markdown":
        print_text([check_markdown(result, _address(reports)).removesuffix("\n")])
    elif fmt == "junit":
        print_text([check_junit(result).removesuffix("\n")])
    else:
        print_text(check_annotations(result))


def write_reports(result: CheckResult, reports: ReportFiles) -> None:
    """Write the files asked for; raises FigureError for one that cannot be written."""
    from orbench.gate import check_document, check_junit, check_markdown
    from orbench.plotting import check_figure, save_figure, write_file

    from .cells import json_text

    if reports.figure:
        suffix = reports.figure.suffix
        for place, gated in enumerate(result.gated):
            # The first measure has the name given, others theirs behind it.
            name = f"{reports.figure.stem}{f'-{place + 1}' if place else ''}{suffix}"
            save_figure(check_figure(gated), reports.figure.with_name(name))
    if reports.markdown:
        write_file(reports.markdown, check_markdown(result, _address(reports)).encode())
    if reports.junit:
        write_file(reports.junit, check_junit(result).encode())
    if reports.json:
        write_file(reports.json, f"{json_text(check_document(result), indent=2)}\n".encode())


def _address(reports: ReportFiles) -> str:
    """Where a comment finds the figure: empty where there is none."""
    if reports.figure_url or not reports.figure:
        return reports.figure_url
    return reports.figure.as_posix()


def _print_pages(result: CheckResult) -> None:
    for place, gated in enumerate(result.gated):
        if place:
            print_text([""])
        _print_measure(gated)
    print_text(["", *(line for said in result.headlines for line in wrapped(said))])
    if result.next_runs:
        seeds = "; ".join(
            f"{one.env_id}: {', '.join(map(str, one.seeds))}" for one in result.next_runs
        )
        note(f"orbench: seeds to run next: {seeds} (--emit-missing prints the commands)")


def _print_measure(gated: Gated) -> None:
    from orbench.gate import HEADINGS, NUMERIC, judgement_rows

    rows = judgement_rows(gated.judgement)
    print_columns(
        [
            Column(heading, [row[place] for row in rows], right=numeric)
            for place, (heading, numeric) in enumerate(zip(HEADINGS, NUMERIC, strict=True))
        ]
    )
    print_text(["", *(line for sentence in gated.notes for line in wrapped(sentence))])
