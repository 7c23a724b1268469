"""Configs: what normalise keeps and says; the laws of flatten, unflatten, merge, config_hash."""

import argparse
import collections
import dataclasses
import datetime
import enum
import math
import random
import subprocess
import sys
import uuid
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.config import config_hash, flatten, merge, normalise, unflatten
from orbench.errors import UsageError

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text()
documents = st.dictionaries(
    st.text(max_size=8) | st.sampled_from([".", "a.b", "\\", "\\.", "", "\\e", "a", "b"]),
    st.recursive(
        scalars | st.lists(scalars, max_size=3),
        lambda inner: st.dictionaries(st.sampled_from(["a", "b", "a.b", "", "\\"]), inner),
        max_leaves=8,
    ),
    max_size=5,
)

ODD_TYPES = [complex, bytes, bytearray, range, slice, set[int], frozenset[str], Decimal, Fraction]
ODD_TYPES += [datetime.datetime, datetime.timedelta, uuid.UUID, tuple[int, ...], type]


def same(left, right):
    """Equal, with NaN equal to NaN and 1 different from True and 1.0."""
    return repr(left) == repr(right)


def reordered(document):
    """The same document with the keys of every mapping in another order."""
    if not isinstance(document, dict):
        return document
    keys = sorted(document, reverse=True)
    random.Random(len(keys)).shuffle(keys)
    return {key: reordered(document[key]) for key in keys}


