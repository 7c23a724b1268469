"""The source of a run: commit, uncommitted changes and untracked files, or the script alone.

Together with the remote they are what it takes to have the code again.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from fnmatch import translate
from pathlib import Path

from ..config_values import storable_text
from ..run import JsonValue
from .command import entry_point, relative, source_folder
from .files import SECRET_FILES, FileTaker, encoded
from .git import Git, GitError, GitOutputError, find_git
from .pacing import Deadline
from .secrets import Redactor

__all__ = ["GIT_SECONDS", "capture_source"]

GIT_SECONDS = 5.0
"""All questions to git together may take this long."""

_MAX_DIFF_BYTES = 1024 * 1024
_MAX_UNTRACKED = 500
_MAX_LISTING_BYTES = 4 * 1024 * 1024
_MAX_MODULES = 200
# What programs write beside the code, new with every run; it would make every run's source differ.
_OUTPUT_FOLDERS = ("*.journal", "wandb", "mlruns", "__pycache__", ".ipynb_checkpoints")
_OUTPUT_FILES = ("*.db", "*.db-wal", "*.db-shm", "*.db-journal", "*.tfevents.*")
_OUTPUT_FOLDER = re.compile("|".join(map(translate, _OUTPUT_FOLDERS)))
_OUTPUT_FILE = re.compile("|".join(map(translate, _OUTPUT_FILES)))

# Independent of the user's configuration, so that `git apply` takes it anywhere.
_DIFF = (
    *("diff", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color"),
    *("--no-renames", "--submodule=short", "-U3", "--src-prefix=a/", "--dst-prefix=b/"),
)
_NOT_SECRET = tuple(f":(top,exclude,icase,glob)**/{name}" for name in SECRET_FILES)
_SECRET = tuple(f":(top,icase,glob)**/{name}" for name in SECRET_FILES)

Facts = dict[str, JsonValue]


def capture_source(
    redactor: Redactor,
    pause: Callable[[], object],
    argv: Sequence[str],
    folder: Path,
    *,
    own_process: bool = True,
    git_seconds: float = GIT_SECONDS,
) -> Facts:
    """The document `source` for a command line started in `folder`.

    `own_process`: it is this process, whose imported modules can be looked at. `redacted` in the
    document says that a secret was replaced in what it holds, `left_out` what it does not hold.
    """
    reading = _Reading(redactor, pause)
    place = source_folder(argv, folder)
    program = find_git(os.environ)
    if program is None:
        reading.left_out.append("git is not installed: the commit and the changes are not known")
    else:
        try:
            git = Git(program, place, Deadline(git_seconds))
            root = git.output("rev-parse", "--show-toplevel").removesuffix(b"\n")
            git.folder = Path(os.fsdecode(root))
            with tempfile.TemporaryDirectory(prefix="orbench-") as private:
                git.use_copy_of_index(Path(private))
                return reading.repository(git, place)
        except (GitError, OSError) as error:
            reading.left_out.append(_why(str(error)))
    return reading.script(argv, folder, own_process)


def _why(said: str) -> str:
    if "not a git repository" in said:
        return "the source is not in a git repository"
    if "dubious ownership" in said or "unsafe repository" in said:
        return (
            "the git repository belongs to another user and git refuses it; "
            "`git config --global --add safe.directory FOLDER` allows it"
        )
    return f"the git repository could not be read: {said}"


class _Reading:
    """One reading of a source; collects what is left out and whether a secret was replaced."""

    def __init__(self, redactor: Redactor, pause: Callable[[], object]) -> None:
        self.left_out: list[str] = []
        self._redactor = redactor
        self._pause = pause
        self._redacted = False
        self._taker = FileTaker(redactor, pause)

    def repository(self, git: Git, place: Path) -> Facts:
        """The document of a git repository; a part that fails is left out, and that is said."""
        commit = git.line("rev-parse", "--verify", "--quiet", "HEAD") or None
        document: Facts = {
            "kind": "git",
            "commit": commit,
            "branch": git.line("symbolic-ref", "--quiet", "--short", "HEAD") or None,
            "directory": relative(place, git.folder),
        }
        parts: tuple[tuple[str, Callable[[], Facts]], ...] = (
            ("the remotes", lambda: self._remotes(git)),
            ("the uncommitted changes", lambda: self._changes(git, commit)),
            ("the untracked files", lambda: self._untracked(git)),
            ("whether the commit was pushed", lambda: self._pushed(git, commit)),
            ("the submodules", lambda: self._submodules(git)),
            ("the name of the commit", lambda: _described(git, commit)),
        )
        for what, read in parts:
            try:
                document.update(read())
            except (GitError, OSError) as error:
                self.left_out.append(f"{what}: {error}")
        return self._closed(document)

    def script(self, argv: Sequence[str], folder: Path, own_process: bool) -> Facts:
        """The document where there is no repository: the script and the modules beside it."""
        document: Facts = {"kind": "files"}
        script = entry_point(argv, folder).script
        if script is not None and script.is_file():
            root = script.resolve().parent
            paths = _modules_below(root) if own_process else []
            document["script"] = script.name
            document["files"] = self._taker.take(root, {script.resolve().name, *paths})
        return self._closed(document)

    def _closed(self, document: Facts) -> Facts:
        document["redacted"] = self._redacted or self._taker.redacted
        if self.left_out:
            document["left_out"] = [self._redactor.text(line) for line in self.left_out]
        return document

    def _remotes(self, git: Git) -> Facts:
        # Read from the configuration: `git remote` would apply insteadOf rules, with their tokens.
        try:
            lines = git.names("config", "--null", "--get-regexp", r"^remote\..*\.url$")
        except GitError:
            return {"remote": None, "remotes": {}}
        urls: dict[str, str] = {}
        for line in lines:
            key, _, url = line.decode("utf-8", "backslashreplace").partition("\n")
            name = key.removeprefix("remote.").removesuffix(".url")
            urls.setdefault(name, self._redactor.url(url))
        branch = git.line("symbolic-ref", "--quiet", "--short", "HEAD")
        upstream = git.line("config", f"branch.{branch}.remote") if branch else None
        chosen = next((name for name in (upstream, "origin", *urls) if name in urls), None)
        return {"remote": urls[chosen] if chosen else None, "remotes": urls}

    def _changes(self, git: Git, commit: str | None) -> Facts:
        base = commit or git.line("hash-object", "-t", "tree", "/dev/null") or "HEAD"
        secret = git.names("diff", "--name-only", "-z", base, "--", *_SECRET)
        self.left_out += [f"changes of {_text(name)}: may hold secrets" for name in secret]
        facts = self._diff(git, "diff", [base])
        return {"dirty": bool(secret) or bool(facts["diff"]) or len(facts) > 1, **facts}

    def _diff(self, git: Git, name: str, revisions: Sequence[str]) -> Facts:
        """The changes as `{name: text}`, or where they are too many, the files they are in."""
        scope = ["--", ":(top)", *_NOT_SECRET]
        try:
            data = git.output(*_DIFF, *revisions, *scope, limit=_MAX_DIFF_BYTES)
        except GitOutputError:
            files = git.names("diff", "--name-only", "--no-renames", "-z", *revisions, *scope)
            self.left_out.append(
                f"{name}: more than {_MAX_DIFF_BYTES} bytes, only the files' names"
            )
            sizes = [{"path": _text(file), "size": _size(git.folder, file)} for file in files]
            return {name: None, f"{name}_files": sizes[:_MAX_UNTRACKED]}
        clean = self._redactor.data(data, self._pause)
        self._redacted |= clean != data
        facts = encoded(name, clean)
        return facts if name in facts else {name: None, **facts}

    def _untracked(self, git: Git) -> Facts:
        listing = ("ls-files", "--others", "--exclude-standard", "--full-name", "-z")
        try:
            found = git.names(*listing, ":/", limit=_MAX_LISTING_BYTES)
        except GitOutputError:
            found = git.names(*listing, ":(top,glob)**/*.py")
            self.left_out.append("untracked files other than *.py: there are too many")
        kept = [name for name in map(os.fsdecode, found) if not _is_output(name)]
        if len(kept) < len(found):
            self.left_out.append("untracked databases, journals, event files and caches")
        if len(kept) > _MAX_UNTRACKED:
            kept.sort(key=lambda name: (not name.endswith(".py"), name))
            self.left_out.append(f"untracked files beyond the first {_MAX_UNTRACKED}")
        entries = self._taker.take(git.folder, kept[:_MAX_UNTRACKED])
        self.left_out += [
            f"content of {entry['path']}: {entry['left_out']}"
            for entry in entries
            if "left_out" in entry
        ]
        return {"untracked": entries}

    def _pushed(self, git: Git, commit: str | None) -> Facts:
        """Whether a remote has the commit; if not, the changes since the last one it has."""
        if commit is None or not git.line("for-each-ref", "--count=1", "refs/remotes"):
            return {"pushed": None}
        listed = git.output("rev-list", "--boundary", "HEAD", "--not", "--remotes").split()
        base = next((word[1:].decode() for word in listed if word.startswith(b"-")), None)
        if not any(not word.startswith(b"-") for word in listed):
            return {"pushed": True}
        if base is None:
            return {"pushed": False}
        changes = self._diff(git, "pushed_to_commit_diff", [base, commit])
        return {"pushed": False, "pushed_commit": base, **changes}

    def _submodules(self, git: Git) -> Facts:
        if not (git.folder / ".gitmodules").exists():
            return {}
        states = {" ": "clean", "-": "not checked out", "+": "other commit", "U": "conflict"}
        listed = git.output("submodule", "status").decode("utf-8", "backslashreplace")
        modules = []
        for line in listed.splitlines():
            commit, _, path = line[1:].partition(" ")
            path = re.sub(r" \([^()]*\)\Z", "", path)
            modules.append({"path": path, "commit": commit, "state": states.get(line[0], line[0])})
        self.left_out.append("uncommitted changes within submodules")
        return {"submodules": modules}


def _described(git: Git, commit: str | None) -> Facts:
    if commit is None:
        return {"describe": None}
    return {"describe": git.line("describe", "--tags", "--always", "--long")}


def _is_output(path: str) -> bool:
    *folders, name = path.rstrip("/").split("/")
    if path.endswith("/"):
        folders, name = [*folders, name], ""
    return any(map(_OUTPUT_FOLDER.match, folders)) or _OUTPUT_FILE.match(name) is not None


def _modules_below(root: Path) -> list[str]:
    """The files, below `root`, of the modules imported by now, outside the Python installation."""
    found: set[str] = set()
    installed = (f"{sys.prefix}{os.sep}", f"{sys.base_prefix}{os.sep}lib")
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and not file.startswith(installed):
            path = Path(file)
            if path.is_relative_to(root) and "site-packages" not in path.parts:
                found.add(path.relative_to(root).as_posix())
    return sorted(found)[:_MAX_MODULES]


def _size(root: Path, name: bytes) -> int | None:
    try:
        return (root / os.fsdecode(name)).lstat().st_size
    except OSError:
        return None


def _text(name: bytes) -> str:
    return storable_text(os.fsdecode(name))
