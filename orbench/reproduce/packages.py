"""The packages of a recorded environment, each as what installs it again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ReproductionError
from ..run import JsonValue
from .recorded_paths import checked_folder

__all__ = ["Package", "extra_indexes", "packages_of"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,198}")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
_URL = re.compile(r"(?:https?|ssh|git|file)://[^\s;#'\"`$\\]{1,2000}")
_PYTORCH = re.compile(r"\+(cpu|cu\d{2,3}|rocm[\d.]+|xpu)")


@dataclass(frozen=True, slots=True)
class Package:
    """One distribution. `requirement` is a line for an installer, empty if none can install it.

    `in_source` is the folder within the source of the run that it was installed from; `lost` says
    what is not as it was.
    """

    name: str
    version: str
    requirement: str = ""
    in_source: str = ""
    editable: bool = False
    lost: str = ""


def packages_of(environment: Mapping[str, JsonValue]) -> list[Package]:
    """The packages of a document `environment`, sorted by name.

    Raises ReproductionError for names and versions that cannot be such: they would be read as
    options or paths.
    """
    found = []
    for row in environment.get("packages", ()):
        name, version = str(row.get("name", "")), str(row.get("version", ""))
        if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
            raise ReproductionError(
                f"the record names a package {name!r:.60} {version!r:.60}, which cannot be one"
            )
        found.append(_package(re.sub(r"[-_.]+", "-", name).lower(), version, row.get("origin")))
    return sorted(found, key=lambda package: package.name)


def extra_indexes(packages: list[Package] | tuple[Package, ...]) -> list[str]:
    """The indexes besides the usual one that builds like torch 2.9.1+cpu come from."""
    builds = {match[1] for one in packages if (match := _PYTORCH.search(one.version))}
    return [f"https://download.pytorch.org/whl/{build}" for build in sorted(builds)]


def _package(name: str, version: str, origin: JsonValue) -> Package:
    if not isinstance(origin, Mapping):
        return Package(name, version, f"{name}=={version}")
    kind, url = origin.get("kind"), str(origin.get("url", ""))
    if kind == "vcs" and origin.get("vcs") == "git":
        return _from_git(name, version, url, origin)
    if kind == "archive" and _URL.fullmatch(url):
        return Package(name, version, f"{name} @ {url}{_hash(origin)}")
    if kind == "local":
        return _local(name, version, str(origin.get("path", "")), origin)
    lost = f"{name} {version} was not installed from an index; the index's {version} is taken"
    return Package(name, version, f"{name}=={version}", lost=lost)


def _from_git(name: str, version: str, url: str, origin: Mapping[str, JsonValue]) -> Package:
    commit = str(origin.get("commit") or "")
    if not _URL.fullmatch(url) or not _COMMIT.fullmatch(commit):
        lost = f"{name} {version} came from a repository that is not known; it is not installed"
        return Package(name, version, lost=lost)
    folder = str(origin.get("subdirectory") or "")
    within = f"#subdirectory={folder}" if re.fullmatch(r"[\w./-]+", folder) else ""
    return Package(name, version, f"{name} @ git+{url}@{commit}{within}")


def _local(name: str, version: str, path: str, origin: Mapping[str, JsonValue]) -> Package:
    editable = bool(origin.get("editable"))
    if origin.get("in_repository"):
        return Package(name, version, in_source=checked_folder(path), editable=editable)
    if name == "orbench":
        lost = f"orbench {version} was installed from {path}; the orbench that runs now is used"
        return Package(name, version, lost=lost)
    lost = (
        f"{name} {version} was installed from {path}, which is not part of the source; "
        f"the index's {version} is taken"
    )
    return Package(name, version, f"{name}=={version}", lost=lost)


def _hash(origin: Mapping[str, JsonValue]) -> str:
    hashes = origin.get("hashes")
    sha256 = str(hashes.get("sha256", "")) if isinstance(hashes, Mapping) else ""
    return f"#sha256={sha256}" if re.fullmatch(r"[0-9a-f]{64}", sha256) else ""
