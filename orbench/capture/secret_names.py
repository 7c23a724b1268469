"""Which names - of environment variables, options and config keys - stand for a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

__all__ = ["is_secret_key", "is_secret_variable", "secret_arguments", "secret_values"]

_SHORTEST_SECRET = 8

# A word of a variable's name that ends like this: GITHUB_TOKEN, PGPASSWORD, OAUTH. Not TOKENIZERS.
_SECRET_WORD = re.compile(
    r"(TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|APIKEY|CREDENTIALS?|CREDS|AUTH)$"
)
_SECRET_PHRASES = (
    *("API_KEY", "ACCESS_KEY", "SECRET_KEY", "PRIVATE_KEY", "MYSQL_PWD", "REDISCLI_PWD"),
)
# The last word says that the value is about the secret, and is not the secret itself.
_ABOUT_A_SECRET = (
    *("BACKEND", "COUNT", "DIR", "ENABLED", "EXPIRES", "FILE", "HOST", "LENGTH", "LIMIT", "METHOD"),
    *("MODE", "PATH", "PORT", "PROVIDER", "SIZE", "SOCK", "TIMEOUT", "TTL", "TYPE", "USER"),
)
_SECRET_KEYS = (
    *("access_key", "access_token", "api_key", "api_secret", "api_token", "apikey", "apitoken"),
    *("auth", "auth_token", "authorization", "bearer_token", "client_secret", "credential"),
    *("credentials", "github_token", "gitlab_token", "hf_token", "id_token", "oauth_token"),
    *("passphrase", "passwd", "password", "private_key", "refresh_token", "secret", "secret_key"),
    *("secret_access_key", "secret_token", "token", "wandb_key", "wandb_token"),
)
_SECRET_KEY_ENDINGS = ("_api_key", "_apikey", "_passwd", "_password", "_secret_key")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONG_KEY = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9+/_=.~-]{16,}\Z")
# A URL library may take a password with a / in it; `://host:8080/...@` has a port and none.
_URL_PASSWORD = re.compile(r"://[^\s/:@]*:([^\s/]+|(?!\d{1,5}[/?#])[^\s@]+)@")


def is_secret_variable(name: str) -> bool:
    """Whether an environment variable of this name holds a secret.

    >>> [is_secret_variable(name) for name in ("HF_TOKEN", "TOKENIZERS_PARALLELISM", "PATH")]
    [True, False, False]
    """
    words = _CAMEL.sub("_", name).upper().replace("-", "_").split("_")
    if words[-1] in _ABOUT_A_SECRET:
        return False
    joined = "_".join(words)
    return any(map(_SECRET_WORD.search, words)) or any(p in joined for p in _SECRET_PHRASES)


def is_secret_key(name: str) -> bool:
    """Whether a config key or an option's name stands for a secret; only its last part counts.

    >>> [is_secret_key(name) for name in ("wandb.api_key", "num_tokens", "pad_token")]
    [True, False, False]
    """
    last = name.replace("/", ".").rsplit(".", 1)[-1].lstrip("-+~")
    key = _CAMEL.sub("_", last).lower().replace("-", "_")
    return key in _SECRET_KEYS or key.endswith(_SECRET_KEY_ENDINGS)


def secret_values(environ: Mapping[str, str]) -> set[str]:
    """The secrets that these environment variables hold: whole values, and passwords in URLs."""
    found: set[str] = set()
    for name, value in environ.items():
        if is_secret_variable(name) or (name.upper().endswith("_KEY") and _LONG_KEY.match(value)):
            found.update(_spellings(value))
        if "://" in value:
            found.update(_URL_PASSWORD.findall(value))
    return _long_enough(found)


def secret_arguments(argv: Sequence[str]) -> set[str]:
    """The secrets of a command line: values of options with a secret name, passwords in URLs.

    >>> sorted(secret_arguments(["--api-key", "k3y-k3y-k3y", "--db=pg://me:pa55word@host"]))
    ['k3y-k3y-k3y', 'pa55word']
    """
    found: set[str] = set()
    for word, following in pairwise([*argv, "-"]):
        name, equals, value = word.partition("=")
        if word.startswith("-") and is_secret_key(name):
            value = value if equals else following
            if not value.startswith("-"):
                found.update(_spellings(value))
        if "://" in word:
            found.update(_URL_PASSWORD.findall(word))
    return _long_enough(found)


def _long_enough(found: Iterable[str]) -> set[str]:
    return {value for value in found if len(value) >= _SHORTEST_SECRET and not value.isspace()}


def _spellings(value: str) -> Iterable[str]:
    """The value as it may be printed: bare, line by line, and quoted for a URL."""
    from urllib.parse import quote

    stripped = value.strip()
    yield stripped
    yield quote(stripped, safe="")
    if "\n" in stripped:
        yield from (line.strip() for line in stripped.splitlines())
