"""The cache of openrlbenchmark: as its `cache.py` and `offline_db.py` write it, old and new."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from orbench.errors import ImportFileError, UsageError
from orbench.importers import OpenrlbenchmarkImporter, deliver, imported_run_id, parse_naming
from orbench.run import RunStatus
from orbench.run_store import open_store

RETURN = "charts/episodic_return"
CONFIG = {"env_id": "Pong-v5", "exp_name": "ppo", "seed": 3, "net": {"size": 64}, "_wandb": {}}

# As peewee 3 makes the tables of openrlbenchmark's offline_db.py.
TABLES = """
CREATE TABLE "offlinerun" ("id" VARCHAR(255) NOT NULL, "name" VARCHAR(255) NOT NULL,
    "state" VARCHAR(255) NOT NULL, "url" VARCHAR(255) NOT NULL, "path" JSON NOT NULL,
    "username" VARCHAR(255) NOT NULL, "project" VARCHAR(255) NOT NULL,
    "entity" VARCHAR(255) NOT NULL, "config" JSON NOT NULL);
CREATE TABLE "tag" ("id" INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL);
CREATE TABLE "tag_offlinerun_through" ("id" INTEGER NOT NULL PRIMARY KEY,
    "tag_id" INTEGER NOT NULL, "offlinerun_id" INTEGER NOT NULL,
    FOREIGN KEY ("tag_id") REFERENCES "tag" ("id"),
    FOREIGN KEY ("offlinerun_id") REFERENCES "offlinerun" ("id"));
"""


def rows(count=5):
    """A history as `run.scan_history()` gives it: what a row did not log is not in it."""
    for step in range(count):
        yield {"_step": step, "_timestamp": 1.7e9 + step, "_runtime": step, "global_step": step * 8}
    yield {"_step": count, "_timestamp": 1.7e9 + count, RETURN: 0.1 + 0.2, "global_step": count * 8}
    yield {"_step": count + 1, "_timestamp": 1.7e9 + 9, RETURN: "NaN", "video": {"_type": "file"}}
    yield {"_step": count + 2, RETURN: "Infinity", "global_step": 99, "done": True, "ok": True}
    yield {"_step": count + 3, "global_step": 100, "done": "no"}


def newer(run_id, **said):
    """A `run.json` as `CachedRun.dump_json` writes it since 0.2."""
    run = {
        **{"id": run_id, "name": f"Pong-v5__ppo__3__{run_id}", "state": "finished"},
        "url": f"https://wandb.ai/openrlbenchmark/cleanrl/runs/{run_id}",
        **{"project": "cleanrl", "entity": "openrlbenchmark", "config": CONFIG},
        **{"tags": ["v1.0.0", "latest"], "path": ["openrlbenchmark", "cleanrl", run_id]},
        "user": {"username": "costa-huang", "name": "Costa"},
    }
    return run | said


def older(run_id):
    """A `run.json` of 0.1: what is JSON in W&B's own object."""
    attributes = {
        **{"name": run_id, "displayName": f"Pong-v5__ppo__3__{run_id}", "state": "crashed"},
        **{"tags": ["v0.9"], "config": CONFIG, "rawconfig": {}, "summaryMetrics": {"best": 7}},
        **{"createdAt": "2022-05-01T10:00:00", "user": {"username": "costa-huang", "name": "C"}},
    }
    return {
        **{"_attrs": attributes, "_entity": "openrlbenchmark", "project": "cleanrl", "id": run_id},
        **{"_files": {}, "_state": "crashed", "_summary": None, "dir": "/tmp/x"},
        "user": {"_attrs": {"username": "costa-huang"}, "_user_api": None},
    }


@pytest.fixture
def cache(tmp_path):
    """A cache to put runs into: `cache(id, said of it, its history)`."""

    def put(run_id, said=None, history=None):
        folder = tmp_path / "dataset" / "openrlbenchmark" / "cleanrl" / run_id
        folder.mkdir(parents=True)
        pd.DataFrame(list(rows() if history is None else history)).to_csv(folder / "run_df.csv")
        if said is not None:
            (folder / "run.json").write_text(json.dumps(said))
        return folder

    return put


@pytest.fixture
def database(tmp_path):
    """An `offline.sqlite` of runs given by id, each with a tag."""

    def put(*run_ids):
        path = tmp_path / "dataset" / "openrlbenchmark" / "cleanrl" / "offline.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executescript(TABLES)
            connection.execute("insert into tag values (1, 'v2.0')")
            for number, run_id in enumerate(run_ids):
                connection.execute(
                    "insert into offlinerun values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(run_id, "a name", "finished", "https://wandb.ai/x", "[]", "someone"),
                        *("cleanrl", "openrlbenchmark", json.dumps(CONFIG)),
                    ),
                )
                connection.execute(
                    "insert into tag_offlinerun_through values (?, 1, ?)", (number, run_id)
                )
        return path

    return put


