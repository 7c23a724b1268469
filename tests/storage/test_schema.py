"""Opening: a store is made once, and whatever is not one is refused without a byte changed."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from orbench import errors
from orbench.run_store import open_store as open_through_the_library
from orbench.storage import init_store, migrations, open_store, schema, upgrade_store
from orbench.storage.engine import open_database
from orbench.storage.schema import APPLICATION_ID, HEAD

STORES = Path(__file__).parent / "stores"


def folder_bytes(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def file_of(url):
    return Path(url.removeprefix("sqlite:///"))


def test_a_store_is_made_only_when_asked_for(store_url):
    with pytest.raises(errors.StoreMissingError, match="orbench store init"):
        open_store(store_url)
    open_store(store_url, create=True).close()
    open_store(store_url).close()


def test_looking_for_a_store_makes_no_file(tmp_path, sqlite_url):
    with pytest.raises(errors.StoreMissingError):
        open_store(sqlite_url)
    assert folder_bytes(tmp_path) == {}


def test_init_says_whether_it_made_the_store(store_url):
    assert init_store(store_url)
    assert not init_store(store_url)


def test_the_library_opens_stores_through_the_layer(sqlite_url):
    with open_through_the_library(sqlite_url, create=True) as store:
        assert store.run_ids() == []


def test_a_sqlite_store_loads_no_other_database(sqlite_url):
    code = (
        "import sys; from orbench.run_store import open_store\n"
        f"open_store({sqlite_url!r}, create=True).close()\n"
        "print([name for name in sys.modules if 'postgres' in name or 'psycopg' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_missing_folders_are_made(tmp_path):
    url = f"sqlite:///{tmp_path / 'new' / 'folder' / 'store.db'}"
    open_store(url, create=True).close()
    assert file_of(url).exists()


def test_a_sqlite_store_names_itself_and_waits_for_writers(sqlite_url):
    with open_store(sqlite_url, create=True) as store:
        pragmas = ("application_id", "journal_mode", "busy_timeout", "foreign_keys")
        with store._database.read() as connection:
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert found == [APPLICATION_ID, "wal", 60_000, 1]


def test_many_at_once_make_one_store(store_url):
    ids, problems = set(), []
    barrier = threading.Barrier(6)

    def make():
        barrier.wait()
        try:
            with open_store(store_url, create=True) as store:
                ids.add(store.info().store_id)
        except errors.StoreError as error:
            problems.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(ids) == 1


def a_foreign_database(path):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE runs (id INTEGER)")
    connection.close()


def a_foreign_database_in_wal_mode(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE runs (id INTEGER)")
    connection.close()


def a_newer_store(path):
    open_store(f"sqlite:///{path}", create=True).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9999")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def no_database(path):
    path.write_text("step,return\n1,2\n" * 100)


def a_short_file(path):
    path.write_bytes(b"SQLite format 3\0")


REFUSED = [
    (a_foreign_database, errors.NotAStoreError, "not an orbench store"),
    (a_foreign_database_in_wal_mode, errors.NotAStoreError, "not an orbench store"),
    (no_database, errors.NotAStoreError, "not an orbench store"),
    (a_short_file, errors.NotAStoreError, "not an orbench store"),
    (Path.mkdir, errors.NotAStoreError, "is a folder"),
    (a_newer_store, errors.StoreTooNewError, "install a newer orbench"),
]


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize(("make", "error", "words"), REFUSED)
def test_what_is_refused_is_not_touched(tmp_path, sqlite_url, make, error, words, create):
    make(file_of(sqlite_url))
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.iterdir()}
    contents = {path: path.read_bytes() for path in before if path.is_file()}
    for attempt in (lambda: open_store(sqlite_url, create=create), lambda: init_store(sqlite_url)):
        with pytest.raises(error, match=words):
            attempt()
    with pytest.raises(error, match=words):
        upgrade_store(sqlite_url)
    after = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.iterdir()}
    assert after == before
    assert {path: path.read_bytes() for path in contents} == contents


def test_a_foreign_postgres_database_is_refused_untouched(postgres_url):
    database = open_database(postgres_url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    with pytest.raises(errors.NotAStoreError, match="not touched"):
        open_store(postgres_url, create=True)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == ["theirs"]
    database.close()


@pytest.fixture
def set_version(store_url):
    """Makes a store and puts another version into it."""

    def set_to(version):
        open_store(store_url, create=True).close()
        database = open_database(store_url)
        with database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
            schema.stamp_sqlite(connection, version)
        database.sync()
        database.close()

    return set_to


def test_a_newer_store_is_refused(store_url, set_version):
    set_version("9999")
    with pytest.raises(errors.StoreTooNewError, match=f"schema 9999.*up to {HEAD}"):
        open_store(store_url)
    with pytest.raises(errors.StoreTooNewError):
        upgrade_store(store_url)


def test_an_older_store_is_to_be_upgraded(store_url, set_version):
    set_version("0000")
    with pytest.raises(errors.StoreTooOldError, match="orbench store upgrade"):
        open_store(store_url)


def test_upgrading_what_is_not_there(store_url):
    with pytest.raises(errors.StoreMissingError):
        upgrade_store(store_url)


def test_upgrading_a_store_of_this_version_does_nothing(store_url):
    open_store(store_url, create=True).close()
    assert upgrade_store(store_url) == (HEAD, HEAD)


def described_index(index):
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return index["name"], index["column_names"], bool(index["unique"]), options


def described(url):
    """Everything that the database knows of its tables, without the order of columns in lists."""
    database = open_database(url)
    with database.read() as connection:
        about = inspect(connection)
        tables = {
            name: {
                "columns": [
                    (c["name"], str(c["type"]), c["nullable"]) for c in about.get_columns(name)
                ],
                "primary key": about.get_pk_constraint(name),
                "foreign keys": sorted(map(str, about.get_foreign_keys(name))),
                "unique": sorted(map(str, about.get_unique_constraints(name))),
                "indices": sorted(map(described_index, about.get_indexes(name))),
            }
            for name in about.get_table_names()
        }
    database.close()
    return tables


def test_the_migrations_make_the_tables_that_are_declared(store_url):
    database = open_database(store_url)
    migrations.upgrade(database)
    database.close()
    migrated = described(store_url)
    database = open_database(store_url)
    with database.write() as connection:
        for table in reversed(schema.tables.metadata.sorted_tables):
            connection.execute(text(f'DROP TABLE "{table.name}"'))
        connection.execute(text("DROP TABLE alembic_version"))
    database.close()
    if store_url.startswith("sqlite"):
        file_of(store_url).unlink()  # its header still says that it is a store
    open_store(store_url, create=True).close()
    assert described(store_url) == migrated


NEXT = f"{int(HEAD) + 1:04}"
NEXT_REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{next}"
down_revision = "{head}"
branch_labels = depends_on = None


def upgrade():
    op.add_column("runs", sa.Column("colour", sa.Text(), nullable=False, server_default="red"))
"""


