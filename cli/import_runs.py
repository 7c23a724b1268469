"""`orbench import`: runs out of files that other tools wrote."""

from __future__ import annotations

from .import_kinds import ImportGroup
from .import_sources import add_source_commands
from .import_table import add_table_command
from .import_tensorboard import add_tensorboard_command
from .import_wandb import add_wandb_command
from .options import new_app

__all__ = ["app"]

app = new_app(ImportGroup)


@app.callback()
def import_() -> None:
    """Import runs that other tools wrote to files."""


add_table_command(app)
add_source_commands(app)
add_tensorboard_command(app)
add_wandb_command(app)
