"""Files of references: the same table in CSV, JSON and TOML, and one line for what is wrong."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import UsageError
from orbench.normalisation import Reference, read_table


@pytest.fixture
def read(tmp_path):
    def written(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_table(path)

    return written


TOML = """
name = "grid"
version = "2"
meaning = "0 is random play, 1 the shortest path"
source = "our report"
namespaces = ["Grid"]
[references]
Maze = [-50, 90.5]
Taxi = {low = -770.0, high = 8.0}
[[family]]
envs = ["Room-small", "Room-large"]
versions = ["v1"]
range = [0.0, 1.0]
source = "the second edition"
"""


def test_a_toml_file_has_everything(read):
    grid = read("x.toml", TOML)
    assert grid.caption == (
        "by grid (version 2): 0 is random play, 1 the shortest path. Source: our report"
    )
    assert grid.reference("Grid/Maze-v3") == Reference(-50.0, 90.5)
    assert grid.reference("Taxi") == Reference(-770.0, 8.0)
    assert grid.reference("Room-large-v1") == Reference(0.0, 1.0, ("v1",), "the second edition")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", "env,low,high\nMaze-v4,-50,90.5\nTaxi,0,8\n"),
        ("x.csv", "\ufeffenv,random,human,comment\nMaze-v4,-50,90.5,hi\nTaxi,0,8,\n"),
        ("x.json", '{"Maze-v4": [-50, 90.5], "Taxi": {"min": 0, "max": 8}}'),
        ("x.json", '{"references": {"Maze-v4": [-50, 90.5], "Taxi": [0, 8]}}'),
        ("x.TOML", "[references]\n'Maze-v4' = [-50, 90.5]\nTaxi = {random=0, human=8}\n"),
    ],
)
def test_a_bare_list_of_references_is_enough(read, name, text):
    one = read(name, text)
    assert (one.name, one.version) == ("x", "")
    assert one.caption.endswith(f"Source: the file {name}")
    for env_id in ("Maze-v5", "MazeNoFrameskip-v4", "ALE/Maze-v5"):
        assert one.reference(env_id) == Reference(-50.0, 90.5)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.txt", "", r"references come from .csv, .json, .toml files"),
        ("x.csv", "env,low\nA,1\n", "needs the columns env, low and high; it has env, low"),
        ("x.csv", "env,low,high\nA,1,two\n", "reference of A must be two numbers, not 'two'"),
        ("x.csv", "env,low,high\nA,1\n", "reference of A must be two numbers, not 'None'"),
        ("x.csv", "env,low,high\nA,1,nan\n", "reference of A must be two finite numbers"),
        ("x.csv", "env,low,high\nA,1,2\nA,1,3\n", "line 3: A again"),
        ("x.csv", "env,low,high\n,1,2\n", "a row has no env"),
        ("x.csv", "env,low,high\n", "has no reference"),
        ("x.csv", "", "needs the columns"),
        ("x.json", "[1, 2]", "must be an object"),
        ("x.json", "{", "Expecting property name"),
        ("x.json", '{"A": [1, 2], "A": [1, 3]}', "'A' is there twice"),
        ("x.json", '{"A": [1, 1]}', "A has no range: low and high are both 1"),
        ("x.json", '{"A": [1, NaN]}', "two finite numbers"),
        ("x.json", '{"A": [1, 1e999]}', "two finite numbers"),
        ("x.json", '{"A": [1, 1' + 400 * "0" + "]}", "two finite numbers"),
        ("x.json", '{"A": [1, true]}', "two finite numbers"),
        ("x.json", '{"A": "high"}', "two finite numbers"),
        ("x.json", '{"A-v1": [0, 1], "A-v2": [0, 2]}', "A-v1 and A-v2 are one env"),
        ("x.json", "[" * 100_000, "nested too deeply"),
        ("x.json", b"\xff", "can't decode"),
        ("x.toml", "a = ", "Invalid value"),
        ("x.toml", "[references]\nA = [0, 1]\n[more]\n", "'more' is not known here"),
        ("x.toml", "versoin = '1'\n[references]\nA = [0, 1]\n", "did you mean version"),
        ("x.toml", "version = 1\n[references]\nA = [0, 1]\n", "'version' is text"),
        ("x.toml", "closed = 1\n[references]\nA = [0, 1]\n", "'closed' is true or false"),
        ("x.toml", "prefixes = 'a'\n[references]\nA = [0, 1]\n", "'prefixes' is a list of texts"),
        ("x.toml", "references = 3\n", "'references' maps names"),
        ("x.toml", "family = 3\n", "'family' is a list"),
        ("x.toml", "[[family]]\nenvs = ['A']\n", "a family has 'envs' and a 'range'"),
        ("x.toml", "[references]\nA = [0, 1]\n[[family]]\nenvs=['A']\nrange=[0, 2]\n", "A has two"),
        ("x.toml", "[[family]]\nenvs=['A', 'A']\nrange=[0, 2]\n", "A has two references"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_that_names_the_file(read, name, text, message):
    with pytest.raises(UsageError, match=message) as error:
        read(name, text)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_too_large(tmp_path):
    with pytest.raises(UsageError, match=r"gone.csv: cannot be read: No such file"):
        read_table(tmp_path / "gone.csv")
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(5 * 2**20)
    with pytest.raises(UsageError, match="has at most 4194304 bytes"):
        read_table(large)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["references", "family", "envs", "range", "low", "high", "A", "name"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_document_gives_a_table_or_one_line(tmp_path_factory, document):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(document))
    with contextlib.suppress(UsageError):
        one = read_table(path)
        assert all(found.low != found.high for found in one.references.values())
