"""Patterns of names: what the name of a run's folder or file says, as `{env_id}_{seed}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import UsageError
from ..run import JsonValue

__all__ = ["CLEANRL_PATTERN", "cleanrl_names", "parse_pattern"]

CLEANRL_PATTERN = "{env_id}__{exp_name}__{seed}__{time}"
"""How CleanRL, and who learnt from it, names the folder of a run."""

_FIELDS = ("project", "exp_name", "env_id", "seed", "time")


def parse_pattern(text: str) -> re.Pattern[str]:
    """The expression that a pattern of folder names stands for; raises UsageError.

    `{project}`, `{exp_name}`, `{env_id}`, `{seed}` and `{time}` stand for these, `{}` for anything.
    In `{env_id}__{exp_name}__{seed}__{time}` the env may have a `/` written as `_`.

    >>> parse_pattern("{exp_name}_{seed}").fullmatch("my_ppo_3").groupdict()
    {'exp_name': 'my_ppo', 'seed': '3'}
    """
    parts = re.split(r"\{(\w*)\}", text)
    expression = re.escape(parts[0])
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        if name and name not in _FIELDS:
            known = ", ".join(f"{{{field}}}" for field in _FIELDS)
            raise UsageError(f"--pattern '{text}': there is no {{{name}}}; there are {known}")
        if name and f"(?P<{name}>" in expression:
            raise UsageError(f"--pattern '{text}' has {{{name}}} twice")
        inner = r"-?\d+" if name == "seed" else r"\d+" if name == "time" else r".+"
        expression += (f"(?P<{name}>{inner})" if name else ".*") + re.escape(after)
    if "(?P<" not in expression:
        raise UsageError(f"--pattern '{text}' names nothing; write as in {CLEANRL_PATTERN}")
    return re.compile(expression)


def cleanrl_names(name: str, config: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Of the names in a run's name of CleanRL's those that its config does not say."""
    fitted = parse_pattern(CLEANRL_PATTERN).fullmatch(name)
    said = fitted.groupdict() if fitted is not None else {}
    return {key: text for key, text in said.items() if key != "time" and config.get(key) is None}
