"""JSON files of other tools, within bounds."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import ImportFileError
from ..run import JsonValue
from .table_file import MOST_JSON_BYTES

__all__ = ["read_json_object"]


def read_json_object(path: Path, name: str) -> dict[str, JsonValue]:
    """The object in a JSON file; raises ImportFileError."""
    size = path.stat().st_size
    if size > MOST_JSON_BYTES:
        raise ImportFileError(f"{name}: has {size:,} bytes, of which {MOST_JSON_BYTES:,} are read")
    try:
        values = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        said = str(error) or "nested too deep"
        raise ImportFileError(f"{name}: is not JSON, or is cut off: {said}") from error
    if not isinstance(values, dict):
        raise ImportFileError(f"{name}: is {type(values).__name__}, not a JSON object")
    return values
