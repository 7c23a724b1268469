"""The genuine wandb client at the stand-in, and at what orbench pushes: one protocol."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from orbench.importers import deliver
from orbench.run_store import Points
from orbench.trackers.wandb import queries

from .conftest import RUN_ID, START, new_folder

TRAINING = """
import math, os, wandb
run = wandb.init(
    project="demo", entity="team", id="g1", tags=["v1"], name="Hopper-v4__sac__4__1",
    config={"lr": 3e-4, "net": {"layers": [64, 64]}},
)
for step in range(30):
    run.log({"global_step": step * 10, "loss": math.nan if step == 3 else 1 / (step + 1)})
    run.log({"global_step": step * 10, "deep": {"x": step}})
print("trained")
run.finish()
"""

READING = """
import json, sys, wandb
api = wandb.Api()
(run,) = api.runs("team/demo", filters={"config.env_id.value": "X-v1"}, lazy=False)
keys = ["loss", "global_step"]
rows = list(run.scan_history(keys=keys, page_size=2_000_000, use_cache=False))
names = sorted(file.name for file in run.files())
print(json.dumps([run.id, run.state, run.config, run.tags, rows, names, dict(run.summary)]))
"""


def python(program: str, folder: Path, **variables: str) -> str:
    """Run a program with the genuine client in a folder; gives its stdout."""
    environment = os.environ | {"WANDB_SILENT": "true", "WANDB_DIR": str(folder)} | variables
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def sync(folder: Path) -> None:
    """`wandb sync` of the genuine client."""
    tool = Path(sys.executable).with_name("wandb")
    done = subprocess.run(
        [tool, "sync", folder], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_what_the_client_logs_is_pulled_whole(wandb, tracker, tmp_path):
    python(TRAINING, tmp_path)
    assert wandb.refused == []
    (remote,) = tracker.runs()
    run = tracker.pull(remote, new_folder())
    loss = run.points["loss"]
    assert loss.steps.tolist() == list(range(0, 300, 10))
    assert np.isnan(loss.values[3])
    assert loss.values[29] == 1 / 30
    assert run.points["deep.x"].values.tolist() == list(map(float, range(30)))
    assert (run.exp_name, run.env_id, run.seed) == ("sac", "Hopper-v4", 4)
    assert run.config == {"lr": 3e-4, "net": {"layers": [64, 64]}}
    assert run.status.value == "finished"
    assert run.facts["environment"]["python"]["version"]
    assert b"trained" in run.console[0].data
    part = tracker.pull(remote, new_folder(), ["loss"]).points["loss"]
    assert np.array_equal(part.values, loss.values, equal_nan=True)
    assert np.array_equal(part.wall_times, loss.wall_times)


@pytest.mark.slow
def test_what_is_pushed_is_read_by_the_client(wandb, tracker, run, tmp_path):
    run.push(tracker)
    told = json.loads(python(READING, tmp_path))
    name, state, config, tags, rows, files, summary = told
    assert (name, state, tags) == (RUN_ID, "finished", ["v1"])
    assert config["lr"] == 3e-4
    assert [row["global_step"] for row in rows] == run.series("loss").steps.tolist()
    assert rows[7]["loss"] == run.series("loss").values[7]
    assert rows[3]["loss"] == "NaN"
    assert "artifacts/models/policy.bin" in files
    assert summary["best"] == 3.5
    assert wandb.refused == []


@pytest.mark.slow
def test_offline_folders_are_sent_by_wandb_sync(
    wandb, tracker, tracker_at, run, tmp_path, other_store, same_run
):
    offline = tracker_at(offline=tmp_path / "offline")
    run.push(offline)
    (folder,) = (tmp_path / "offline").iterdir()
    sync(folder)
    there = wandb.find("team", "demo", RUN_ID)
    assert there.config["net"]["value"] == {"layers": [64, 64]}
    assert (there.summary["best"], there.said["tags"], there.state) == (3.5, ["v1"], "finished")
    assert there.files["artifacts/models/policy.bin"] == b"\x00\x01policy"
    # Neither of the two sends again what it has sent.
    sent = copy.deepcopy((there.lines, there.files))
    assert run.push(offline).points == 0
    assert list((tmp_path / "offline").iterdir()) == [folder]
    sync(folder)
    assert (there.lines, there.files) == sent
    steps = np.arange(7)
    run.grow(loss=Points(900 + steps, steps * 0.1, START + 90 + steps))
    run.push(offline)
    sync(sorted((tmp_path / "offline").iterdir())[1])
    assert wandb.refused == []
    assert [row["_step"] for row in there.rows()] == list(range(60))
    (remote,) = tracker.runs()
    deliver(other_store, tracker.pull(remote, new_folder()))
    assert same_run(run.store, other_store) == []
    # From here on it may be pushed over the network too.
    run.grow(loss=Points(steps[:1] + 990, steps[:1] * 1.0, START + 99 + steps[:1]))
    assert run.push(tracker).points == 1
    assert len(there.rows()) == 61


def test_only_fields_are_asked_for_that_the_client_asks_for_too():
    client = Path(find_spec("wandb").origin).parent
    told = (client / "bin" / "wandb-core").read_bytes()
    told += b"".join(path.read_bytes() for path in (client / "apis").rglob("*.py"))
    known = set(re.findall(rb"\w+", told))
    for name in queries.__all__:
        text = re.sub(r"\$\w+|#.*", "", getattr(queries, name))
        for word in re.findall(r"\w+", text):
            assert word.encode() in known or word == "RunFields", f"{name}: {word}"
