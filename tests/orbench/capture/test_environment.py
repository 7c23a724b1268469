"""The environment: Python, packages and lock files, the same document for the same software."""

import hashlib
import json
import platform
import subprocess
import sys
import sysconfig

import pytest

from orbench.capture.environment import capture_environment


def nothing():
    """No pause."""


@pytest.fixture
def project(tmp_path):
    """A repository with lock files at its root and in a folder of it."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / "sub").mkdir()
    (root / "uv.lock").write_text("version = 1\n")
    (root / "sub" / "requirements-dev.txt").write_text("numpy==2\n")
    (tmp_path / "poetry.lock").write_text("outside the repository")
    return root


def test_python_is_described(tmp_path):
    python = capture_environment(nothing, tmp_path)["python"]
    assert python["version"] == platform.python_version()
    assert python["implementation"] == platform.python_implementation()
    assert python["prefix"] == sys.prefix
    assert python["build"] == sys.version


def test_a_venv_is_described_from_inside_with_its_own_packages(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    code = (
        "import json, site; from pathlib import Path\n"
        f"site.addsitedir({sysconfig.get_path('purelib')!r})\n"
        "from orbench.capture.environment import capture_environment\n"
        "print(json.dumps(capture_environment(lambda: None, Path('.'))['python']))"
    )
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "python", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    python = json.loads(done.stdout)
    assert python["prefix_kind"] == "venv"
    assert python["prefix"] == str(tmp_path / "venv")


def test_the_same_software_gives_the_same_document(project):
    assert capture_environment(nothing, project) == capture_environment(nothing, project)


def test_lock_files_from_the_folder_up_to_the_repository_are_kept(project):
    locks = capture_environment(nothing, project / "sub")["lock_files"]
    assert locks == [
        {
            "path": "sub/requirements-dev.txt",
            "size": 9,
            "sha256": hashlib.sha256(b"numpy==2\n").hexdigest(),
            "content": "numpy==2\n",
        },
        {
            "path": "uv.lock",
            "size": 12,
            "sha256": hashlib.sha256(b"version = 1\n").hexdigest(),
            "content": "version = 1\n",
        },
    ]


def test_a_large_lock_file_is_hashed_and_the_cut_is_stated(project):
    (project / "uv.lock").write_bytes(b"x" * 5_000_000)
    (entry,) = capture_environment(nothing, project)["lock_files"]
    assert entry["sha256"] == hashlib.sha256(b"x" * 5_000_000).hexdigest()
    assert "content" not in entry
    assert "larger" in entry["left_out"]


def test_an_editable_package_of_the_repository_is_told_relative_to_it(project, tmp_path):
    site = tmp_path / "site" / "mine-1.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Name: mine\nVersion: 1\n\n")
    url = {"url": (project / "sub").as_uri(), "dir_info": {"editable": True}}
    (site / "direct_url.json").write_text(json.dumps(url))
    document = capture_environment(nothing, project, path=[str(site.parent)])
    assert document["packages"][0]["origin"] == {
        "kind": "local",
        "path": "sub",
        "editable": True,
        "in_repository": True,
    }


def test_a_registered_env_is_described_if_gymnasium_is_there(tmp_path):
    pytest.importorskip("gymnasium")
    env = capture_environment(nothing, tmp_path, env_id="CartPole-v1")["env"]
    assert env["id"] == "CartPole-v1"
    assert env["max_episode_steps"] == 500
    assert "env" not in capture_environment(nothing, tmp_path, env_id="NotRegistered-v0")
