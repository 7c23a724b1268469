"""The script: every word of a record quoted, and it works by itself."""

from __future__ import annotations

import os
import subprocess

import pytest

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
    assert f"git checkout --quiet --detach {'a' * 40}" in script


def test_nothing_of_a_record_is_run_by_the_shell(record, tmp_path):
    mark = tmp_path / "mark"
    evil = f"$(touch {mark}); `touch {mark}` '\"; touch {mark} #\n touch {mark}"
    details = record(
        command={"argv": ["sh-not-there", evil], "executable": "", "cwd": evil},
        source={
            "kind": "files",
            "files": [{"path": f"a'; touch {mark}; '.py", "content": evil}],
            "left_out": [evil],
        },
        environment={"packages": [], "python": {"version": "3.11.7", "implementation": evil}},
        variables={"OMP_X": evil, f"A;touch {mark}": "1"},
    )
    script = shell_script(plan_reproduction(details))
    assert parsed(script)[0] == 0
    script = script.replace("uv venv", ": uv venv").replace("uv pip", ": uv pip")
    subprocess.run(["sh", "-c", script, "x", str(tmp_path / "work")], check=False, cwd=tmp_path)
    assert not mark.exists()


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
