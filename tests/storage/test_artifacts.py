"""Artifacts and removal: bytes are kept once, verified when read, and go with their last run."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from sqlalchemy import func, select

from orbench.errors import ArtifactNotFoundError, RunNotFoundError, StoreDamagedError
from orbench.events import ArtifactLogged, ConfigUpdated, ConsoleWritten, FactsCaptured, TagsChanged
from orbench.storage import artifacts as artifacts_module
from orbench.storage import check_store
from orbench.storage.artifacts import PART_BYTES
from orbench.storage.tables import blob_parts, blobs, metadata

SIZES = [0, 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 7]


class LoggedFile:
    """A file on disk and the event that says that it was logged."""

    def __init__(self, path, data, name="model"):
        path.write_bytes(data)
        self.data = data
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.blobs = {self.sha256: path}
        self.event = ArtifactLogged(
            name=name, sha256=self.sha256, size=len(data), logged=1.0, metadata={"step": 3}
        )


@pytest.fixture
def logged(tmp_path):
    random = np.random.default_rng(0)
    count = iter(range(100))

    def make(size, **fields):
        return LoggedFile(tmp_path / f"file{next(count)}", random.bytes(size), **fields)

    return make


def read(store, sha256):
    out = io.BytesIO()
    assert store.read_artifact(sha256, out) == len(out.getvalue())
    return out.getvalue()


def rows_left(store):
    """The number of rows in each table that holds anything, besides names of metrics."""
    kept = ("orbench_store", "metrics")
    with store._database.read() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name not in kept
        }
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("size", SIZES)
def test_the_bytes_of_an_artifact_come_back(store, segment, logged, size):
    file = logged(size)
    segment().ship(file.event, blobs=file.blobs)
    assert read(store, file.sha256) == file.data
    (artifact,) = store.details("run1").artifacts
    assert (artifact.name, artifact.sha256, artifact.size) == ("model", file.sha256, size)
    assert artifact.metadata == {"step": 3}
    assert store.info().artifact_bytes == size


def test_bytes_that_two_runs_log_are_kept_once(store, segment, logged):
    file = logged(PART_BYTES + 5)
    for run_id in "ab":
        segment(run_id).ship(file.event, blobs=file.blobs)
    assert store.info().artifacts == 1
    assert rows_left(store)["blob_parts"] == 2


def test_of_artifacts_with_one_name_the_last_comes_last(store, segment, logged):
    files = [logged(10), logged(20), logged(30)]
    for place, file in enumerate(files):
        segment(name=str(place)).ship(file.event, blobs=file.blobs)
    assert [artifact.size for artifact in store.details("run1").artifacts] == [10, 20, 30]


def test_an_upload_that_was_cut_off_goes_on(store, segment, logged, monkeypatch):
    file = logged(3 * PART_BYTES)
    write_part = artifacts_module._write_part
    written = []

    def cut_off(database, sha256, part, data):
        if part == 2 and not written.count(2):
            written.append(part)
            raise KeyboardInterrupt
        written.append(part)
        write_part(database, sha256, part, data)

    monkeypatch.setattr(artifacts_module, "_write_part", cut_off)
    journal = segment()
    with pytest.raises(KeyboardInterrupt):
        store.ship(journal.shipment(file.event, blobs=file.blobs))
    assert store.run_ids() == []
    assert journal.ship(file.event, blobs=file.blobs)
    assert written == [0, 1, 2, 2]
    assert read(store, file.sha256) == file.data


def test_bytes_that_were_missing_are_filled_in_by_a_run_that_has_them(store, segment, logged):
    file = logged(100)
    segment("a").ship(file.event)
    with pytest.raises(StoreDamagedError, match="are not in the store"):
        read(store, file.sha256)
    segment("b").ship(file.event, blobs=file.blobs)
    assert read(store, file.sha256) == file.data


def test_bytes_that_nobody_logged(store):
    with pytest.raises(ArtifactNotFoundError, match="no artifact with sha256 'abc'"):
        read(store, "abc")


@pytest.mark.parametrize("values", [{"data": b"damaged"}, {"data": b"x" * 5, "compressed": False}])
def test_damaged_bytes_are_noticed(store, segment, logged, values):
    file = logged(5)
    segment().ship(file.event, blobs=file.blobs)
    with store._database.write() as connection:
        connection.execute(blob_parts.update(), values)
    with pytest.raises(StoreDamagedError, match=file.sha256):
        read(store, file.sha256)


def test_a_missing_part_is_noticed(store, segment, logged):
    file = logged(2 * PART_BYTES)
    segment().ship(file.event, blobs=file.blobs)
    with store._database.write() as connection:
        connection.execute(blob_parts.delete().where(blob_parts.c.part == 1))
    with pytest.raises(StoreDamagedError, match="part 1 of artifact"):
        read(store, file.sha256)


def test_a_part_that_claims_to_be_huge_is_refused(store, segment, logged):
    file = logged(5)
    segment().ship(file.event, blobs=file.blobs)
    bomb = artifacts_module.compress(bytes(8 * PART_BYTES))
    with store._database.write() as connection:
        connection.execute(blob_parts.update(), {"data": bomb, "compressed": True})
    with pytest.raises(StoreDamagedError, match="where 5 were expected"):
        read(store, file.sha256)


def test_a_removed_run_leaves_nothing(store, segment, logged, points):
    file = logged(10)
    segment().ship(
        file.event,
        ConfigUpdated(values={"lr": 1}),
        TagsChanged(added=("v1",)),
        ConsoleWritten(stream="stdout", time=1.0, data=b"x"),
        FactsCaptured(
            kind="environment", document={"packages": [{"name": "numpy", "version": "2"}]}
        ),
        points={"m": points(0, 5000), "other": points(0, 1)},
        blobs=file.blobs,
    )
    removal = store.remove(["run1"])
    assert (removal.runs, removal.series, removal.points) == (1, 2, 5001)
    assert (removal.artifacts, removal.artifact_bytes, removal.artifacts_kept) == (1, 10, 0)
    assert rows_left(store) == {}


def test_what_other_runs_hold_stays(store, segment, logged, empty_store_url):
    shared, own = logged(10), logged(20)
    machine = FactsCaptured(kind="machine", document={"cpu": "shared"})
    segment("a").ship(shared.event, own.event, machine, blobs=shared.blobs | own.blobs)
    segment("b").ship(shared.event, machine, blobs=shared.blobs)
    removal = store.remove(["a"])
    assert (removal.artifacts, removal.artifact_bytes, removal.artifacts_kept) == (1, 20, 1)
    assert read(store, shared.sha256) == shared.data
    assert store.details("b").facts == {"machine": {"cpu": "shared"}}
    assert check_store(empty_store_url) == []


def test_runs_that_share_something_are_removed_together(store, segment, logged):
    file = logged(10)
    for run_id in "abc":
        segment(run_id).ship(file.event, blobs=file.blobs)
    removal = store.remove(["a", "b", "c", "a"])
    assert (removal.runs, removal.artifacts, removal.artifacts_kept) == (3, 1, 0)
    assert rows_left(store) == {}


def test_removing_a_run_that_is_not_there_removes_nothing(store, segment):
    segment("a").ship()
    with pytest.raises(RunNotFoundError, match="nobody"):
        store.remove(["a", "nobody"])
    assert store.run_ids() == ["a"]


def test_bytes_that_a_removal_takes_while_they_are_shipped_are_stored_again(
    store, segment, logged, monkeypatch
):
    file = logged(10)
    segment("old").ship(file.event, blobs=file.blobs)
    from orbench.storage import ingest

    upload_blobs = ingest._upload_blobs
    removed = []

    def removed_after_upload(database, shipment):
        lacking = upload_blobs(database, shipment)
        if not removed:
            removed.append(store.remove(["old"]))
        return lacking

    monkeypatch.setattr(ingest, "_upload_blobs", removed_after_upload)
    assert segment("new").ship(file.event, blobs=file.blobs)
    assert removed[0].artifacts == 1
    assert read(store, file.sha256) == file.data


def test_a_removed_run_that_is_still_recorded_begins_again(store, segment, points):
    journal = segment()
    journal.ship(points={"m": points(0, 3)})
    store.remove(["run1"])
    assert not store.ship(journal.shipment(points={"m": points(3, 4)}))
    assert store.watermark(journal.segment_id) == 0
    journal.position = 0
    assert journal.ship(points={"m": points(0, 4)})


def test_incomplete_bytes_are_not_counted(store, segment, logged):
    segment().ship(logged(10).event)
    assert store.info().artifacts == 0
    with store._database.read() as connection:
        assert not connection.execute(select(blobs.c.complete)).scalar_one()
