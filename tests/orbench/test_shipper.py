"""The shipper: idempotent, resumable, safe twice at once, honest about what it cannot read."""

import shutil
import threading
import time

import pytest

from orbench.errors import StoreUnavailableError
from orbench.events import ArtifactLogged, RunEnded, RunStarted
from orbench.journal import BLOB_FOLDER, JournalWriter
from orbench.run import RunStatus
from orbench.run_store import open_store
from orbench.shipper import RunShipper, recover

RUN = "run000000001"


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "journal"


def started(journal, run_id=RUN) -> JournalWriter:
    writer = JournalWriter(journal / run_id, run_id, owner=True)
    writer.write_event(RunStarted(started=1000.0, project="p", exp_name="e", seed=3))
    return writer


def log(writer: JournalWriter, steps: range) -> None:
    for step in steps:
        writer.log({"x": float(step), "y": -float(step)}, step)


def steps(store, metric="x", run_id=RUN) -> list[int]:
    series = store.series([run_id], metric)
    return series[0].steps.tolist() if series else []


def test_a_journal_is_shipped_while_it_is_written_and_again_adds_nothing(journal, store):
    writer = started(journal)
    shipper = RunShipper(journal / RUN)
    for part in range(5):
        log(writer, range(10 * part, 10 * part + 10))
        assert shipper.ship(store, own=writer.segment) == 1
        assert steps(store) == list(range(10 * part + 10))
        assert shipper.ship(store, own=writer.segment) == 0
    record = store.details(RUN).record
    assert (record.project, record.exp_name, record.seed) == ("p", "e", 3)
    assert record.status is RunStatus.RUNNING
    writer.close()


def test_a_new_shipper_goes_on_where_the_store_is(journal, store):
    writer = started(journal)
    log(writer, range(100))
    RunShipper(journal / RUN).ship(store, own=writer.segment)
    writer.log({"x": 100.0, "y": 0.0}, 100)  # of a layout that stands before the watermark
    assert RunShipper(journal / RUN).ship(store, own=writer.segment) == 1
    assert steps(store) == list(range(101))
    writer.close()


def test_two_shippers_at_once_double_nothing(journal, store, empty_store_url):
    writer = started(journal)
    failures = []

    def ship() -> None:
        try:
            with open_store(empty_store_url) as own:
                shipper = RunShipper(journal / RUN)
                for _ in range(40):
                    shipper.ship(own, own=writer.segment)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=ship) for _ in range(4)]
    for thread in threads:
        thread.start()
    for step in range(3000):
        writer.log({"x": float(step)}, step)
        if step % 100 == 0:
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    writer.close()
    RunShipper(journal / RUN).ship(store)
    assert failures == []
    assert steps(store) == list(range(3000))


def test_a_copied_journal_that_turns_up_again_adds_nothing(journal, store):
    writer = started(journal)
    log(writer, range(50))
    writer.write_event(RunEnded(status="finished", ended=1001.0))
    writer.close()
    shutil.copytree(journal, journal.with_name("copy"))
    assert recover(store, journal).shipped_runs == [RUN]
    assert not (journal / RUN).exists()
    recover(store, journal.with_name("copy"))
    assert steps(store) == list(range(50))


def test_a_run_whose_process_is_gone_is_closed_as_killed_with_all_its_points(journal, store):
    writer = started(journal)
    log(writer, range(10))
    writer.close()  # its lock is free and it has not said how it ended
    report = recover(store, journal)
    assert report.ended_runs == [RUN]
    assert any(RUN in sentence and "killed" in sentence for sentence in report.sentences)
    record = store.details(RUN).record
    assert record.status is RunStatus.KILLED
    assert record.ended is not None
    assert steps(store) == list(range(10))


def test_a_run_that_is_being_recorded_is_shipped_and_left_open(journal, store):
    writer = started(journal)
    log(writer, range(10))
    report = recover(store, journal)
    assert report.ended_runs == []
    assert store.details(RUN).record.status is RunStatus.RUNNING
    log(writer, range(10, 20))
    recover(store, journal)
    assert steps(store) == list(range(20))
    writer.close()


def test_segments_of_several_processes_end_up_in_one_run(journal, store):
    owner = started(journal)
    others = [JournalWriter(journal / RUN, RUN, owner=False) for _ in range(3)]
    for number, other in enumerate(others):
        for step in range(20):
            other.log({f"worker{number}": 1.0}, step)
    owner.write_event(RunEnded(status="finished", ended=1001.0))
    owner.close()
    shipper = RunShipper(journal / RUN)
    shipper.ship(store)
    assert not shipper.complete, "the others are still being written"
    for other in others:
        other.close()
    recover(store, journal)
    for number in range(3):
        assert steps(store, f"worker{number}") == list(range(20))
    assert store.details(RUN).record.status is RunStatus.FINISHED


