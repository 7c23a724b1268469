"""One value, written for people and for programs."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from orbench.cli.cells import Kind, for_people, for_programs, json_text, printable

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def refuse(token):
    raise AssertionError(f"{token} is not JSON")


@given(documents)
def test_json_is_strict_ascii_and_holds_the_value_exactly(document):
    text = json_text(document)
    assert text.isascii()
    assert json.loads(text, parse_constant=refuse) == for_programs(document)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_finite_float_survives_json_bit_for_bit(value):
    assert json.loads(json_text(value)) == value


def test_json_writes_nan_and_infinities_as_strings_that_float_reads_back():
    written = json.loads(json_text([math.nan, math.inf, -math.inf]))
    assert written == ["NaN", "Infinity", "-Infinity"]
    assert [math.isnan(float(written[0])), float(written[1]), float(written[2])] == [
        True,
        math.inf,
        -math.inf,
    ]


@given(st.text())
def test_nothing_printed_for_people_can_drive_a_terminal_or_break_a_line(text):
    assert printable(text).isprintable()


def test_an_escape_sequence_is_shown_not_sent():
    assert printable("\x1b[2Jgone\n") == "\\x1b[2Jgone\\n"


def test_times_are_utc_for_people_and_iso_8601_to_the_microsecond_for_programs():
    assert for_people(0.25, Kind.TIME) == "1970-01-01 00:00:00"
    assert for_programs(0.25, Kind.TIME) == "1970-01-01T00:00:00.250000Z"


def test_durations_and_sizes_are_rounded_for_people_only():
    assert [for_people(s, Kind.DURATION) for s in (0.04, 59.94, 61, 3600, 90_000)] == [
        "0.0s",
        "59.9s",
        "1m01s",
        "1h00m",
        "1d01h",
    ]
    assert [for_people(n, Kind.SIZE) for n in (0, 1023, 1024, 5 * 2**20, 2**41)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "5.0 MiB",
        "2.0 TiB",
    ]
    assert for_programs(61.125, Kind.DURATION) == 61.125
    assert for_programs(1025, Kind.SIZE) == 1025


def test_people_see_six_digits_words_for_booleans_and_nothing_for_none():
    assert [for_people(value) for value in (1 / 3, 1e-9, True, None, ("a", "b"), {"k": 1})] == [
        "0.333333",
        "1e-09",
        "true",
        "",
        "a, b",
        '{"k": 1}',
    ]
