"""`orbench sync` with W&B: there and back, into a folder, and what may go wrong."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("wandb")

PLACE = "wandb://team/demo"
RUNS = ("exp_name=ppo", "env_id=CartPole-v1")
METRICS = ("-m", "charts/return", "-m", "loss")


def test_runs_go_to_w_and_b_and_into_another_store(wandb, here, there):
    pushed = here("sync", "push", PLACE, *RUNS, "--format", "json")
    assert pushed.code == 0, pushed.err
    assert [(run["state"], run["points"], run["artifacts"]) for run in pushed.json] == [
        ("pushed", 81, 1)
    ] * 3
    count = len(wandb.requests)
    again = here("sync", "push", PLACE, *RUNS, "--format", "json")
    assert {run["state"] for run in again.json} == {"in step"}
    assert wandb.requests[count:] == ["Viewer"]
    pulled = there("sync", "pull", PLACE, "--format", "json")
    assert pulled.code == 0, pulled.err
    assert {run["state"] for run in pulled.json} == {"pulled"}
    fetched = [orbench("fetch", *RUNS, *METRICS).out for orbench in (here, there)]
    assert sorted(fetched[0].splitlines()) == sorted(fetched[1].splitlines())
    assert wandb.refused == []


def test_status_tells_how_the_two_stand(wandb, here):
    assert here("sync", "push", PLACE, *RUNS).code == 0
    wandb.add_run("foreign", [{"loss": 1.0}])
    stand = here("sync", "status", PLACE, "exp_name=ppo", "--format", "json").json
    states = sorted(run["state"] for run in stand)
    assert states == ["in step"] * 3 + ["not pulled"] + ["not pushed"] * 3


def test_a_run_of_w_and_b_is_pulled_and_not_pushed_back(wandb, there):
    config = {"exp_name": "ppo", "env_id": "X", "seed": 1}
    wandb.add_run("a1", [{"global_step": 7, "loss": 1.0}], config=config)
    assert there("sync", "pull", PLACE).code == 0
    assert there("sync", "pull", PLACE, "--format", "json").json[0]["state"] == "in step"
    pushed = there("sync", "push", PLACE)
    assert pushed.code == 0
    assert "it was read from there, and is not pushed back" in pushed.err
    assert len(wandb.runs) == 1


def test_what_was_pulled_whole_is_not_read_again_by_fetch(wandb, there):
    wandb.add_run("a1", [{"loss": 1.0}], config={"exp_name": "ppo", "env_id": "X", "seed": 1})
    assert there("sync", "pull", PLACE).code == 0
    done = there("fetch", "--from", PLACE, "-m", "loss")
    assert "1 run in the tracker: 0 read, 1 unchanged in the store" in done.err


def test_offline_folders_need_neither_key_nor_server(wandb, here, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY")
    done = here("sync", "push", PLACE, *RUNS, "--offline", "outbox")
    assert done.code == 0, done.err
    assert wandb.requests == []
    assert len(list((here.folder / "outbox").glob("offline-run-*/run-*.wandb"))) == 3
    assert "`wandb sync outbox/offline-run-" in done.err


def test_a_push_that_fails_goes_on_with_the_same_command(wandb, here):
    wandb.every = None
    wandb.fail_at(6, how=401)
    failed = here("sync", "push", PLACE, *RUNS, "--jobs", 1)
    assert failed.code == 2
    assert "does not accept the key" in failed.err
    assert here("sync", "push", PLACE, *RUNS).code == 0
    assert all(run.state == "finished" for run in wandb.runs.values())
    assert len(wandb.runs) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("push", "wandb://team"), "names no W&B project"),
        (("push", "wandbb://team/demo"), "did you mean wandb"),
        (("push", "wandb://others/demo"), "permission denied"),
        (("pull", "wandb://team/nope"), "has no project 'team/nope'"),
        (("status", "wandb://team/nope"), "has no project 'team/nope'"),
        (("push", "mlflow://127.0.0.1:1/x", "--offline", "out"), "leave --offline out"),
    ],
)
def test_bad_input_is_one_clear_line(here, arguments, said):
    command, place, *rest = arguments
    filters = [*RUNS, "seed=1"] if command == "push" else []
    done = here("sync", command, place, *filters, *rest)
    assert done.code == 2
    assert said in done.err.splitlines()[-1]


def test_a_server_that_is_down_is_told_soon(here, monkeypatch):
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("orbench.trackers.pace.Pace._back_off", lambda *_: None)
    done = here("sync", "push", PLACE, *RUNS)
    assert done.code == 2
    assert "cannot be reached: Connection refused; nothing is lost, try again later" in done.err


def test_without_a_key_it_says_how_to_log_in(here, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY")
    done = here("sync", "push", PLACE, *RUNS)
    assert done.code == 2
    assert "run `wandb login --host http://127.0.0.1:" in done.err
