"""Names made to fit: none wider than its place, none like another, none broken within a word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from orbench.plotting.fitting import broken, fitted, inches_of

SIZE = 7.5


def test_a_name_with_room_stays_as_it_is():
    assert fitted(Figure(), ["ppo", "sac > dqn"], 3, SIZE) == ["ppo", "sac > dqn"]


def test_a_long_name_keeps_its_ends():
    (shown,) = fitted(Figure(), ["proximal-" * 10 + "end"], 1, SIZE)
    assert shown.startswith("prox")
    assert shown.endswith("end")
    assert inches_of(Figure(), shown, SIZE) <= 1


def test_names_that_differ_in_the_middle_can_be_told_apart():
    names = [
        f"rainbow_{which}_noisy_networks_and_distributional_heads" for which in ("with", "without")
    ]
    first, second = fitted(Figure(), names, 1.2, SIZE)
    assert "with_" in first
    assert "without" in second


def test_a_name_is_shown_alike_in_every_pair_it_is_in():
    names = [
        f"rainbow_{which}_noisy_networks_and_distributional_heads" for which in ("with", "without")
    ]
    shown = fitted(Figure(), [f"{names[0]}\n> {names[1]}", *names], 1.2, SIZE)
    assert shown[0] == f"{shown[1]}\n> {shown[2]}"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("ab-_", min_size=1, max_size=40), min_size=2, max_size=6, unique=True))
def test_different_names_are_never_shown_alike(names):
    shown = fitted(Figure(), names, 0.6, SIZE)
    assert len(set(shown)) == len(names)


@pytest.mark.parametrize(
    ("text", "letters", "lines"),
    [
        ("ppo", 8, ["ppo"]),
        ("noisy_networks_and_heads", 15, ["noisy_networks_", "and_heads"]),
        ("a variant (n=3)", 9, ["a variant", "(n=3)"]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
    ],
)
def test_a_text_is_broken_between_the_parts_of_a_name(text, letters, lines):
    assert broken(text, letters).split("\n") == lines


@given(st.text("ab-_ /", min_size=1, max_size=60), st.integers(1, 20))
def test_nothing_is_lost_where_a_text_is_broken(text, letters):
    lines = broken(text, letters)
    assert lines.replace("\n", "").replace(" ", "") == text.replace(" ", "")
    assert max(map(len, lines.split("\n"))) <= letters or " " in text
