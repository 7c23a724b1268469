"""A store with real recorded runs, and a way to run `orbench` as a person would."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from orbench.cli import main

TRAINING = """
import math, sys
from pathlib import Path
import orbench

for exp_name, lr in (("ppo", 3e-4), ("dqn", 1e-3)):
    for env_id in ("CartPole-v1", "Acrobot-v1"):
        for seed in (1, 2, 3):
            with orbench.start_run(
                project="demo", exp_name=exp_name, env_id=env_id, seed=seed,
                config={"optim": {"lr": lr, "betas": [0.9, 0.99]}, "note": "a|b & c_d"},
                tags=["v1.2"] if exp_name == "ppo" else [], console=False, system_metrics=False,
            ) as run:
                for step in range(40):
                    values = {"charts/return": 10.0 * seed + step, "loss": 1 / (step + 1)}
                    run.log(values, step=step)
                run.log({"loss": math.nan}, step=40)
                run.summary.update({"best": 10.0 * seed + 39})
                path = Path(f"policy-{seed}.txt")
                path.write_text(f"policy {seed}")
                run.log_artifact(path, name="models/policy.txt")
"""

FAILING = "import sys; print('about to fail'); print('on stderr', file=sys.stderr); sys.exit(3)"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        """stdout as text."""
        return self.raw.decode()

    @property
    def json(self):
        """stdout as strict JSON."""

        def refuse(token):
            raise AssertionError(f"{token} is not JSON")

        return json.loads(self.out, parse_constant=refuse)


class Orbench:
    """Runs `orbench` in a folder with a clean environment: here, or `apart` in its own process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def environment(self, **more: object) -> dict[str, str]:
        """The variables the command sees: ours without any of orbench's or the terminal's."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("ORBENCH_") and name not in ("COLUMNS", "LINES")
        }
        return kept | {"ORBENCH_SYSTEM_SECONDS": "0"} | {k: str(v) for k, v in more.items()}

    def __call__(self, *arguments: object, **variables: object) -> Done:
        """Run it to its end in this process, which takes a tenth of the time."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, self.environment(**variables), clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main([str(argument) for argument in arguments])
        for stream in (out, err):
            stream.flush()
        return Done(code, out.buffer.getvalue(), err.buffer.getvalue().decode())

    def apart(self, *arguments: object, stdin: bytes = b"", **variables: object) -> Done:
        """Run it to its end as a person would, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "orbench.cli", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment(**variables),
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr.decode())


@pytest.fixture(scope="session")
def recorded(tmp_path_factory) -> Orbench:
    """A folder with a store of 12 trained runs and one that failed; tests must not change it."""
    folder = tmp_path_factory.mktemp("recorded")
    orbench = Orbench(folder)
    (folder / "train.py").write_text(TRAINING)
    subprocess.run(
        [sys.executable, "train.py"], cwd=folder, env=orbench.environment(), check=True, timeout=300
    )
    done = orbench.apart(
        *("record", "--project", "demo", "--exp-name", "broken", "--env-id", "CartPole-v1"),
        *("--seed", 7, "--config", "optim.lr=0.5", "--", sys.executable, "-c", FAILING),
    )
    assert done.code == 3, done.err
    return orbench


@pytest.fixture
def here(recorded, tmp_path) -> Orbench:
    """A copy of the folder with recorded runs, for tests that change it."""
    shutil.copytree(recorded.folder, tmp_path / "here")
    return Orbench(tmp_path / "here")


@pytest.fixture
def there(tmp_path) -> Orbench:
    """A folder without a store, beside `here`."""
    (tmp_path / "there").mkdir()
    return Orbench(tmp_path / "there")


@pytest.fixture
def fresh(tmp_path) -> Orbench:
    """An empty folder without a store."""
    return Orbench(tmp_path)


@pytest.fixture(scope="session")
def orbench_in() -> type[Orbench]:
    """Runs `orbench` in any folder: `orbench_in(folder)("list")`."""
    return Orbench
