"""`orbench doctor`: what would stop a run from being reproduced, before there is one."""

from __future__ import annotations

import re
import subprocess

import pytest


def git(folder, *words):
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, check=True)


@pytest.fixture
def project(fresh):
    """A committed project with a script that seeds, and a lock file."""
    git(fresh.folder, "init", "--quiet")
    (fresh.folder / "train.py").write_text("import random\nrandom.seed(1)\n")
    (fresh.folder / "uv.lock").write_text("version = 1\n")
    git(fresh.folder, "add", ".")
    git(fresh.folder, "commit", "--quiet", "-m", "one")
    return fresh


def found(done):
    return {(row["level"], row["subject"]): row["sentence"] for row in done.json}


def test_a_project_in_order_has_no_problem(project):
    done = project("doctor", "-f", "json", "--", "python", "train.py", PYTHONHASHSEED=0)
    levels = found(done)
    assert done.code == 0
    assert levels["ok", "lock file"] == "uv.lock"
    assert levels["ok", "changes"].startswith("all is in commit")
    assert ("warning", "remote") in levels


def test_a_folder_without_a_repository_is_a_problem(fresh):
    done = fresh("doctor", "-f", "json")
    assert done.code == 1
    assert "git init" in found(done)["problem", "repository"]


def test_a_script_that_seeds_nothing_is_a_problem(project):
    (project.folder / "train.py").write_text("import random\nprint(random.random())\n")
    done = project("doctor", "-f", "json", "--", "python", "train.py")
    assert done.code == 1
    assert "orbench.seed_everything(seed)" in found(done)["problem", "seeds"]
    assert ("warning", "changes") in found(done)


def test_what_a_record_would_not_hold_is_a_problem(project):
    (project.folder / "weights.bin").write_bytes(b"\1" * 300_000)
    done = project("doctor", "-f", "json")
    assert done.code == 1
    assert "weights.bin" in found(done)["problem", "changes"]


def test_people_get_a_table_and_a_count(project):
    done = project("doctor", PYTHONHASHSEED=0)
    assert done.out.splitlines()[0].split() == ["level", "subject", "sentence"]
    assert re.fullmatch(r"0 problems, \d+ warnings\n", done.err)
