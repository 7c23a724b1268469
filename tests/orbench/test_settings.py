"""Settings: where stores and journals are, what may be printed of a URL, and what is refused."""

from pathlib import Path

import pytest

import orbench
from orbench.errors import StoreUrlError, UsageError
from orbench.settings import (
    RecordingSettings,
    journal_folder,
    masked_url,
    sqlite_path,
    store_url,
)


def test_the_store_is_the_argument_else_the_variable_else_the_default(monkeypatch):
    assert store_url() == "sqlite:///runs/orbench.db"
    monkeypatch.setenv("ORBENCH_STORE", "sqlite:///other.db")
    assert store_url() == "sqlite:///other.db"
    assert store_url("sqlite:///mine.db") == "sqlite:///mine.db"
    assert store_url("plain/path.db") == "sqlite:///plain/path.db"
    monkeypatch.setenv("HOME", "/home/me")
    assert store_url("~/runs.db") == "sqlite:////home/me/runs.db"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:pw@host/db",
        "postgresql+psycopg2://host/db",
        "http://host",
        "sqlite:///a.db?mode=ro",
        "postgresql://me:pw@host:port/db",
        "postgresql://me:pw@[::1/db",
    ],
)
def test_a_url_that_no_store_can_have_is_refused_before_anything_waits_for_it(url):
    with pytest.raises(StoreUrlError, match=r"SQLite store is|not a (store's )?URL") as refused:
        orbench.start_run(store=url)
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("postgresql://me:pw@host:5/db?x=1", "postgresql://me:***@host:5/db?x=1"),
        ("postgresql://me:p%40w@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:p#w@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:p/w?@host:5/db?x=1", "postgresql://me:***@host:5/db?x=1"),
        ("postgresql://me:p@w@host/db", "postgresql://me:***@host/db"),
        ("postgresql:///db?host=/tmp&password=pw", "postgresql:///db?host=/tmp&password=***"),
        ("postgresql://h/db?PASSWORD=pw&x=1", "postgresql://h/db?PASSWORD=***&x=1"),
        ("postgresql://h/db?sslpassword=pw", "postgresql://h/db?sslpassword=***"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("sqlite:///runs/orbench.db", "sqlite:///runs/orbench.db"),
    ],
)
def test_no_password_is_in_a_url_that_is_printed(url, printed):
    assert masked_url(url) == printed


def test_the_path_of_a_sqlite_store():
    assert sqlite_path("sqlite:////a/b.db") == Path("/a/b.db")
    assert sqlite_path("sqlite:///a/../b.db") == Path("b.db").absolute()
    assert sqlite_path("postgresql://host/db") is None


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_sqlite_store_needs_a_file(url):
    with pytest.raises(StoreUrlError, match="names no file"):
        sqlite_path(url)


def test_journals_lie_beside_a_sqlite_store_and_in_the_state_folder_for_a_server(monkeypatch):
    assert journal_folder("sqlite:////a/b.db") == Path("/a/b.journal")
    server = journal_folder("postgresql://me:pw@host/db")
    assert server == journal_folder("postgresql://you:other@host/db"), "one server, one journal"
    assert server != journal_folder("postgresql://me:pw@host/db2")
    monkeypatch.setenv("ORBENCH_JOURNAL", "/elsewhere")
    assert journal_folder("sqlite:////a/b.db") == Path("/elsewhere")


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", ""])
def test_a_number_of_seconds_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("ORBENCH_SHIP_SECONDS", text)
    with pytest.raises(UsageError, match="ORBENCH_SHIP_SECONDS"):
        RecordingSettings.from_environment()
