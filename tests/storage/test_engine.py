"""From a URL to a database: what cannot be used says why in one line, and may work later."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from orbench import errors
from orbench.events import RunStarted
from orbench.run import LOST_AFTER_SECONDS
from orbench.storage import engine, open_store


@pytest.mark.parametrize(
    "url",
    [
        "mysql://host/db",
        "sqlite+aiosqlite:///store.db",
        "postgresql+asyncpg://host/db",
        "postgresql://host:port/db",
        "sqlite:///store.db?mode=ro",
        "sqlite://",
        "sqlite:///:memory:",
        "nonsense",
    ],
)
def test_urls_that_are_no_stores(url):
    with pytest.raises(errors.StoreUrlError) as error:
        open_store(url)
    assert len(str(error.value).splitlines()) == 1


def test_a_url_that_is_refused_is_shown_without_its_password():
    with pytest.raises(errors.StoreUrlError) as error:
        open_store("mysql://me:secret@host/db")
    assert "secret" not in str(error.value)


def test_a_server_that_is_not_there():
    with pytest.raises(errors.StoreUnavailableError, match="try again later") as error:
        open_store("postgresql://me:secret@127.0.0.1:1/db")
    assert "secret" not in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_database_that_is_not_there(postgres_url):
    with pytest.raises(errors.StoreMissingError, match='database "nowhere" does not exist'):
        open_store(re.sub(r"/test_\w+", "/nowhere", postgres_url))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql(postgres_url, scheme):
    url = postgres_url.replace("postgresql", scheme, 1)
    with open_store(url, create=True) as store:
        assert store.info().dialect == "postgresql"


def test_a_missing_driver_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(errors.MissingExtraError, match=r"pip install 'orbench\[postgres\]'"):
        open_store("postgresql://host/db")


def test_there_may_be_as_many_threads_as_one_likes(empty_store_url):
    together = threading.Barrier(40, timeout=20)

    def read(_: int) -> bool:
        with database.read():
            return together.wait() >= 0

    database = engine.open_database(empty_store_url)
    with contextlib.closing(database), ThreadPoolExecutor(40) as pool:
        assert all(pool.map(read, range(40)))


def test_the_pool_writes_nothing_to_the_terminal():
    program = (
        "import logging, orbench.storage.engine; "
        "logging.getLogger('sqlalchemy.pool.impl.QueuePool').error('during reset')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.fixture
def impatient(monkeypatch):
    """Writers wait for a tenth of a second instead of a minute."""
    monkeypatch.setattr(engine, "LOCK_WAIT_SECONDS", 0.1)


@pytest.fixture
def path(sqlite_url, impatient):
    """The file of a SQLite store whose writers are impatient."""
    open_store(sqlite_url, create=True).close()
    return Path(sqlite_url.removeprefix("sqlite:///"))


def test_a_store_that_stays_locked(path, sqlite_url, segment_of):
    with open_store(sqlite_url) as store:
        shipment = segment_of(store, "run1", "a").shipment(RunStarted(started=1.0))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.StoreUnavailableError, match="locked by another process"):
            store.ship(shipment)
        assert store.run_ids() == []  # readers do not wait
        other.execute("ROLLBACK")
        other.close()
        assert store.ship(shipment)


def test_a_writer_waits_for_another(sqlite_url, segment_of):
    with open_store(sqlite_url, create=True) as store:
        path = sqlite_url.removeprefix("sqlite:///")
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.5, other.execute, ["ROLLBACK"])
        timer.start()
        began = time.monotonic()
        assert segment_of(store, "run1", "a").ship(RunStarted(started=1.0))
        assert time.monotonic() - began > 0.2
        timer.join()
        other.close()


def test_a_full_disk(path, sqlite_url, segment_of, points):
    with open_store(sqlite_url) as store:
        journal = segment_of(store, "run1", "a")
        journal.ship(points={"m": points(0, 10)})
        # The database is not let grow: what SQLite says then is what it says of a full disk.
        with store._database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count = {pages}")
        large = journal.shipment(points={"m": points(10, 300_000)})
        with pytest.raises(errors.StoreUnavailableError, match="full disk; free some space"):
            store.ship(large)
        assert store.watermark(journal.segment_id) == 10
        with store._database.engine.connect() as connection:
            raw = connection.connection.driver_connection
            raw.execute("PRAGMA max_page_count = 1000000")
        assert store.ship(large)
        assert len(store.series(["run1"], "m")[0]) == 300_000


def test_a_file_that_may_not_be_written(path, sqlite_url, segment_of):
    with open_store(sqlite_url) as store:
        with store._database.engine.connect() as connection:
            # Permissions do not bind root; this makes SQLite say what it says of a read-only file.
            connection.connection.driver_connection.execute("PRAGMA query_only = ON")
        with pytest.raises(errors.StoreUnavailableError, match="check who may write its file"):
            segment_of(store, "run1", "a").ship(RunStarted(started=1.0))


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(errors.StoreUnavailableError, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path}/file/store.db", create=True)


def test_a_run_locked_by_a_postgres_transaction_that_hangs(
    postgres_url, impatient, segment_of, now
):
    with open_store(postgres_url, create=True) as store:
        journal = segment_of(store, "run1", "a")
        journal.ship(RunStarted(started=now))
        with store._database.write() as connection:
            connection.exec_driver_sql("SELECT * FROM runs FOR UPDATE")
            with pytest.raises(errors.StoreUnavailableError, match="lock timeout"):
                store.ship(journal.shipment())
        assert journal.ship()


def end_all_connections(url):
    """End the server's side of all connections to a database but this one."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_connection_that_was_lost_between_two_calls_is_made_anew(postgres_url, segment_of, now):
    with open_store(postgres_url, create=True) as store:
        journal = segment_of(store, "run1", "a")
        journal.ship(RunStarted(started=now))
        end_all_connections(postgres_url)
        assert journal.ship()


def read_over_a_lost_connection(store, url):
    with store._database.read() as connection:
        end_all_connections(url)
        connection.exec_driver_sql("SELECT 1")


def test_a_connection_that_is_lost_in_a_call(postgres_url):
    with open_store(postgres_url, create=True) as store:
        with pytest.raises(errors.StoreUnavailableError, match="try again later") as error:
            read_over_a_lost_connection(store, postgres_url)
        assert len(str(error.value).splitlines()) == 1
        assert store.run_ids() == []


def test_a_reader_sees_one_moment(store, segment, points):
    journal = segment()
    journal.ship(points={"m": points(0, 5)})
    with store._database.read() as connection:
        count = "SELECT count(*) FROM segments"
        assert connection.exec_driver_sql(count).scalar() == 1
        segment("run2").ship(points={"m": points(0, 5)})
        assert connection.exec_driver_sql(count).scalar() == 1


def test_a_store_is_used_by_many_threads(store, segment, points):
    def work(place):
        journal = segment(f"run{place}")
        for i in range(10):
            journal.ship(points={"m": points(i, i + 1)}, heartbeat=LOST_AFTER_SECONDS)
            found.append(len(store.series([f"run{place}"], "m")[0]) == i + 1)

    found = []
    threads = [threading.Thread(target=work, args=[place]) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 60
