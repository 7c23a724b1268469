"""Files written by tests, and what the table importer makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orbench.importers import ImportedRun, TableImporter, parse_mapping


class Folder:
    """A folder of files, and the table importer let loose on it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file, and the folders it lies in."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def runs(
        self, name: str, maps=(), constants=(), path=None, wide=None, **options
    ) -> list[ImportedRun]:
        """The runs in a file or folder, read with this mapping."""
        importer = TableImporter(parse_mapping(maps, constants, path, wide), **options)
        found = importer.find([self.path / name])
        return [run for one in found for run in importer.read(one)]


@pytest.fixture
def folder(tmp_path) -> Folder:
    """A folder with nothing in it."""
    return Folder(tmp_path / "data")
