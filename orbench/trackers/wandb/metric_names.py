"""Metrics by the names that W&B can hold, and back.

A name that begins with `_` is W&B's own there, and one of no characters or with control characters
is none; these are written `orbench.metric/NAME`, percent-encoded.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

__all__ = ["original_name", "sent_name"]

_ODD = "orbench.metric/"


def sent_name(metric: str, step_key: str) -> str:
    """The name of a metric in W&B."""
    odd = metric.startswith(("_", _ODD)) or not metric.isprintable() or metric != metric.strip()
    return f"{_ODD}{quote(metric, safe='/')}" if odd or not metric or metric == step_key else metric


def original_name(key: str) -> str:
    """The metric that a name in W&B stands for."""
    return unquote(key.removeprefix(_ODD)) if key.startswith(_ODD) else key
