"""A W&B project as orbench names it: `wandb://[HOST/]ENTITY/PROJECT`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ..places import Place
from .credentials import base_url

__all__ = ["SCHEME", "WandbPlace", "place_of", "wandb_place"]

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


def wandb_place(place: Place) -> WandbPlace:
    """The project that a place names, with its server's address.

    Without a host it is the one of wandb's own settings (WANDB_BASE_URL), else the public cloud.
    """
    entity, project = place.path
    return WandbPlace(_url_of(place.url) if place.url else base_url(), entity, project)


def _url_of(url: str) -> str:
    """The address of a server: that of wandb's settings where it is the same, loopback by http."""
    configured = base_url()
    host = urlsplit(url).netloc
    if urlsplit(configured).netloc == host:
        return configured
    return f"http://{host}" if _is_loopback(host) else url


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
