"""The source in a new folder: the commit, the changes and the files, and nothing outside of it."""

from __future__ import annotations

import subprocess

import pytest

from orbench.errors import ReproductionError
from orbench.reproduce.checkout import check_out, repository_of
from orbench.reproduce.source_plan import SourceFile, SourcePlan


def git(folder, *words):
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, capture_output=True, check=True, text=True
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "train.py").write_text("print(1)\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "one")
    return folder


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "ours"
    folder.mkdir()
    return folder


def head(folder):
    return git(folder, "rev-parse", "HEAD").strip()


def test_a_commit_is_fetched_and_the_repository_is_left_as_it_was(repository, target):
    commit = head(repository)
    (repository / "train.py").write_text("print(2)\n")
    before = git(repository, "status", "--porcelain")
    found = check_out(SourcePlan(commit=commit), target, [str(repository)])
    assert found == str(repository)
    assert (target / "train.py").read_text() == "print(1)\n"
    assert git(repository, "status", "--porcelain") == before


def test_a_commit_that_no_branch_has_any_more_is_found(repository, target):
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "two")
    commit = head(repository)
    git(repository, "reset", "--quiet", "--hard", "HEAD~1")
    check_out(SourcePlan(commit=commit), target, [str(repository)])
    assert head(target) == commit


def test_changes_and_new_files_are_put_back(repository, target):
    commit = head(repository)
    (repository / "train.py").write_text("print(2)\n")
    diff = git(repository, "diff", "--binary", "--full-index").encode()
    files = (SourceFile("lib/new.py", b"x = 1\n"), SourceFile("link.py", link="train.py"))
    check_out(SourcePlan(commit=commit, diff=diff, files=files), target, [str(repository)])
    assert (target / "link.py").read_text() == "print(2)\n"
    assert (target / "lib" / "new.py").read_text() == "x = 1\n"


def test_commits_that_were_not_pushed_come_from_their_diff(repository, target, tmp_path):
    base = head(repository)
    upstream = tmp_path / "upstream.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), str(upstream))
    (repository / "train.py").write_text("print(3)\n")
    git(repository, "commit", "--quiet", "-am", "two")
    plan = SourcePlan(
        commit=head(repository),
        remotes=(str(upstream),),
        pushed=False,
        pushed_commit=base,
        pushed_diff=git(repository, "diff", base, "HEAD").encode(),
    )
    check_out(plan, target)
    assert (target / "train.py").read_text() == "print(3)\n"


def test_files_alone_need_no_git(target):
    check_out(SourcePlan(files=(SourceFile("train.py", b"print(1)\n"),)), target)
    assert [path.name for path in target.iterdir()] == ["train.py"]


def test_a_commit_that_nobody_has_names_who_was_asked(repository, target):
    with pytest.raises(ReproductionError, match=r"no repository has commit 000000000000 .*theirs"):
        check_out(SourcePlan(commit="0" * 40), target, [str(repository)])


def test_changes_that_do_not_apply_are_told(repository, target):
    diff = (
        b"diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-x\n+y\n"
    )
    with pytest.raises(ReproductionError, match="uncommitted changes do not apply"):
        check_out(SourcePlan(commit=head(repository), diff=diff), target, [str(repository)])


@pytest.mark.parametrize(
    "file",
    [
        SourceFile("../outside.py", b"x"),
        SourceFile("/tmp/outside.py", b"x"),
        SourceFile("a/../../outside.py", b"x"),
        SourceFile(".git/hooks/post-checkout", b"x"),
        SourceFile("sub/.GIT/config", b"x"),
        SourceFile("", b"x"),
        SourceFile("evil", link="/etc"),
        SourceFile("a/evil", link="../../outside"),
    ],
)
def test_no_file_of_a_record_leaves_its_folder(target, file):
    with pytest.raises(ReproductionError, match="leave its folder"):
        check_out(SourcePlan(files=(file,)), target)
    assert not (target.parent / "outside.py").exists()


def test_no_file_is_written_through_a_link(target, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (target / "door").symlink_to(outside)
    for path in ("door/x.py", "door"):
        with pytest.raises(ReproductionError, match="through a link"):
            check_out(SourcePlan(files=(SourceFile(path, b"x"),)), target)
    assert list(outside.iterdir()) == []


def test_a_remote_cannot_start_a_program(target, tmp_path):
    mark = tmp_path / "mark"
    plan = SourcePlan(
        commit="0" * 40, remotes=(f"ext::sh -c touch% {mark}", f"--upload-pack=touch {mark}")
    )
    with pytest.raises(ReproductionError, match="no repository has"):
        check_out(plan, target)
    assert not mark.exists()


def test_hooks_of_a_repository_do_not_run(repository, target, tmp_path):
    mark = tmp_path / "mark"
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    check_out(SourcePlan(commit=head(repository)), target, [str(repository)])
    assert not mark.exists()


def test_the_repository_of_a_folder(repository, tmp_path):
    assert repository_of(repository) == str(repository)
    assert repository_of(tmp_path) is None