def test_a_flipped_byte_costs_one_point_which_is_said_and_the_segment_is_kept(journal, store):
    writer = started(journal)
    log(writer, range(5))
    at = writer.segment.stat().st_size
    log(writer, range(5, 10))
    writer.close()
    content = bytearray(writer.segment.read_bytes())
    content[at + 20] ^= 0x10
    writer.segment.write_bytes(content)
    report = recover(store, journal)
    assert steps(store) == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert any("damaged" in sentence and str(at) in sentence for sentence in report.sentences)
    assert any(str(at) in text for text in store.details(RUN).damage)
    (aside,) = (journal / "damaged").iterdir()
    assert (aside / writer.segment.name).read_bytes() == bytes(content)
    assert recover(store, journal).sentences == []


def test_a_torn_tail_is_cut_and_said(journal, store):
    writer = started(journal)
    log(writer, range(5))
    writer.close()
    writer.segment.write_bytes(writer.segment.read_bytes()[:-3])
    report = recover(store, journal)
    assert steps(store) == [0, 1, 2, 3]
    assert any("incomplete record" in sentence for sentence in report.sentences)


def test_one_bad_journal_does_not_keep_the_others_from_being_shipped(journal, store):
    newer = started(journal, "run000000000")
    newer.close()
    content = bytearray(newer.segment.read_bytes())
    content[4] = 9
    newer.segment.write_bytes(content)
    writer = started(journal)
    log(writer, range(3))
    writer.close()
    report = recover(store, journal)
    assert steps(store) == [0, 1, 2]
    assert any("format 9" in sentence for sentence in report.sentences)
    assert newer.segment.read_bytes() == bytes(content)


class FailingStore:
    """A real store that is unavailable for chosen calls of `ship`, before or after it stored."""

    def __init__(self, store, fail_before=(), fail_after=()):
        self._store = store
        self._fail_before = set(fail_before)
        self._fail_after = set(fail_after)
        self._calls = 0

    def ship(self, shipment):
        self._calls += 1
        if self._calls in self._fail_before:
            raise StoreUnavailableError("down")
        stored = self._store.ship(shipment)
        if self._calls in self._fail_after:
            raise StoreUnavailableError("the answer was lost")
        return stored

    def __getattr__(self, name):
        return getattr(self._store, name)


@pytest.mark.parametrize("fail", [{"fail_before": (1, 3)}, {"fail_after": (1, 2, 4)}])
def test_a_store_that_fails_before_or_after_it_stored_gets_each_point_once(journal, store, fail):
    writer = started(journal)
    failing = FailingStore(store, **fail)
    shipper = RunShipper(journal / RUN)
    failures = 0
    for part in range(6):
        log(writer, range(10 * part, 10 * part + 10))
        try:
            shipper.ship(failing, own=writer.segment)
        except StoreUnavailableError:
            failures += 1
    writer.close()
    shipper.ship(store)
    assert failures >= 2
    assert steps(store) == list(range(60))


def test_artifacts_travel_with_the_journal(journal, store, tmp_path):
    writer = started(journal)
    blobs = journal / RUN / BLOB_FOLDER
    blobs.mkdir()
    import hashlib

    content = b"weights" * 1000
    sha256 = hashlib.sha256(content).hexdigest()
    (blobs / sha256).write_bytes(content)
    writer.write_event(
        ArtifactLogged(name="model.npz", sha256=sha256, size=len(content), logged=1001.0)
    )
    writer.close()
    recover(store, journal)
    (artifact,) = store.details(RUN).artifacts
    with (tmp_path / "back").open("wb") as out:
        assert store.read_artifact(artifact.sha256, out) == len(content)
    assert (tmp_path / "back").read_bytes() == content
    assert not (journal / RUN).exists()


def test_a_name_from_a_journal_never_leaves_its_folder(journal, store):
    writer = started(journal)
    secret = journal.parent / "secret"
    secret.write_text("not yours")
    writer.write_event(ArtifactLogged(name="x", sha256="../../secret", size=9, logged=1001.0))
    log(writer, range(3))
    writer.close()
    recover(store, journal)
    assert steps(store) == [0, 1, 2]
    assert secret.read_text() == "not yours"