class Color(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 3


@dataclasses.dataclass
class Optim:
    lr: float = 0.1
    betas: tuple = (0.9, 0.99)


class Point(NamedTuple):
    x: int
    y: int


class TestNormalise:
    @given(documents)
    def test_a_document_of_json_values_is_kept_as_it_is(self, document):
        kept, notes = normalise(document)
        assert same(kept, document)
        assert notes == {}

    def test_floats_keep_nan_and_infinities(self):
        kept, notes = normalise({"nan": math.nan, "inf": math.inf, "low": -math.inf})
        assert math.isnan(kept["nan"])
        assert (kept["inf"], kept["low"], notes) == (math.inf, -math.inf, {})

    @pytest.mark.parametrize(
        "config",
        [
            Optim(),
            SimpleNamespace(lr=0.1, betas=(0.9, 0.99)),
            argparse.Namespace(lr=0.1, betas=(0.9, 0.99)),
            collections.OrderedDict(lr=0.1, betas=[0.9, 0.99]),
        ],
        ids=["dataclass", "SimpleNamespace", "argparse", "OrderedDict"],
    )
    def test_whatever_has_named_fields_becomes_a_mapping(self, config):
        assert normalise(config) == ({"lr": 0.1, "betas": [0.9, 0.99]}, {})

    def test_pydantic_and_attrs_models_become_mappings(self):
        pydantic = pytest.importorskip("pydantic")
        attr = pytest.importorskip("attr")
        model = pydantic.create_model("Model", lr=(float, 0.1))()
        made = attr.make_class("Made", {"model": attr.ib()})(model)
        assert normalise(made) == ({"model": {"lr": 0.1}}, {})

    def test_named_tuples_keep_their_names(self):
        assert normalise({"p": Point(1, 2)}) == ({"p": {"x": 1, "y": 2}}, {})

    @pytest.mark.parametrize(
        ("value", "kept"),
        [
            (np.float64(0.1), 0.1),
            (np.float32(0.5), 0.5),
            (np.int64(7), 7),
            (np.uint8(255), 255),
            (np.bool_(True), True),
            (np.str_("a"), "a"),
            (np.array(2.5), 2.5),
        ],
        ids=repr,
    )
    def test_numpy_scalars_become_python_values_without_a_note(self, value, kept):
        document, notes = normalise({"v": value})
        assert same(document, {"v": kept})
        assert type(document["v"]) is type(kept)
        assert notes == {}

    def test_jax_scalars_and_arrays_become_python_values(self):
        jnp = pytest.importorskip("jax.numpy")
        document, notes = normalise({"s": jnp.float32(0.5), "a": jnp.arange(3)})
        assert document == {"s": 0.5, "a": [0, 1, 2]}
        assert list(notes) == ["a"]

    def test_small_arrays_become_lists_and_large_ones_their_shape(self):
        document, notes = normalise({"small": np.array([[1, 2]]), "large": np.zeros((100, 100))})
        assert document["small"] == [[1, 2]]
        assert document["large"] == "ndarray(shape=(100, 100), dtype=float64)"
        assert "10000 values" in notes["large"]

    @pytest.mark.parametrize(
        ("value", "kept", "said"),
        [
            (Color.RED, "red", "enum"),
            ({3, 1, 2}, [1, 2, 3], "sorted list"),
            (b"\x00\x01", "AAE=", "base64"),
            (datetime.date(2026, 1, 2), "2026-01-02", "ISO 8601"),
            (datetime.timedelta(minutes=1), 60.0, "seconds"),
            (2**70, str(2**70), "beyond 64 bits"),
            (1 + 2j, "(1+2j)", "complex"),
            (math.sin, "math.sin", "function"),
            (Path, f"{Path.__module__}.Path", "class"),
            (range(3), "range(0, 3)", "range"),
            ("a\ud800", "a\\ud800", "surrogates"),
        ],
        ids=repr,
    )
    def test_what_json_cannot_hold_is_kept_with_a_note(self, value, kept, said):
        document, notes = normalise({"a": {"b": value}})
        assert same(document, {"a": {"b": kept}})
        assert said in notes["a.b"]

    def test_int_enums_and_paths_need_no_note(self):
        assert normalise({"s": Size.BIG, "p": Path("x/y")}) == ({"s": 3, "p": "x/y"}, {})

    def test_a_repr_has_no_memory_address_in_it(self):
        class Thing:
            pass

        first, _ = normalise({"t": Thing()})
        second, _ = normalise({"t": Thing()})
        assert config_hash(first) == config_hash(second)

    def test_keys_that_are_not_text_become_text_and_never_collide(self):
        document, notes = normalise({1: "int", "1": "text", (2, 3): "tuple"})
        assert sorted(document.values()) == ["int", "text", "tuple"]
        assert document["1"] == "int"
        assert "kept as text" in notes["1"]

    def test_a_value_that_has_no_names_is_kept_under_value(self):
        document, notes = normalise([1, 2])
        assert document == {"value": [1, 2]}
        assert "list" in notes["value"]

    def test_a_config_that_holds_itself_is_cut_there(self):
        config: dict = {"a": 1}
        config["self"] = config
        config["list"] = [config]
        document, notes = normalise(config)
        assert document["a"] == 1
        assert "refers back" in notes["self"]
        assert "refers back" in notes["list"]

    def test_the_same_value_twice_is_no_cycle(self):
        shared = {"x": 1}
        assert normalise({"a": shared, "b": shared}) == ({"a": shared, "b": shared}, {})

    def test_depth_and_size_have_caps_that_are_stated(self):
        deep: dict = {}
        for _ in range(100_000):
            deep = {"d": deep}
        _, notes = normalise({"deep": deep})
        assert any("deeper" in note for note in notes.values())
        document, notes = normalise({"long": list(range(100_000)), "text": "x" * 1_000_000})
        assert len(document["long"]) < 30_000
        assert "left out" in notes["long"]
        document, notes = normalise({"text": "x" * 1_000_000})
        assert len(document["text"]) < 100_000
        assert "1000000 characters" in notes["text"]

    def test_nothing_a_value_does_makes_it_raise(self):
        class Hostile:
            def __getattribute__(self, name):
                raise SystemExit(f"no {name}")

            def __repr__(self):
                raise RecursionError

        class HostileMapping(Mapping):
            def __iter__(self):
                return iter(["a", "b"])

            def __len__(self):
                raise ValueError

            def __getitem__(self, key):
                if key == "a":
                    return 1
                raise MemoryError

            def __repr__(self):
                raise SystemExit

        document, notes = normalise(
            {"h": Hostile(), "m": HostileMapping(), "l": [Hostile()], Hostile: 1, "ok": 1}
        )
        assert document["ok"] == 1
        assert document["m"] == {"a": 1, "b": None}
        assert {"h", "m.b", "l"} <= set(notes)
        assert normalise(Hostile())[0] == {"value": "<Hostile>"}

    def test_ctrl_c_passes_through(self):
        class Interrupting:
            def __repr__(self):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            normalise({"a": Interrupting()})

    @given(st.dictionaries(st.text(), st.one_of(map(st.from_type, ODD_TYPES)), max_size=3))
    def test_whatever_comes_out_can_be_written_to_a_journal(self, config):
        document, notes = normalise(config)
        assert same(msgspec.msgpack.decode(msgspec.msgpack.encode(document)), document)
        msgspec.msgpack.encode(notes)

    def test_it_imports_nothing_heavy(self):
        code = (
            "import sys, orbench.config as c; c.normalise({'a': object()});"
            "print([m for m in ('numpy', 'argparse', 'psutil', 'pydantic') if m in sys.modules])"
        )
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert out.stdout.strip() == "[]", out.stderr


class TestFlatten:
    @given(documents)
    def test_unflatten_is_its_inverse(self, document):
        assert same(unflatten(flatten(document)), document)

    @given(documents)
    def test_no_value_is_a_mapping(self, document):
        assert not any(isinstance(value, Mapping) for value in flatten(document).values())

    def test_keys_are_dotted_and_literal_dots_escaped(self):
        document = {"optim": {"lr": 1}, "a.b": {"c": 2}, "none": {}}
        assert flatten(document) == {"optim.lr": 1, "a\\.b.c": 2, "none.": None}

    def test_a_key_that_is_value_and_mapping_is_refused(self):
        with pytest.raises(UsageError, match=r"a\.b"):
            unflatten({"a": 1, "a.b": 2})
        with pytest.raises(UsageError, match="'a'"):
            unflatten({"a.b": 2, "a": 1})


class TestMerge:
    @given(documents)
    def test_nothing_merged_changes_nothing(self, document):
        assert same(merge(document, {}), document)
        assert same(merge({}, document), document)

    @given(documents, documents)
    def test_a_second_time_changes_nothing(self, base, update):
        once = merge(base, update)
        assert same(merge(once, update), once)

    @given(documents, documents)
    def test_the_update_wins_and_the_rest_stays(self, base, update):
        merged = merge(base, update)
        for key, value in flatten(update).items():
            if not key.endswith("."):
                assert same(flatten(merged)[key], value)
        assert set(merged) == set(base) | set(update)
        assert all(same(merged[key], base[key]) for key in set(base) - set(update))

    def test_the_result_shares_nothing_with_what_was_merged(self):
        base, update = {"a": {"x": [1]}}, {"b": {"y": [2]}}
        merged = merge(base, update)
        merged["a"]["x"].append(9)
        merged["b"]["y"].append(9)
        assert (base, update) == ({"a": {"x": [1]}}, {"b": {"y": [2]}})


class TestConfigHash:
    @given(documents)
    def test_the_order_of_keys_does_not_matter(self, document):
        assert config_hash(reordered(document)) == config_hash(document)

    def test_types_matter_and_nan_is_itself(self):
        hashes = [config_hash({"a": value}) for value in (1, 1.0, True, "1", None, [1], math.nan)]
        assert len(set(hashes)) == len(hashes)
        assert config_hash({"a": math.nan}) == config_hash({"a": float("nan")})
