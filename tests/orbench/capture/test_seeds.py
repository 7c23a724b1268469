"""Seeds: what can be told of the generators from outside, and what cannot."""

import random
import subprocess
import sys
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.capture import merge_seeds
from orbench.capture.seeds import capture_seeds


@pytest.fixture(autouse=True)
def generators_as_they_were():
    states = random.getstate(), np.random.get_state()
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])


def verdict(name, seed):
    return capture_seeds(seed)["generators"][name]["verdict"]


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(0, 50_000))
def test_generators_seeded_with_the_declared_seed_are_known_after_many_draws(seed, draws):
    random.seed(seed)
    np.random.seed(seed)
    for _ in range(draws % 3_000):
        random.random()
    np.random.random(draws)
    assert verdict("random", seed) == "declared seed"
    assert verdict("numpy", seed) == "declared seed"


def test_a_seed_beyond_32_bits_is_no_seed_for_numpy():
    random.seed(2**40)
    assert verdict("random", 2**40) == "declared seed"
    assert verdict("numpy", 2**40) == "unknown"


def test_looking_does_not_change_the_generators():
    random.seed(1)
    np.random.seed(1)
    capture_seeds(1)
    assert random.random() == random.Random(1).random()
    assert np.random.random() == np.random.RandomState(1).random()


def test_another_seed_cannot_be_told_from_none_and_that_is_said():
    random.seed(2)
    told = capture_seeds(1)["generators"]["random"]
    assert told["verdict"] == "unknown"
    assert "another seed, none, or more than" in told["detail"]


def test_without_a_declared_seed_nothing_can_be_compared():
    document = capture_seeds(None)
    assert document["declared"] is None
    assert document["generators"]["random"]["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("hash_seed", "told"),
    [(None, "not seeded"), ("random", "not seeded"), ("7", "declared seed"), ("0", "other seed")],
)
def test_the_hash_seed_is_told(hash_seed, told):
    code = (
        "from orbench.capture.seeds import capture_seeds;"
        "print(capture_seeds(7)['generators']['hash']['verdict'])"
    )
    environ = {} if hash_seed is None else {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == told


def test_libraries_that_the_program_has_not_imported_are_not_imported():
    code = (
        "import sys; from orbench.capture.seeds import capture_seeds; told = capture_seeds(1);"
        "print(sorted(told['generators']), 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['hash', 'random'] False"


def test_jax_is_told_with_its_flags():
    pytest.importorskip("jax")
    document = capture_seeds(1)
    assert document["generators"]["jax"]["verdict"] == "unknown"
    assert document["flags"]["jax"]["jax_enable_x64"] is False


@pytest.mark.parametrize(
    ("initial", "told"),
    [(7, "declared seed"), (8, "other seed"), (67280421310721, "not seeded")],
)
def test_torch_says_with_what_it_was_seeded(monkeypatch, initial, told):
    # Stands in for torch, which is too large to be installed for this: what we ask of it.
    torch = types.ModuleType("torch")
    torch.initial_seed = lambda: initial
    monkeypatch.setitem(sys.modules, "torch", torch)
    document = capture_seeds(7)
    assert document["generators"]["torch"]["verdict"] == told
    assert "cannot be read" in document["flags"]["torch"]


def test_a_later_document_adds_and_never_replaces_knowledge_by_unknown():
    earlier = {
        "declared": 1,
        "generators": {"random": {"verdict": "declared seed"}, "numpy": {"verdict": "unknown"}},
    }
    later = {
        "generators": {
            "random": {"verdict": "unknown"},
            "numpy": {"verdict": "declared seed"},
            "env": {"verdict": "declared seed"},
        }
    }
    merged = merge_seeds(earlier, later)
    assert merged["declared"] == 1
    assert {name: told["verdict"] for name, told in merged["generators"].items()} == {
        "random": "declared seed",
        "numpy": "declared seed",
        "env": "declared seed",
    }
    assert merge_seeds({}, later) == later
    assert merge_seeds(earlier, {}) == earlier
