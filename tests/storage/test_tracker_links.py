"""Links of runs to trackers: one for each run and tracker, kept as long as the run."""

from __future__ import annotations

import pytest

from orbench.errors import RunNotFoundError
from orbench.events import ConfigUpdated
from orbench.run_store import TrackerLink

HERE, THERE = "mlflow://127.0.0.1:5000/demo", "wandb://api.wandb.ai/team/demo"


def link(run_id, tracker=HERE, updated=1.0, **document):
    return TrackerLink(run_id, tracker, document, updated)


@pytest.fixture
def two_runs(segment):
    for run_id in ("run1", "run2"):
        segment(run_id).ship(ConfigUpdated(values={"lr": 0.1}))


def test_a_link_comes_back_as_it_was_kept(store, two_runs):
    kept = link("run1", id="abc", points={"loss": 7}, seen=[1, None, 2**70])
    store.link_tracker(kept)
    assert store.tracker_links() == [kept]


def test_a_later_link_takes_the_place_of_the_one_there(store, two_runs):
    store.link_tracker(link("run1", n=1))
    store.link_tracker(link("run1", n=2))
    assert [found.document for found in store.tracker_links()] == [{"n": 2}]


def test_links_are_found_by_run_and_by_tracker(store, two_runs):
    links = [link("run1"), link("run1", THERE), link("run2", THERE)]
    for each in reversed(links):
        store.link_tracker(each)
    assert store.tracker_links() == links
    assert store.tracker_links(["run1"]) == links[:2]
    assert store.tracker_links(tracker=THERE) == links[1:]
    assert store.tracker_links(["run2"], HERE) == []


def test_links_of_runs_that_are_not_there(store, two_runs):
    with pytest.raises(RunNotFoundError):
        store.link_tracker(link("nobody"))
    assert store.tracker_links(["nobody"]) == []


def test_a_link_is_forgotten_with_its_run_or_alone(store, two_runs):
    store.link_tracker(link("run1"))
    store.link_tracker(link("run2"))
    assert store.unlink_tracker("run1", HERE)
    assert not store.unlink_tracker("run1", HERE)
    store.remove(["run2"])
    assert store.tracker_links() == []
