"""The examples: they learn what the textbook says, and record it, and a seed repeats it."""

import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from orbench.examples import cross_entropy, q_learning, sarsa
from orbench.integrations.gymnasium import EPISODIC_LENGTH, EPISODIC_RETURN
from orbench.run import RunStatus
from orbench.storage import open_store
from orbench.tour import plan_tour

EXAMPLES = Path(__file__).parents[2] / "examples"
TABULAR = {"q_learning": q_learning.q_learning, "sarsa": sarsa.sarsa}


def train(agent, *arguments):
    """Train a tabular agent without recording; its table and the return of each episode."""
    args = q_learning.parse_arguments(list(arguments))
    env = gymnasium.make(args.env_id, max_episode_steps=args.max_episode_steps)
    env = gymnasium.wrappers.RecordEpisodeStatistics(env, 10**6)
    env.reset(seed=args.seed)
    env.action_space.seed(args.seed)
    table = TABULAR[agent](env, args, np.random.default_rng(args.seed))
    return table, np.array(env.return_queue)


def greedy_return(table, env_id, limit=100):
    env = gymnasium.make(env_id, max_episode_steps=limit)
    state, _ = env.reset(seed=0)
    total, ended = 0.0, False
    while not ended:
        state, reward, terminated, truncated, _ = env.step(int(table[state].argmax()))
        total += reward
        ended = terminated or truncated
    return total


@pytest.mark.slow
@pytest.mark.parametrize("training", plan_tour(seeds=1), ids=str)
def test_every_agent_of_the_tour_earns_more_in_its_last_tenth_than_in_its_first(training):
    _, returns = train(training.agent, *training.arguments)

    tenth = len(returns) // 10
    assert returns[-tenth:].mean() > returns[:tenth].mean()


def test_q_learning_finds_the_shortest_way_along_the_cliff():
    table, _ = train("q_learning", "--seed", "1")

    assert greedy_return(table, "CliffWalking-v1") == -13


@pytest.mark.slow
def test_sarsa_earns_more_than_q_learning_while_it_learns_at_the_cliff():
    def earned(agent):
        return np.mean([train(agent, "--seed", str(seed))[1][100:] for seed in (1, 2, 3)])

    assert earned("sarsa") > earned("q_learning") + 5


def test_cross_entropy_search_balances_the_pole():
    args = cross_entropy.parse_arguments(["--seed", "3"])
    env = gymnasium.make(args.env_id)
    env.reset(seed=3)
    rng = np.random.default_rng(3)
    mean, deviation = np.zeros(5), np.ones(5)
    before = np.mean([cross_entropy.episodic_return(env, mean) for _ in range(5)])
    for generation in range(args.generations):
        mean, deviation = cross_entropy.next_distribution(
            env, mean, deviation, generation, args, rng
        )

    after = np.mean([cross_entropy.episodic_return(env, mean) for _ in range(5)])
    assert before < 20
    assert after > 200


# -- recorded


def recorded(module, folder, *options):
    """Record an example in this process; the details of its run and its returns."""
    url = f"sqlite:///{folder}/store.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORBENCH_STORE", url)
        module.main(list(options))
    with open_store(url) as store:
        [run_id] = store.run_ids()
        [series] = store.series([run_id], EPISODIC_RETURN)
        return store.details(run_id), series


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (q_learning, ("--env-id", "Taxi-v4", "--seed", "7", "--episodes", "20")),
        (sarsa, ("--env-id", "FrozenLake-v1", "--seed", "7", "--episodes", "20")),
        (cross_entropy, ("--seed", "7", "--generations", "2", "--population", "10")),
    ],
)
def test_an_example_records_its_names_config_seeds_and_every_episode(tmp_path, module, options):
    details, returns = recorded(module, tmp_path, *options)

    run = details.record
    name = module.__name__.rpartition(".")[2]
    assert (run.project, run.exp_name, run.seed) == ("examples", name, 7)
    assert run.status is RunStatus.FINISHED
    assert run.config["env_id"] == run.env_id == run.config["env_spec"]["id"]
    assert len(returns) == 20
    assert {EPISODIC_RETURN, EPISODIC_LENGTH} <= {metric.metric for metric in details.metrics}
    seeds = details.facts["seeds"]  # what capture saw and what RecordReturns told, merged
    assert seeds["declared"] == 7
    assert {"env", "action_space", "numpy", "random"} <= seeds["generators"].keys()
    assert seeds["generators"]["env"]["seed"] == 7
    assert seeds["generators"]["action_space"]["seed"] == 7


@pytest.mark.parametrize("module", [q_learning, sarsa, cross_entropy])
def test_a_seed_repeats_a_run_to_the_bit_and_another_seed_does_not(tmp_path, module):
    length = ("--generations", "2") if module is cross_entropy else ("--episodes", "30")

    def values(folder, seed):
        (tmp_path / folder).mkdir()
        series = recorded(module, tmp_path / folder, *length, "--seed", seed)[1]
        return series.steps.tolist(), series.values.tolist()

    once, again, other = values("a", "5"), values("b", "5"), values("c", "6")
    assert once == again
    assert once != other


@pytest.mark.parametrize(
    ("module", "env_id"),
    [(q_learning, "CartPole-v1"), (sarsa, "CartPole-v1"), (cross_entropy, "Taxi-v4")],
)
def test_an_env_that_does_not_fit_the_agent_is_refused_in_a_line(tmp_path, module, env_id):
    with pytest.raises(SystemExit, match=r"needs .* has others"):
        recorded(module, tmp_path, "--env-id", env_id)


@pytest.mark.parametrize("form", ["script", "module"])
@pytest.mark.parametrize("name", ["q_learning", "sarsa", "cross_entropy"])
def test_an_example_runs_as_a_script_and_as_a_module(tmp_path, form, name):
    how = [str(EXAMPLES / f"{name}.py")] if form == "script" else ["-m", f"orbench.examples.{name}"]
    done = subprocess.run([sys.executable, *how, "--help"], capture_output=True, text=True)

    assert done.returncode == 0
    assert "--env-id" in done.stdout
