"""`orbench tour`, end to end: nothing is canned, and what it says to try next works."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from orbench.integrations.gymnasium import EPISODIC_LENGTH, EPISODIC_RETURN
from orbench.run import RunStatus
from orbench.storage import open_store

ORBENCH = [sys.executable, "-m", "orbench.cli"]


def run_orbench(folder, *arguments, **variables):
    """Run a command as from a shell in this folder, not under uv, with no settings of ours."""
    ours = ("ORBENCH_", "UV_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [*ORBENCH, *arguments],
        cwd=folder,
        env={**environ, **variables},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def toured(tmp_path_factory):
    """A folder in which the tour was made, and what it printed."""
    folder = tmp_path_factory.mktemp("toured")
    done = run_orbench(folder, "tour", COLUMNS="80")
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture(scope="module")
def store(toured):
    with open_store(f"sqlite:///{toured[0]}/runs/tour/tour.db") as store:
        yield store


@pytest.mark.slow
def test_it_records_two_agents_on_three_envs_with_five_seeds(store):
    runs = [store.details(run_id).record for run_id in store.run_ids()]

    cells = {(run.exp_name, run.env_id.partition("-")[0], run.seed) for run in runs}
    assert cells == {
        (agent, env, seed)
        for agent in ("q_learning", "sarsa")
        for env in ("CliffWalking", "FrozenLake", "Taxi")
        for seed in (1, 2, 3, 4, 5)
    }
    assert len(runs) == 30
    assert {(run.project, run.status) for run in runs} == {("tour", RunStatus.FINISHED)}


@pytest.mark.slow
def test_every_run_knows_what_it_needs_to_be_believed(store):
    for run_id in store.run_ids():
        run = store.details(run_id)
        returns, lengths = (
            store.series([run_id], m)[0] for m in (EPISODIC_RETURN, EPISODIC_LENGTH)
        )

        assert run.record.config["episodes"] == len(returns) == len(lengths)
        assert lengths.values.sum() == returns.steps[-1]
        generators = run.facts["seeds"]["generators"]
        assert generators["env"]["seed"] == generators["action_space"]["seed"] == run.record.seed
        packages = {package["name"].lower() for package in run.facts["environment"]["packages"]}
        assert {"gymnasium", "numpy", "orbench"} <= packages
        assert run.facts["command"]
        assert run.damage == ()


@pytest.mark.slow
def test_every_agent_has_learned(store):
    for run_id in store.run_ids():
        [returns] = store.series([run_id], EPISODIC_RETURN)
        tenth = len(returns) // 10

        assert returns.values[-tenth:].mean() > returns.values[:tenth].mean()


@pytest.mark.slow
def test_it_lists_compares_and_draws(toured):
    folder, done = toured

    assert re.findall(r"^\$ orbench (\w+)", done.stdout, re.M) == ["list", "stats", "plot"]
    assert re.search(r"q_learning +CliffWalking-v\d", done.stdout)
    assert re.search(r"Taxi-v\d +sarsa +Mean +5 .*\[.*\]", done.stdout)
    figures = folder / "runs" / "tour"
    assert (figures / "learning_curves.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (figures / "learning_curves.svg").read_text()
    assert "trained: 30 of 30" in done.stderr


@pytest.mark.slow
def test_the_commands_to_try_next_work_as_they_are_printed(toured):
    folder, done = toured
    lines = done.stdout.partition("Try next:\n")[2].splitlines()

    assert len(lines) == 3
    for line in lines:
        typed = shlex.split(line)
        tried = run_orbench(folder, *typed[typed.index("orbench") + 1 :])
        assert tried.returncode == 0, tried.stderr
        assert tried.stdout or "--out" in typed


@pytest.mark.slow
def test_another_tour_replaces_the_runs_of_the_last_and_touches_no_others(tmp_path):
    url = f"sqlite:///{tmp_path}/runs/tour/tour.db"
    once = run_orbench(tmp_path, "tour", "--quick", "--seeds", "1")
    mine = "import orbench\nwith orbench.start_run(project='mine'): pass"
    subprocess.run(
        [sys.executable, "-c", mine], env={**os.environ, "ORBENCH_STORE": url}, check=True
    )
    with open_store(url) as store:
        before = set(store.run_ids())
    again = run_orbench(tmp_path, "tour", "--quick", "--seeds", "1", UV_RUN_RECURSION_DEPTH="1")
    with open_store(url) as store:
        after = {run_id: store.details(run_id).record.project for run_id in store.run_ids()}

    assert (once.returncode, again.returncode) == (0, 0), once.stderr + again.stderr
    assert len(before) == len(after) == 7
    assert [after[run_id] for run_id in before & after.keys()] == ["mine"]
    assert "removed the 6 runs" in again.stderr
    assert "  uv run orbench show " in again.stdout  # typed without uv it would not be found
    assert "  orbench show " in once.stdout


def test_without_gymnasium_it_says_which_extra_to_install(tmp_path):
    (tmp_path / "gymnasium.py").write_text("raise ModuleNotFoundError('not installed')")
    done = run_orbench(tmp_path, "tour", PYTHONPATH=str(tmp_path))

    assert done.returncode == 2
    assert done.stderr == (
        "orbench: error: the tour needs the extra 'gym': pip install 'orbench[gym]'\n"
    )
    assert not (tmp_path / "runs").exists()
