"""The Typer app: which commands there are, and how one is imported only when it is used.

`orbench --help` prints the table below without importing a single command, so its summaries are
written here; a test keeps each one equal to the first line of the command's own help.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main

from orbench import __version__

from .command_help import NamingGroup

if TYPE_CHECKING:  # Typer carries its own Click; only a type checker needs these names.
    from typer._click import Command, Context, HelpFormatter

__all__ = [
    "COMMANDS",
    "CommandEntry",
    "CommandInterruptedError",
    "OrbenchGroup",
    "PipeClosedError",
    "app",
]


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """A line of `orbench --help`: the module of this folder that has `app`, and a summary."""

    section: str
    module: str
    summary: str


COMMANDS: dict[str, CommandEntry] = {
    "tour": CommandEntry("Start", "tour", "Train, record, find, compare and draw, in a minute."),
    "record": CommandEntry("Start", "record", "Run a program and record it as a run."),
    "import": CommandEntry("Start", "import_runs", "Import runs that other tools wrote to files."),
    "list": CommandEntry("Find", "list_runs", "List the runs that a filter selects."),
    "show": CommandEntry("Find", "show", "Show everything that is known of one run."),
    "diff": CommandEntry("Find", "diff", "Show how two runs differ."),
    "metrics": CommandEntry("Find", "metrics", "List the metrics that runs have logged."),
    "fetch": CommandEntry("Find", "fetch", "Write series in long form to a file or to stdout."),
    "download": CommandEntry("Find", "download", "Write an artifact of a run back to a file."),
    "tag": CommandEntry("Keep", "tag", "Put tags on runs, or take them off."),
    "rm": CommandEntry("Keep", "rm", "Remove runs for good; asks for --yes."),
    "stats": CommandEntry("Analyse", "stats", "Final scores, per env and over envs."),
    "plot": CommandEntry("Analyse", "plot", "Draw figures."),
    "compare": CommandEntry(
        "Analyse", "compare", "All tables and figures of run sets, into a folder or one page."
    ),
    "rlops": CommandEntry(
        "Analyse",
        "rlops",
        "Compare experiments as openrlbenchmark does: tables, curves, aggregates.",
    ),
    "rlops-hns": CommandEntry(
        "Analyse",
        "rlops_hns",
        "Human-normalised scores of result tables: median and mean over Atari games.",
    ),
    "reproduce": CommandEntry(
        "Repeat",
        "reproduce",
        "Run a run again from its record, and say whether it is the same.",
    ),
    "doctor": CommandEntry(
        "Repeat", "doctor", "Tell what in this project would stop a run from being reproduced."
    ),
    "check": CommandEntry(
        "Gate", "check", "Judge whether a candidate is worse than a baseline: the gate."
    ),
    "baseline": CommandEntry("Gate", "baseline", "Save, list, show and remove baselines."),
    "power": CommandEntry("Gate", "power", "How many seeds find which drop."),
    "sync": CommandEntry("Keep", "sync", "Push runs to W&B or MLflow, and pull them from there."),
    "store": CommandEntry("Keep", "store", "Make, inspect, upgrade, check and copy stores."),
}


class PipeClosedError(Exception):
    """Whoever read our stdout has gone; not an OSError, which Click would turn into exit 1."""


class CommandInterruptedError(Exception):
    """Ctrl-C; not a KeyboardInterrupt, of which Typer would not say a word."""


class OrbenchGroup(NamingGroup):
    """The top group: knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: Context) -> list[str]:
        """The names of all commands, in the order of the help text."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Import the command's module and build the command; None for an unknown name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if cmd_name not in self.commands:
            module = importlib.import_module(f".{entry.module}", __package__)
            self.add_command(typer.main.get_command(module.app), cmd_name)
        return self.commands[cmd_name]

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands by section, from the table alone."""
        wide = max(map(len, COMMANDS))
        for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
            rows = [
                (name.ljust(wide), entry.summary)
                for name, entry in COMMANDS.items()
                if entry.section == section
            ]
            with formatter.section(section):
                formatter.write_dl(rows)

    def invoke(self, ctx: Context) -> Any:
        """Run the command; a closed stdout ends it quietly, Ctrl-C with a word (see the errors)."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            raise PipeClosedError from None
        except KeyboardInterrupt as interrupt:
            raise CommandInterruptedError from interrupt
        return result


app = typer.Typer(
    cls=OrbenchGroup,
    rich_markup_mode=None,  # Rich would cost the help text 0.2 s.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"orbench {__version__}")
        raise typer.Exit


@app.callback(
    epilog="The store is sqlite:///runs/orbench.db unless ORBENCH_STORE or --store names another. "
    "Exit codes: 0 done, 2 wrong usage or nothing found, 70 a fault of orbench itself; "
    "`record` ends as its program ends."
)
def orbench(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="On an error, print the whole traceback.")
    ] = False,
) -> None:
    """Record reinforcement-learning runs, keep them, find them, compare them."""
