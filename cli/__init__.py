"""The command line: `orbench`, a Typer app whose commands are imported when they are used."""

from .main import main

__all__ = ["main"]
