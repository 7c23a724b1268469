"""Installed distributions, read from their metadata as import would find them.

`importlib.metadata` parses every file whole; this reads the first lines only and is several times
faster, which matters beside a training loop.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from ..config_values import storable_text
from ..run import JsonValue

__all__ = ["canonical_name", "installed_distributions"]

_HEAD_BYTES = 4_096
_MOST_HEAD_BYTES = 1024 * 1024
_FIELD = re.compile(rb"^(Name|Version):[ \t]*(.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_MAX_ORIGIN_BYTES = 65_536

Package = dict[str, JsonValue]


def canonical_name(name: str) -> str:
    """The name under which a distribution is known: `Foo_Bar.baz` is `foo-bar-baz`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_distributions(
    path: Sequence[str], pause: Callable[[], object]
) -> tuple[list[Package], list[str]]:
    """The distributions on an import path, sorted by name, and what is wrong with some of them.

    Each has `name` and `version`, perhaps `origin` and `installer`. Of several with one name the
    first on the path is the one that import finds; the others are told.
    """
    found: dict[str, tuple[Package, str]] = {}
    problems: list[str] = []
    for folder in dict.fromkeys(entry or "." for entry in path):
        for place in _metadata_places(folder, problems):
            pause()
            package = _read(place)
            if package is None:
                problems.append(f"{place.name} in {folder} has no readable name and version")
                continue
            name = canonical_name(package["name"])
            if name not in found:
                found[name] = (package, folder)
                continue
            first, where = found[name]
            if (package["version"], folder) != (first["version"], where):
                problems.append(
                    f"{package['name']} {package['version']} in {folder} is hidden by "
                    f"{first['version']} in {where}"
                )
    return [found[name][0] for name in sorted(found)], problems


def _metadata_places(folder: str, problems: list[str]) -> Iterator[Path]:
    """The metadata folders and files in one entry of the import path, in a stable order."""
    if folder.endswith((".zip", ".egg", ".whl")) and Path(folder).is_file():
        problems.append(f"{folder} is an archive; the distributions in it are not listed")
        return
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names alone are several times faster
    except OSError:
        return
    for name in names:
        if name.endswith((".dist-info", ".egg-info", ".egg-link")):
            yield Path(folder, name)


def _read(place: Path) -> Package | None:
    if place.suffix == ".egg-link":
        return _develop_egg(place)
    names = ("METADATA",) if place.suffix == ".dist-info" else ("PKG-INFO", "")
    fields = next((told for name in names if (told := _head(place / name)) is not None), None)
    if fields is None:
        return None
    package: Package = {"name": fields[0], "version": fields[1]}
    origin = _origin(place / "direct_url.json")
    if origin is not None:
        package["origin"] = origin
    installer = _small(place / "INSTALLER", 100)
    if installer:
        package["installer"] = _text(installer.strip())
    return package


def _head(file: Path) -> tuple[str, str] | None:
    """Name and version from the header of a metadata file, None if they are not there."""
    for size in (_HEAD_BYTES, _MOST_HEAD_BYTES):
        data = _small(file, size)
        if data is None:
            return None
        header, ended, _ = data.replace(b"\r\n", b"\n").partition(b"\n\n")
        is_whole = bool(ended) or len(data) < size
        lines = header if is_whole else header.rpartition(b"\n")[0]  # the last one may be cut
        fields = {key.lower(): value for key, value in reversed(_FIELD.findall(lines))}
        if fields.get(b"name") and fields.get(b"version"):
            return _text(fields[b"name"]), _text(fields[b"version"])
        if is_whole:
            return None
    return None


def _develop_egg(link: Path) -> Package | None:
    """What `setup.py develop` left: a link to a folder that holds the egg-info."""
    lines = (_small(link, 4_096) or b"").splitlines()
    if not lines:
        return None
    target = Path(os.fsdecode(lines[0].strip()))
    for place in sorted(target.glob("*.egg-info")):
        fields = _head(place / "PKG-INFO")
        if fields is not None:
            origin = {"kind": "local", "path": storable_text(str(target)), "editable": True}
            return {"name": fields[0], "version": fields[1], "origin": origin}
    return None


def _origin(file: Path) -> dict[str, JsonValue] | None:
    """Where a distribution came from, if not from an index: see PEP 610."""
    data = _small(file, _MAX_ORIGIN_BYTES)
    if data is None:
        return None
    try:
        told = msgspec.json.decode(data)
        url = str(told["url"])
        if "vcs_info" in told:
            return {
                "kind": "vcs",
                "url": url,
                "vcs": told["vcs_info"].get("vcs"),
                "commit": told["vcs_info"].get("commit_id"),
                **_given("requested", told["vcs_info"].get("requested_revision")),
                **_given("subdirectory", told.get("subdirectory")),
            }
        if "dir_info" in told:
            return {
                "kind": "local",
                "path": _path_of(url),
                "editable": bool(told["dir_info"].get("editable", False)),
            }
        hashes = (told.get("archive_info") or {}).get("hashes")
        return {"kind": "archive", "url": url, **_given("hashes", hashes)}
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return {"kind": "unknown"}


def _given(name: str, value: JsonValue) -> dict[str, JsonValue]:
    return {} if value is None else {name: value}


def _path_of(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else url


def _small(file: Path, size: int) -> bytes | None:
    """The first bytes of a file, None if there is none."""
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        return os.read(descriptor, size)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
