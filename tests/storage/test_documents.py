"""Documents: JSON that loses nothing, kept once by hash, verified when read."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.storage.compression import compress
from orbench.storage.documents import (
    MAX_DOCUMENT_BYTES,
    DocumentError,
    StoredDocument,
    document_text,
    pack_document,
    parse_document,
    unpack_document,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
json_documents = st.dictionaries(st.text(), json_values, max_size=5)


def unpacked(stored: StoredDocument, **changed: object) -> dict[str, object]:
    row = dataclasses.replace(stored, **changed)
    return unpack_document(row.sha256, row.kind, row.size, row.data)


@given(json_documents)
def test_a_document_comes_back(document):
    assert parse_document(document_text(document)) == document
    assert unpacked(pack_document("machine", document)) == document


def test_nan_and_infinities_come_back():
    document = parse_document(document_text({"a": math.nan, "b": [math.inf, -math.inf]}))
    assert math.isnan(document["a"])
    assert document["b"] == [math.inf, -math.inf]


@given(json_documents)
def test_the_text_is_ascii_without_nul(document):
    text = document_text(document)
    assert text.isascii()
    assert "\0" not in text


def test_what_json_cannot_hold_is_kept_in_words():
    assert parse_document(document_text({"a": b"\x00bytes", "b": 1}))["b"] == 1


def test_the_order_of_keys_does_not_change_the_hash_but_the_kind_does():
    one = pack_document("machine", {"a": 1, "b": {"c": 2, "d": 3}})
    other = pack_document("machine", {"b": {"d": 3, "c": 2}, "a": 1})
    assert one == other
    assert pack_document("source", {"a": 1}).sha256 != pack_document("machine", {"a": 1}).sha256


def test_a_document_that_is_too_large_is_replaced_by_a_note():
    stored = pack_document("source", {"diff": "x" * MAX_DOCUMENT_BYTES})
    assert "more than the store keeps" in unpacked(stored)["left_out"]


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"data": b"not zstd"}, "not a zstd frame"),
        ({"data": compress(b'{"a":2}')}, "checksum"),
        ({"size": 8}, "where 8 were expected"),
        ({"size": MAX_DOCUMENT_BYTES + 1}, "at most"),
        ({"size": -1}, "at most"),
        ({"kind": "source"}, "checksum"),
    ],
)
def test_damage_is_noticed(changed, complaint):
    with pytest.raises(DocumentError, match=complaint):
        unpacked(pack_document("machine", {"a": 1}), **changed)


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", '"a"'])
def test_text_that_is_no_json_object_is_refused(text):
    with pytest.raises(DocumentError):
        parse_document(text)
