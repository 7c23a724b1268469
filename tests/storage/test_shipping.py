"""Shipping: each stretch of a journal is stored once, wholly or not at all, in any order."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

from orbench.errors import StoreDamagedError
from orbench.events import (
    ArtifactLogged,
    ConfigUpdated,
    ConsoleWritten,
    FactsCaptured,
    RunEnded,
    RunStarted,
    SummaryUpdated,
    TagsChanged,
)
from orbench.run import RunStatus
from orbench.run_store import Points
from orbench.storage import open_store
from orbench.storage.tables import runs


def record(store, run_id="run1"):
    return store.details(run_id).record


def test_a_shipment_moves_the_watermark_and_is_stored_once(store, segment, points):
    journal = segment()
    shipment = journal.shipment(RunStarted(started=5.0, exp_name="ppo"), points={"m": points(0, 9)})
    assert store.watermark(shipment.segment_id) == 0
    assert store.ship(shipment)
    assert store.watermark(shipment.segment_id) == 10
    assert not store.ship(shipment)
    assert len(store.series(["run1"], "m")[0]) == 9
    assert record(store).starts == 1


def test_a_shipment_that_leaves_a_gap_is_not_stored(store, segment, points):
    journal = segment()
    journal.position = 10
    assert not store.ship(journal.shipment(RunStarted(started=5.0), points={"m": points(0, 9)}))
    assert store.run_ids() == []
    journal.position = 0
    journal.ship()
    journal.position = 30
    assert not store.ship(journal.shipment(points={"m": points(0, 9)}))
    assert store.series(["run1"], "m") == []


def test_everything_that_a_run_tells_is_found_again(store, segment, points, now):
    segment().ship(
        RunStarted(
            started=now,
            project="zoo",
            exp_name="ppo",
            env_id="CartPole-v1",
            seed=3,
            parent_id="parent",
            host="node7",
        ),
        ConfigUpdated(values={"optim": {"lr": 1e-3}}, notes={"optim.lr": "was a numpy scalar"}),
        SummaryUpdated(values={"best": {"return": 500.0}}),
        TagsChanged(added=("v1", "slow")),
        FactsCaptured(kind="machine", document={"cpu": "many"}),
        FactsCaptured(kind="command", document={"argv": ["train.py"]}),
        points={"loss": points(0, 100)},
        heartbeat=now + 1,
        damage="three bytes at the end",
    )
    details = store.details("run1")
    run = details.record
    assert (run.project, run.exp_name, run.env_id, run.seed) == ("zoo", "ppo", "CartPole-v1", 3)
    assert (run.parent_id, run.host, run.started, run.heartbeat) == (
        "parent",
        "node7",
        now,
        now + 1,
    )
    assert run.status is RunStatus.RUNNING
    assert run.config == {"optim": {"lr": 1e-3}}
    assert run.config_notes == {"optim.lr": "was a numpy scalar"}
    assert run.summary == {"best": {"return": 500.0}}
    assert run.tags == ("slow", "v1")
    assert details.facts == {"machine": {"cpu": "many"}, "command": {"argv": ["train.py"]}}
    assert details.damage == ("three bytes at the end",)
    assert [summary.metric for summary in details.metrics] == ["loss"]
    assert store.runs() == [run]


def test_the_end_of_a_run(store, segment):
    segment().ship(
        RunStarted(started=5.0),
        RunEnded(status="failed", ended=9.0, exit_code=1, error="ValueError: no\nmore"),
        closed=True,
    )
    run = record(store)
    assert (run.status, run.ended, run.exit_code) == (RunStatus.FAILED, 9.0, 1)
    assert run.error == "ValueError: no\nmore"
    assert run.duration == 4.0


def test_a_running_run_that_was_not_heard_of_is_lost(store, segment, now):
    segment("quiet").ship(RunStarted(started=now - 500), heartbeat=now - 400)
    segment("alive").ship(RunStarted(started=now - 500), heartbeat=now)
    assert record(store, "quiet").status is RunStatus.LOST
    assert record(store, "alive").status is RunStatus.RUNNING


def test_a_heartbeat_never_moves_back(store, segment):
    segment().ship(RunStarted(started=5.0), heartbeat=100.0)
    store.heartbeat("run1", 90.0)
    assert record(store).heartbeat == 100.0
    store.heartbeat("run1", 110.0)
    assert record(store).heartbeat == 110.0
    store.heartbeat("unknown", 110.0)
    assert store.run_ids() == ["run1"]


def test_config_is_merged_at_every_depth_and_searched_by_its_last_values(store, segment):
    journal = segment()
    journal.ship(ConfigUpdated(values={"a": {"x": 1, "y": 2}, "b": [1]}))
    journal.ship(ConfigUpdated(values={"a": {"y": 3}, "b": {"now": "a mapping"}}))
    assert record(store).config == {"a": {"x": 1, "y": 3}, "b": {"now": "a mapping"}}


def test_points_of_a_run_that_is_not_known_make_it(store, segment, points):
    segment("new").ship(points={"m": points(0, 3)})
    run = record(store, "new")
    assert run.started == 1.7e9
    segment("new", "b").ship(RunStarted(started=1.6e9, exp_name="ppo"))
    run = record(store, "new")
    assert (run.started, run.exp_name, run.starts) == (1.6e9, "ppo", 1)


def test_an_attached_process_fills_only_what_is_empty(store, segment):
    segment().ship(RunStarted(started=5.0, exp_name="ppo"))
    segment(name="b").ship(
        RunStarted(started=6.0, exp_name="other", env_id="Taxi-v3", seed=1, attached=True)
    )
    run = record(store)
    assert (run.exp_name, run.env_id, run.seed, run.starts) == ("ppo", "Taxi-v3", 1, 1)


def test_a_resumed_run_runs_again(store, segment, now):
    segment().ship(
        RunStarted(started=now - 9, seed=4),
        RunEnded(status="failed", ended=now - 8, exit_code=1, error="x"),
    )
    segment(name="b").ship(RunStarted(started=now - 5, resumed=True), heartbeat=now)
    run = record(store)
    assert (run.status, run.started, run.starts, run.seed) == (RunStatus.RUNNING, now - 9, 2, 4)
    assert (run.ended, run.exit_code, run.error) == (None, None, None)


def test_a_run_that_was_resumed_a_moment_ago_is_not_lost(store, segment, now):
    segment().ship(RunStarted(started=now - 9000), heartbeat=now - 8000)
    segment(name="b").ship(RunStarted(started=now, resumed=True))
    assert record(store).status is RunStatus.RUNNING


def test_an_end_that_was_shipped_late_does_not_end_the_resumed_run(store, segment, now):
    first = segment()
    first.ship(RunStarted(started=now - 9))
    segment(name="b").ship(RunStarted(started=now - 5, resumed=True), heartbeat=now)
    first.ship(RunEnded(status="killed", ended=now - 8))
    assert record(store).status is RunStatus.RUNNING


def test_the_later_document_of_a_kind_replaces_the_earlier(store, segment):
    journal = segment()
    for commit in ("one", "two"):
        journal.ship(FactsCaptured(kind="source", document={"commit": commit}))
        journal.ship(FactsCaptured(kind="seeds", document={"torch": commit}))
    assert store.details("run1").facts == {"source": {"commit": "two"}, "seeds": {"torch": "two"}}


def test_console_output_comes_back_in_order(store, segment):
    journal = segment()
    lines = [("stdout", b"one\n"), ("stdout", b"two\n"), ("stderr", b"oh\n"), ("stdout", b"\xff")]
    for time, (stream, data) in enumerate(lines):
        journal.ship(ConsoleWritten(stream=stream, time=float(time), data=data))
    assert [(p.stream, p.data) for p in store.console("run1")] == lines
    assert b"".join(p.data for p in store.console("run1", "stdout")) == b"one\ntwo\n\xff"


def test_console_output_of_one_moment_shares_a_piece_and_large_output_is_split(store, segment):
    words = [ConsoleWritten(stream="stdout", time=1.0, data=b"%d " % i) for i in range(300)]
    large = ConsoleWritten(stream="stderr", time=2.0, data=bytes(700_000))
    segment().ship(*words, large)
    pieces = list(store.console("run1"))
    assert pieces[0].data == b"".join(word.data for word in words)
    assert b"".join(p.data for p in pieces[1:]) == large.data
    assert len(pieces) == 4


def test_many_pieces_are_read_page_by_page(store, segment):
    journal = segment()
    for i in range(150):
        journal.ship(ConsoleWritten(stream="stdout", time=10.0 * i, data=b"%d\n" % i))
    data = b"".join(p.data for p in store.console("run1"))
    assert data == b"".join(b"%d\n" % i for i in range(150))


UNPLEASANT = [
    RunStarted(started=math.nan, project="a\0b", exp_name="x" * 900, seed=2**63, host="\udc80"),
    RunStarted(started=math.inf, parent_id="p" * 99, seed=-(2**64)),
    ConfigUpdated(values={"k\0": "v\0", "n" * 900: 2**80, "f": math.nan, "i": math.inf}),
    ConfigUpdated(values={"wide": "\U0001f600" * 5000, "deep": {"a.b": {"": {}}}, "l": [math.nan]}),
    ConfigUpdated(values={"big": 10**400, "bytes": b"\xff"}, notes={"x": "\0"}),
    SummaryUpdated(values={"best": -0.0, "\udc80": "\udc80"}),
    TagsChanged(added=("\0", "t" * 900), removed=("never there",)),
    FactsCaptured(kind="machine", document={"\0": "\0", "nan": math.nan}),
    FactsCaptured(kind="environment", document={"packages": [{"name": "a\0" * 200}, 3, {}]}),
    FactsCaptured(kind="environment", document={"packages": "none"}),
    FactsCaptured(kind="variables", document={"\0": "\0"}),
    FactsCaptured(kind="unheard of", document={}),
    ConsoleWritten(stream="a stream of another name", time=math.nan, data=b"\0"),
    ConsoleWritten(stream="stdout", time=1.0, data=b""),
    RunEnded(status="exploded", ended=math.inf, exit_code=2**40, signal=-1, error="\0"),
]


@pytest.mark.parametrize("event", UNPLEASANT, ids=lambda event: type(event).__name__)
def test_no_event_is_refused_for_what_is_in_it(store, segment, event):
    assert segment().ship(event)
    store.details("run1")
    assert len(list(store.console("run1"))) <= 1


def test_a_seed_beyond_64_bits_is_kept_in_words(store, segment):
    segment().ship(RunStarted(started=1.0, seed=2**70))
    run = record(store)
    assert run.seed is None
    assert str(2**70) in run.config_notes["run.seed"]


def test_facts_of_a_kind_not_known_are_said_to_be_left_out(store, segment):
    segment().ship(FactsCaptured(kind="weather", document={"sun": True}))
    assert store.details("run1").damage == ("facts of kind 'weather' are not known here",)


def test_metrics_with_names_that_no_database_takes(store, segment, points):
    names = ["a\0b", "\udc80", "x" * 900, "x" * 900 + "y"]
    assert segment().ship(points={name: points(0, 5 + i) for i, name in enumerate(names)})
    assert [len(store.series(["run1"], name)[0]) for name in names] == [5, 6, 7, 8]
    assert len(store.metric_names()) == 4


def test_odd_points_are_kept_and_summed_up(store, segment):
    values = np.array([np.nan, -np.inf, 2.0, np.nan])
    odd = Points(np.array([9, 3, 3, 5]), values, np.array([1.0, 2.0, 3.0, np.nan]))
    segment().ship(points={"m": odd})
    (series,) = store.series(["run1"], "m")
    assert series.values.tobytes() == values.tobytes()
    assert series.steps.tolist() == [9, 3, 3, 5]
    (summary,) = store.summaries(["run1"], ["m"])
    assert (summary.n, summary.nan_count, summary.min_step, summary.max_step) == (4, 2, 3, 9)
    assert (summary.minimum, summary.maximum, summary.last_step) == (-np.inf, 2.0, 5)
    assert math.isnan(summary.last)


def test_a_config_that_cannot_be_read_is_named_and_not_written_over(store, segment, points):
    journal = segment()
    journal.ship(ConfigUpdated(values={"lr": 1}))
    with store._database.write() as connection:
        connection.execute(runs.update(), {"config": "{damaged"})
    more = journal.shipment(ConfigUpdated(values={"n": 2}))
    for attempt in (store.runs, lambda: store.ship(more)):
        with pytest.raises(StoreDamagedError, match="the config of run run1 is not JSON"):
            attempt()
    assert journal.ship(points={"m": points(0, 3)})


def test_an_artifact_whose_bytes_are_gone_is_recorded_and_said(store, segment, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"other bytes")
    logged = [ArtifactLogged(name=n, sha256=n * 64, size=5, logged=1.0) for n in ("a", "b")]
    segment().ship(*logged, blobs={"b" * 64: wrong})
    details = store.details("run1")
    assert [artifact.name for artifact in details.artifacts] == ["a", "b"]
    assert "its file is gone" in details.damage[0]
    assert "does not have the bytes that were logged" in details.damage[0]


def test_two_shippers_of_one_segment_store_it_once(empty_store_url, segment_of, points):
    with open_store(empty_store_url) as store:
        barrier = threading.Barrier(4)
        stored = []

        def ship():
            with open_store(empty_store_url) as own:
                journal = segment_of(own, "run1", "a")
                barrier.wait()
                for i in range(20):
                    stored.append(journal.ship(points={"m": points(i, i + 1)}))

        threads = [threading.Thread(target=ship) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(stored) == 20
        assert store.series(["run1"], "m")[0].steps.tolist() == list(range(20))


@pytest.mark.slow
def test_segments_of_one_run_shipped_at_once_lose_nothing(empty_store_url, segment_of, points):
    names = ["a", "b", "c", "d"]
    with open_store(empty_store_url) as store:

        def ship(place, name):
            with open_store(empty_store_url) as own:
                journal = segment_of(own, "run1", name)
                for i in range(40):
                    journal.ship(points={"m": points(1000 * place + i, 1000 * place + i + 1)})
                own.compact("run1")

        threads = [threading.Thread(target=ship, args=pair) for pair in enumerate(names)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        steps = store.series(["run1"], "m")[0].steps
        assert len(steps) == 160
        for place in range(4):
            of_one = steps[(steps >= 1000 * place) & (steps < 1000 * place + 1000)]
            assert of_one.tolist() == list(range(1000 * place, 1000 * place + 40))
