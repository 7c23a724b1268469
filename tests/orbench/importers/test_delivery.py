"""Imported runs in a store: each once, whatever is imported again, grown, moved or changed."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from orbench.importers import Outcome, deliver, plan_delivery
from orbench.run import RunStatus

HEADER = "algo,env,seed,step,score\n"
NAMED = ["exp_name=ppo", "env_id=A"]


def table(*values):
    """A file with one run that has these scores."""
    return HEADER + "".join(f"ppo,A,1,{step},{value}\n" for step, value in enumerate(values))


def brought(store, runs):
    """What became of each run, and how many points were added."""
    return [(done.outcome, done.added) for done in (deliver(store, run) for run in runs)]


def scores(store, metric="score"):
    """Steps and values of every run, oldest id first."""
    found = store.series(sorted(store.run_ids()), metric)
    return sorted((one.steps.tolist(), one.values.tolist()) for one in found)


def test_a_run_is_in_the_store_with_what_is_known_of_it(folder, store):
    folder.write("a.csv", table(0.5, 1.5))
    (run,) = folder.runs("a.csv", (), ["project=paper", "config.lr=0.1"])
    done = deliver(store, run)
    details = store.details(done.run_id)
    record = details.record
    assert (record.project, record.exp_name, record.env_id, record.seed) == ("paper", "ppo", "A", 1)
    assert record.status is RunStatus.FINISHED
    assert (record.started, record.ended, record.starts) == (run.started, run.ended, 1)
    assert record.config == {"lr": 0.1}
    assert details.facts["command"] == run.provenance
    assert scores(store) == [([0, 1], [0.5, 1.5])]


def test_importing_again_adds_nothing(folder, store):
    folder.write("a.csv", table(0.5, float("nan"), -0.0) + "ppo,A,2,0,7\n")
    runs = folder.runs("a.csv")
    assert brought(store, runs) == [(Outcome.NEW, 3), (Outcome.NEW, 1)]
    before = store.info()
    assert brought(store, folder.runs("a.csv")) == [(Outcome.KNOWN, 0), (Outcome.KNOWN, 0)]
    assert store.info() == before


def test_a_file_that_was_moved_is_known_by_its_rows(folder, store):
    folder.write("a.csv", table(1, 2))
    folder.write("elsewhere/copy.csv", table(1, 2))
    brought(store, folder.runs("a.csv"))
    assert brought(store, folder.runs("elsewhere/copy.csv")) == [(Outcome.KNOWN, 0)]


def test_a_file_that_has_grown_adds_what_is_new(folder, store):
    folder.write("a.csv", table(1, 2))
    brought(store, folder.runs("a.csv"))
    folder.write("a.csv", table(1, 2, 3, 4))
    assert brought(store, folder.runs("a.csv")) == [(Outcome.GROWN, 2)]
    assert scores(store) == [([0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0])]
    (record,) = store.runs()
    assert record.starts == 1


@pytest.mark.parametrize("lengths", [(1, 1, 30), (5, 3, 8, 8), (1, 2, 3, 4, 5, 4)])
def test_whatever_pieces_it_comes_in_a_file_is_there_once(folder, store, lengths):
    for length in lengths:
        folder.write("a.csv", table(*range(length)))
        brought(store, folder.runs("a.csv"))
    steps = list(range(max(lengths)))
    assert scores(store) == [(steps, list(map(float, steps)))]


def test_an_older_copy_of_a_file_adds_nothing(folder, store):
    folder.write("a.csv", table(1, 2, 3))
    brought(store, folder.runs("a.csv"))
    folder.write("a.csv", table(1, 2))
    assert brought(store, folder.runs("a.csv")) == [(Outcome.KNOWN, 0)]


def test_a_metric_read_later_is_added(folder, store):
    folder.write("a.csv", "algo,env,seed,step,r,l\nppo,A,1,0,5,9\n")
    brought(store, folder.runs("a.csv", ["value=r"]))
    later = folder.runs("a.csv", ["value=r", "value=l"])
    assert brought(store, later) == [(Outcome.GROWN, 1)]
    assert scores(store, "l") == [([0], [9.0])]


def test_other_rows_of_one_name_are_another_run_and_are_told(folder, store):
    folder.write("a.csv", table(1, 2))
    folder.write("b.csv", table(1, 3))
    (first,) = folder.runs("a.csv")
    (second,) = folder.runs("b.csv")
    run_id = deliver(store, first).run_id
    other = deliver(store, second)
    assert (other.outcome, other.differs) == (Outcome.NEW, (run_id,))
    assert brought(store, [first, second]) == [(Outcome.KNOWN, 0), (Outcome.KNOWN, 0)]
    assert len(store.run_ids()) == 2


def test_a_longer_file_of_another_name_is_another_run(folder, store):
    """Its first rows are equal by chance; only a file of the same name has grown."""
    folder.write("a.csv", table(0))
    folder.write("b.csv", table(0, 1))
    brought(store, folder.runs("a.csv"))
    assert brought(store, folder.runs("b.csv")) == [(Outcome.NEW, 2)]


def test_files_without_seeds_are_runs_of_their_own_even_with_equal_rows(folder, store):
    for name in ("a.csv", "b.csv"):
        folder.write(name, "step,score\n0,-200\n")
    both = folder.runs(".", (), [*NAMED, "seed=none"])
    assert brought(store, both) == [(Outcome.NEW, 1), (Outcome.NEW, 1)]
    assert brought(store, both) == [(Outcome.KNOWN, 0), (Outcome.KNOWN, 0)]


def test_a_removed_run_is_new_again(folder, store):
    folder.write("a.csv", table(1, 2))
    brought(store, folder.runs("a.csv"))
    store.remove(store.run_ids())
    assert brought(store, folder.runs("a.csv")) == [(Outcome.NEW, 2)]


def test_a_plan_changes_nothing_and_needs_no_store(folder, store):
    folder.write("a.csv", table(1, 2))
    (run,) = folder.runs("a.csv")
    assert plan_delivery(None, run).outcome is Outcome.NEW
    planned = plan_delivery(store, run)
    assert (planned.outcome, planned.added, store.run_ids()) == (Outcome.NEW, 2, [])
    assert deliver(store, run).run_id == planned.run_id


def test_two_that_import_at_once_add_it_once(folder, store):
    folder.write("a.csv", table(*range(200)))
    (run,) = folder.runs("a.csv")
    added: list[int] = []
    threads = [
        threading.Thread(target=lambda: added.append(deliver(store, run).added)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [0, 0, 0, 200]
    ((steps, _),) = scores(store)
    assert np.array_equal(steps, np.arange(200))


def test_a_run_without_a_point_is_told_and_not_stored(folder, store):
    folder.write("wide.csv", "step,1,2\n0,5,\n")
    runs = folder.runs("wide.csv", (), NAMED, wide=r"(?P<seed>\d)")
    assert brought(store, runs) == [(Outcome.NEW, 1), (Outcome.EMPTY, 0)]
    assert brought(store, runs) == [(Outcome.KNOWN, 0), (Outcome.EMPTY, 0)]
    assert len(store.run_ids()) == 1
