"""The command: what a command line starts, and where, told relative to the repository."""

import sys
from pathlib import Path

import pytest

from orbench.capture import Redactor
from orbench.capture.command import capture_command, entry_point, repository_root, source_folder


@pytest.fixture
def repository(tmp_path):
    """A folder that looks like a repository, with a script in a folder of it."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / "agents").mkdir()
    (root / "agents" / "train.py").write_text("print(1)\n")
    return root


@pytest.mark.parametrize(
    ("argv", "kind", "name"),
    [
        (["python", "train.py", "-m", "x"], "script", "train.py"),
        (["/usr/bin/python3.11", "-u", "-W", "error", "a/b.py"], "script", "a/b.py"),
        (["python", "-X", "dev", "-m", "agents.train", "--seed", "1"], "module", "agents.train"),
        (["python", "-magents.train"], "module", "agents.train"),
        (["python", "-c", "print(1)"], "code", "-c"),
        (["python", "-"], "code", "-"),
        (["python"], "interactive", ""),
        ([], "interactive", ""),
        (["./train.sh", "x"], "program", "./train.sh"),
        ([sys.executable, f"{sys.prefix}/bin/train-ppo", "x"], "program", "train-ppo"),
    ],
)
def test_the_entry_point_is_found_behind_the_options_of_python(argv, kind, name):
    entry = entry_point(argv, Path("/somewhere"))
    assert (entry.kind, entry.name) == (kind, name)


def test_the_script_of_a_launcher_is_found(repository):
    entry = entry_point(["torchrun", "--nproc", "2", "agents/train.py"], repository)
    assert entry.script == repository / "agents" / "train.py"


def test_paths_are_told_relative_to_the_repository(repository):
    argv = ["python", "train.py", "--seed", "1"]
    document = capture_command(Redactor(), argv, repository / "agents")
    assert document["argv"] == argv
    assert document["cwd"] == "agents"
    assert document["cwd_in_repository"] is True
    assert document["entry"] == {"kind": "script", "name": "train.py", "script": "agents/train.py"}


def test_outside_a_repository_paths_are_absolute(tmp_path):
    document = capture_command(Redactor(), ["python", "train.py"], tmp_path)
    assert document["cwd"] == str(tmp_path)
    assert document["cwd_in_repository"] is False
    assert document["entry"]["script"] == str(tmp_path / "train.py")


def test_the_source_is_where_the_script_lies_wherever_it_is_started(repository, tmp_path):
    argv = ["python", str(repository / "agents" / "train.py")]
    assert source_folder(argv, tmp_path) == repository / "agents"
    document = capture_command(Redactor(), argv, tmp_path)
    assert document["cwd"] == str(tmp_path)
    assert document["entry"]["script"] == "agents/train.py"


def test_a_worktree_is_a_repository_too(tmp_path):
    (tmp_path / ".git").write_text("gitdir: /elsewhere\n")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert repository_root(tmp_path / "a" / "b") == tmp_path


def test_tokens_in_the_words_are_masked_and_the_rest_is_kept():
    argv = ["python", "t.py", "--api-key", "abc", "--lr=0.1", "https://u:p@h/x"]
    document = capture_command(Redactor(), argv, Path("/"))
    assert document["argv"] == ["python", "t.py", "--api-key", "***", "--lr=0.1", "https://***@h/x"]


def test_words_that_are_not_unicode_are_kept_escaped():
    document = capture_command(Redactor(), ["python", "t.py", "\udcff"], Path("/"))
    assert document["argv"][2] == "\\udcff"
