"""Rows as columns: the same values as when each row is parsed by itself, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.importers.wandb_columns import Columns
from orbench.importers.wandb_record import WireError, scan_items

from .test_wandb_files import item, part

STEP = part(2, b"\x08\x05")


def each_by_itself(records):
    """For each key the rows that have it, with their values."""
    found = {}
    for row, record in enumerate(records):
        for raw, text in scan_items(record, 0, len(record)).items():
            found.setdefault(raw, []).append((row, text))
    return found


def as_columns(records):
    columns = Columns()
    for row, record in enumerate(records):
        columns.add_record(row, b"before" + record + b"after", 6, 6 + len(record))
    columns.settle()
    found = {}
    for raw, parts in columns.parts().items():
        assert all((part.rows[1:] > part.rows[:-1]).all() for part in parts)
        pairs = [pair for one in parts for pair in zip(one.rows.tolist(), one.texts, strict=True)]
        found[raw] = sorted(pairs)
    return found


def row(*values, after=b""):
    return b"".join(item(text, *keys) for keys, text in values) + after


def test_rows_of_one_shape_are_columns() -> None:
    records = [
        row(((b"loss",), b"%d.5" % n), ((b"a", b"b"), b'"NaN"'), after=STEP) for n in range(50)
    ]
    found = as_columns(records)
    assert found == each_by_itself(records)
    assert [text for _, text in found[part(1, b"loss")]] == [b"%d.5" % n for n in range(50)]


def test_rows_of_several_shapes_are_put_together_in_order() -> None:
    records = [
        row(((b"step",), b"%d" % n), ((b"loss" if n % 3 else b"return",), b"%d" % -n))
        for n in range(60)
    ]
    assert as_columns(records) == each_by_itself(records)


def test_more_shapes_than_are_kept_are_no_harm() -> None:
    records = [row(((b"step",), b"1"), ((b"key%d" % (n % 70),), b"2")) for n in range(300)]
    assert as_columns(records) == each_by_itself(records)


@pytest.mark.parametrize(
    "odd",
    [
        row(((b"x",), b"1"), ((b"y",), b"z" * 120)),  # a length of two bytes
        row(((b"x",), b"1"), ((b"y",), b"z" * 70_000)),
        row(((b"x",), b"1"), ((b"y",), "é".encode() * 9)),
        row(((b"x",), b"1"), ((b"y",), b"a\nb")),  # no JSON, but a value
        row(((b"x",), b"1"), ((b"y",), b"")),
        row(((b"y",), b"1"), ((b"x",), b"2")),
        row(((b"x",), b"1"), ((b"x",), b"2"), ((b"y",), b"3")),
        row(((b"x",), b"1"), ((b"y",), b"2"), after=STEP + part(3, b"more")),
        row(((b"x",), b"1"), ((b"y",), b"2"), after=b"\x18\x05"),
        b"",
    ],
)
def test_a_row_that_is_unlike_the_others_is_read_as_it_is(odd) -> None:
    like = [row(((b"x",), b"1"), ((b"y",), b"2")), row(((b"x",), b"3"), ((b"y",), b"4"))]
    records = [*like, odd, *like]
    assert as_columns(records) == each_by_itself(records)


def test_lengths_are_believed_over_what_seems_to_end_a_value() -> None:
    like = row(((b"x",), b"11"), ((b"y",), b"2"))
    # The value of x has one byte, and behind it a field 6 of its own begins: b"1" is its tag.
    inner = part(1, b"x") + b"\x82\x01\x01" + b"1" + b"1"
    odd = part(1, inner) + item(b"2", b"y")
    with pytest.raises(WireError):
        each_by_itself([odd])
    with pytest.raises(WireError):
        as_columns([like, odd, like])


keys = st.lists(st.sampled_from([b"a", b"bb", b"a/b", "ü".encode(), b"k" * 130]), max_size=3)
texts = st.one_of(
    st.sampled_from([b"1", b"0.5", b"-1e300", b'"NaN"', b"null", b"1\n2", b"\x12\x02\x08\x01"]),
    st.binary(max_size=140),
)
rows = st.lists(
    st.one_of(
        st.builds(
            lambda names, values, step: b"".join(map(item, values, names)) + step,
            keys,
            st.lists(texts, min_size=3, max_size=3),
            st.sampled_from([b"", STEP, part(2, b""), part(2, b"\x08\x80\x80\x01")]),
        ),
        st.binary(max_size=40),
    ),
    max_size=12,
)


@given(rows)
@settings(max_examples=200)
def test_any_rows_are_read_as_each_by_itself(records) -> None:
    try:
        expected = each_by_itself(records)
    except WireError:
        expected = None
    try:
        found = as_columns(records)
    except WireError:
        found = None
    assert found == expected
