"""Values made to fit their columns: nothing is refused, and what changes is seen."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.storage.columns import (
    fitted,
    flat_rows,
    from_null,
    small_integer,
    storable,
    to_null,
    wide_integer,
)

any_text = st.text(st.characters(codec=None), max_size=300)


@given(any_text)
def test_every_text_becomes_one_that_databases_take(text):
    kept = storable(text)
    assert "\0" not in kept
    kept.encode()


def test_ordinary_names_stay_as_they_are():
    assert fitted("charts/épisodic_return", 200) == "charts/épisodic_return"


@given(any_text, st.integers(30, 200))
def test_a_fitted_name_fits(text, limit):
    assert len(fitted(text, limit)) <= limit


def test_long_names_that_begin_alike_stay_different():
    names = {fitted("x" * 600 + str(i), 500) for i in range(10)}
    assert len(names) == 10
    assert all(name.startswith("x" * 480) for name in names)


def test_a_name_of_wide_characters_stays_below_an_index_entry():
    assert len(fitted("\U0001f600" * 450, 500).encode()) <= 1500


def test_nul_and_surrogates_are_seen():
    assert storable("a\0b\udc80") == "a\\x00b\\udc80"


@pytest.mark.parametrize("number", [0.0, -0.0, 1.5, math.inf, -math.inf])
def test_numbers_stay(number):
    assert from_null(to_null(number)) == number


def test_a_zero_loses_its_sign_as_it_does_in_sqlite():
    assert math.copysign(1, to_null(-0.0)) == 1


def test_nan_is_null_both_ways():
    assert to_null(math.nan) is None
    assert math.isnan(from_null(None))


def test_integers_that_have_too_many_bits_are_left_out():
    assert wide_integer(2**63 - 1) == 2**63 - 1
    assert wide_integer(2**63) is None
    assert small_integer(-(2**31)) == -(2**31)
    assert small_integer(2**31) is None


def test_flattened_values_are_typed():
    document = {
        "none": None,
        "on": True,
        "n": 3,
        "lr": 1e-3,
        "nan": math.nan,
        "name": "ppo",
        "net": {"layers": [64, 64]},
        "huge": 10**400,
    }
    assert flat_rows(document) == {
        "none": ("null", None, None),
        "on": ("bool", 1.0, "true"),
        "n": ("int", 3.0, "3"),
        "lr": ("float", 0.001, "0.001"),
        "nan": ("float", None, "nan"),
        "name": ("str", None, "ppo"),
        "net.layers": ("list", None, "[64, 64]"),
        "huge": ("int", None, str(10**400)[:200]),
    }


def test_an_integer_of_more_digits_than_python_writes_is_kept_in_hex():
    kind, number, text = flat_rows({"n": 10**5000})["n"]
    assert (kind, number) == ("int", None)
    assert text is not None
    assert text.startswith("0x")
