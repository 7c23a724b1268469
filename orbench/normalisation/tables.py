"""Tables of references: the files of this package and those of users, read into normalisers.

A table is a TOML or JSON document:

```toml
name = "gridworlds"                     # by default the name of the file
version = "1"
meaning = "0 is random play, 1 the shortest path"
source = "our report, table 2"
namespaces = ["Grid"]                   # Grid/Maze-v0 is Maze
prefixes = ["grid-"]
suffixes = ["NoFrameskip"]
closed = false                          # true: no score can lie outside

[references]
Maze = [-50.0, 90.0]                    # what becomes 0, what becomes 1
Taxi = {low = -770.0, high = 8.0}

[[family]]                              # many envs of one range
envs = ["Room-small", "Room-large"]
versions = ["v1"]
range = [0.0, 1.0]
source = "the second edition"
```

A JSON document may also be nothing but the references; a CSV file has the columns `env`, `low` and
`high`. `random` and `human`, or `min` and `max`, mean `low` and `high`.
"""

from __future__ import annotations

import csv
import io
import json
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError, near
from .env_names import EnvNames
from .references import Normaliser, Reference

__all__ = ["TABLE_SUFFIXES", "read_table"]

# Of documents that may hold anything: each value is checked where it is taken out.
Document = Mapping[str, Any]

_LARGEST_BYTES = 4 * 2**20
_ENDS = (("low", "high"), ("random", "human"), ("min", "max"))
_WORDS = ("name", "version", "meaning", "source")
_LISTS = ("namespaces", "prefixes", "suffixes")
_KEYS = (*_WORDS, *_LISTS, "closed", "references", "family")
# The names of Atari games are as common in users' files as in our own.
_USUAL_NAMES = {"namespaces": ["ALE"], "suffixes": ["NoFrameskip", "Deterministic", "-ram"]}


def read_table(path: Path) -> Normaliser:
    """The normaliser of a CSV, JSON or TOML file of references.

    Raises UsageError, in one line that names the file, for whatever is wrong with it.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            f"{path}: references come from {', '.join(TABLE_SUFFIXES)} files"
            f"{near(path.suffix, TABLE_SUFFIXES)}"
        )
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise UsageError(f"{path}: a file of references has at most {_LARGEST_BYTES} bytes")
        document = reader(path.read_text(encoding="utf-8-sig"))
        return _normaliser(document, path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: is nested too deeply") from error
    except (ValueError, csv.Error) as error:
        raise UsageError(f"{path}: {error}") from error


def _normaliser(document: Document, path: Path) -> Normaliser:
    if not any(key in document for key in ("references", "family")):
        document = {"references": document}
    if unknown := [key for key in document if key not in _KEYS]:
        raise ValueError(f"'{unknown[0]}' is not known here{near(unknown[0], _KEYS)}")
    words = {key: _word(document, key) for key in _WORDS}
    lists = {key: _strings(document.get(key, _USUAL_NAMES.get(key, [])), key) for key in _LISTS}
    closed = document.get("closed", False)
    if not isinstance(closed, bool):
        raise ValueError("'closed' is true or false")
    names = EnvNames(lists["namespaces"], lists["prefixes"], lists["suffixes"])
    references = _references(document)
    for env, reference in _families(document):
        if references.setdefault(env, reference) is not reference:
            raise ValueError(f"{env} has two references")
    if not references:
        raise ValueError("has no reference")
    _refuse_two_of_one_env(references, names)
    return Normaliser(
        name=words["name"] or path.stem,
        meaning=words["meaning"] or "0 is the low and 1 the high reference",
        source=words["source"] or f"the file {path.name}",
        version=words["version"],
        references=references,
        names=names,
        closed=closed,
    )


def _references(document: Document) -> dict[str, Reference]:
    entries = document.get("references", {})
    if not isinstance(entries, Mapping):
        raise ValueError("'references' maps names of envs to [low, high]")
    return {env: Reference(*_ends(found, env)) for env, found in entries.items()}


def _families(document: Document) -> Iterable[tuple[str, Reference]]:
    families = document.get("family", [])
    if not isinstance(families, list):
        raise ValueError("'family' is a list of tables: [[family]]")
    for family in families:
        if not isinstance(family, Mapping) or not {"envs", "range"} <= family.keys():
            raise ValueError("a family has 'envs' and a 'range'")
        envs = _strings(family["envs"], "envs")
        low, high = _ends(family["range"], envs[0] if envs else "a family")
        versions = _strings(family.get("versions", []), "versions")
        for env in envs:
            yield env, Reference(low, high, versions, _word(family, "source"))


def _ends(value: object, env: str) -> tuple[float, float]:
    if isinstance(value, Mapping):
        value = next(
            ([value[low], value[high]] for low, high in _ENDS if {low, high} == value.keys()), value
        )
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_number, value)):
        raise ValueError(f"the reference of {env} must be two finite numbers, [low, high]")
    low, high = map(float, value)
    if low == high:
        raise ValueError(f"the reference of {env} has no range: low and high are both {low:g}")
    return low, high


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _word(document: Document, key: str) -> str:
    value = document.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"'{key}' is text")
    return " ".join(value.split())


def _strings(value: object, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValueError(f"'{key}' is a list of texts")
    return tuple(value)


def _refuse_two_of_one_env(references: Mapping[str, Reference], names: EnvNames) -> None:
    seen: dict[str, str] = {}
    for env, reference in references.items():
        other = seen.setdefault(names.key(env), env)
        if references[other] != reference:
            raise ValueError(f"{other} and {env} are one env, with two references")


def _from_toml(text: str) -> Document:
    return tomllib.loads(text)


def _from_json(text: str) -> Document:
    document = json.loads(text, object_pairs_hook=_no_key_twice)
    if not isinstance(document, dict):
        raise ValueError("must be an object that maps names of envs to [low, high]")
    return document


def _no_key_twice(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"'{key}' is there twice")
        found[key] = value
    return found


def _from_csv(text: str) -> Document:
    rows = csv.DictReader(io.StringIO(text), strict=True)
    columns = rows.fieldnames or []
    ends = next((ends for ends in _ENDS if set(ends) <= set(columns)), None)
    if "env" not in columns or ends is None:
        raise ValueError(f"needs the columns env, low and high; it has {', '.join(columns)}")
    references: dict[str, list[float]] = {}
    for row in rows:
        env = row["env"]
        if not env or env in references:
            raise ValueError(f"line {rows.line_num}: {env} again" if env else "a row has no env")
        references[env] = [_number(row[end], env) for end in ends]
    return {"references": references}


def _number(text: str | None, env: str) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise ValueError(f"the reference of {env} must be two numbers, not '{text}'") from None


_READERS: dict[str, Callable[[str], Document]] = {
    ".csv": _from_csv,
    ".json": _from_json,
    ".toml": _from_toml,
}
TABLE_SUFFIXES = tuple(_READERS)
"""The suffixes of files that `read_table` reads."""
