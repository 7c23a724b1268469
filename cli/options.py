"""The options that several commands share, each spelled and explained in one place."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .command_help import NamingGroup

if TYPE_CHECKING:
    from orbench.filters import Filter

__all__ = [
    "FilterArguments",
    "Format",
    "FormatOption",
    "PageFormat",
    "PageFormatOption",
    "RunArgument",
    "StoreOption",
    "examples",
    "new_app",
    "split_names",
    "where_from",
]


class Format(StrEnum):
    """How data is printed on stdout."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    LATEX = "latex"


class PageFormat(StrEnum):
    """How what is known of one thing is printed on stdout."""

    TABLE = "table"
    JSON = "json"


StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="ORBENCH_STORE",
        metavar="URL",
        help="The store: a SQLAlchemy URL, or the path of a SQLite file; by default "
        "sqlite:///runs/orbench.db.",
    ),
]

FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="table, json (one array), csv, markdown or latex.",
    ),
]

PageFormatOption = Annotated[
    PageFormat,
    typer.Option(
        "--format", "-f", metavar="FORMAT", help="table (a page), or json with everything whole."
    ),
]

FilterArguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILTER",
        help="Which runs, by default all; as in exp_name=ppo 'seed>=3' tag:v1.2. Words are joined "
        "by spaces; quote what your shell would take for itself: < > ( ) * !",
    ),
]

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run id, or how it begins.")]


def new_app(group: type[NamingGroup] = NamingGroup) -> typer.Typer:
    """An app for one command (or a group of them), set up like the top one."""
    return typer.Typer(
        cls=group,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def examples(*lines: str) -> str:
    """A help epilog with example command lines, kept as they are whatever the width."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def where_from(arguments: list[str] | None) -> Filter | None:
    """The filter that trailing arguments spell, None for no arguments; raises FilterError."""
    if not arguments:
        return None
    from orbench.filters import parse

    return parse(" ".join(arguments))


def split_names(values: list[str] | None) -> list[str]:
    """The names in an option that may be repeated and may hold several, split at commas."""
    return [name.strip() for value in values or () for name in value.split(",") if name.strip()]
