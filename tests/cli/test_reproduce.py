"""`orbench reproduce`, for real: a project with a pinned dependency, built again from the index."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TRAIN = """
import random, sys
import six
import orbench

seed = int(sys.argv[1])
if "--unseeded" not in sys.argv:
    orbench.seed_everything(seed, only=["random"])
with orbench.start_run(project="demo", exp_name="walk", env_id="Line-v0", seed=seed) as run:
    position = 0.0
    for step in range(200):
        position += random.gauss(0, 1) / len(six.__version__) ** float(six.__version__[2:])
        run.log({"charts/episodic_return": position, "charts/SPS": random.random()}, step=step)
"""


def git(folder, *words):
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, capture_output=True, check=True, text=True
    )
    return done.stdout


class Project:
    """A git project with a remote, its own venv with a pinned dependency, and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.upstream = folder / "upstream.git"
        self.store = f"sqlite:///{folder / 'store.db'}"
        self.environ = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith("ORBENCH_")
            },
            **{"ORBENCH_CACHE": str(folder / "cache"), "ORBENCH_SYSTEM_SECONDS": "0"},
            **{"ORBENCH_STORE": self.store, "PYTHONHASHSEED": "0"},
        }
        self.environ.pop("VIRTUAL_ENV", None)
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.folder.mkdir()
        git(folder, "init", "--quiet", "--bare", str(self.upstream))
        git(self.folder, "init", "--quiet")
        (self.folder / "train.py").write_text(TRAIN)
        (self.folder / ".gitignore").write_text("venv*/\n")
        git(self.folder, "add", ".")
        git(self.folder, "commit", "--quiet", "-m", "one")
        git(self.folder, "remote", "add", "origin", str(self.upstream))
        git(self.folder, "push", "--quiet", "origin", "HEAD:main")
        git(self.folder, "fetch", "--quiet", "origin")
        self.venv = self.environment("venv", "six==1.16.0")

    def environment(self, name: str, *packages: str) -> Path:
        venv = self.folder / name
        for words in (
            ["uv", "venv", "--quiet", str(venv)],
            ["uv", "pip", "install", "--quiet", "--python", str(venv), *packages, "-e", str(ROOT)],
        ):
            done = subprocess.run(words, env=self.environ, capture_output=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"the package index cannot be used: {done.stderr.decode()[-300:]}")
        return venv

    def record(self, *arguments: object) -> str:
        python = str(self.venv / "bin" / "python")
        done = subprocess.run(
            [python, "-m", "orbench.cli", "record", "--", python, "train.py", *map(str, arguments)],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stderr.split("recording run ")[1].split()[0]

    def reproduce(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """From an empty folder: the record is all there is."""
        return subprocess.run(
            [
                str(self.venv / "bin" / "python"),
                "-m",
                "orbench.cli",
                "reproduce",
                *map(str, arguments),
            ],
            cwd=self.elsewhere,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    if shutil.which("uv") is None:
        pytest.skip("uv is not installed; it makes the project's own environment here")
    return Project(tmp_path_factory.mktemp("reproduced"))


@pytest.fixture(scope="module")
def first(project):
    return project.record(3)


@pytest.mark.slow
def test_a_run_is_reproduced_bit_by_bit_from_its_record_alone(project, first):
    done = project.reproduce(first, "-f", "json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["verdict"], told["sense"]) == (0, "reproduced", "bit-exact"), done
    assert [one["metric"] for one in told["metrics"]] == ["charts/episodic_return"]
    assert told["not_compared"] == ["charts/SPS"]
    shown = subprocess.run(
        [project.venv / "bin" / "orbench", "show", told["new_run_id"], "-f", "json"],
        env=project.environ,
        capture_output=True,
        check=True,
    )
    new = json.loads(shown.stdout)
    assert (new["parent_id"], new["project"], new["tags"]) == (
        first,
        "demo-reproductions",
        ["reproduction"],
    )
    assert list(project.elsewhere.iterdir()) == []


@pytest.mark.slow
def test_an_uncommitted_change_and_a_new_file_are_reproduced(project):
    text = TRAIN.replace("import six", "import six, noise").replace("random.gauss", "noise.draw")
    (project.folder / "train.py").write_text(text)
    (project.folder / "noise.py").write_text("from random import uniform as draw\n")
    try:
        run_id = project.record(4)
        before = git(project.folder, "status", "--porcelain")
        done = project.reproduce(run_id, "--require", "exact")
        assert done.returncode == 0, done
        assert "bit-exact" in done.stdout
        assert git(project.folder, "status", "--porcelain") == before
    finally:
        (project.folder / "noise.py").unlink()
        git(project.folder, "checkout", "--quiet", "train.py")


@pytest.mark.slow
def test_another_version_of_a_dependency_is_caught_and_named(project, first):
    newer = project.environment("venv-newer", "six==1.17.0")
    done = project.reproduce(first, "--venv", newer, "-f", "markdown")
    assert done.returncode == 1, done
    assert "package six was 1.16.0, is 1.17.0" in done.stdout
    assert "parts at step 0" in done.stdout


@pytest.mark.slow
def test_a_seed_that_was_not_set_is_caught_and_explained(project):
    run_id = project.record(5, "--unseeded")
    done = project.reproduce(run_id)
    assert done.returncode == 1, done
    assert "not known to be seeded: random" in " ".join(done.stdout.split())


@pytest.mark.slow
def test_many_runs_give_one_table_and_the_worst_exit_code(project, first):
    project.record(6)
    done = project.reproduce("--many", "project=demo seed in (3,6)", "--jobs", 2)
    assert done.returncode == 0, done
    assert done.stdout.splitlines()[-1] == "2 reproduced"


def test_the_plan_of_a_run_is_printed_and_nothing_is_done(recorded):
    runs = recorded("list", "-f", "json", "exp_name=ppo", "seed=1").json
    done = recorded("reproduce", runs[0]["run_id"], "--plan")
    assert done.code == 0, done.err
    assert "Python: CPython" in done.out
    assert "command, in" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody",), "no run 'nobody'"),
        ((), "name one run, or runs by --many"),
        (("--many", "project=nothing"), "no run fits"),
        (("--many", "seed>>3"), "filter at column"),
        (("RUN", "--without", "nunpy", "--plan"), "had no such package; did you mean numpy"),
    ],
)
def test_what_is_wrong_is_one_line(recorded, arguments, words):
    run_id = recorded("list", "-f", "json", "exp_name=ppo").json[0]["run_id"]
    done = recorded("reproduce", *(run_id if word == "RUN" else word for word in arguments))
    assert done.code == 2
    assert words in done.err.splitlines()[0]
