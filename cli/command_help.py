"""The help of one command: arguments by their names alone, without the Python types they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer.core

if TYPE_CHECKING:  # Typer carries its own Click; only a type checker needs these names.
    from typer._click import Context, HelpFormatter

__all__ = ["OrbenchCommand"]


class OrbenchCommand(typer.core.TyperCommand):
    """A command whose help lists arguments, then options."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the sections Arguments and Options."""
        sections: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                kind = parameter.param_type_name
                name = record[0] if kind == "option" else parameter.metavar or record[0]
                sections[kind].append((name, record[1]))
        for kind, rows in sections.items():
            if rows:
                with formatter.section(f"{kind.capitalize()}s"):
                    formatter.write_dl(rows)
