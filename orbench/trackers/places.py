"""Places in trackers: how they are written, and which tracker one is opened with.

`mlflow://host:5000/experiment` (plain HTTP), `mlflow+https://host/prefix/experiment`,
`wandb://entity/project` (the public W&B) and `wandb://host/entity/project`. A place never has a
user or a password in it: those come from where the tracker's own client looks for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

from ..errors import TrackerError, near

if TYPE_CHECKING:
    from .pace import Pace
    from .tracker import Tracker

__all__ = ["Place", "open_tracker", "parse_place"]

_SCHEMES = {
    "mlflow": "mlflow",
    "mlflow+http": "mlflow",
    "mlflow+https": "mlflow",
    "wandb": "wandb",
    "wandb+http": "wandb",
    "wandb+https": "wandb",
}

_FORMS = "mlflow://HOST:PORT/EXPERIMENT or wandb://ENTITY/PROJECT"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a tracker: `kind` is mlflow or wandb; `url` is where its server answers.

    `url` is empty for the server that the tracker's client talks to when it is told of no other.
    `path` has the names within the server: (experiment) or (entity, project).
    """

    kind: str
    url: str
    path: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return self.text


def parse_place(text: str) -> Place:
    """Read a place; raises TrackerError, with near names, for what is none.

    >>> parse_place("mlflow://localhost:5000/cart pole").path
    ('cart pole',)
    """
    scheme, colon, _ = text.partition("://")
    kind = _SCHEMES.get(scheme)
    if not colon:
        raise TrackerError(f"'{_shown(text)}' is no place in a tracker; write {_FORMS}")
    if kind is None:
        if scheme.startswith("mlflow+"):
            raise TrackerError(
                f"{scheme}:// is a database behind MLflow; start `mlflow server "
                f"--backend-store-uri {scheme.removeprefix('mlflow+')}://...` and name that server"
            )
        raise TrackerError(
            f"there is no tracker '{scheme}'{near(scheme, _SCHEMES)}; write {_FORMS}"
        )
    parts = _split(text)
    if parts.username is not None or parts.password is not None:
        raise TrackerError(
            f"{scheme}://...@{parts.hostname}: leave user and password out of a place; they are "
            "taken from the environment or ~/.netrc, as the tracker's own client does"
        )
    if parts.query or parts.fragment:
        raise TrackerError(f"{_shown(text)}: a place has no ? or # in it; write {_FORMS}")
    return _mlflow(scheme, parts) if kind == "mlflow" else _wandb(scheme, parts)


def open_tracker(
    place: Place | str, pace: Pace | None = None, *, offline: Path | None = None
) -> Tracker:
    """The tracker of a place, without asking its server anything yet.

    With `offline` pushes write into that folder, for `wandb sync` to send from elsewhere.
    Raises MissingExtraError where the tracker's client is not installed, and TrackerError.
    """
    from .pace import Pace as NewPace

    where = parse_place(place) if isinstance(place, str) else place
    pace = pace or NewPace()
    if where.kind == "mlflow":
        from .mlflow_tracker import open_place

        if offline is not None:
            raise TrackerError("MLflow has no offline folders; leave --offline out")
        return open_place(where, pace)
    from .wandb import WandbTracker

    return WandbTracker(where, pace, offline=offline)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # a port that is no number is only told when it is asked for
    except ValueError as error:
        raise TrackerError(f"'{_shown(text)}' is no place: {error}; write {_FORMS}") from None
    return parts


def _mlflow(scheme: str, parts: SplitResult) -> Place:
    names = [unquote(name) for name in parts.path.split("/") if name]
    if not parts.hostname or not names:
        raise TrackerError(
            f"{scheme}://{parts.netloc}{parts.path} names no "
            f"{'experiment' if parts.hostname else 'server'}; write mlflow://HOST:PORT/EXPERIMENT "
            "(a / in the experiment's name as %2F)"
        )
    *prefix, experiment = names
    base = "/".join([parts.netloc, *(quote(name) for name in prefix)])
    web = "https" if scheme == "mlflow+https" else "http"
    start = "mlflow+https" if web == "https" else "mlflow"
    text = f"{start}://{base}/{quote(experiment, safe=' ')}"
    return Place("mlflow", f"{web}://{base}", (experiment,), text)


def _wandb(scheme: str, parts: SplitResult) -> Place:
    names = [unquote(name) for name in (parts.netloc, *parts.path.split("/")) if name]
    if len(names) not in (2, 3):
        raise TrackerError(
            f"{scheme}://{parts.netloc}{parts.path} names no W&B project; write "
            "wandb://ENTITY/PROJECT, or wandb://HOST/ENTITY/PROJECT for a server of your own"
        )
    entity, project = names[-2:]
    url = ""
    if len(names) == 3:
        url = f"{'http' if scheme == 'wandb+http' else 'https'}://{parts.netloc}"
    start = scheme if len(names) == 3 and scheme == "wandb+http" else "wandb"
    host = f"{parts.netloc}/" if url else ""
    text = f"{start}://{host}{quote(entity)}/{quote(project)}"
    return Place("wandb", url, (entity, project), text)


def _shown(text: str) -> str:
    """The text without what may be a password before an @."""
    scheme, colon, rest = text.rpartition("://")
    return f"{scheme}{colon}{rest.rpartition('@')[2]}"
