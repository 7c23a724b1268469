"""Commands and groups as orbench has them: plain help, and near names for mistyped commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer.core

from orbench.errors import UsageError, near

if TYPE_CHECKING:  # Typer carries its own Click; only a type checker needs these names.
    from typer._click import Command, Context, HelpFormatter
    from typer._click.core import Parameter

__all__ = ["NamingGroup", "OrbenchCommand"]


class OrbenchCommand(typer.core.TyperCommand):
    """A command whose help lists arguments, then options, without the Python types they have."""

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


class NamingGroup(typer.core.TyperGroup):
    """A group that answers a mistyped command with near ones, or with all."""

    def get_params(self, ctx: Context) -> list[Parameter]:
        """As Typer's, but a flag that was not given is False: for None Typer imports pydantic."""
        parameters: list[Parameter] = super().get_params(ctx)
        for parameter in parameters:
            if getattr(parameter, "is_bool_flag", False) and parameter.default is None:
                parameter.default = False
        return parameters

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """As Click's, but raises UsageError, and imports no command to find near names."""
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-"):
            hint = near(args[0], names) or f"; there are {', '.join(names)}"
            raise UsageError(f"no command '{args[0]}'{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write each command with the whole first sentence of its help, however narrow the page."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        self.write_commands(commands, formatter)

    def write_commands(
        self, commands: Iterable[tuple[str, Command | None]], formatter: HelpFormatter
    ) -> None:
        """Write these commands, each with the first sentence of its help."""
        rows = [
            (name, (command.help or "").partition("\n\n")[0])
            for name, command in commands
            if command
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
