"""YAML as data: what PyYAML loads safely, and of the tags of Python's dumpers the data alone."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.errors import ImportFileError
from orbench.importers.yaml_text import parse_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"))
KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=8
)


@settings(max_examples=50)
@given(st.dictionaries(KEYS, VALUES), st.sampled_from([None, False, True]))
def test_what_pyyaml_dumps_is_read_as_pyyaml_reads_it(document, flow):
    text = yaml.dump(document, default_flow_style=flow, allow_unicode=True)
    assert parse_yaml(text, "a.yml") == yaml.safe_load(text)


@settings(max_examples=50)
@given(st.text(alphabet="ab:-?,[]{}&*!|>'\"#% \n\t01.~<"))
def test_any_text_is_data_or_one_clear_line(text):
    said = "a.yml: line "
    try:
        parse_yaml(text, "a.yml")
    except ImportFileError as error:
        said = str(error)
    assert said.startswith("a.yml: line ")
    assert "\n" not in said


@pytest.mark.parametrize("text", ["a: \0", "a: \ud800", "\x01"])
def test_characters_that_yaml_does_not_have(text):
    with pytest.raises(ImportFileError, match=r"^a\.yml: has characters that YAML does not have$"):
        parse_yaml(text, "a.yml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1 # a comment\n# another\nb: [1, 2.5, x y]\n", {"a": 1, "b": [1, 2.5, "x y"]}),
        ("a: 1e-3\nb: .inf\nc: 1.0e+6\n", {"a": "1e-3", "b": float("inf"), "c": 1e6}),
        ("a: {b: yes, c: [], d: }\n", {"a": {"b": True, "c": [], "d": None}}),
        ("a:\n- 1\n-\n  - 2\n", {"a": [1, [2]]}),
        ("a: !!python/tuple\n- 1\n- 2\n", {"a": [1, 2]}),
        ("a: !!python/name:torch.nn.ReLU ''\n", {"a": "torch.nn.ReLU"}),
        (
            "!!python/object/apply:collections.OrderedDict\n- - - a\n    - 1\n",
            {"a": 1},
        ),
        ("a: &id001 [1]\nb: *id001\n", {"a": [1], "b": [1]}),
        ("a: |\n  one\n  two\nb: >-\n  one\n  two\n", {"a": "one\ntwo\n", "b": "one two"}),
        (
            "a: &a {x: 1, y: 1}\nb:\n  <<: *a\n  y: 2\n",
            {"a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 2}},
        ),
        ("a:\n  <<: [{x: 1}, {x: 2, y: 2}]\n", {"a": {"x": 1, "y": 2}}),
        ("1: a\ntrue: b\n? c\n: d\n", {"1": "a", "true": "b", "c": "d"}),
        (
            "a: 2020-01-01\nb: 1:30\nc: 0x10\nd: 017\n",
            {"a": "2020-01-01", "b": "1:30", "c": 16, "d": 15},
        ),
        ("a: !!float 3\nb: !!str 3\nc: !mine 3\n", {"a": 3.0, "b": "3", "c": {"!mine": "3"}}),
        ("--- 5\n...\n", 5),
        ("", None),
    ],
)
def test_forms_of_yaml(text, value):
    assert parse_yaml(text, "a.yml") == value


def test_a_tag_runs_nothing(tmp_path):
    path = tmp_path / "made"
    text = f"a: !!python/object/apply:os.system ['touch {path}']\n"
    assert parse_yaml(text, "a.yml") == {"a": {"python/object/apply:os.system": [f"touch {path}"]}}
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: *b\n", "line 2: nothing is called 'b' in this YAML"),
        ("a: &a [*a]\n", "line 1: nothing is called 'a'"),
        ("a: 'x\n", "line 2: this is no YAML: found unexpected end of stream"),
        ("a: [1, 2\n", "line 2: this is no YAML: did not find expected ',' or ']'"),
        ("a: 1\n b: 2\n", "line 2: this is no YAML: mapping values are not allowed"),
        ("a: 1\n--- 2\n", "line 2: a second document is not read"),
        ("? [a]\n: 1\n", "line 1: a key that is no text is not read"),
        ("<<: 1\n", "line 1: '<<' stands for what is no mapping"),
        ("a: !!int x\n", "line 1: 'x' is no int"),
        ("- " * 100 + "1", "60 levels"),
        ("[" * 100, "60 levels"),
    ],
)
def test_what_is_not_read_is_named_by_its_line(text, said):
    with pytest.raises(ImportFileError) as caught:
        parse_yaml(text, "a.yml")
    assert said in str(caught.value)


def test_aliases_that_multiply_have_a_limit():
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(ImportFileError, match="more than 200,000 values"):
        parse_yaml("\n".join(lines), "a.yml")
