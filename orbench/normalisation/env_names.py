"""Which names of envs mean one env: versions, wrappers and namespaces aside.

`ALE/Pong-v5`, `PongNoFrameskip-v4` and `pong` are one game. What may be left off is said by the
table of references, so that `MinAtar/Breakout-v1` is not taken for the Atari game.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["EnvNames"]

_VERSION = re.compile(r"-(v\d+)$")
_SEPARATORS = re.compile(r"[-_ ]")


@dataclass(frozen=True, slots=True)
class EnvNames:
    """What a name may carry beyond the env: `namespaces/` before it, prefixes and suffixes.

    All are compared whatever their case. With `exact`, names are taken as they are.
    """

    namespaces: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    exact: bool = False

    def key(self, env_id: str) -> str:
        """What all names of an env have in common.

        >>> EnvNames(("ALE",), suffixes=("NoFrameskip",)).key("ALE/MsPacman-v5")
        'mspacman'
        """
        if self.exact:
            return env_id
        name = _VERSION.sub("", self._without_namespace(env_id)).casefold()
        for prefix in map(str.casefold, self.prefixes):
            name = name.removeprefix(prefix)
        shorter = ""
        while name != shorter:
            shorter = name
            for suffix in map(str.casefold, self.suffixes):
                name = name.removesuffix(suffix) or name
        return _SEPARATORS.sub("", name)

    def _without_namespace(self, env_id: str) -> str:
        # Gymnasium's `module:Env-v0` imports the module first; it is no part of the name.
        name = env_id.strip().rpartition(":")[2]
        namespace, _, rest = name.partition("/")
        known = map(str.casefold, self.namespaces)
        return rest if rest and namespace.casefold() in known else name

    def version(self, env_id: str) -> str:
        """The version in a name, as `v5`, or an empty string."""
        found = None if self.exact else _VERSION.search(env_id)
        return found[1] if found else ""
