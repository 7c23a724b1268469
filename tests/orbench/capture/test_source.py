"""The source: from what is recorded of a real git repository, its files can be had again."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from orbench.capture import Redactor
from orbench.capture.source import capture_source

TOKEN = "ghp_" + "a1B2" * 9
KNOWN = "open-sesame-42"


def git(folder, *words):
    """Run git as a user would, independent of the configuration of who runs the tests."""
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def own_git_configuration(tmp_path_factory, monkeypatch):
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(
        "[user]\n name = A\n email = a@example.org\n[init]\n defaultBranch = main\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path_factory.getbasetemp().parent))


@pytest.fixture
def repository(tmp_path):
    """A repository with one commit of `train.py` and an ignore file."""
    root = tmp_path / "project"
    (root / "sub").mkdir(parents=True)
    git(root, "init", "-q")
    (root / "train.py").write_text("print('one')\n")
    (root / "sub" / "notes.txt").write_text("notes\n")
    (root / ".gitignore").write_text("*.ignored\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


def source_of(folder, argv=("python", "train.py"), redactor=None, **options):
    document = capture_source(redactor or Redactor(), lambda: None, argv, Path(folder), **options)
    json.dumps(document).encode("ascii")
    return document


class TestClean:
    def test_the_commit_and_branch_are_told(self, repository):
        document = source_of(repository)
        assert document["kind"] == "git"
        assert document["commit"] == git(repository, "rev-parse", "HEAD")
        assert document["branch"] == "main"
        assert document["dirty"] is False
        assert document["diff"] == ""
        assert document["untracked"] == []
        assert document["redacted"] is False
        assert "left_out" not in document

    def test_the_same_source_gives_the_same_document(self, repository):
        (repository / "new.py").write_text("x\n")
        assert source_of(repository) == source_of(repository)

    def test_a_tag_names_the_commit(self, repository):
        git(repository, "tag", "v1.2")
        assert source_of(repository)["describe"].startswith("v1.2-0-g")

    def test_the_folder_is_told_relative_to_the_repository(self, repository):
        assert source_of(repository / "sub", ["python", "x.py"])["directory"] == "sub"

    def test_nothing_in_the_repository_is_changed(self, repository):
        (repository / "train.py").write_text("print('two')\n")
        os.utime(repository / "sub" / "notes.txt", (1, 1))  # git status would refresh the index
        before = {p: p.stat().st_mtime_ns for p in (repository / ".git").rglob("*")}
        source_of(repository)
        assert {p: p.stat().st_mtime_ns for p in (repository / ".git").rglob("*")} == before


class TestChanges:
    def test_the_diff_applied_to_the_commit_gives_the_files_again(self, repository, tmp_path):
        (repository / "train.py").write_bytes(b"print('two')\r\nno newline at the end")
        (repository / "sub" / "notes.txt").unlink()
        (repository / "sub" / "data.bin").write_bytes(bytes(range(256)) * 4)
        (repository / "sub" / "staged.py").write_text("staged = 1\n")
        git(repository, "add", "sub/data.bin", "sub/staged.py")
        (repository / "with spaces é.py").write_text("é = 1\n")
        (repository / "latin.txt").write_bytes(b"caf\xe9\n")
        (repository / "skipped.ignored").write_text("x")
        document = source_of(repository)
        assert document["dirty"] is True

        again = tmp_path / "again"
        git(tmp_path, "clone", "-q", str(repository), str(again))
        git(again, "checkout", "-q", document["commit"])
        (tmp_path / "changes").write_bytes(document["diff"].encode())
        git(again, "apply", "--whitespace=nowarn", str(tmp_path / "changes"))
        for entry in document["untracked"]:
            content = (
                entry["content"].encode()
                if "content" in entry
                else base64.b64decode(entry["content_base64"])
            )
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]
            (again / entry["path"]).write_bytes(content)

        def files(root):
            return {
                str(path.relative_to(root)): path.read_bytes()
                for path in root.rglob("*")
                if path.is_file() and ".git" not in path.relative_to(root).parts
            }

        (repository / "skipped.ignored").unlink()
        assert files(again) == files(repository)

    def test_the_users_own_diff_settings_do_not_matter(self, repository):
        (repository / "train.py").write_text("print('two')\n")
        plain = source_of(repository)["diff"]
        for setting in ("diff.noprefix=true", "diff.mnemonicPrefix=true", "color.ui=always"):
            git(repository, "config", *setting.split("="))
        git(repository, "config", "diff.context", "0")
        assert source_of(repository)["diff"] == plain

    def test_no_program_named_in_the_repositorys_config_is_run(self, repository, tmp_path):
        witness = tmp_path / "witness"
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\necho run >> {witness}\n")
        program.chmod(0o755)
        (repository / ".gitattributes").write_text("*.py diff=own\n")
        for key in ("core.fsmonitor", "diff.external", "diff.own.command", "diff.own.textconv"):
            git(repository, "config", key, str(program))
        git(repository, "config", "core.pager", str(program))
        hook = repository / ".git" / "hooks" / "post-index-change"
        hook.write_text(program.read_text())
        hook.chmod(0o755)
        (repository / "train.py").write_text("print('two')\n")
        document = source_of(repository)
        assert "+print('two')" in document["diff"]
        assert not witness.exists()

    def test_a_diff_that_is_too_large_names_the_files_instead(self, repository):
        (repository / "train.py").write_text("x = 1\n" * 300_000)
        document = source_of(repository)
        assert document["diff"] is None
        assert document["dirty"] is True
        assert document["diff_files"] == [{"path": "train.py", "size": 1_800_000}]
        assert any("diff" in line for line in document["left_out"])

    def test_a_diff_that_is_not_utf_8_is_kept_whole(self, repository):
        (repository / "train.py").write_bytes(b"# caf\xe9\n")
        document = source_of(repository)
        assert document["diff"] is None
        assert b"+# caf\xe9\n" in base64.b64decode(document["diff_base64"])
        assert document["dirty"] is True


class TestUntracked:
    def test_large_files_are_hashed_and_the_cut_is_stated(self, repository):
        (repository / "big.bin").write_bytes(b"x" * 300_000)
        document = source_of(repository)
        (entry,) = document["untracked"]
        assert entry["size"] == 300_000
        assert entry["sha256"] == hashlib.sha256(b"x" * 300_000).hexdigest()
        assert "content" not in entry
        assert any("big.bin" in line for line in document["left_out"])

    def test_when_the_room_is_used_up_code_has_been_taken_first(self, repository):
        for number in range(12):
            (repository / f"a{number:02}.dat").write_bytes(b"x" * 250_000)
        (repository / "z.py").write_text("z = 1\n")
        entries = {entry["path"]: entry for entry in source_of(repository)["untracked"]}
        assert len(entries) == 13
        assert entries["z.py"]["content"] == "z = 1\n"
        assert sum("content" in entry for entry in entries.values()) == 9

    def test_files_that_may_hold_secrets_are_named_and_not_read(self, repository):
        names = [
            ".env",
            ".env.local",
            "server.pem",
            "x.key",
            "id_rsa",
            ".netrc",
            "credentials.json",
        ]
        for name in names:
            (repository / name).write_text(f"secret content of {name}\n")
        document = source_of(repository)
        assert sorted(entry["path"] for entry in document["untracked"]) == sorted(names)
        assert "secret content" not in json.dumps(document)

    def test_among_too_many_files_those_of_python_are_kept(self, repository, monkeypatch):
        monkeypatch.setattr("orbench.capture.source._MAX_LISTING_BYTES", 1_000)
        (repository / "frames").mkdir()
        for number in range(100):
            (repository / "frames" / f"frame-{number}.png").write_bytes(b"")
        (repository / "sub" / "new.py").write_text("new = 1\n")
        document = source_of(repository)
        assert [entry["path"] for entry in document["untracked"]] == ["sub/new.py"]
        assert any("too many" in line for line in document["left_out"])

    def test_links_and_pipes_are_not_followed(self, repository, tmp_path):
        (tmp_path / "outside").write_text("outside the repository")
        (repository / "link").symlink_to(tmp_path / "outside")
        os.mkfifo(repository / "pipe")
        document = source_of(repository)
        assert document["untracked"] == [{"path": "link", "link": str(tmp_path / "outside")}]
        assert "outside the repository" not in json.dumps(document)

    def test_what_runs_write_beside_the_code_is_no_source(self, repository):
        (repository / "runs" / "orbench.journal").mkdir(parents=True)
        for name in ("orbench.db", "orbench.db-wal", "orbench.journal/1.log"):
            (repository / "runs" / name).write_text("x")
        (repository / "runs" / "events.out.tfevents.123.host").write_text("x")
        document = source_of(repository)
        assert document["untracked"] == []
        assert any("databases" in line for line in document["left_out"])


class TestRemotes:
    @pytest.mark.parametrize(
        ("url", "told"),
        [
            (f"https://user:{TOKEN}@example.org/a/b.git", "https://***@example.org/a/b.git"),
            (f"https://x-access-token:{TOKEN}@example.org/a", "https://***@example.org/a"),
            (f"https://{KNOWN}@example.org/a", "https://***@example.org/a"),
            ("git@example.org:a/b.git", "git@example.org:a/b.git"),
            ("ssh://git@example.org/a/b.git", "ssh://git@example.org/a/b.git"),
        ],
    )
    def test_credentials_are_scrubbed(self, repository, url, told):
        git(repository, "remote", "add", "origin", url)
        document = source_of(repository)
        assert document["remote"] == told
        assert document["remotes"] == {"origin": told}
        assert TOKEN not in json.dumps(document)

    def test_tokens_in_insteadof_rules_do_not_appear(self, repository):
        git(repository, "remote", "add", "origin", "https://example.org/a")
        git(
            repository,
            "config",
            f"url.https://u:{TOKEN}@example.org/.insteadOf",
            "https://example.org/",
        )
        document = source_of(repository)
        assert document["remote"] == "https://example.org/a"
        assert TOKEN not in json.dumps(document)

    def test_the_remote_of_the_branch_comes_before_origin(self, repository):
        git(repository, "remote", "add", "origin", "https://example.org/a")
        git(repository, "remote", "add", "mine", "https://example.org/mine")
        assert source_of(repository)["remote"] == "https://example.org/a"
        git(repository, "config", "branch.main.remote", "mine")
        assert source_of(repository)["remote"] == "https://example.org/mine"

    def test_commits_that_no_remote_has_are_kept_as_changes(self, repository, tmp_path):
        clone = tmp_path / "clone"
        git(tmp_path, "clone", "-q", str(repository), str(clone))
        assert source_of(clone)["pushed"] is True
        (clone / "train.py").write_text("print('not pushed')\n")
        git(clone, "commit", "-q", "-a", "-m", "local")
        document = source_of(clone)
        assert document["pushed"] is False
        assert document["pushed_commit"] == git(repository, "rev-parse", "HEAD")
        assert "+print('not pushed')" in document["pushed_to_commit_diff"]
        assert document["diff"] == ""


class TestSecrets:
    def test_tokens_in_the_diff_and_in_untracked_files_are_masked_and_that_is_said(
        self, repository
    ):
        (repository / "train.py").write_text(f"url = 'https://u:{TOKEN}@h/'\nk = '{KNOWN}'\n")
        (repository / "new.py").write_text(f"key = '{TOKEN}'\n")
        (repository / "latin.txt").write_bytes(b"caf\xe9 " + TOKEN.encode())
        document = source_of(repository, redactor=Redactor([KNOWN]))
        assert document["redacted"] is True
        entries = {entry["path"]: entry for entry in document["untracked"]}
        assert entries["new.py"]["redacted"] is True
        assert TOKEN.encode() not in base64.b64decode(entries["latin.txt"]["content_base64"])
        text = json.dumps(document)
        assert TOKEN not in text
        assert KNOWN not in text

    def test_changes_of_secret_files_are_not_in_the_diff(self, repository):
        (repository / "sub" / ".env").write_text("plain-words-only\n")
        git(repository, "add", "-f", ".")
        git(repository, "commit", "-q", "-m", "a mistake")
        (repository / "sub" / ".env").write_text("other-words-only\n")
        document = source_of(repository)
        assert document["diff"] == ""
        assert document["dirty"] is True
        assert any("sub/.env" in line for line in document["left_out"])
        assert "words-only" not in json.dumps(document)


class TestUnusualRepositories:
    def test_a_repository_without_a_commit(self, tmp_path):
        git(tmp_path, "init", "-q")
        (tmp_path / "staged.py").write_text("staged = 1\n")
        git(tmp_path, "add", "staged.py")
        (tmp_path / "new.py").write_text("new = 1\n")
        document = source_of(tmp_path)
        assert document["commit"] is None
        assert document["branch"] == "main"
        assert "+staged = 1" in document["diff"]
        assert [entry["path"] for entry in document["untracked"]] == ["new.py"]

    def test_a_detached_head(self, repository):
        git(repository, "checkout", "-q", "--detach")
        document = source_of(repository)
        assert document["branch"] is None
        assert document["commit"] == git(repository, "rev-parse", "HEAD")

    def test_a_worktree(self, repository, tmp_path):
        tree = tmp_path / "tree"
        git(repository, "worktree", "add", "-q", "-b", "other", str(tree))
        (tree / "train.py").write_text("print('tree')\n")
        document = source_of(tree)
        assert document["branch"] == "other"
        assert "+print('tree')" in document["diff"]

    def test_a_submodule(self, repository, tmp_path):
        inner = tmp_path / "inner"
        git(tmp_path, "clone", "-q", str(repository), str(inner))
        git(
            repository,
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            str(inner),
            "lib",
        )
        git(repository, "commit", "-q", "-m", "with lib")
        document = source_of(repository)
        (module,) = document["submodules"]
        assert module["path"] == "lib"
        assert module["commit"] == git(inner, "rev-parse", "HEAD")
        assert module["state"] == "clean"

    def test_a_repository_of_another_user_is_refused_with_what_to_do(self, repository, monkeypatch):
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        document = source_of(repository)
        assert document["kind"] == "files"
        assert [entry["path"] for entry in document["files"]] == ["train.py"]
        assert "safe.directory" in document["left_out"][0]

    def test_variables_that_point_git_elsewhere_do_not_matter(
        self, repository, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
        assert source_of(repository)["kind"] == "git"


class TestWithoutGit:
    def test_outside_a_repository_the_script_is_kept(self, tmp_path):
        (tmp_path / "train.py").write_text(f"token = '{TOKEN}'\n")
        document = source_of(tmp_path)
        assert document["kind"] == "files"
        assert document["script"] == "train.py"
        (entry,) = document["files"]
        assert entry["content"] == "token = '***'\n"
        assert document["redacted"] is True
        assert document["left_out"] == ["the source is not in a git repository"]

    def test_modules_imported_from_beside_the_script_are_kept(self, tmp_path):
        (tmp_path / "agent.py").write_text("x = 1\n")
        (tmp_path / "never_imported.py").write_text("y = 1\n")
        (tmp_path / "train.py").write_text(
            "import sys, json, pathlib, agent\n"
            "from orbench.capture import Redactor\n"
            "from orbench.capture.source import capture_source\n"
            "document = capture_source(\n"
            "    Redactor(), lambda: None, sys.orig_argv, pathlib.Path.cwd())\n"
            "print(json.dumps(document))\n"
        )
        done = subprocess.run(
            [sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        document = json.loads(done.stdout)
        assert [entry["path"] for entry in document["files"]] == ["agent.py", "train.py"]

    def test_without_the_git_program_the_script_is_kept(self, repository, monkeypatch):
        monkeypatch.setenv("PATH", "/nonexistent")
        document = source_of(repository)
        assert [entry["path"] for entry in document["files"]] == ["train.py"]
        assert "git is not installed" in document["left_out"][0]

    def test_a_git_that_hangs_is_ended_and_that_is_said(self, repository, tmp_path, monkeypatch):
        programs = tmp_path / "bin"
        programs.mkdir()
        marker = tmp_path / "child"
        fake = programs / "git"
        fake.write_text(
            f'#!/bin/sh\n[ "$1" = never ] || for word; do\n'
            f'case "$word" in diff) sleep 600 & echo $! > {marker}; wait;; esac\ndone\n'
            f'exec {shutil.which("git")} "$@"\n'
        )
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        document = source_of(repository, git_seconds=1.0)
        assert document["commit"]
        assert any("took too long" in line for line in document["left_out"])
        psutil.wait_procs(_process(int(marker.read_text())), timeout=10)
        assert _process(int(marker.read_text())) == []


def _process(pid):
    """The process of this id in a list, an empty list if it is gone or only waits to be reaped."""
    try:
        process = psutil.Process(pid)
        return [] if process.status() == psutil.STATUS_ZOMBIE else [process]
    except psutil.NoSuchProcess:
        return []
