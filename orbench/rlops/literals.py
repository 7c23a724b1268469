"""Values in experiment strings: Python literals where they parse, else texts."""

from __future__ import annotations

import ast

from ..errors import UsageError

__all__ = ["Literal", "literal"]

Literal = None | bool | int | float | str
"""What a config value can be compared with."""

_LONGEST = 1_000


def literal(key: str, text: str) -> Literal:
    """The value that a text spells: `3e-4` a float, `True` a bool, `true` and `007` texts.

    Raises UsageError for a literal that a config value cannot be compared with, like a list, and
    for a number beyond what a store can hold.
    """
    if len(text) > _LONGEST:
        raise UsageError(f"the value of '{key}' has {len(text)} characters; at most {_LONGEST}")
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UsageError(
        f"'{key}={text}' is a {type(value).__name__}, with which no config value is compared; "
        f"repeat the key for alternatives ({key}=1&{key}=2), or quote a text ({key}='...')"
    )
