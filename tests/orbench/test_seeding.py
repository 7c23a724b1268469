"""seed_everything: equal numbers after equal seeds, and the run knows what was seeded."""

from __future__ import annotations

import random

import numpy as np
import pytest

import orbench
from orbench.errors import UsageError
from orbench.run_store import open_store


@pytest.fixture(autouse=True)
def own_state(monkeypatch):
    monkeypatch.setattr("orbench.seeding.seeds_told", {})
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    state, numpy_state = random.getstate(), np.random.get_state()
    yield
    random.setstate(state)
    np.random.set_state(numpy_state)


def drawn():
    return random.random(), float(np.random.rand())


@pytest.mark.parametrize("seed", [0, 3, 2**32 + 5, 2**63 - 1])
def test_one_seed_gives_the_same_numbers(seed):
    orbench.seed_everything(seed, only=["random", "numpy"])
    first = drawn()
    orbench.seed_everything(seed, only=["random", "numpy"])
    assert drawn() == first
    orbench.seed_everything(seed ^ 1, only=["random", "numpy"])
    assert drawn() != first


def test_spaces_and_the_reset_of_envs_are_seeded():
    gymnasium = pytest.importorskip("gymnasium")

    def walk():
        env = gymnasium.make("CartPole-v1")
        seeded = orbench.seed_everything(5, envs=[env], only=["random"])
        actions = [int(env.action_space.sample()) for _ in range(20)]
        observation = env.step(actions[0])[0].tolist()
        env.close()
        return seeded.generators, actions, observation

    assert walk() == walk()
    assert walk()[0] == ("random", "env CartPole-v1")


def test_a_jax_key_of_the_seed_is_given():
    jax = pytest.importorskip("jax")
    key = orbench.seed_everything(7, only=["jax"]).jax_key
    assert jax.random.key_data(key).tolist() == jax.random.key_data(jax.random.key(7)).tolist()


@pytest.mark.parametrize("before", [True, False])
def test_the_run_knows_what_was_seeded(sqlite_url, before):
    if before:
        orbench.seed_everything(3, only=["random", "numpy"])
    with orbench.start_run(seed=3, store=sqlite_url, console=False, system_metrics=False) as run:
        if not before:
            orbench.seed_everything(3, only=["random", "numpy"])
    with open_store(sqlite_url) as store:
        seeds = store.details(run.run_id).facts["seeds"]
    assert seeds["seed_everything"] == {"seed": 3, "generators": ["random", "numpy"], "notes": []}
    assert seeds["generators"]["random"]["verdict"] == "declared seed"


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, None])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(UsageError, match="a seed is an integer"):
        orbench.seed_everything(seed)


def test_what_cannot_be_seeded_is_refused_with_near_names():
    with pytest.raises(UsageError, match="did you mean numpy"):
        orbench.seed_everything(1, only=["nunpy"])
