"""The Python of a recorded program: found by its command line, asked for itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from orbench.capture.environment import capture_environment
from orbench.capture.interpreter import ask_python, interpreter_of


@pytest.fixture(scope="module")
def other_python(tmp_path_factory):
    """The Python of a venv with one distribution in it."""
    folder = tmp_path_factory.mktemp("other") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "only_there-1.0.dist-info").mkdir()
    (site / "only_there-1.0.dist-info" / "METADATA").write_text(
        "Name: only-there\nVersion: 1.0\n\n"
    )
    return folder / "bin" / "python"


def executable(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_python_is_found_by_its_name_or_path(other_python):
    assert interpreter_of([str(other_python), "train.py"], Path("/")) == str(other_python)
    assert interpreter_of(["venv/bin/python"], other_python.parents[2]) == str(other_python)


def test_a_script_runs_on_the_python_of_its_first_line(other_python, tmp_path):
    executable(tmp_path / "direct", f"#!{other_python}\n")
    executable(tmp_path / "by-env", "#!/usr/bin/env -S python3 -u\n")
    executable(tmp_path / "shell", "#!/bin/sh\n")
    executable(tmp_path / "empty", "")
    assert interpreter_of(["./direct"], tmp_path) == f"{other_python}"
    found = interpreter_of(["./by-env"], tmp_path)
    assert found is not None
    assert Path(found).name == "python3"
    for name in ("./shell", "./empty", "./absent", "no-such-program-anywhere"):
        assert interpreter_of([name], tmp_path) is None
    assert interpreter_of([], tmp_path) is None


def test_our_own_python_is_not_started_for_it(tmp_path):
    facts = ask_python(sys.executable, tmp_path)
    assert facts is not None
    assert facts["path"] == [entry for entry in sys.path if entry]


def test_another_python_tells_its_packages(other_python, tmp_path):
    document = capture_environment(lambda: None, tmp_path, program=[str(other_python), "x.py"])
    assert document["python"]["prefix"] == str(other_python.parents[1])
    assert [p["name"] for p in document["packages"]] == ["only-there"]
    assert "left_out" not in document


@pytest.mark.parametrize(
    "text",
    ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho nonsense\n", "#!/bin/sh\necho 1\n", "#!/bin/sh\n"],
)
def test_a_python_that_gives_no_answer_is_told(tmp_path, text):
    program = executable(tmp_path / "python3", text)
    document = capture_environment(lambda: None, tmp_path, program=[str(program)])
    assert document["python"]["prefix"] == sys.prefix
    assert "gave no answer" in document["left_out"][0]


def test_a_program_that_may_run_on_any_python_is_told(tmp_path):
    document = capture_environment(lambda: None, tmp_path, program=["sh", "train.sh"])
    assert document["left_out"] == [
        "sh is not known to run on a Python; Python and packages are those of the recorder"
    ]
