"""`orbench download`: an artifact of a run, back as a file."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from orbench.errors import ArtifactNotFoundError, UsageError, near

from .cells import Kind
from .command_help import OrbenchCommand
from .opening import opened_store
from .options import Format, FormatOption, RunArgument, StoreOption, examples, new_app
from .output import note, print_table
from .table import Field, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbench.run_store import ArtifactRecord, RunStore

__all__ = ["app", "artifact_table"]

app = new_app()

_LEAST_HASH = 8


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench download 3f9k",
        "orbench download 3f9k policy.npz --out best.npz",
        "orbench download 3f9k notes.txt --out -",
    ),
)
def download(
    run: RunArgument,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="The artifact's name, or 8 or more characters of its sha256.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to write, - for stdout; by default the last part of its name, here.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    fmt: FormatOption = Format.TABLE,
    store_url: StoreOption = None,
) -> None:
    """Write an artifact of a run back to a file.

    Without NAME the run's artifacts are listed. Of several with one name the last is written;
    the others go by their sha256. What is written was checked against its sha256.
    """
    with opened_store(store_url) as store:
        run_id = store.resolve(run)
        artifacts = store.details(run_id).artifacts
        if name is None:
            print_table(artifact_table(artifacts), fmt)
            return
        artifact = _find(artifacts, name, run_id)
        if out == "-":
            store.read_artifact(artifact.sha256, sys.stdout.buffer)
            return
        path = Path(out) if out else _path_for(artifact.name)
        if path.exists() and not force:
            raise UsageError(f"{path} is there already; give another --out, or --force")
        size = _write(store, artifact.sha256, path)
    note(f"{path}: {size} bytes, sha256 {artifact.sha256}")


def artifact_table(artifacts: Sequence[ArtifactRecord]) -> Table:
    """The artifacts of a run as a table, in the order logged."""
    return Table(
        [
            Field("name", may_fold=True),
            Field("kind"),
            Field("size", Kind.SIZE),
            Field("logged", Kind.TIME, heading="logged (UTC)"),
            Field("sha256", may_fold=True),
            Field("metadata", may_fold=True),
        ],
        [[a.name, a.kind, a.size, a.logged, a.sha256, dict(a.metadata)] for a in artifacts],
        empty="the run has no artifacts",
    )


def _find(artifacts: Sequence[ArtifactRecord], name: str, run_id: str) -> ArtifactRecord:
    for artifact in reversed(artifacts):
        if artifact.name == name:
            return artifact
    for artifact in reversed(artifacts):
        if len(name) >= _LEAST_HASH and artifact.sha256.startswith(name):
            return artifact
    names = list(dict.fromkeys(artifact.name for artifact in artifacts))
    there_is = f"; it has {', '.join(names)}" if names else "; it has none"
    raise ArtifactNotFoundError(
        f"run {run_id} has no artifact '{name}'{near(name, names) or there_is}"
    )


def _path_for(name: str) -> Path:
    """A file in the current folder, whatever path the artifact's name spells."""
    last = PurePosixPath(name.replace("\\", "/")).name
    if last in ("", ".", "..") or "\0" in last:
        raise UsageError(f"'{name}' does not name a file; say where to write it with --out")
    return Path(last)


def _write(store: RunStore, sha256: str, path: Path) -> int:
    """Write beside `path` and move into place, so that a failure leaves nothing half written."""
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} to write {path.name} to")
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            size = store.read_artifact(sha256, file)
        os.replace(partial, path)  # noqa: PTH105
    except BaseException:
        Path(partial).unlink()
        raise
    return size
