"""The seeds of a run: the one declared, and whether the generators were seeded with it.

How far that can be told: the Mersenne Twister of `random` and of numpy's global generator has the
state that the declared seed leads to, or not; this is told while fewer than some hundred thousand
numbers were drawn. Torch remembers its seed. JAX's keys, numpy's Generators and an env's own
generator are objects of the program: they cannot be told from outside, except where an integration
tells them (an env's spaces).
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ..config import merge
from ..run import Document, JsonValue
from .loaded import loaded_module

__all__ = ["capture_seeds", "merge_seeds"]

DECLARED, OTHER, NOT_SEEDED, UNKNOWN = "declared seed", "other seed", "not seeded", "unknown"

# A state holds 624 numbers and is renewed when they are used up; so many renewals are tried.
_STATE_WORDS = 624
_RENEWALS = 400
_TORCH_UNSEEDED = 67280421310721  # torch's default_rng_seed_val

Facts = dict[str, JsonValue]


def capture_seeds(seed: int | None, pause: Callable[[], object] = lambda: None) -> Facts:
    """The document `seeds`, as things stand at this moment in this process.

    `generators` has a `verdict` for each generator (declared seed, other seed, not seeded,
    unknown) and a `detail` that says why; `flags` has what torch and jax were told;
    `seed_everything` what that function did, if it was called.
    """
    readers: dict[str, Callable[[int | None, Callable[[], object]], Facts | None]] = {
        "random": _random,
        "numpy": _numpy,
        "torch": _torch,
        "jax": _jax,
        "hash": _hash,
    }
    generators: Facts = {}
    for name, read in readers.items():
        try:
            told = read(seed, pause)
        except Exception as error:  # libraries differ by version; one must not cost the others
            told = _verdict(UNKNOWN, f"cannot be read: {type(error).__name__}: {error}")
        if told is not None:
            generators[name] = told
    document: Facts = {"declared": seed, "generators": generators, "flags": _flags()}
    seeding = loaded_module("orbench.seeding")
    return document if seeding is None else document | seeding.seeds_told


def merge_seeds(earlier: Document, later: Document) -> dict[str, JsonValue]:
    """`later` laid over `earlier`, except that a verdict is never replaced by `unknown`."""
    merged = merge(earlier, later)
    for name, told in _generators(earlier).items():
        if _verdict_of(told) not in (None, UNKNOWN) and (
            _verdict_of(_generators(later).get(name)) == UNKNOWN
        ):
            merged["generators"][name] = told
    return merged


def _generators(document: Document) -> Mapping[str, JsonValue]:
    found = document.get("generators")
    return found if isinstance(found, Mapping) else {}


def _verdict_of(told: JsonValue) -> JsonValue:
    return told.get("verdict") if isinstance(told, Mapping) else None


def _verdict(verdict: str, detail: str) -> Facts:
    return {"verdict": verdict, "detail": detail}


# -- Mersenne Twisters


def _random(seed: int | None, pause: Callable[[], object]) -> Facts:
    version, state, _ = random.getstate()
    if version != 3:
        return _verdict(UNKNOWN, f"a state of version {version}")
    words = state[:_STATE_WORDS]

    def states() -> Any:
        twin = random.Random(seed)  # noqa: S311 - the generator under question
        while True:
            yield twin.getstate()[1][:_STATE_WORDS]
            twin.getrandbits(32 * _STATE_WORDS)

    return _compared(words, states, seed, pause)


def _numpy(seed: int | None, pause: Callable[[], object]) -> Facts | None:
    numpy = loaded_module("numpy")
    numpy_random = None if numpy is None else loaded_module("numpy.random")
    if numpy_random is None:
        return None
    state = numpy_random.get_state(legacy=False)
    if state.get("bit_generator") != "MT19937":
        return _verdict(UNKNOWN, f"the global generator is a {state.get('bit_generator')}")
    words = state["state"]["key"].tobytes()
    if seed is not None and not 0 <= seed < 2**32:
        return _verdict(UNKNOWN, "numpy's global generator cannot take the declared seed")

    def states() -> Any:
        twin = numpy_random.RandomState(seed)
        while True:
            yield twin.get_state(legacy=False)["state"]["key"].tobytes()
            twin.bytes(4 * _STATE_WORDS)

    return _compared(words, states, seed, pause)


def _compared(
    words: Any, states: Callable[[], Any], seed: int | None, pause: Callable[[], object]
) -> Facts:
    """Whether a state is among those that the declared seed leads to."""
    if seed is None:
        return _verdict(UNKNOWN, "no seed was declared to compare with")
    for renewal, candidate in zip(range(_RENEWALS), states(), strict=False):
        if candidate == words:
            drawn = f"at most {renewal * _STATE_WORDS} numbers" if renewal else "nothing"
            return _verdict(DECLARED, f"its state follows from the seed; {drawn} drawn since")
        pause()
    limit = _RENEWALS * _STATE_WORDS
    return _verdict(
        UNKNOWN, f"another seed, none, or more than {limit} numbers drawn when this was looked at"
    )


# -- what can be asked


def _torch(seed: int | None, pause: Callable[[], object]) -> Facts | None:
    torch = loaded_module("torch")
    if torch is None:
        return None
    initial = int(torch.initial_seed())
    if initial == _TORCH_UNSEEDED:
        return _verdict(NOT_SEEDED, "torch still has the seed it starts with")
    if seed is not None and initial == seed:
        return _verdict(DECLARED, "torch says that it was seeded with it")
    return {**_verdict(OTHER, "torch says that it was seeded otherwise"), "seed": str(initial)}


def _jax(seed: int | None, pause: Callable[[], object]) -> Facts | None:
    if loaded_module("jax") is None:
        return None
    return _verdict(UNKNOWN, "JAX has no global generator; keys are values of the program")


def _hash(seed: int | None, pause: Callable[[], object]) -> Facts:
    """The order of sets of texts hangs on it."""
    setting = os.environ.get("PYTHONHASHSEED")
    if sys.flags.hash_randomization and setting in (None, "", "random"):
        return _verdict(NOT_SEEDED, "PYTHONHASHSEED is not set")
    if setting is not None and setting.isdigit() and int(setting) == seed:
        return _verdict(DECLARED, "PYTHONHASHSEED is the seed")
    return _verdict(OTHER, f"PYTHONHASHSEED is {setting}")


def _flags() -> Facts:
    flags: Facts = {}
    for name, read in (("torch", _torch_flags), ("jax", _jax_flags)):
        module = loaded_module(name)
        if module is not None:
            try:
                flags[name] = read(module)
            except Exception as error:  # as above
                flags[name] = f"cannot be read: {type(error).__name__}"
    return flags


def _torch_flags(torch: Any) -> Facts:
    backends = torch.backends
    return {
        "deterministic_algorithms": bool(torch.are_deterministic_algorithms_enabled()),
        "cudnn_deterministic": bool(backends.cudnn.deterministic),
        "cudnn_benchmark": bool(backends.cudnn.benchmark),
        "cudnn_allow_tf32": bool(backends.cudnn.allow_tf32),
        "matmul_allow_tf32": bool(backends.cuda.matmul.allow_tf32),
        "threads": int(torch.get_num_threads()),
    }


def _jax_flags(jax: Any) -> Facts:
    names = (
        *("jax_enable_x64", "jax_default_prng_impl", "jax_threefry_partitionable"),
        *("jax_default_matmul_precision", "jax_platforms", "jax_disable_jit"),
    )
    return {name: getattr(jax.config, name) for name in names if hasattr(jax.config, name)}
