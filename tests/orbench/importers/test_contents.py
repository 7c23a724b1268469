"""What a source knows of a run besides its points: all of it arrives, secrets do not."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest

from orbench.importers import ImportedArtifact, ImportedRun, Outcome, deliver
from orbench.run import RunStatus
from orbench.run_store import ConsolePiece, Points


@pytest.fixture
def run(tmp_path):
    """A run that its source calls `abc`, with something of everything."""
    weights = tmp_path / "weights"
    weights.write_bytes(b"weights")
    return ImportedRun(
        importer="wandb",
        file="run-abc.wandb",
        project="zoo",
        exp_name="ppo",
        env_id="A-v1",
        seed=1,
        points={"loss": Points(np.arange(3), np.array([3.0, 2.0, 1.0]), 1.7e9 + np.arange(3.0))},
        started=1.7e9,
        ended=1.7e9 + 60,
        provenance={"importer": "wandb", "file": "run-abc.wandb"},
        config={"lr": 0.1},
        identity="abc",
        tags=("v1",),
        summary={"best": 1.0},
        facts={"machine": {"cpus": 2}},
        console=(ConsolePiece("stdout", 1.7e9, b"one\n"),),
        artifacts=(ImportedArtifact("model/weights", weights, 1.7e9),),
        exit_code=0,
        host="node1",
    )


def bytes_of(store, record):
    out = io.BytesIO()
    store.read_artifact(record.sha256, out)
    return out.getvalue()


def console(store, run_id):
    return b"".join(piece.data for piece in store.console(run_id))


def test_everything_of_a_run_arrives(store, run):
    done = deliver(store, run)
    details = store.details(done.run_id)
    record = details.record
    assert (record.project, record.exp_name, record.env_id, record.seed) == (
        "zoo",
        "ppo",
        "A-v1",
        1,
    )
    assert (record.config, record.summary, record.tags) == ({"lr": 0.1}, {"best": 1.0}, ("v1",))
    assert (record.status, record.exit_code, record.host) == (RunStatus.FINISHED, 0, "node1")
    assert details.facts["machine"] == {"cpus": 2}
    assert console(store, done.run_id) == b"one\n"
    (artifact,) = details.artifacts
    assert (artifact.name, bytes_of(store, artifact)) == ("model/weights", b"weights")
    assert details.damage == ()


def test_delivered_again_nothing_is_added(store, run):
    deliver(store, run)
    before = store.info()
    assert deliver(store, run).outcome is Outcome.KNOWN
    assert store.info() == before


def test_a_run_keeps_its_id_when_its_source_changes_what_it_says(store, run):
    first = deliver(store, run)
    changed = dataclasses.replace(run, config={"lr": 0.1, "gamma": 0.99}, tags=("v1", "best"))
    done = deliver(store, changed)
    assert (done.run_id, done.outcome, done.added) == (first.run_id, Outcome.CHANGED, 0)
    record = store.details(first.run_id).record
    assert record.config == {"lr": 0.1, "gamma": 0.99}
    assert record.tags == ("best", "v1")
    assert deliver(store, changed).outcome is Outcome.KNOWN


def test_a_run_that_goes_on_grows_and_ends(store, run):
    begun = dataclasses.replace(run, status=RunStatus.RUNNING, artifacts=(), exit_code=None)
    run_id = deliver(store, begun).run_id
    assert store.details(run_id).record.ended is None
    points = Points(np.arange(5), np.array([3.0, 2.0, 1.0, 0.5, 0.2]), 1.7e9 + np.arange(5.0))
    pieces = (*run.console, ConsolePiece("stdout", 1.7e9 + 5, b"two\n"))
    later = dataclasses.replace(run, points={"loss": points}, console=pieces)
    assert deliver(store, later).added == 2
    details = store.details(run_id)
    assert (details.record.status, details.record.starts) == (RunStatus.FINISHED, 1)
    assert len(details.artifacts) == 1
    assert console(store, run_id) == b"one\ntwo\n"


def test_a_run_without_a_point_is_kept_when_its_source_knows_it(store, run):
    done = deliver(store, dataclasses.replace(run, points={}))
    assert done.outcome is Outcome.NEW
    assert store.run_ids() == [done.run_id]


def test_a_run_that_orbench_pushed_keeps_its_id(store, run):
    assert deliver(store, dataclasses.replace(run, run_id="abcdefghjkmn")).run_id == "abcdefghjkmn"


def test_secrets_do_not_arrive(store, run, monkeypatch):
    monkeypatch.setenv("SERVICE_TOKEN", "hunter2hunter2")
    token = "ghp_" + "a1B2" * 9
    secretive = dataclasses.replace(
        run,
        config={"api_key": "k" * 20, "url": f"https://user:{token}@host/x"},
        console=(ConsolePiece("stdout", 1.7e9, f"login {token} hunter2hunter2\n".encode()),),
        provenance={"argv": ["--token", token]},
        error=f"refused {token}",
        status=RunStatus.FAILED,
    )
    run_id = deliver(store, secretive).run_id
    details = store.details(run_id)
    told = f"{details} {console(store, run_id)!r}"
    for secret in (token, "k" * 20, "hunter2hunter2"):
        assert secret not in told
