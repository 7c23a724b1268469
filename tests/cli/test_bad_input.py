"""Bad input: one clear line on stderr, exit 2, nothing on stdout."""

import contextlib
import sqlite3

import pytest

NO_STORE = (
    "orbench: error: there is no store at sqlite:///runs/orbench.db yet; "
    "`orbench record -- python train.py` makes one, --store or ORBENCH_STORE names another\n"
)

READING = {
    "list": ["list"],
    "show": ["show", "abc"],
    "diff": ["diff", "abc", "abd"],
    "metrics": ["metrics"],
    "fetch": ["fetch", "all", "--metric", "loss"],
    "download": ["download", "abc"],
    "tag": ["tag", "all", "--add", "x"],
    "rm": ["rm", "abc", "--yes"],
    "stats": ["stats", "--metric", "loss"],
    "plot": ["plot", "curves", "--metric", "loss", "--out", "x.png"],
    "info": ["store", "info"],
}


@pytest.mark.parametrize("arguments", READING.values(), ids=READING)
def test_without_a_store_a_newcomer_is_told_how_to_make_the_first_record(fresh, arguments):
    done = fresh(*arguments)
    assert (done.code, done.out, done.err) == (2, "", NO_STORE)
    assert list(fresh.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "project=dmeo"], "no run belongs to project=dmeo; did you mean demo?"),
        (["list", "project=xyz"], "no run belongs to project=xyz; there are demo"),
        (["show", "zzzz"], "no run 'zzzz' in the store"),
        (["list", "--columns", "run_ids"], "no column 'run_ids'; did you mean run_id?"),
        (["list", "--sort", "durtion"], "duration"),
        (["list", "-c", "metric:los"], "no selected run has the metric 'los'; did you mean loss?"),
        (["fetch", "all", "-m", "los"], "there are charts/return, loss"),
        (["stats", "-m", "charts/retrun"], "did you mean charts/return?"),
        (["plot", "curves", "-m", "no", "-o", "x.png"], "there are charts/return, loss"),
        (["plot", "curves", "-m", "loss", "-o", "x.gif"], "png"),
        (["stats", "exp_name=zzz", "-m", "loss"], "exp_name=zzz; there are broken, dqn, ppo"),
        (["tag", "exp_name=zzz", "--add", "x"], "exp_name=zzz; there are broken, dqn, ppo"),
        (["rm", "--where", "seed=99"], "seed=99"),
        (["stats", "-m", "loss", "--select", "first"], "is no selection rule"),
        (["stats", "-m", "loss", "--by", "exp_nam"], "did you mean exp_name?"),
        (["list", "--store", "mysql://db"], "is not a store's URL"),
        (["list", "--store", "train.py"], "is not an orbench store and was not touched"),
        (["show", "a", "--packages", "--diff"], "one of --packages, --console and --diff"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_one_line_says_what_is_wrong_and_what_there_is(recorded, arguments, said):
    done = recorded(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("orbench: error: ")
    assert done.err.count("\n") == 1
    assert said in done.err


def test_a_filter_that_does_not_parse_is_shown_with_a_caret_under_the_mistake(recorded):
    done = recorded("list", "exp_name=ppo", "seed>=")
    first, text, caret = done.err.splitlines()
    assert done.code == 2
    assert first.startswith("orbench: error: filter at column ")
    assert text == "  exp_name=ppo seed>="
    assert caret.strip() == "^"
    assert f"column {caret.index('^') - 1}:" in first


def test_an_ambiguous_prefix_names_the_candidates(recorded):
    runs = [run["run_id"] for run in recorded("list", "-f", "json").json]
    firsts = [run[0] for run in runs]
    shared = next((letter for letter in firsts if firsts.count(letter) > 1), None)
    if shared is None:
        pytest.skip("no two of the random ids begin alike")
    done = recorded("show", shared)
    assert done.code == 2
    assert all(run in done.err for run in runs if run[0] == shared)


def test_a_store_of_a_newer_orbench_is_refused_untouched(fresh):
    assert fresh("store", "init").code == 0
    path = fresh.folder / "runs" / "orbench.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA user_version = 9999")
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    done = fresh("list")
    assert done.code == 2
    assert "install a newer orbench" in done.err
    assert path.read_bytes() == before


def test_a_server_that_is_not_there_says_so_without_the_password(fresh):
    done = fresh("list", "--store", "postgresql+psycopg://me:secret@127.0.0.1:1/x")
    assert done.code == 2
    assert "secret" not in done.err
    assert done.err.count("\n") == 1


def test_out_that_cannot_be_written_is_said(recorded):
    done = recorded("fetch", "all", "-m", "loss", "--out", "no/such/folder/x.csv")
    assert done.code == 2
    assert "no/such/folder" in done.err
    assert done.err.count("\n") == 1
