"""How many points a chunk holds: known to tables and queries that never decode one."""

from __future__ import annotations

__all__ = ["CHUNK_POINTS"]

CHUNK_POINTS = 4096
"""A chunk holds at most this many points; a decoder refuses a chunk that claims more."""
