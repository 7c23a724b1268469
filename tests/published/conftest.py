"""Published results, brought in by `orbench import table` into stores of the session's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orbench.cli import main

ROOT = Path(__file__).parents[2]

# Read when tests are collected: no test sees variables of orbench.
DATA = Path(os.environ.get("ORBENCH_PUBLISHED_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def published() -> Callable[[str], Path]:
    """Gives a folder or file of published results; skips, with the reason, where it is absent."""

    def found(name: str) -> Path:
        path = DATA / name
        if not path.exists():
            pytest.skip(f"no published results at {path}; ORBENCH_PUBLISHED_DATA names their place")
        return path

    return found


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Imports, with the arguments of `orbench import table`; gives the URL of a new store."""

    def run(*arguments: object) -> str:
        url = f"sqlite:///{tmp_path_factory.mktemp('published') / 'store.db'}"
        words = [str(argument) for argument in arguments]
        assert main(["import", "table", *words, "--store", url, "--format", "csv"]) == 0
        return url

    return run


@pytest.fixture(scope="session")
def tdmpc2_url(published: Callable[[str], Path], imported: Callable[..., str]) -> str:
    """TD-MPC2's results, 39 DMC tasks of three seeds each; tests must not change the store."""
    return imported(
        published("nicklashansen__tdmpc2/results"),
        *("--path", "(?P<exp_name>[^/]+)/(?P<env_id>[^/]+)[.]csv"),
    )
