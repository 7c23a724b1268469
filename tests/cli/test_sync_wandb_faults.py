"""What may go wrong between `orbench sync` and W&B, and what is said of it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orbench.run_store import open_store

from ..wandb_server import DROP_BEFORE, KEY

pytestmark = pytest.mark.usefixtures("wandb")

PLACE = "wandb://team/demo"
RUNS = ("exp_name=ppo", "env_id=CartPole-v1")
WRONG_KEY = "b" * 40


def last_line(done) -> str:
    assert "Traceback" not in done.err
    return done.err.splitlines()[-1]


def test_a_key_that_is_refused(wandb, here):
    pushed = here.apart("sync", "push", PLACE, WANDB_API_KEY=WRONG_KEY)
    others = [here("sync", word, PLACE, WANDB_API_KEY=WRONG_KEY) for word in ("pull", "status")]
    for done in (pushed, *others):
        assert done.code == 2
        assert "does not accept the key" in last_line(done)
        assert "run `wandb login --relogin`" in last_line(done)
        assert WRONG_KEY not in done.err + done.out
    assert len(wandb.requests) == 3


def test_a_key_that_may_not_do_this(wandb, here):
    wandb.every = 403
    done = here("sync", "push", PLACE, *RUNS)
    assert done.code == 2
    assert "does not let it do this (403)" in last_line(done)


@pytest.mark.slow
def test_a_key_in_netrc_is_used_and_kept_nowhere_else(wandb, here, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY")
    netrc = Path(os.environ["HOME"]) / ".netrc"
    netrc.write_text(f"machine {urlsplit(wandb.url).netloc}\n  login user\n  password {KEY}\n")
    netrc.chmod(0o600)
    pushed = here("--debug", "sync", "push", PLACE, *RUNS, "--offline", "outbox")
    assert pushed.code == 0, pushed.err
    assert wandb.requests == []
    pushed = here.apart("--debug", "sync", "push", PLACE, "exp_name=dqn", "seed=1")
    assert pushed.code == 0, pushed.err
    assert all(wandb.authorised)
    refused = here("--debug", "sync", "pull", "wandb://team/nope")
    assert refused.code == 2
    assert KEY not in pushed.out + pushed.err + refused.out + refused.err
    with open_store(f"sqlite:///{here.folder / 'runs/orbench.db'}") as store:
        links = store.tracker_links()
        assert len(links) == 5
        assert KEY not in json.dumps([dict(link.document) for link in links])
    for path in here.folder.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path


@pytest.mark.slow
def test_a_server_that_asks_for_time_is_given_it(wandb, here):
    wandb.fail_at(3, how=429)
    wandb.retry_after = 2
    began = time.monotonic()
    done = here("sync", "push", PLACE, "seed=1", *RUNS)
    assert done.code == 0, done.err
    assert time.monotonic() - began > 2


@pytest.mark.slow
def test_faults_that_pass_are_not_seen(wandb, here):
    wandb.fail_at(1, 4, how=503)
    wandb.at(7, lambda: time.sleep(2))
    done = here.apart("sync", "push", PLACE, "seed=1", *RUNS, WANDB_HTTP_TIMEOUT=1)
    assert done.code == 0, done.err
    ((_, run),) = wandb.runs.items()
    assert len(run.rows()) == len(run.lines["wandb-history.jsonl"]) == 41


def test_a_timeout_that_is_no_number(here):
    done = here("sync", "status", PLACE, WANDB_HTTP_TIMEOUT="soon")
    assert done.code == 2
    assert last_line(done).endswith("WANDB_HTTP_TIMEOUT is no number of seconds: 'soon'; as in 30")


def test_one_run_that_cannot_be_pushed_stops_no_other(wandb, here):
    assert here("sync", "push", PLACE, *RUNS, "seed=2").code == 0
    (gone,) = wandb.runs.values()
    gone.deleted = True
    done = here.apart("sync", "push", PLACE, *RUNS, "--again", "--format", "json")
    assert done.code == 2
    assert sorted(run["state"] for run in done.json) == ["failed", "pushed", "pushed"]
    assert last_line(done).startswith(f"orbench: error: {gone.name} (ppo on CartPole-v1 seed 2): ")
    assert last_line(done).endswith("W&B takes no id again; push it to another project")
    assert "3 runs: " in done.err
    assert "2 pushed" in done.err


@pytest.mark.slow
def test_one_run_that_is_deleted_meanwhile_stops_no_other_pull(wandb, here):
    found = [wandb.add_run(f"a{number}", [{"loss": 1.0}] * 3) for number in range(3)]
    # The first requests ask for the project and its runs.
    wandb.at(3, lambda: setattr(found[1], "deleted", True))
    done = here.apart("sync", "pull", PLACE, "--jobs", 1, "--format", "json")
    assert done.code == 2
    assert sorted(run["state"] for run in done.json) == ["failed", "pulled", "pulled"]
    assert "run a1 is no longer there: it was deleted in W&B" in last_line(done)
    again = here("sync", "pull", PLACE, "--format", "json")
    assert (again.code, {run["state"] for run in again.json}) == (0, {"in step"})


@pytest.mark.slow
def test_a_server_that_stops_is_given_up_and_gone_on_with(wandb, here):
    wandb.at(20, lambda: setattr(wandb, "every", DROP_BEFORE))
    began = time.monotonic()
    stopped = here.apart("sync", "push", PLACE, "--jobs", 8, "--format", "json")
    assert time.monotonic() - began < 40
    assert stopped.code == 2
    failed = [run for run in stopped.json if run["state"] == "failed"]
    assert len(failed) > 8
    assert last_line(stopped).endswith("failed; the same command goes on with them")
    assert "it closed the connection; nothing is lost, try again later" in stopped.err
    wandb.every = None
    done = here.apart("sync", "push", PLACE, "--format", "json")
    assert done.code == 0, done.err
    assert len(done.json) == len(wandb.runs) == 13
    for run in wandb.runs.values():
        lines = run.lines.get("wandb-history.jsonl", [])
        assert [row["_step"] for row in run.rows()] == list(range(len(lines)))
        assert len(lines) in (0, 41)


def test_since_selects_what_changed(wandb, here):
    for day in range(3):
        created = time.time() - day * 86_400 - 3_600
        wandb.add_run(f"a{day}", [{"loss": 1.0}], created=created)
    pulled = here("sync", "pull", PLACE, "--since", "2d", "--format", "json")
    assert pulled.code == 0, pulled.err
    assert sorted(run["remote_id"] for run in pulled.json) == ["a0", "a1"]
    pushed = here("sync", "push", PLACE, *RUNS, "--since", "1h", "--dry-run", "--format", "json")
    assert [run["state"] for run in pushed.json] == ["not pushed"] * 3
    none = here("sync", "push", PLACE, *RUNS, "--since", "2100-01-01")
    assert none.code == 2
    assert "no run is selected" in none.err
    wrong = here("sync", "pull", PLACE, "--since", "yesterday")
    assert wrong.code == 2
    assert "--since yesterday is no time; write 2026-01-31" in wrong.err
