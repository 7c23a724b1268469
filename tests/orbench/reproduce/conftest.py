"""Fixtures of the reproduction tests: a record as capture makes one, without any run."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from orbench.run import RunRecord, RunStatus
from orbench.run_store import RunDetails

FACTS: dict[str, Any] = {
    "command": {
        "argv": ["/home/a/venv/bin/python", "train.py", "--name", "a b"],
        "executable": "/home/a/venv/bin/python",
        "cwd": "agents",
        "cwd_in_repository": True,
        "entry": {"kind": "script", "name": "train.py", "script": "agents/train.py"},
    },
    "source": {
        "kind": "git",
        "commit": "a" * 40,
        "remote": "https://example.org/a.git",
        "remotes": {"origin": "https://example.org/a.git"},
        "pushed": True,
        "diff": "",
        "untracked": [],
        "redacted": False,
    },
    "environment": {
        "python": {"version": "3.11.7", "implementation": "CPython"},
        "packages": [
            {"name": "six", "version": "1.16.0", "installer": "uv"},
            {"name": "numpy", "version": "2.1.0"},
        ],
        "lock_files": [{"path": "uv.lock"}],
    },
    "variables": {"OMP_NUM_THREADS": "1"},
    "seeds": {"declared": 3, "generators": {"random": {"verdict": "declared seed", "detail": ""}}},
}


@pytest.fixture
def record() -> Callable[..., RunDetails]:
    """Makes a record: `record(source={"diff": ...}, environment=None)`; None leaves a part out."""

    def make(status: RunStatus = RunStatus.FINISHED, **changes: Any) -> RunDetails:
        facts = copy.deepcopy(FACTS)
        for kind, document in changes.items():
            if document is None:
                del facts[kind]
            else:
                facts[kind] |= document
        run = RunRecord("run123", "zoo", "ppo", "A-v1", 3, status, started=1.7e9)
        return RunDetails(run, facts, (), ())

    return make
