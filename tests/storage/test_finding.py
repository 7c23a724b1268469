"""Finding runs: ids by their beginning, tags, names of projects and metrics, what a store holds."""

from __future__ import annotations

import pytest

from orbench.errors import AmbiguousRunError, RunNotFoundError
from orbench.events import ConfigUpdated, RunStarted, TagsChanged
from orbench.storage import engine, open_store
from orbench.storage.resolving import edit_distance
from orbench.storage.schema import HEAD


def started(segment, *run_ids, **fields):
    for i, run_id in enumerate(run_ids):
        segment(run_id).ship(RunStarted(started=100.0 + i, **fields))


def test_an_id_is_found_by_its_beginning(store, segment):
    started(segment, "3x8ab2", "3x9cd4", "7mmmmm")
    assert store.resolve("7") == "7mmmmm"
    assert store.resolve("3x8") == "3x8ab2"
    assert store.resolve(" 3X9 ") == "3x9cd4"


def test_a_whole_id_is_found_though_another_begins_with_it(store, segment):
    started(segment, "abc", "abcdef")
    assert store.resolve("abc") == "abc"


def test_the_wildcards_of_sql_are_letters(store, segment):
    started(segment, "abc", "a_c")
    assert store.resolve("a_") == "a_c"
    with pytest.raises(RunNotFoundError):
        store.resolve("%")


def test_an_ambiguous_beginning_lists_the_candidates(store, segment):
    started(segment, *(f"ab{i}" for i in range(10)), exp_name="ppo", env_id="Taxi-v3", seed=3)
    with pytest.raises(AmbiguousRunError) as error:
        store.resolve("ab")
    assert "'ab' fits 10 runs: ab0 (ppo Taxi-v3 seed 3), " in str(error.value)
    assert "ab7" in str(error.value)
    assert "ab8" not in str(error.value)
    assert "and 2 more" in str(error.value)


def test_a_typing_mistake_gets_the_near_ids(store, segment):
    started(segment, "3x8ab2", "9z9zz9")
    with pytest.raises(RunNotFoundError, match=r"no run '3y8ab'.*did you mean 3x8ab2"):
        store.resolve("3y8ab")
    with pytest.raises(RunNotFoundError, match="orbench list"):
        store.resolve("qqqqqq")
    with pytest.raises(RunNotFoundError, match="empty"):
        store.resolve("  ")


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("abc", "axc", 1), ("ab", "xab", 1)],
)
def test_edit_distance(a, b, distance):
    assert edit_distance(a, b) == edit_distance(b, a) == distance


def test_runs_come_oldest_first_and_can_be_limited(store, segment):
    started(segment, "c", "a", "b")
    assert [run.run_id for run in store.runs()] == ["c", "a", "b"]
    assert [run.run_id for run in store.runs(limit=2)] == ["c", "a"]
    assert store.run_ids() == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("many", "at_once"), [(100, 90), pytest.param(1000, None, marks=pytest.mark.slow)]
)
def test_tags_of_many_runs(store, segment, monkeypatch, many, at_once):
    """More runs than a statement has parameters, which may have fewer than usual."""
    if at_once:
        monkeypatch.setattr(engine, "_PARAMETERS_AT_ONCE", at_once)
    for i in range(many):
        segment(f"run{i}").ship(TagsChanged(added=(f"t{i}", "all")), heartbeat=float(i + 1))
    assert [run.tags for run in store.runs()] == [("all", f"t{i}") for i in range(many)]


def test_projects_and_metric_names(store, segment, points):
    started(segment, "a", project="zoo")
    started(segment, "b", project="atari")
    started(segment, "c")
    segment("a", "x").ship(points={"loss": points(0, 1), "return": points(0, 1)})
    segment("b", "x").ship(points={"return": points(0, 1)})
    assert store.projects() == ["atari", "zoo"]
    assert store.metric_names() == {"loss": 1, "return": 2}


def test_details_of_a_run_that_is_not_there(store):
    with pytest.raises(RunNotFoundError, match="no run 'x'"):
        store.details("x")


def test_details_name_the_children(store, segment):
    started(segment, "mother")
    started(segment, "one", "two", parent_id="mother")
    assert store.details("mother").children == ("one", "two")


def test_tags_are_put_on_and_taken_off(store, segment):
    segment("a").ship(TagsChanged(added=("old",)))
    segment("b").ship(TagsChanged(added=("old", "new")))
    assert store.change_tags(["a", "b"], add=["new"], remove=[]) == 1
    assert store.change_tags(["a", "b"], remove=["old", "never there"]) == 2
    assert store.change_tags(["a", "b"], add=["new"], remove=["old"]) == 0
    assert [run.tags for run in store.runs()] == [("new",), ("new",)]


def test_tags_of_a_run_that_is_not_there_change_nothing(store, segment):
    started(segment, "a")
    with pytest.raises(RunNotFoundError):
        store.change_tags(["a", "nobody"], add=["x"])
    assert store.runs()[0].tags == ()


def test_what_a_store_holds(store, segment, points, empty_store_url):
    segment("a").ship(ConfigUpdated(values={"x": 1}), points={"m": points(0, 5000)})
    info = store.info()
    assert (info.runs, info.metrics, info.series, info.chunks, info.points) == (1, 1, 1, 2, 5000)
    assert (info.artifacts, info.artifact_bytes) == (0, 0)
    assert info.size_bytes > 10_000
    assert info.schema_version == HEAD
    assert empty_store_url.startswith(info.dialect)
    with open_store(empty_store_url) as again:
        assert again.info().store_id == info.store_id


def test_the_location_has_no_password(postgres_url):
    with open_store(postgres_url.replace("postgres:@", "postgres:secret@"), create=True) as store:
        assert "secret" not in store.location
        assert "secret" not in store.info().location
