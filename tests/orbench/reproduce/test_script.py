"""The script: every word of a record quoted, and it works by itself."""

from __future__ import annotations

import os
import subprocess

import pytest

from orbench.errors import ReproductionError
from orbench.reproduce import plan_reproduction, shell_script

from .test_checkout import git, head, repository, target  # noqa: F401


def parsed(script):
    done = subprocess.run(["sh", "-n"], input=script.encode(), capture_output=True, check=False)
    return done.returncode, done.stderr.decode()


def test_the_script_parses_and_pins_everything(record):
    script = shell_script(plan_reproduction(record()))
    assert parsed(script) == (0, "")
    assert "six==1.16.0" in script
    assert "exec python train.py --name 'a b'" in script
    assert "export OMP_NUM_THREADS=1" in script
    assert f"checkout --quiet --detach {'a' * 40}" in script


@pytest.mark.parametrize("kind", ["git", "files"])
def test_nothing_of_a_record_is_run_by_the_shell(record, tmp_path, kind):
    mark = tmp_path / "mark"
    evil = f"$(touch {mark}); `touch {mark}` '\"; touch {mark} #\n touch {mark}"
    remote = f"$(touch {mark})'`touch {mark}`\""
    details = record(
        command={"argv": ["sh-not-there", evil], "executable": "", "cwd": "$(touch mark)"},
        source={"remote": remote, "remotes": {}, "left_out": [evil], "diff": evil}
        if kind == "git"
        else {"kind": "files", "files": [{"path": f"a'$(touch {mark.name})'", "content": evil}]},
        environment={"packages": [], "python": {"version": "3.11.7", "implementation": evil}},
        variables={"OMP_X": evil, f"A;touch {mark}": "1"},
    )
    script = shell_script(plan_reproduction(details))
    assert parsed(script)[0] == 0
    for line in ("uv venv", "uv pip", "git fetch", "git -c", "cd '$(touch mark)'"):
        script = script.replace(line, f": {line}")
    script = script.replace("| git apply", "| cat > /dev/null; : git apply")
    subprocess.run(["sh", "-c", script, "x", str(tmp_path / "work")], check=False, cwd=tmp_path)
    assert not list(tmp_path.rglob("mark"))


@pytest.mark.parametrize("folder", ["../../..", "/etc", "a/../.."])
def test_no_folder_of_a_record_leaves_the_source(record, folder):
    with pytest.raises(ReproductionError, match="leave its folder"):
        plan_reproduction(record(command={"cwd": folder}))
    origin = {"kind": "local", "path": folder, "in_repository": True}
    packages = [{"name": "mine", "version": "1", "origin": origin}]
    with pytest.raises(ReproductionError, match="leave its folder"):
        plan_reproduction(record(environment={"packages": packages}))


@pytest.mark.parametrize(
    "files",
    [
        [{"path": "../escaped.txt", "content": ""}],
        [{"path": ".git/hooks/post-checkout", "content": ""}],
        [{"path": "l", "link": "/etc"}],
        [{"path": "l", "link": "sub"}, {"path": "l/x", "content": ""}],
        [{"path": "l", "link": "sub"}, {"path": "l", "content": ""}],
    ],
)
def test_no_file_of_a_record_leaves_the_source(record, files):
    with pytest.raises(ReproductionError, match=r"leave its folder|through a link"):
        plan_reproduction(record(source={"untracked": files}))


@pytest.mark.slow
def test_the_script_writes_through_no_link_of_the_commit(record, repository, tmp_path):  # noqa: F811
    outside = tmp_path / "outside"
    outside.mkdir()
    (repository / "door").symlink_to(outside)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "a door")
    details = record(
        source={
            **{"commit": head(repository), "remote": str(repository), "remotes": {}},
            "untracked": [{"path": "door/x", "content": "x"}],
        }
    )
    script = shell_script(plan_reproduction(details))
    words = ["sh", "-c", script, "x", str(tmp_path / "work")]
    done = subprocess.run(words, check=False, capture_output=True, cwd=tmp_path)
    assert done.returncode != 0
    assert list(outside.iterdir()) == []


@pytest.mark.slow
def test_the_script_reproduces_by_itself(record, repository, tmp_path):  # noqa: F811
    import platform

    (repository / "train.py").write_text("import sys, mine; print(mine.word, sys.argv[1])\n")
    diff = git(repository, "diff", "--binary", "--full-index")
    details = record(
        command={"argv": ["python", "train.py", "it's"], "executable": "", "cwd": "."},
        source={
            **{"commit": head(repository), "diff": diff, "remote": str(repository)},
            "remotes": {},
            "untracked": [{"path": "mine.py", "content": "word = 'mine'\n"}],
        },
        environment={"packages": [], "python": {"version": platform.python_version()}},
    )
    script = tmp_path / "again.sh"
    script.write_text(shell_script(plan_reproduction(details)))
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        ["sh", str(script), str(tmp_path / "work")],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (0, "mine it's\n"), done.stderr
