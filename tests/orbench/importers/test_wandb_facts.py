"""W&B's metadata as facts: what is told is kept, whatever client told it."""

from __future__ import annotations

import pytest

from orbench.importers import wandb_facts, wandb_metadata

NEW = {
    "os": "Linux-6.1",
    "python": "CPython 3.11.7",
    "program": "/home/someone/train.py",
    "args": ["--seed", 3],
    "executable": "/usr/bin/python3",
    "host": "gpu7",
    "startedAt": "2024-01-01T00:00:00Z",
    "git": {"commit": "abc", "remote": "git@example.org:x"},
    "cpu": {"model": "EPYC"},
    "cpu_count_logical": 8,
    "gpu_nvidia": [{"name": "H100"}, {"name": "H100"}],
}
OLD = {"python": "3.8.10", "gpu": "Tesla T4", "program": "train.py"}


def test_all_that_a_new_client_tells_is_kept():
    told = wandb_facts(NEW, b"numpy==1.26.0\n# no\n-e .\ntorch==2.2.0\n")
    assert told.facts["environment"] == {
        "python": {"version": "3.11.7", "implementation": "CPython"},
        "packages": [
            {"name": "numpy", "version": "1.26.0"},
            {"name": "torch", "version": "2.2.0"},
        ],
    }
    assert told.facts["source"] == {"kind": "git", "commit": "abc", "remote": "git@example.org:x"}
    assert told.facts["machine"] == {
        "host": "gpu7",
        "os": {"name": "Linux-6.1"},
        "cpu": {"name": "EPYC", "logical_cores": 8},
        "gpus": [{"index": 0, "name": "H100"}, {"index": 1, "name": "H100"}],
    }
    assert told.command == {
        "argv": ["/home/someone/train.py", "--seed", "3"],
        "executable": "/usr/bin/python3",
    }
    assert (told.host, told.started) == ("gpu7", "2024-01-01T00:00:00Z")


def test_an_old_client_tells_less():
    told = wandb_facts(OLD, b"")
    assert told.facts == {
        "environment": {"python": {"version": "3.8.10", "implementation": "CPython"}},
        "machine": {"gpus": [{"index": 0, "name": "Tesla T4"}]},
    }
    assert told.command == {"argv": ["train.py"], "executable": ""}


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_no_metadata_tells_nothing(data):
    told = wandb_facts(wandb_metadata(data), b"")
    assert (told.facts, told.command, told.host) == ({}, {}, "")


def test_what_is_of_another_kind_is_left_out():
    odd = {"python": 3, "git": [1], "cpu": "x", "gpu_nvidia": ["x"], "args": "x", "os": None}
    assert wandb_facts(odd, b"\xff==1").facts == {
        "environment": {"packages": [{"name": "\ufffd", "version": "1"}]}
    }
