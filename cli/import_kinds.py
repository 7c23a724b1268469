"""The kinds of `orbench import`: those of orbench, then those that other packages bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer.main

from orbench.errors import UsageError
from orbench.importer_kinds import BroughtKind, brought_kinds

from .command_help import NamingGroup
from .import_sources import add_kind
from .options import new_app

if TYPE_CHECKING:  # Typer carries its own Click; only a type checker needs these names.
    from typer._click import Command, Context, HelpFormatter

__all__ = ["ImportGroup"]


class ImportGroup(NamingGroup):
    """The kinds as commands; other packages are looked for when a name is not one of orbench's."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The names of all kinds, orbench's own first; nothing is imported."""
        brought = [kind.name for kind in self._brought() if kind.name not in self.commands]
        return [*self.commands, *brought]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """The command of a kind; raises UsageError for one whose package cannot be used."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        kinds = {kind.name: kind for kind in self._brought()}
        return _command(kinds[cmd_name]) if cmd_name in kinds else None

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """As for every group, but for a kind of orbench's own no package is looked for."""
        if args[0] in self.commands:
            return args[0], self.commands[args[0]], args[1:]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the kinds, and below them those that cannot be used, with the reason."""
        commands = list(self.commands.items())
        left_out = []
        for kind in self._brought():
            try:
                commands.append((kind.name, _command(kind)))
            except UsageError as error:
                left_out.append((kind.name, str(error)))
        self.write_commands(commands, formatter)
        if left_out:
            with formatter.section("Left out"):
                formatter.write_dl(left_out)

    def _brought(self) -> list[BroughtKind]:
        return brought_kinds(self.commands)


def _command(kind: BroughtKind) -> Command:
    """The command of a kind that a package brings; raises UsageError."""
    app = new_app()
    add_kind(app, kind.name, kind.load(), str(kind))
    return typer.main.get_command(app)