def test_an_upgrade_runs_the_revisions_that_are_missing_and_keeps_the_data(
    store_url, segment_of, points, tmp_path, monkeypatch
):
    with open_store(store_url, create=True) as store:
        segment_of(store, "run1", "a").ship(points={"m": points(0, 10)})
    folder = tmp_path / "50% of migrations"
    (folder / "versions").mkdir(parents=True)
    for path in (migrations.FOLDER / "env.py", *migrations.FOLDER.glob("versions/rev_*.py")):
        (folder / path.relative_to(migrations.FOLDER)).write_bytes(path.read_bytes())
    revision = NEXT_REVISION.format(next=NEXT, head=HEAD)
    (folder / "versions" / f"rev_{NEXT}.py").write_text(revision)
    monkeypatch.setattr(migrations, "FOLDER", folder)
    monkeypatch.setattr(migrations, "HEAD", NEXT)
    monkeypatch.setattr(migrations.upgrade, "__defaults__", (NEXT,))
    monkeypatch.setattr(schema, "HEAD", NEXT)
    with pytest.raises(errors.StoreTooOldError):
        open_store(store_url)
    assert upgrade_store(store_url) == (HEAD, NEXT)
    with open_store(store_url) as store:
        assert len(store.series(["run1"], "m")[0]) == 10
        with store._database.read() as connection:
            assert connection.execute(text("SELECT colour FROM runs")).scalars().all() == ["red"]
    if store_url.startswith("sqlite"):
        assert int.from_bytes(file_of(store_url).read_bytes()[60:64], "big") == int(NEXT)


@pytest.mark.parametrize("dump", sorted(STORES.glob("*.sql")), ids=lambda path: path.stem)
def test_a_store_of_every_earlier_version_is_upgraded_and_read(dump, sqlite_url):
    connection = sqlite3.connect(file_of(sqlite_url))
    connection.executescript(dump.read_text())
    connection.close()
    assert upgrade_store(sqlite_url) == (dump.stem, HEAD)
    with open_store(sqlite_url) as store:
        (run,) = store.runs()
        assert (run.exp_name, run.env_id, run.seed) == ("q_learning", "Taxi-v3", 3)
        assert run.config == {"alpha": 0.1, "net": {"layers": [64, 64]}}
        (series,) = store.series([run.run_id], "charts/episodic_return")
        assert series.values.tolist()[:3] == [0.0, 0.5, 1.0]
        assert len(series) == 100
        assert store.details(run.run_id).facts["machine"] == {"cpus": 2}
        assert b"".join(piece.data for piece in store.console(run.run_id)) == b"done\n"


def test_a_store_whose_checkpoint_was_cut_off_is_the_store_that_it_is(tmp_path, sqlite_url):
    open_store(sqlite_url, create=True).close()
    file, cut = file_of(sqlite_url), tmp_path / "cut.db"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE filler AS SELECT zeroblob(400000) AS bytes")
        pages, log = file.read_bytes(), file.with_name(f"{file.name}-wal").read_bytes()
        connection.execute("PRAGMA wal_checkpoint")
        whole = file.read_bytes()
    assert len(whole) > len(pages)
    # What the disk took of the checkpoint is its first page, which says how many there are.
    cut.write_bytes(whole[:4096] + pages[4096:])
    cut.with_name("cut.db-wal").write_bytes(log)
    with open_store(f"sqlite:///{cut}") as store:
        assert store.runs() == []