def read(path, *constants):
    importer = OpenrlbenchmarkImporter(parse_naming((), constants))
    return [run for found in importer.find([path]) for run in importer.read(found)]


def test_a_run_is_read_whole_under_the_names_that_it_has_in_w_and_b(cache, tmp_path) -> None:
    cache("abc", newer("abc"))
    (run,) = read(tmp_path / "dataset")
    assert run.project == "openrlbenchmark/cleanrl"
    assert (run.exp_name, run.env_id, run.seed) == ("ppo", "Pong-v5", 3)
    assert run.tags == ("v1.0.0", "latest", "user:costa-huang")
    assert run.config == {key: value for key, value in CONFIG.items() if key != "_wandb"}
    assert run.status is RunStatus.FINISHED
    assert (run.started, run.ended) == (1.7e9, 1.7e9 + 9)
    assert run.provenance["file"] == "dataset/openrlbenchmark/cleanrl/abc"
    assert run.provenance["wandb"]["url"].endswith("/runs/abc")
    identity = "wandb://api.wandb.ai/openrlbenchmark/cleanrl/abc"
    assert run.run_id == imported_run_id("wandb", identity)


def test_every_value_is_exact_and_stands_at_its_step(cache, tmp_path) -> None:
    cache("abc", newer("abc"))
    (run,) = read(tmp_path / "dataset")
    series = run.points[RETURN]
    assert series.steps.tolist() == [40, 40, 99]
    first, second, third = series.values.tolist()
    assert first == 0.1 + 0.2
    assert math.isnan(second)
    assert third == math.inf
    assert series.wall_times.tolist() == [1.7e9 + 5, 1.7e9 + 9, 1.7e9 + 9]
    assert set(run.points) == {RETURN, "done", "ok"}
    assert run.points["done"].values.tolist() == [1.0]
    assert run.points["ok"].values.tolist() == [1.0]


def test_what_is_left_out_is_told(cache, tmp_path) -> None:
    cache("abc", newer("abc"))
    (run,) = read(tmp_path / "dataset")
    place = "dataset/openrlbenchmark/cleanrl/abc/run_df.csv"
    assert run.notes == (
        f"{place}: 1 rows of 9 have no global_step; they stand at the one before",
        f"{place}: left out, as they are no numbers: 1 of done, 1 of video",
    )
    assert run.rows.repeated == 1


def test_the_older_form_of_a_run_is_read_too(cache, tmp_path) -> None:
    cache("abc", older("abc"), history=[{"_step": 0, RETURN: 1.0}])
    (run,) = read(tmp_path / "dataset")
    assert run.project == "openrlbenchmark/cleanrl"
    assert run.tags == ("v0.9", "user:costa-huang")
    assert run.status is RunStatus.FAILED
    assert run.summary == {"best": 7}
    assert run.started == 1651399200.0
    assert run.run_id == imported_run_id(
        "wandb", "wandb://api.wandb.ai/openrlbenchmark/cleanrl/abc"
    )


def test_a_run_without_a_file_of_its_own_is_told_by_the_database(cache, database, tmp_path) -> None:
    cache("0123")
    database("other", "0123")
    told, run = sorted(read(tmp_path / "dataset"), key=lambda one: one.run_id)
    assert (run.project, run.tags) == ("openrlbenchmark/cleanrl", ("v2.0", "user:someone"))
    assert run.seed == 3
    assert not told.points
    assert told.notes == (
        "dataset/openrlbenchmark/cleanrl/offline.sqlite: run other has no run_df.csv here, left "
        "out",
    )


def test_a_database_that_adds_nothing_is_no_source(cache, database, tmp_path) -> None:
    cache("abc", newer("abc"))
    database("abc")
    importer = OpenrlbenchmarkImporter()
    assert [found.path.name for found in importer.find([tmp_path / "dataset"])] == ["abc"]


def test_the_database_is_not_written_to(cache, database, tmp_path) -> None:
    cache("abc")
    path = database("abc")
    before = path.read_bytes()
    path.chmod(0o444)
    read(tmp_path / "dataset")
    assert path.read_bytes() == before
    assert sorted(one.name for one in path.parent.iterdir()) == ["abc", "offline.sqlite"]


def test_again_adds_nothing_and_a_refreshed_cache_what_is_new(cache, tmp_path) -> None:
    folder = cache("abc", newer("abc"))
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", create=True) as store:
        first = deliver(store, read(folder)[0])
        assert deliver(store, read(tmp_path / "dataset")[0]).outcome.value == "known"
        (folder / "run.json").write_text(json.dumps(newer("abc", tags=["v1.0.0", "more"])))
        assert deliver(store, read(folder)[0]).outcome.value == "changed"
        pd.DataFrame([*rows(), {"_step": 20, RETURN: 5, "global_step": 200}]).to_csv(
            folder / "run_df.csv"
        )
        grown = deliver(store, read(folder)[0])
        assert (grown.run_id, grown.outcome.value, grown.added) == (first.run_id, "grown", 1)
        (run,) = store.runs()
        assert "more" in run.tags


