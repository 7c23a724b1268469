"""Copies: everything, either way, verified; cut off anywhere, made again, the same in the end."""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from orbench import errors
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
from orbench.run_store import TrackerLink
from orbench.storage import check_store, copy_store, engine, open_store
from orbench.storage.artifacts import PART_BYTES
from orbench.storage.tables import blob_parts, chunks

ARTIFACT = b"weights " * (PART_BYTES // 4)
SHA256 = hashlib.sha256(ARTIFACT).hexdigest()


DIRECTIONS = [
    "sqlite to sqlite",
    pytest.param("sqlite to postgres", marks=pytest.mark.postgres),
    pytest.param("postgres to sqlite", marks=pytest.mark.postgres),
]


@pytest.fixture(params=DIRECTIONS)
def urls(request, sqlite_url, tmp_path):
    """The URLs of a store to copy and of one to copy it to."""
    other = f"sqlite:///{tmp_path / 'other.db'}"
    if request.param == "sqlite to sqlite":
        return sqlite_url, other
    postgres_url = request.getfixturevalue("postgres_url")
    pair = (sqlite_url, postgres_url)
    return pair if request.param == "sqlite to postgres" else pair[::-1]


@pytest.fixture
def filled(urls, segment_of, points, tmp_path, now):
    """The URLs; the first store holds three runs, with something of everything."""
    file = tmp_path / "weights"
    file.write_bytes(ARTIFACT)
    logged = ArtifactLogged(name="w", sha256=SHA256, size=len(ARTIFACT), logged=now)
    packages = [{"name": "numpy", "version": "2.4"}, {"name": "torch", "version": "3"}]
    with open_store(urls[0], create=True) as store:
        for seed, run_id in enumerate(["runa", "runb", "runc"]):
            segment_of(store, run_id, "a").ship(
                RunStarted(started=now + seed, project="zoo", exp_name="ppo", seed=seed),
                ConfigUpdated(values={"lr": 1e-3, "n": float("nan"), "été": "\0"}),
                SummaryUpdated(values={"best": seed}),
                TagsChanged(added=("v1", f"s{seed}")),
                FactsCaptured(kind="environment", document={"packages": packages}),
                FactsCaptured(kind="variables", document={"A": "1"}),
                ConsoleWritten(stream="stdout", time=now, data=b"hello\n"),
                logged,
                RunEnded(status="finished", ended=now + 10, exit_code=0),
                points={"m": points(0, 5000), "Z": points(0, 2), "a/é": points(0, 3)},
                blobs={SHA256: file},
                heartbeat=now + 10,
                damage="a byte",
            )
    return urls


def contents(url):
    """All that the library can read from a store."""
    with open_store(url) as store:
        run_ids = store.run_ids()
        out = io.BytesIO()
        store.read_artifact(SHA256, out)
        series = [
            (found.run_id, name, found.steps.tobytes(), found.values.tobytes())
            for name in store.metric_names()
            for found in store.series(run_ids, name)
        ]
        info = store.info()
        return {
            "runs": [repr(run) for run in store.runs()],
            "details": [repr(store.details(run_id)) for run_id in run_ids],
            "series": series,
            "console": [list(store.console(run_id)) for run_id in run_ids],
            "artifact": out.getvalue(),
            "counts": (info.series, info.chunks, info.points, info.artifacts),
            "watermarks": [store.watermark(f"{run_id}/a") for run_id in run_ids],
        }


def test_a_copy_holds_everything(filled):
    report = copy_store(*filled)
    assert (report.copied, report.runs, report.series, report.points) == (3, 3, 9, 15015)
    assert (report.artifacts, report.artifact_bytes) == (1, len(ARTIFACT))
    assert contents(filled[1]) == contents(filled[0])
    assert check_store(filled[1]) == []


def test_copying_again_finds_everything_there(filled):
    copy_store(*filled)
    before = contents(filled[1])
    report = copy_store(*filled)
    assert (report.copied, report.replaced, report.already_there) == (0, 0, 3)
    assert (report.points, report.artifacts) == (0, 0)
    assert contents(filled[1]) == before


def test_a_copy_of_a_copy_is_the_same(filled, tmp_path):
    third = f"sqlite:///{tmp_path / 'third.db'}"
    copy_store(*filled)
    copy_store(filled[1], third)
    assert contents(third) == contents(filled[0])
    assert copy_store(filled[0], third).already_there == 3


def test_progress_is_told_run_by_run(filled):
    told = []
    copy_store(*filled, progress=lambda *progress: told.append(progress))
    assert told == [(0, 3, "runa"), (1, 3, "runb"), (2, 3, "runc")]


class CutOffError(Exception):
    """Stands for a kill at the end of a transaction."""


@contextmanager
def cut_off_after(monkeypatch, transactions):
    """Let that many transactions be committed, then fail at the end of the next one."""
    write = engine.Database.write
    left = [transactions]

    @contextmanager
    def limited(self, **options):
        with write(self, **options) as connection:
            yield connection
            if left[0] == 0:
                raise CutOffError
            left[0] -= 1

    with monkeypatch.context() as patch:
        patch.setattr(engine.Database, "write", limited)
        yield


def test_a_copy_that_is_cut_off_anywhere_goes_on(filled, monkeypatch):
    cut = 0
    for _ in range(100):
        try:
            with cut_off_after(monkeypatch, 1):
                copy_store(*filled)
            break
        except CutOffError:
            cut += 1
    assert cut > 5
    assert contents(filled[1]) == contents(filled[0])
    assert check_store(filled[1]) == []


@pytest.mark.parametrize("urls", ["sqlite to sqlite"], indirect=True)
@pytest.mark.parametrize("transactions", range(8))
def test_a_copy_that_was_cut_off_once_is_whole_after_the_next(filled, monkeypatch, transactions):
    with cut_off_after(monkeypatch, transactions), pytest.raises(CutOffError):
        copy_store(*filled)
    report = copy_store(*filled)
    assert report.runs == 3
    assert contents(filled[1]) == contents(filled[0])


def test_a_run_that_went_on_is_replaced(filled, segment_of, points):
    copy_store(*filled)
    with open_store(filled[0]) as store:
        more = segment_of(store, "runb", "later")
        more.ship(points={"m": points(5000, 5010)})
    report = copy_store(*filled)
    assert (report.copied, report.replaced, report.already_there) == (0, 1, 2)
    assert contents(filled[1]) == contents(filled[0])


def test_a_run_of_which_the_target_has_more_is_kept(filled, segment_of, points):
    copy_store(*filled)
    with open_store(filled[1]) as store:
        segment_of(store, "runb", "later").ship(points={"m": points(5000, 5010)})
    report = copy_store(*filled)
    assert report.kept == ["run runb: the target holds more of it"]
    with open_store(filled[1]) as store:
        assert len(store.series(["runb"], "m")[0]) == 5010


def test_other_runs_of_the_target_stay(filled, segment_of, points):
    with open_store(filled[1], create=True) as store:
        segment_of(store, "own", "a").ship(points={"m": points(0, 3), "own": points(0, 3)})
    copy_store(*filled)
    with open_store(filled[1]) as store:
        assert sorted(store.run_ids()) == ["own", "runa", "runb", "runc"]
        assert len(store.series(["own"], "own")[0]) == 3


def test_damage_is_copied_as_it_is_and_found_in_the_copy(filled):
    with open_store(filled[0]) as store, store._database.write() as connection:
        this = chunks.c.ordinal == 0
        first = connection.execute(select(chunks.c.series_key).where(this)).scalars().first()
        damaged = this & (chunks.c.series_key == first)
        connection.execute(chunks.update().where(damaged), {"values": b"damaged"})
        connection.execute(blob_parts.delete().where(blob_parts.c.part == 1))
    copy_store(*filled)
    found = [sorted(finding.sentence for finding in check_store(url)) for url in filled]
    assert found[0] == found[1]
    assert len(found[0]) == 2


def test_a_store_is_not_copied_into_itself(sqlite_url):
    open_store(sqlite_url, create=True).close()
    with pytest.raises(errors.StoreUrlError, match="are one store"):
        copy_store(sqlite_url, sqlite_url)


def test_a_store_that_is_not_there_is_not_copied(urls):
    with pytest.raises(errors.StoreMissingError):
        copy_store(*urls)
    with pytest.raises(errors.StoreMissingError):
        open_store(urls[1])


def linked(url, updated, **document):
    with open_store(url) as store:
        store.link_tracker(TrackerLink("runa", "mlflow://here", document, updated))


def links(url):
    with open_store(url) as store:
        return [(link.run_id, link.document, link.updated) for link in store.tracker_links()]


def test_links_to_trackers_are_copied_and_the_newest_stays(filled):
    source, target = filled
    linked(source, 1.0, n=1)
    copy_store(source, target)
    assert links(target) == [("runa", {"n": 1}, 1.0)]
    linked(target, 3.0, n=3)
    linked(source, 2.0, n=2)
    assert copy_store(source, target).already_there == 3
    assert links(target) == [("runa", {"n": 3}, 3.0)]


def test_a_run_that_is_replaced_keeps_the_links_it_has_there(filled, segment_of):
    source, target = filled
    copy_store(source, target)
    linked(target, 1.0, n=1)
    with open_store(source) as store:
        segment_of(store, "runa", "b").ship(TagsChanged(added=("later",)))
    assert copy_store(source, target).replaced == 1
    assert links(target) == [("runa", {"n": 1}, 1.0)]


def test_baselines_are_copied_and_another_of_the_name_is_kept_and_told(filled):
    source, target = filled
    with open_store(source) as store:
        store.save_baseline("v1", {"n": 1})
        store.save_baseline("v2", {"n": 2})
    with open_store(target, create=True) as store:
        store.save_baseline("v2", {"n": "other"})
    report = copy_store(source, target)
    assert [sentence for sentence in report.kept if "v2" in sentence] == report.kept != []
    with open_store(target) as store:
        assert (store.baseline("v1"), store.baseline("v2")) == ({"n": 1}, {"n": "other"})
