"""`orbench tag`: put tags on runs and take them off."""

from __future__ import annotations

from typing import Annotated

import typer

from orbench.errors import UsageError

from .command_help import OrbenchCommand
from .opening import opened_store
from .options import StoreOption, examples, new_app, split_names
from .output import note
from .selecting import runs_named

__all__ = ["app"]

app = new_app()


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench tag 3f9k --add baseline",
        "orbench tag exp_name=ppo 'seed<5' --add v1.2 --remove draft",
    ),
)
def tag(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN|FILTER", help="Run ids (or how they begin), or one filter."),
    ],
    add: Annotated[
        list[str] | None,
        typer.Option("--add", "-a", metavar="TAG", help="Put this on; repeat for several."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", "-r", metavar="TAG", help="Take this off; repeat for several."),
    ] = None,
    store_url: StoreOption = None,
) -> None:
    """Put tags on runs, or take them off."""
    added, removed = split_names(add), split_names(remove)
    if not added and not removed:
        raise UsageError("nothing to do; give --add TAG or --remove TAG")
    if both := sorted(set(added) & set(removed)):
        raise UsageError(f"'{both[0]}' is to be added and removed; give one of the two")
    with opened_store(store_url) as store:
        ids = runs_named(store, runs)
        changed = store.change_tags(ids, add=added, remove=removed)
    note(f"{changed} of {len(ids)} {'run' if len(ids) == 1 else 'runs'} changed")
