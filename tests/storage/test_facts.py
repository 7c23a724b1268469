"""Facts of one kind of many runs, in one call."""

from __future__ import annotations

import time

import pytest

from orbench.errors import UsageError
from orbench.events import FactsCaptured, RunEnded, RunStarted
from orbench.run import new_run_id
from orbench.run_store import Shipment

SOURCE = {"kind": "git", "commit": "1a2b3c"}


def put(store, *facts):
    run_id = new_run_id()
    events = (
        RunStarted(started=1.7e9, project="p", exp_name="ppo", env_id="CartPole-v1", seed=1),
        *facts,
        RunEnded(ended=1.7e9 + 1, status="finished", exit_code=0),
    )
    store.ship(Shipment(f"{run_id}/a", run_id, 0, 1, events, {}, heartbeat=time.time()))
    return run_id


def test_runs_have_theirs_and_those_without_are_left_out(store):
    first = put(store, FactsCaptured(kind="source", document=SOURCE))
    second = put(store, FactsCaptured(kind="command", document={"argv": ["python", "a.py"]}))
    third = put(store, FactsCaptured(kind="source", document=SOURCE))
    ids = [third, second, first]
    assert store.facts(ids, "source") == {third: SOURCE, first: SOURCE}
    assert store.facts(ids, "command") == {second: {"argv": ["python", "a.py"]}}
    assert store.facts([], "source") == {}


def test_they_are_those_of_the_details(store):
    run_id = put(store, FactsCaptured(kind="source", document=SOURCE))
    assert store.facts([run_id], "source")[run_id] == store.details(run_id).facts["source"]


def test_an_unknown_kind_is_refused_with_near_ones(store):
    with pytest.raises(UsageError, match="did you mean source"):
        store.facts([], "sources")
