"""What is installed: every folder of code, nothing but `orbench`, and the version it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import orbench

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS: dict[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]
TABLES = ROOT / "orbench/normalisation/data"
# Test fixtures and caches are no part of a checkout's code.
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist")


def code_folders() -> dict[str, Path]:
    """Every folder with Python code in it, by the name it is imported as."""
    found = {}
    for package, folder in FOLDERS.items():
        for init in (ROOT / folder).rglob("*.py"):
            inner = init.parent.relative_to(ROOT / folder).parts
            found[".".join((package, *inner))] = init.parent
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is made of; builds leave their traces there."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in FOLDERS.values():
        shutil.copytree(ROOT / folder, copy / folder, ignore=IGNORED)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the hook that pip and uv call."""
    out = tmp_path_factory.mktemp("dist")
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=checkout, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def wheel_files(wheel: Path) -> set[str]:
    """The names of all files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_folder_of_code_is_declared() -> None:
    assert sorted(code_folders()) == sorted(PROJECT["tool"]["setuptools"]["packages"])


def test_every_folder_of_code_is_a_package() -> None:
    assert not [str(folder) for folder in code_folders().values() if not has_init(folder)]


def has_init(folder: Path) -> bool:
    """Whether a folder is a regular package."""
    return (folder / "__init__.py").is_file()


def test_nothing_but_orbench_lands_in_site_packages(wheel_files: set[str]) -> None:
    tops = {name.partition("/")[0] for name in wheel_files}
    assert tops == {"orbench", f"orbench-{orbench.__version__}.dist-info"}


def test_every_module_is_in_the_wheel(wheel_files: set[str]) -> None:
    modules = {
        f"{package.replace('.', '/')}/{path.name}"
        for package, folder in code_folders().items()
        for path in folder.glob("*.py")
    }
    assert modules == {name for name in wheel_files if name.endswith(".py")}


def test_every_table_of_references_is_in_the_wheel(wheel_files: set[str]) -> None:
    tables = {f"orbench/normalisation/data/{path.name}" for path in TABLES.iterdir()}
    assert tables
    assert tables == {name for name in wheel_files if name.endswith(".toml")}


def test_types_are_shipped_and_signposts_are_not(wheel_files: set[str]) -> None:
    assert "orbench/py.typed" in wheel_files
    assert (ROOT / "orbench/storage.pyi").is_file()
    assert not [name for name in wheel_files if name.endswith(".pyi")]


@pytest.mark.parametrize(
    "folder", [folder for package, folder in FOLDERS.items() if "." in package]
)
def test_a_signpost_shows_type_checkers_the_folder(folder: str) -> None:
    assert (ROOT / "orbench" / f"{folder}.pyi").read_text().startswith(f"from {folder} import *")


def test_the_wheel_works_where_no_checkout_is(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = """
import orbench.storage, orbench.cli, orbench.plotting
print(orbench.cli.__file__)
orbench.cli.main(["--version"])
"""
    # -P: not the working directory; PYTHONPATH comes before the checkout that is installed.
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        str(tmp_path / "orbench/cli/__init__.py"),
        "orbench",
        orbench.__version__,
    ]


def test_the_version_is_the_one_of_the_package() -> None:
    assert PROJECT["project"]["version"] == orbench.__version__


def test_every_extra_is_in_all() -> None:
    extras = set(PROJECT["project"]["optional-dependencies"]) - {"all"}
    (everything,) = PROJECT["project"]["optional-dependencies"]["all"]
    assert everything == f"orbench[{','.join(sorted(extras))}]"


def test_the_tour_needs_no_tracker_and_no_test_tool() -> None:
    installed_by_default = PROJECT["tool"]["uv"]["default-groups"]
    assert installed_by_default == ["tour"]
    assert [name.partition(">")[0] for name in PROJECT["dependency-groups"]["tour"]] == [
        "gymnasium"
    ]
