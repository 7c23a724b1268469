"""The gate end to end: train v1, save the baseline, break the agent, see it; fix it, pass."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

AGENT = Path(__file__).parents[2] / "examples" / "q_learning.py"
METRIC = "charts/episodic_return"
ENVS = {"CliffWalking-v1": 200, "Taxi-v4": 150}
SEEDS = range(1, 6)

TRAIN_ALL = """
import runpy, sys
agent, first, last, *envs = sys.argv[1:]
for env in envs:
    env_id, episodes = env.split("=")
    for seed in range(int(first), int(last)):
        sys.argv = [agent, "--env-id", env_id, "--episodes", episodes, "--seed", str(seed)]
        runpy.run_path(agent, run_name="__main__")
"""


@pytest.fixture
def project(tmp_path, orbench_in):
    """A project of its own with the agent in it."""
    pytest.importorskip("gymnasium", reason="the agents train on Gymnasium's envs")
    shutil.copy(AGENT, tmp_path / "q_learning.py")
    return orbench_in(tmp_path)


def train(project, first: int) -> str:
    """Train all seeds on all envs from `first` on; returns the filter that selects the runs."""
    last = first + len(SEEDS)
    envs = [f"{env}={episodes}" for env, episodes in ENVS.items()]
    subprocess.run(
        [sys.executable, "-c", TRAIN_ALL, "q_learning.py", str(first), str(last), *envs],
        cwd=project.folder,
        env=project.environment(),
        check=True,
        timeout=300,
    )
    return f"seed>={first} seed<{last}"


def test_a_broken_agent_is_found_and_named_and_the_fixed_one_passes(project):
    v1 = train(project, 1)
    saved = project(
        *("baseline", "save", "v1", v1, "-m", METRIC, "--select", "last-50%"),
        *("--file", "baselines/agent.jsonl"),
    )
    assert saved.code == 0, saved.err

    agent = project.folder / "q_learning.py"
    source = agent.read_text()
    # Off by a sign in what the next state is worth, on one env only.
    right = "best = 0.0 if terminated else q[next_state].max()"
    wrong = right.replace("q[next_state].max()", "q[next_state].min()")
    assert source.count(right) == 1
    broken = source.replace(right, f'{wrong} if "Taxi" in args.env_id else q[next_state].max()')
    agent.write_text(broken)
    bad = project("check", train(project, 101), "-b", "baselines/agent.jsonl", "--margin", "2sd")
    assert bad.code == 1, bad.out + bad.err
    verdict = bad.out.splitlines()[-1]
    assert verdict.startswith(f"REGRESSED: {METRIC}: ")
    assert "Taxi-v4 dropped by" in verdict
    assert "CliffWalking-v1 dropped by" not in verdict

    agent.write_text(source)
    good = project("check", train(project, 201), "-b", "baselines/agent.jsonl", "--margin", "2sd")
    assert good.code == 0, good.out + good.err
    assert good.out.splitlines()[-1].startswith("PASS: ")