def test_a_history_of_nothing_is_told(cache, tmp_path) -> None:
    cache("abc", newer("abc"), history=[])
    (run,) = read(tmp_path / "dataset")
    assert run.points == {}
    assert any(note.endswith("run_df.csv: holds no rows") for note in run.notes)


def test_steps_are_w_and_b_s_own_where_there_are_no_others(cache, tmp_path) -> None:
    cache("abc", newer("abc"), history=[{"_step": n * 2, RETURN: n} for n in range(3)])
    (run,) = read(tmp_path / "dataset")
    assert run.points[RETURN].steps.tolist() == [0, 2, 4]


def test_names_come_from_the_folders_where_the_file_has_none(cache, tmp_path) -> None:
    cache("abc", {"config": CONFIG})
    (run,) = read(tmp_path / "dataset")
    assert run.project == "openrlbenchmark/cleanrl"


def test_a_run_that_nobody_names_is_asked_for(cache, tmp_path) -> None:
    cache("abc", newer("abc", name="eager-sun", config={"seed": 1, "exp_name": "ppo"}))
    with pytest.raises(UsageError, match="nothing says the env_id of the run"):
        read(tmp_path / "dataset")
    assert read(tmp_path / "dataset", "env_id=Pong-v5")[0].env_id == "Pong-v5"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("run.json", "[1]", "abc/run.json: is list, not a JSON object"),
        ("run.json", '{"a": ', "abc/run.json: is not JSON, or is cut off"),
        ("run_df.csv", "", "abc/run_df.csv: is empty, or has no whole line"),
        ("run_df.csv", ",a,a\n0,1,2\n", "has 3 columns, or two of one name"),
        ("run_df.csv", ",a,b\n0,1\n", "row 1 has 2 cells and the header 3"),
        ("run_df.csv", ",_step\n0,-5\n", "_step: row 1: -5 is no step"),
    ],
)
def test_bad_files_are_told_in_a_line(cache, tmp_path, name, text, said) -> None:
    folder = cache("abc", newer("abc"))
    (folder / name).write_text(text)
    with pytest.raises(ImportFileError, match="openrlbenchmark/cleanrl/abc") as caught:
        read(tmp_path / "dataset")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_half_cached_run_is_told(cache, tmp_path) -> None:
    folder = cache("abc")
    with pytest.raises(ImportFileError, match=r"has no run\.json, and no offline\.sqlite above"):
        read(tmp_path / "dataset")
    (folder / "run_df.csv").rename(folder / "run.json")
    with pytest.raises(ImportFileError, match=r"has no run_df\.csv"):
        read(tmp_path / "dataset")
    with pytest.raises(ImportFileError, match="no run of openrlbenchmark's cache"):
        read(_empty(tmp_path))


def _empty(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


ENDLESS = """
create view offlinerun as with recursive n(x) as (select 1 union all select x + 1 from n)
    select x as id, x as name, x as state, x as url, x as path, x as username, x as project,
    x as entity, x as config from n;
"""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", "it has no table offlinerun, tag, tag_offlinerun_through"),
        (TABLES.partition('CREATE TABLE "tag"')[2].join(['CREATE TABLE "tag"', ENDLESS]), ""),
        ("create table offlinerun (id); create table tag (id, name)", "tag_offlinerun_through"),
    ],
)
def test_what_is_no_such_database_is_told(tmp_path, script, said) -> None:
    path = tmp_path / "offline.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"create table other (a); {script}")
    with pytest.raises(ImportFileError, match="is no database of openrlbenchmark") as caught:
        read(path)
    assert said in str(caught.value)


def test_a_file_that_is_no_database_is_told(tmp_path) -> None:
    path = tmp_path / "offline.sqlite"
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 1000)
    with pytest.raises(ImportFileError, match="cannot be read as a database of openrlbenchmark"):
        read(path)


def test_a_huge_value_is_not_taken_into_memory(tmp_path, database) -> None:
    path = database("abc")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update offlinerun set config = zeroblob(200000000)")
    with pytest.raises(ImportFileError, match="too big"):
        read(path)


def test_an_id_leads_out_of_no_folder(tmp_path, database) -> None:
    path = database("../../../etc")
    (told,) = read(path)
    assert not told.points


def test_all_points_of_a_long_history_are_read(cache, tmp_path) -> None:
    values = np.random.default_rng(0).normal(size=3000)
    cache(
        "abc",
        newer("abc"),
        history=[{"_step": n, "global_step": n, RETURN: value} for n, value in enumerate(values)],
    )
    (run,) = read(tmp_path / "dataset")
    assert run.points[RETURN].values.tolist() == values.tolist()
