"""Rows as columns: the same values as when each row is parsed by itself, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.importers import wandb_items
from orbench.importers.wandb_columns import Columns, LastValues
from orbench.importers.wandb_content import gather
from orbench.importers.wandb_items import blocks
from orbench.importers.wandb_record import WireError, record_part, removals, scan_items
from orbench.importers.wandb_series import series_of

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
    """The same by `Columns`, out of whole records."""
    columns = Columns()
    for messages in blocks([b"\x08\x81\x01" + part(2, record) for record in records]):
        columns.add_messages(messages.of_kind(2))
    columns.close()
    found = {}
    for raw, parts in columns.parts.items():
        assert all((part.rows[1:] > part.rows[:-1]).all() for part in parts)
        pairs = [pair for one in parts for pair in zip(one.rows.tolist(), one.texts(), strict=True)]
        found[raw] = sorted(pairs)
    assert columns.rows == len(records)
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


def test_more_keys_than_are_told_apart_one_by_one_are_no_harm() -> None:
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


def test_many_blocks_are_as_one(monkeypatch) -> None:
    monkeypatch.setattr(wandb_items, "_AT_ONCE", 7)
    records = [row(((b"step",), b"%d" % n), ((b"key%d" % (n % 5),), b"2")) for n in range(50)]
    assert as_columns(records) == each_by_itself(records)
    monkeypatch.setattr(wandb_items, "_BYTES_AT_ONCE", 1)
    assert as_columns(records) == each_by_itself(records)


def test_keys_with_one_hash_are_still_two(monkeypatch) -> None:
    monkeypatch.setattr(wandb_items, "_MIX", wandb_items._MIX * 0)
    # Their first eight bytes differ, and count for nothing.
    records = [row(((b"metric-%d-of-many" % n,), b"1")) for n in range(3)]
    assert as_columns(records) == each_by_itself(records)


def test_numbers_are_read_to_the_bit_however_they_are_written() -> None:
    texts = ["-0", "0", "-0.0", "1e400", "-1e400", "NaN", "5e-324", "9007199254740993", "1E5"]
    for chosen in (texts, texts[:3], texts[5:], ["1.0", "2", "-3e-7", "0.1", "123456789012345678"]):
        records = [part(2, row(((b"x",), text.encode()))) for text in chosen]
        values = series_of(gather(records), "a", None, 0.0).points["x"].values
        assert list(map(repr, values.tolist())) == [repr(float(text)) for text in chosen]


def test_texts_that_make_a_list_together_are_no_numbers() -> None:
    for chosen in (["1,2", "3"], ["1", "2,3"], ["[1", "2]"], ["1", ""], ["1,2"], ["true", "1"]):
        records = [part(2, row(((b"x",), text.encode()))) for text in chosen]
        series = series_of(gather(records), "a", None, 0.0)
        numbers = [float(text) for text in chosen if text in ("1", "3")]
        if chosen[0] == "true":
            numbers = [1.0, 1.0]
        found = series.points["x"].values.tolist() if "x" in series.points else []
        assert found == numbers
        assert len(found) + sum(series.left_out.values()) == len(chosen)


def test_a_column_of_empty_values_holds_no_numbers() -> None:
    for key in (b"x", b"k" * 130):
        series = series_of(gather([part(2, row(((key,), b"")))]), "a", None, 0.0)
        assert (series.points, dict(series.left_out)) == ({}, {"text": 1})


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


def one_after_the_other(records):
    """The last values, as each record in its turn leaves them."""
    values = {}
    for record in records:
        values |= scan_items(record, 0, len(record))
        for first, last in removals(record, 0, len(record)):
            values.pop(record[first:last], None)
    return values


summaries = st.lists(
    st.one_of(
        st.builds(
            lambda names, values, gone: (
                b"".join(map(item, values, names)) + b"".join(part(2, part(1, key)) for key in gone)
            ),
            keys,
            st.lists(texts, min_size=3, max_size=3),
            st.lists(st.sampled_from([b"a", b"bb", b"c"]), max_size=2),
        ),
        st.binary(max_size=20),
    ),
    max_size=12,
)


@given(summaries)
@settings(max_examples=150)
def test_last_values_are_those_that_each_update_in_its_turn_leaves(records) -> None:
    try:
        expected = one_after_the_other(records)
    except WireError:
        expected = None
    found = LastValues()
    try:
        for messages in blocks([part(3, record) for record in records]):
            found.add_messages(messages.of_kind(3))
    except WireError:
        assert expected is None
    else:
        assert found.values == expected


@given(st.lists(st.binary(max_size=60), max_size=8))
@settings(max_examples=150)
def test_messages_lie_where_each_record_says(records) -> None:
    try:
        expected = [record_part(one) for one in records]
    except WireError:
        expected = None
    found = []
    try:
        for messages in blocks(records):
            found += [(kind, messages.data[start:end]) for kind, start, end in messages.spans()]
    except WireError:
        found = None
    if expected is None or found is None:
        assert found is expected is None
        return
    told = zip(records, expected, strict=True)
    assert [one for one in found if one[0]] == [
        (kind, record[start:end]) for record, (kind, start, end) in told if kind
    ]
