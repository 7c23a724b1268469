"""Files taken into a document: small ones with their content, none that may hold secrets."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable
from fnmatch import translate
from pathlib import Path

from ..config_values import storable_text
from ..run import JsonValue
from .secrets import Redactor

__all__ = ["SECRET_FILES", "FileTaker", "encoded", "is_secret_file"]

MAX_FILE_BYTES = 256 * 1024
MAX_TOTAL_BYTES = 2 * 1024 * 1024
_MAX_HASHED_BYTES = 16 * 1024 * 1024

SECRET_FILES = (
    *(".env", ".env.*", "*.env", "*.pem", "*.key", "id_rsa*", "id_dsa*", "id_ecdsa*"),
    *("id_ed25519*", ".netrc", "_netrc", "credentials*", ".git-credentials", ".pypirc", ".npmrc"),
    *("*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk", "*.asc", ".htpasswd"),
    *("secret*.json", "secret*.y*ml", "secret*.toml", "secret*.txt", ".secrets*"),
    *("*_token", "*token.txt", "*api_key", "*api_key.txt", "service?account*.json"),
)
"""Names of files whose content is never recorded."""

_SECRET_FILE = re.compile("|".join(map(translate, SECRET_FILES)), re.IGNORECASE)
_SOURCE_SUFFIXES = (
    *(".py", ".pyi", ".pyx", ".ipynb", ".toml", ".yaml", ".yml", ".json", ".jsonnet", ".gin"),
    *(".cfg", ".ini", ".txt", ".md", ".sh", ".sbatch", ".slurm", ".xml", ".patch"),
    *(".c", ".h", ".cc", ".cpp", ".cu", ".rs"),
)


def is_secret_file(name: str) -> bool:
    """Whether a file of this name (without folders) may hold secrets."""
    return _SECRET_FILE.match(name) is not None


class FileTaker:
    """Describes files until `total_bytes` of content are taken; `redacted` if it hid a secret."""

    def __init__(
        self,
        redactor: Redactor,
        pause: Callable[[], object],
        *,
        file_bytes: int = MAX_FILE_BYTES,
        total_bytes: int = MAX_TOTAL_BYTES,
    ) -> None:
        self.redacted = False
        self._redactor = redactor
        self._pause = pause
        self._file_bytes = file_bytes
        self._left = total_bytes

    def take(self, root: Path, paths: Iterable[str]) -> list[dict[str, JsonValue]]:
        """A mapping for each file below `root`, by path: source files get the room first."""
        ordered = sorted(paths, key=lambda path: (_suffix(path) not in _SOURCE_SUFFIXES, path))
        taken = [self._describe(root, path) for path in ordered]
        return sorted(taken, key=lambda entry: str(entry["path"]))

    def _describe(self, root: Path, path: str) -> dict[str, JsonValue]:
        self._pause()
        entry: dict[str, JsonValue] = {"path": storable_text(path)}
        if is_secret_file(os.path.basename(path)):  # noqa: PTH119 - text with slashes
            return {**entry, "left_out": "may hold secrets by its name"}
        try:
            status = (root / path).lstat()
            if stat.S_ISLNK(status.st_mode):
                return {**entry, "link": storable_text(os.readlink(root / path))}  # noqa: PTH115
            if not stat.S_ISREG(status.st_mode):
                return {**entry, "left_out": "not a plain file"}
            return {**entry, "size": status.st_size, **self._content(root / path, status.st_size)}
        except OSError as error:
            return {**entry, "left_out": f"cannot be read: {error.strerror}"}

    def _content(self, path: Path, size: int) -> dict[str, JsonValue]:
        if size > _MAX_HASHED_BYTES:
            return {"left_out": f"larger than {_MAX_HASHED_BYTES} bytes, not even hashed"}
        if size > self._file_bytes:
            return {"sha256": self._hash(path), "left_out": f"larger than {self._file_bytes} bytes"}
        if size > self._left:
            return {"sha256": self._hash(path), "left_out": "the room for contents is used up"}
        with path.open("rb") as file:
            data = file.read(self._file_bytes)
        self._left -= len(data)
        clean = self._redactor.data(data, self._pause)
        self.redacted |= clean != data
        told: dict[str, JsonValue] = {"sha256": hashlib.sha256(data).hexdigest()}
        if clean != data:
            told["redacted"] = True
        return {**told, **encoded("content", clean)}

    def _hash(self, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                self._pause()
        return digest.hexdigest()


def encoded(name: str, data: bytes) -> dict[str, JsonValue]:
    """Bytes as `{name: text}`, or as `{name_base64: ...}` where they are not UTF-8."""
    try:
        return {name: data.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode("ascii")}


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 - text with slashes
