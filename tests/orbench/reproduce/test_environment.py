"""Building environments: once for equal requirements, never half, and told when it cannot be."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess

import pytest

from orbench.errors import ReproductionError
from orbench.reproduce import plan_reproduction
from orbench.reproduce.environment import build_environment, cache_folder

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ORBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def plan(record):
    """A plan for this very Python with no packages."""

    def make(version=None, packages=()):
        version = version or platform.python_version()
        python = {"version": version, "implementation": "CPython"}
        environment = {"python": python, "packages": list(packages), "lock_files": []}
        return plan_reproduction(record(environment=environment))

    return make


def answer(python, code):
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_venv_is_built_once_and_used_again(plan, tmp_path):
    first = build_environment(plan(), tmp_path, tmp_path / "private")
    again = build_environment(plan(), tmp_path, tmp_path / "private")
    assert (first.reused, again.reused) == (False, True)
    assert first.folder == again.folder
    assert first.folder.parent == cache_folder()
    assert answer(first.python, "import sys; print(sys.prefix)") == str(first.folder)


def test_a_build_that_was_cut_off_is_built_anew(plan, tmp_path):
    folder = build_environment(plan(), tmp_path, tmp_path / "private").folder
    (folder / "orbench-complete.json").unlink()
    (folder / "rest").write_text("of a build that was killed")
    again = build_environment(plan(), tmp_path, tmp_path / "private")
    assert not again.reused
    assert not (folder / "rest").exists()
    assert json.loads((folder / "orbench-complete.json").read_text()) == []


def test_another_patch_release_is_taken_and_told(plan, tmp_path):
    major, minor, _ = platform.python_version_tuple()
    wanted = f"{major}.{minor}.99"
    built = build_environment(plan(wanted), tmp_path, tmp_path / "private")
    assert built.losses == (
        f"Python is {platform.python_version()}; it was {wanted}, which is not at hand",
    )


def test_a_python_that_is_not_at_hand_is_told(plan, tmp_path):
    with pytest.raises(ReproductionError, match=r"Python 3\.2\.1 is not at hand"):
        build_environment(plan("3.2.1"), tmp_path, tmp_path / "private")


def test_a_package_that_no_index_has_is_named(plan, tmp_path):
    packages = [{"name": "orbench-no-such-package", "version": "9.9.9"}]
    with pytest.raises(ReproductionError, match="orbench-no-such-package"):
        build_environment(plan(packages=packages), tmp_path, tmp_path / "private")


def test_a_package_of_the_source_is_installed_from_there(plan, tmp_path):
    source = tmp_path / "source"
    (source / "lib").mkdir(parents=True)
    (source / "lib" / "mine.py").write_text("word = 'mine'\n")
    (source / "lib" / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "mine"\nversion = "0.1"\n[tool.setuptools]\npy-modules = ["mine"]\n'
    )
    origin = {"kind": "local", "path": "lib", "editable": True, "in_repository": True}
    packages = [{"name": "mine", "version": "0.1", "origin": origin}]
    built = build_environment(plan(packages=packages), source, tmp_path / "private")
    assert built.folder == tmp_path / "private"
    assert answer(built.python, "import mine; print(mine.word)") == "mine"


def test_without_uv_pip_builds_it(plan, tmp_path, monkeypatch):
    found = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, *more, **kw: None if name == "uv" else found(name)
    )
    built = build_environment(plan(), tmp_path, tmp_path / "private")
    assert answer(built.python, "import pip; print('pip')") == "pip"
