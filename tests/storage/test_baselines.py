"""Named baselines: kept by name, whatever becomes of the runs."""

from __future__ import annotations

import math

import pytest

from orbench.errors import BaselineNotFoundError


def test_a_baseline_comes_back_as_it_was_saved(store):
    document = {"metric": "return", "scores": [1.5, -0.1, math.inf], "nested": {"n": 2**70}}
    assert not store.save_baseline("v1", document)
    assert store.baseline("v1") == document


def test_a_name_saved_again_holds_the_later_document(store):
    store.save_baseline("v1", {"n": 1})
    assert store.save_baseline("v1", {"n": 2})
    assert store.baseline("v1") == {"n": 2}


def test_baselines_are_listed_by_name(store):
    for name in ("v2", "v1"):
        store.save_baseline(name, {})
    assert list(store.baselines()) == ["v1", "v2"]
    assert all(saved > 1.7e9 for saved in store.baselines().values())


def test_a_name_that_is_not_there_is_told_with_near_ones(store):
    with pytest.raises(BaselineNotFoundError, match="none is saved yet"):
        store.baseline("v1")
    store.save_baseline("ppo-v1", {})
    with pytest.raises(BaselineNotFoundError, match="did you mean ppo-v1"):
        store.baseline("ppo-v2")
    with pytest.raises(BaselineNotFoundError, match="there are ppo-v1"):
        store.remove_baseline("zzz")


def test_a_baseline_is_removed(store):
    store.save_baseline("v1", {})
    store.remove_baseline("v1")
    assert store.baselines() == {}
