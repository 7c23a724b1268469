"""Where W&B is and who we are there, from the places that wandb itself keeps them in.

Nothing is asked and nothing is kept: a key is read when a connection is made. As in wandb, the
environment comes first, then the settings files (`wandb/settings` in the working directory, then
`~/.config/wandb/settings`), and for the key the netrc file that `wandb login` writes.
"""

from __future__ import annotations

import configparser
import netrc
import os
from pathlib import Path
from urllib.parse import urlsplit

from ...errors import TrackerError

__all__ = ["CLOUD_URL", "api_key", "base_url", "http_timeout"]

CLOUD_URL = "https://api.wandb.ai"

_TIMEOUT_SECONDS = 30.0

_SHORTEST_KEY = 40

# Later clients reach the public cloud by other names, and may have stored its key under one.
_CLOUD_HOSTS = ("api.wandb.ai", "api.forge.coreweave.com", "forge.coreweave.com")


def base_url() -> str:
    """The address of the server that wandb would use, without a slash at its end."""
    chosen = os.environ.get("WANDB_BASE_URL") or _setting("base_url") or CLOUD_URL
    parts = urlsplit(chosen)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TrackerError(f"WANDB_BASE_URL is no address: '{chosen}'; as in {CLOUD_URL}")
    return chosen.rstrip("/")


def api_key(url: str) -> str:
    """The key for the server at `url`; raises TrackerError where there is none."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    key = os.environ.get("WANDB_API_KEY", "").strip() or _key_in_netrc(host)
    if not key:
        at = "" if host in _CLOUD_HOSTS else f" --host {url}"
        raise TrackerError(f"no key for W&B at {host}: run `wandb login{at}`, or set WANDB_API_KEY")
    if len(key) < _SHORTEST_KEY or not key.isascii() or not key.isprintable():
        raise TrackerError(
            f"the key for W&B at {host} is no key: it has {len(key)} characters, and one has at "
            f"least {_SHORTEST_KEY}; run `wandb login --relogin`"
        )
    return key


def http_timeout() -> float:
    """For how many seconds a server may be silent: WANDB_HTTP_TIMEOUT, or 30."""
    said = os.environ.get("WANDB_HTTP_TIMEOUT", "").strip()
    if not said:
        return _TIMEOUT_SECONDS
    if not said.isascii() or not said.isdigit() or not 0 < int(said) <= 86_400:
        raise TrackerError(f"WANDB_HTTP_TIMEOUT is no number of seconds: '{said}'; as in 30")
    return float(said)


def _key_in_netrc(host: str) -> str:
    path = _netrc_path()
    hosts = _CLOUD_HOSTS if host in _CLOUD_HOSTS else (host,)
    try:
        entries = netrc.netrc(path).hosts
    except FileNotFoundError:
        return ""
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        # The error's own text may quote a line with a password in it.
        raise TrackerError(f"{path} cannot be read ({type(error).__name__}); mend it") from None
    # Not the default entry: that one is for no server in particular.
    return next((entries[name][2] or "" for name in hosts if name in entries), "")


def _netrc_path() -> Path:
    named = os.environ.get("NETRC")
    if named:
        return Path(named).expanduser()
    usual = Path("~/.netrc").expanduser()
    return usual if usual.exists() else Path("~/_netrc").expanduser()


def _setting(name: str) -> str:
    folder = os.environ.get("WANDB_CONFIG_DIR") or "~/.config/wandb"
    here = Path(os.environ.get("WANDB_DIR") or ".") / "wandb" / "settings"
    for path in (here, Path(folder).expanduser() / "settings"):
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read(path, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError):
            continue
        if value := parser.get("default", name, fallback=""):
            return value
    return ""
