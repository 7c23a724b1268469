"""The cache that openrlbenchmark fills from W&B, imported: rlops finds what it finds in W&B."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

METRIC = "charts/episodic_return"
SOURCE = f"?we=team&wpn=demo&ceik=env_id&cen=exp_name&metric={METRIC}"
RLOPS = ("rlops", "--filters", SOURCE, "ppo?tag=v1&lr=0.001", "dqn?cl=DQN", "--env-ids", "X", "Y")

# What `CachedRun` of openrlbenchmark 0.3.1 does, by the real client.
CACHING = """
import json, sys
from pathlib import Path
import pandas as pd
import wandb

for run in wandb.Api().runs("team/demo"):
    folder = Path(sys.argv[1]).joinpath(run.entity, run.project, run.id)
    folder.mkdir(parents=True)
    pd.DataFrame(list(run.scan_history())).to_csv(folder / "run_df.csv")
    said = {key: getattr(run, key) for key in (
        "id", "name", "state", "url", "project", "entity", "config", "tags", "path")}
    said["user"] = {"username": run.user.username, "name": run.user.name} if run.user else None
    (folder / "run.json").write_text(json.dumps(said))
"""


@pytest.fixture
def project(wandb):
    """A W&B project of two algorithms on two envs, three seeds each; some rows have no return."""
    for exp, better in (("ppo", 10.0), ("dqn", 0.0)):
        for env in ("X", "Y"):
            for seed in range(3):
                rows = [
                    {"global_step": step * 100, "loss": 1 / (step + 1)}
                    | ({METRIC: better + seed + step / 3} if step % 2 else {})
                    for step in range(20)
                ]
                config = {"exp_name": exp, "env_id": env, "seed": seed, "lr": 1e-3}
                wandb.add_run(f"{exp}-{env}-{seed}", rows, config=config, tags=["v1"])
    return wandb


@pytest.mark.slow
def test_rlops_on_an_imported_cache_is_rlops_on_w_and_b(project, orbench_in, tmp_path) -> None:
    caching = [sys.executable, "-c", CACHING, str(tmp_path / "dataset")]
    subprocess.run(caching, check=True, env={**os.environ, "WANDB_SILENT": "true"}, timeout=120)
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    there, here = orbench_in(tmp_path / "there"), orbench_in(tmp_path / "here")

    asked = there(*RLOPS, "--from", "wandb")
    assert asked.code == 0, asked.err
    imported = here("import", "openrlbenchmark", tmp_path / "dataset")
    assert imported.code == 0, imported.err
    assert "of 12 runs (12 new)" in imported.err
    found = here(*RLOPS)
    assert found.code == 0, found.err
    tables = ("compare.csv", "compare.md", "compare_runtimes.csv", "compare_curves.csv")
    for name in tables:
        assert (here.folder / name).read_bytes() == (there.folder / name).read_bytes()

    # What was read from W&B already has no second run, and gets the metrics that were not read.
    again = there("import", "openrlbenchmark", tmp_path / "dataset")
    assert again.code == 0, again.err
    assert "of 12 runs (12 grown)" in again.err
    assert len(there("list", "--format", "json").json) == 12
    known = there("import", "openrlbenchmark", tmp_path / "dataset")
    assert "imported 0 points of 12 runs (12 known)" in known.err


def test_a_filter_finds_an_imported_run_by_entity_project_tag_and_user(fresh) -> None:
    folder = fresh.folder / "dataset" / "team" / "demo" / "abc"
    folder.mkdir(parents=True)
    (folder / "run_df.csv").write_text(
        f",_step,{METRIC}\n" + "".join(f"{n},{n},{n}\n" for n in "12")
    )
    said = {
        **{"id": "abc", "entity": "team", "project": "demo", "state": "finished", "tags": ["v1"]},
        "config": {"exp_name": "ppo", "env_id": "X", "seed": 1},
        "user": {"username": "costa", "name": "C"},
    }
    (folder / "run.json").write_text(json.dumps(said))
    assert fresh("import", "openrlbenchmark", "dataset").code == 0
    for tag, user in (("v2", "costa"), ("v1", "someone")):
        asked = ("rlops", "--filters", SOURCE, f"ppo?tag={tag}&user={user}", "--env-ids", "X")
        assert "no run" in fresh(*asked).err
    (run,) = fresh("list", "project=team/demo", "tag:user:costa", "--format", "json").json
    assert run["exp_name"] == "ppo"
