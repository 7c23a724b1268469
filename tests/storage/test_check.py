"""The check: each kind of damage is made by hand and found, and a whole store has none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import text

from orbench.events import (
    ArtifactLogged,
    ConfigUpdated,
    ConsoleWritten,
    FactsCaptured,
    RunStarted,
    SummaryUpdated,
)
from orbench.run_store import TrackerLink
from orbench.storage import FindingKind, check_store, open_store
from orbench.storage.engine import open_database

DATA = b"weights"
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def whole(empty_store_url, segment_of, points, tmp_path):
    """The URL of a store with one run that has something of everything."""
    file = tmp_path / "weights"
    file.write_bytes(DATA)
    with open_store(empty_store_url) as store:
        segment_of(store, "run1", "a").ship(
            RunStarted(started=5.0, seed=3),
            ConfigUpdated(values={"lr": 1e-3}),
            SummaryUpdated(values={"best": 1}),
            FactsCaptured(
                kind="environment", document={"packages": [{"name": "numpy", "version": "2"}]}
            ),
            ConsoleWritten(stream="stdout", time=5.0, data=b"hello\n"),
            ArtifactLogged(name="w", sha256=SHA256, size=len(DATA), logged=5.0),
            points={"m": points(0, 5000), "only": points(0, 3)},
            blobs={SHA256: file},
        )
    return empty_store_url


def damage(url, statement):
    """Run a statement with foreign keys left unchecked, as a fault of a disk would."""
    database = open_database(url)
    if database.dialect == "sqlite":
        with database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute(statement.replace("'\\x00'::bytea", "x'00'"))
    else:
        with database.write() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(text(statement.replace(":", "\\:")))
    database.close()


def test_a_whole_store_has_no_findings(whole, empty_store_url, segment_of, points):
    with open_store(empty_store_url) as store:
        for i in range(40):
            segment_of(store, f"other{i % 3}", f"{i}").ship(points={"m": points(i, i + 1)})
        store.compact("other1")
        store.remove(["other2"])
    assert check_store(whole) == []


ZERO = "'\\x00'::bytea"
ONLY = "series_key = (SELECT series_key FROM series WHERE n = 3)"
LONG = "series_key = (SELECT series_key FROM series WHERE n = 5000)"
DAMAGE = [
    (f'UPDATE chunks SET "values" = {ZERO} WHERE {ONLY}', "damaged", "fails its checksum"),
    (f"UPDATE chunks SET codec = 9 WHERE {ONLY}", "damaged", "codec 9"),
    (f"UPDATE chunks SET n = 99999 WHERE {ONLY}", "damaged", "99999 points"),
    (f"UPDATE chunks SET minimum = -7 WHERE {ONLY}", "disagrees", "other points than its row"),
    (f"DELETE FROM chunks WHERE {ONLY}", "missing", "has 0 of its 3 points"),
    (f"DELETE FROM chunks WHERE {LONG} AND ordinal = 0", "missing", "has 904 of its 5000 points"),
    ("UPDATE series SET n = 2 WHERE n = 3", "disagrees", "do not have: n"),
    ("UPDATE series SET maximum = 7 WHERE n = 3", "disagrees", "do not have: maximum"),
    ("UPDATE series SET next_ordinal = 0 WHERE n = 3", "disagrees", "the next is to be 0"),
    ("DELETE FROM series WHERE n = 3", "orphaned", "1 row of chunks belongs to series"),
    (
        "UPDATE series SET metric_key = 99 WHERE n = 3",
        "missing",
        "1 row of series refers to metrics that are not there",
    ),
    (f"UPDATE documents SET data = {ZERO}", "damaged", "not a zstd frame"),
    ("UPDATE documents SET size = 3", "damaged", "where 3 were expected"),
    ("DELETE FROM documents", "missing", "runs refers to documents that are not there"),
    ("UPDATE runs SET environment = NULL", "orphaned", "belongs to no run"),
    ("DELETE FROM packages", "disagrees", "the rows of packages"),
    (f"UPDATE blob_parts SET data = {ZERO}", "damaged", "part 0 of artifact"),
    ("DELETE FROM blob_parts", "damaged", "is missing"),
    ("UPDATE blobs SET complete = (1=0)", "incomplete", "are not in the store, or not all"),
    ("DELETE FROM artifacts", "orphaned", "(7 bytes) belongs to no run"),
    ("DELETE FROM blobs", "missing", "artifacts refers to blobs"),
    ("DELETE FROM params", "disagrees", "params of run run1 are not those of its config"),
    ("UPDATE summary_values SET number = 2", "disagrees", "summary_values of run run1"),
    ("UPDATE runs SET config = '{'", "damaged", "the config of run run1 is not JSON"),
    ("UPDATE runs SET status = 'odd'", "damaged", "status 'odd'"),
    (f"UPDATE console SET data = {ZERO}", "damaged", "piece 1 of the console"),
    ("UPDATE console SET size = 2000000000", "damaged", "claims 2000000000 bytes"),
]


@pytest.mark.parametrize(("statement", "kind", "words"), DAMAGE, ids=[d[0] for d in DAMAGE])
def test_damage_is_found(whole, statement, kind, words):
    damage(whole, statement)
    findings = check_store(whole)
    found = [finding for finding in findings if words in finding.sentence]
    assert [finding.kind for finding in found] == [FindingKind(kind)], findings
    assert all(len(finding.sentence.splitlines()) == 1 for finding in findings)


def test_an_upload_that_was_cut_off_is_found(whole):
    damage(whole, "INSERT INTO blobs (sha256, size, parts, complete) VALUES ('f', 5, 1, (1=0))")
    (finding,) = check_store(whole)
    assert finding.kind is FindingKind.ORPHANED


def test_pages_that_were_overwritten_are_found(sqlite_url, segment_of, points):
    with open_store(sqlite_url, create=True) as store:
        segment_of(store, "run1", "a").ship(points={"m": points(0, 50_000)})
        store._database.sync()
    with Path(sqlite_url.removeprefix("sqlite:///")).open("r+b") as file:
        file.seek(0, 2)
        file.seek(file.tell() // 2)
        file.write(b"\xff" * 8192)
    assert any(finding.kind is FindingKind.DAMAGED for finding in check_store(sqlite_url))


def test_progress_is_told(whole):
    told = []
    check_store(whole, progress=lambda *progress: told.append(progress))
    assert told == [(0, 1)]


def test_a_damaged_link_or_baseline_is_named(whole):
    with open_store(whole) as store:
        store.link_tracker(TrackerLink("run1", "mlflow://here", {"id": "a"}, 1.0))
        store.save_baseline("v1", {"n": 1})
    assert check_store(whole) == []
    damage(whole, "UPDATE tracker_links SET document = 'no'")
    damage(whole, "UPDATE baselines SET document = '[]'")
    assert [finding.subject for finding in check_store(whole)] == [
        "link of run run1 to mlflow://here",
        "baseline v1",
    ]
