"""A W&B project as orbench names it: `wandb://[HOST/]ENTITY/PROJECT`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from ...errors import TrackerError
from .credentials import base_url

__all__ = ["SCHEME", "WandbPlace", "parse_place", "place_of"]

SCHEME = "wandb"


@dataclass(frozen=True, slots=True)
class WandbPlace:
    """One project of one server; `url` is the server's address, without a slash at its end."""

    url: str
    entity: str
    project: str

    @property
    def host(self) -> str:
        """The server's name, with its port where it has one."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def name(self) -> str:
        """The project as W&B writes it, and as imported runs name it: ENTITY/PROJECT."""
        return f"{self.entity}/{self.project}"

    def __str__(self) -> str:
        return f"{SCHEME}://{self.host}/{quote(self.entity)}/{quote(self.project)}"


def parse_place(text: str) -> WandbPlace:
    """The project that `wandb://[HOST/]ENTITY/PROJECT` names.

    Without a host it is the one of wandb's own settings (WANDB_BASE_URL), else the public cloud.
    Raises TrackerError for any other text.
    """
    parts = urlsplit(text)
    pieces = [unquote(piece) for piece in f"{parts.netloc}{parts.path}".strip("/").split("/")]
    if parts.scheme != SCHEME or "@" in parts.netloc or not all(pieces):
        raise _no_place(text if "@" not in parts.netloc else f"{SCHEME}://...@...")
    if len(pieces) == 2:
        return WandbPlace(base_url(), *pieces)
    if len(pieces) == 3:
        host, entity, project = pieces
        return WandbPlace(_url_of(host), entity, project)
    raise _no_place(text)


def _no_place(text: str) -> TrackerError:
    return TrackerError(
        f"'{text}' is no place in W&B; write wandb://ENTITY/PROJECT, or "
        "wandb://HOST/ENTITY/PROJECT for a server of your own"
    )


def _url_of(host: str) -> str:
    """The address of a host: that of wandb's settings where it is the same, loopback by http."""
    configured = base_url()
    if urlsplit(configured).netloc == host:
        return configured
    return f"{'http' if _is_loopback(host) else 'https'}://{host}"


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def place_of(host: str, entity: str, project: str) -> str:
    """The text of a place; without a host it is the one of wandb's settings."""
    named = "/".join(quote(part, safe="") for part in (entity, project))
    return f"{SCHEME}://{host}/{named}" if host else f"{SCHEME}://{named}"
