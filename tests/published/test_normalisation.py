"""Reference scores that others published."""

from __future__ import annotations

import json

import pytest

from orbench.normalisation import normaliser

pytestmark = pytest.mark.published


def test_atari_has_the_57_pairs_of_the_list(published):
    pairs = json.loads(published("atari_human_random_scores.json").read_text())
    atari = normaliser("atari")
    found = {env_id: atari.reference(env_id) for env_id in pairs}
    assert {env: [one.low, one.high] for env, one in found.items()} == pairs
    assert len(pairs) == len(atari.references) == 57
