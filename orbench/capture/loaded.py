"""Modules that the program has imported itself; capture never imports one for it."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["loaded_module"]


def loaded_module(name: str) -> Any:  # Any: whatever library that is
    """The module if it is imported, and not just being imported by another thread; else None."""
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    return None if getattr(spec, "_initializing", False) else module
