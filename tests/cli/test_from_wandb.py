"""`orbench fetch --from` and `orbench rlops --from`: a W&B project, compared by one command."""

from __future__ import annotations

import json

import pytest

METRIC = "charts/episodic_return"
SOURCE = f"?we=team&wpn=demo&ceik=env_id&cen=exp_name&metric={METRIC}"


@pytest.fixture
def project(wandb):
    """A W&B project of two algorithms on two envs, three seeds each."""
    for exp, better in (("ppo", 10.0), ("dqn", 0.0)):
        for env in ("X", "Y"):
            for seed in range(3):
                rows = [
                    {"global_step": step * 100, METRIC: better + seed + step} for step in range(20)
                ]
                config = {"exp_name": exp, "env_id": env, "seed": seed, "lr": 1e-3}
                wandb.add_run(f"{exp}-{env}-{seed}", rows, config=config, tags=["v1"])
    return wandb


def test_fetch_makes_a_store_and_writes_series(project, fresh):
    done = fresh("fetch", "--from", "wandb://team/demo", "exp_name=ppo", "seed=1", "-m", METRIC)
    assert done.code == 0, done.err
    header, *rows = done.out.splitlines()
    assert header.startswith("run_id,project,exp_name,env_id,seed,metric,step")
    assert len(rows) == 40
    assert ",team/demo,ppo,X,1,charts/episodic_return,1900," in done.out
    assert "2 runs in the tracker: 2 read, 0 unchanged in the store" in done.err
    again = fresh("fetch", "--from", "wandb://team/demo", "exp_name=ppo", "seed=1", "-m", METRIC)
    assert "2 runs in the tracker: 0 read, 2 unchanged in the store" in again.err
    assert again.out == done.out


@pytest.mark.slow
def test_a_hundred_runs_and_one_metric_take_few_requests(wandb, fresh):
    for seed in range(100):
        config = {"exp_name": ("ppo", "dqn")[seed % 2], "env_id": "X", "seed": seed}
        rows = [{"global_step": step, METRIC: 1.0 * step} for step in range(20)]
        wandb.add_run(f"a{seed}", rows, config=config)
    words = ("fetch", "--from", "wandb://team/demo", "-m", METRIC)
    first = fresh(*words)
    assert first.code == 0, first.err
    assert len(wandb.requests) <= 102
    before = len(wandb.requests)
    again = fresh(*words)
    assert again.out == first.out
    assert len(again.out.splitlines()) == 2_001
    assert wandb.requests[before:] == ["Runs"]
    row = {"_step": 20, "_timestamp": 1.7e9 + 20, "global_step": 20, METRIC: 9}
    wandb.find("team", "demo", "a7").write("wandb-history.jsonl", 20, [json.dumps(row)])
    assert len(fresh(*words).out.splitlines()) == 2_002
    assert wandb.requests[before + 1 :] == ["Runs", "RunSampledHistory"]
    # rlops reads what is there already; it asks for the runs of its two sets.
    done = fresh("rlops", "--from", "wandb", "--filters", SOURCE, "ppo", "dqn", "--env-ids", "X")
    assert done.code == 0, done.err
    assert wandb.requests[before + 3 :] == ["Runs", "Runs"]


@pytest.mark.slow
def test_rlops_compares_straight_from_w_and_b(project, fresh):
    arguments = ("--filters", SOURCE, "ppo?tag=v1", "dqn?lr=0.001", "--env-ids", "X", "Y")
    done = fresh("rlops", "--from", "wandb", *arguments)
    assert done.code == 0, done.err
    assert "12 runs in the tracker: 12 read" in done.err
    table = (fresh.folder / "compare.md").read_text()
    assert "20.50 ± 0.82" in table
    assert "10.50 ± 0.82" in table
    assert len(project.requests) == 14
    before = len(project.requests)
    again = fresh("rlops", "--from", "wandb", *arguments)
    assert again.code == 0
    assert (fresh.folder / "compare.md").read_text() == table
    assert project.requests[before:] == ["Runs", "Runs"]
    # What was read is in the store, for every other command.
    assert fresh("rlops", *arguments).code == 0
    assert len(project.requests) == before + 2


@pytest.mark.slow
def test_compare_follows_in_a_second_command(project, fresh):
    fetched = fresh("fetch", "--from", "wandb://team/demo", "-m", METRIC, "-o", "all.csv")
    assert fetched.code == 0, fetched.err
    compared = fresh("compare", "-m", METRIC, "--html", "report.html")
    assert compared.code == 0, compared.err
    assert "ppo" in (fresh.folder / "report.html").read_text()


@pytest.mark.slow
def test_runs_pushed_under_another_project_are_compared_too(project, fresh):
    for run in list(project.runs.values()):
        run.config["orbench"] = {
            "value": {"run_id": f"r{run.name.lower()}", "project": "mine", "seed": 1}
        }
    done = fresh("rlops", "--from", "wandb", "--filters", SOURCE, "ppo", "--env-ids", "X", "Y")
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fetch", "--from", "wandb://team", "-m", METRIC), "names no W&B project"),
        (("fetch", "--from", "wandb://team/nope", "-m", METRIC), "has no project 'team/nope'"),
        (("fetch", "--from", "comet://team/x", "-m", METRIC), "there is no tracker 'comet'"),
        (("fetch", "--from", "mlflow://host/x", "-m", METRIC), "cannot be read straight from"),
        (("fetch", "--from", "wandb://team/demo", "-m", "retrun"), "has the metric 'retrun'"),
        (
            ("fetch", "--from", "wandb://team/demo", "exp_name=ppoo", "-m", METRIC),
            "fulfils exp_name=ppoo",
        ),
        (
            ("rlops", "--from", "wandb", "--filters", "?wpn=demo", "ppo", "--env-ids", "X"),
            "names no entity",
        ),
        (
            ("rlops", "--from", "wandb", "--filters", SOURCE, "sac", "--env-ids", "X"),
            "has no run of sac (config.exp_name) on X (config.env_id)",
        ),
        (
            (
                *("rlops", "--offline", "--from", "wandb", "--filters", SOURCE, "ppo"),
                *("--env-ids", "X"),
            ),
            "--offline and --from exclude each other",
        ),
    ],
)
def test_bad_input_is_one_clear_line(project, fresh, arguments, said):
    done = fresh(*arguments)
    assert done.code == 2
    (line,) = [line for line in done.err.splitlines() if "runs in the tracker" not in line]
    assert said in line
    assert len(line) < 400


def test_without_a_key_it_says_how_to_log_in(project, fresh, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY")
    done = fresh("fetch", "--from", "wandb://team/demo", "-m", METRIC)
    assert done.code == 2
    assert "run `wandb login --host http://127.0.0.1:" in done.err


def test_a_key_that_is_refused(project, fresh):
    done = fresh("fetch", "--from", "wandb://team/demo", "-m", METRIC, WANDB_API_KEY="b" * 40)
    assert done.code == 2
    assert "does not accept the key" in done.err
    assert "b" * 40 not in done.err
