"""Recording through the Python interface: what a run keeps, and how it ends."""

import argparse
import dataclasses
import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import orbench
from orbench.errors import MetricValueError, RecordingError, RunEndedError, RunNotFoundError
from orbench.run import RunStatus
from orbench.run_store import open_store
from orbench.settings import journal_folder
from orbench.shipper import recover


@pytest.fixture
def url(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("ORBENCH_STORE", url)
    monkeypatch.delenv("ORBENCH_RUN_ID", raising=False)
    return url


def details(url: str, run_id: str):
    with open_store(url) as store:
        return store.details(run_id)


def values(url: str, run_id: str, metric: str) -> list[tuple[int, float]]:
    with open_store(url) as store:
        (series,) = store.series([run_id], metric)
    return list(zip(series.steps.tolist(), series.values.tolist(), strict=True))


def script(code: str, *arguments: str, url: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program that records, in a process of its own."""
    environ = {**os.environ, "ORBENCH_STORE": url, **more}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        timeout=120,
    )


def only_run(url: str):
    with open_store(url) as store:
        (record,) = store.runs()
    return record


def test_a_run_keeps_names_config_tags_summary_and_points(url):
    config = {"optim": {"lr": 1e-3, "betas": [0.9, 0.999]}, "norm": True, "note": None}
    with orbench.start_run(
        project="p", exp_name="ppo", env_id="CartPole-v1", seed=4, config=config, tags=("v1", "x")
    ) as run:
        for step in range(10):
            run.log({"loss": 1.0 / (step + 1), "kl": math.nan}, step=step * 100)
        run.config["optim"] = {"eps": 1e-8}
        run.summary["best"] = 9.5
        run.add_tags("late")
        run.remove_tags("x")
    record = details(url, run.run_id).record
    assert (record.project, record.exp_name, record.env_id, record.seed) == (
        "p",
        "ppo",
        "CartPole-v1",
        4,
    )
    assert record.config == {**config, "optim": {**config["optim"], "eps": 1e-8}}
    assert record.summary == {"best": 9.5}
    assert record.tags == ("late", "v1")
    assert record.status is RunStatus.FINISHED
    assert record.exit_code == 0
    assert record.duration is not None
    kept = values(url, run.run_id, "loss")
    assert kept == [(step * 100, 1.0 / (step + 1)) for step in range(10)]
    assert all(math.isnan(value) for _, value in values(url, run.run_id, "kl"))
    assert not (journal_folder(url) / run.run_id).exists(), (
        "what is in the store leaves the journal"
    )


def test_names_come_from_the_config_where_they_are_not_given(url):
    config = argparse.Namespace(env_id="Taxi-v3", seed=7, exp_name="dqn", total=100)
    with orbench.start_run(config=config, seed=8) as run:
        pass
    record = details(url, run.run_id).record
    assert (record.exp_name, record.env_id, record.seed) == ("dqn", "Taxi-v3", 8)
    assert record.project == "default"
    assert record.config["total"] == 100


@dataclasses.dataclass
class Settings:
    path: Path
    widths: tuple[int, ...]
    activation: object


def test_a_config_value_that_json_cannot_hold_is_kept_and_the_run_says_how(url):
    with orbench.start_run(config=Settings(Path("a/b"), (64, 64), math.tanh)) as run:
        pass
    record = details(url, run.run_id).record
    assert record.config["path"] == "a/b"
    assert record.config["widths"] == [64, 64]
    assert "tanh" in record.config["activation"]
    assert "activation" in record.config_notes


def test_steps_count_up_when_none_is_given(url):
    with orbench.start_run() as run:
        run.log({"x": 0.0})
        run.log({"x": 1.0})
        run.log({"x": 2.0}, step=10)
        run.log({"x": 3.0})
    assert [step for step, _ in values(url, run.run_id, "x")] == [0, 1, 10, 11]


def test_any_step_order_and_repeats_are_kept_as_logged(url):
    logged = [(5, 1.0), (3, 2.0), (5, 3.0), (5, 3.0), (0, -0.0)]
    with orbench.start_run() as run:
        for step, value in logged:
            run.log({"x": value}, step=step)
    assert values(url, run.run_id, "x") == logged


def test_a_wrong_value_names_its_key_and_the_run_goes_on(url):
    with orbench.start_run() as run:
        with pytest.raises(MetricValueError, match="'loss'"):
            run.log({"loss": "0.5"})
        with pytest.raises(MetricValueError, match="'loss'"):
            run.log({"loss": np.complex64(0.5 + 1j)})  # a float of it would lose a part
        run.log({"loss": np.float32(0.5)})
    assert values(url, run.run_id, "loss") == [(0, 0.5)]


def test_a_run_that_ended_takes_nothing_more(url):
    run = orbench.start_run()
    run.finish()
    run.finish()
    with pytest.raises(RunEndedError):
        run.log({"x": 1.0})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": 2**63}, "64 bits"),
        ({"exp_name": "a\nb"}, "exp_name"),
        ({"project": "x" * 201}, "project"),
        ({"tags": ("ok", "")}, "tag"),
        ({"parent": "../x"}, "not a run id"),
    ],
)
def test_what_cannot_name_a_run_is_refused_before_anything_is_written(url, wrong, message):
    with pytest.raises(RecordingError, match=message):
        orbench.start_run(**wrong)
    assert not journal_folder(url).exists()


def test_artifacts_are_copies_of_the_moment(url, tmp_path):
    file = tmp_path / "model.bin"
    file.write_bytes(b"first")
    folder = tmp_path / "videos"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.mp4").write_bytes(b"film")
    with orbench.start_run() as run:
        run.log_artifact(file, kind="model", metadata={"step": 3})
        file.write_bytes(b"second")
        run.log_artifact(file, "models/latest.bin")
        run.log_artifact(folder)
        with pytest.raises(RecordingError, match="no file"):
            run.log_artifact(tmp_path / "missing")
        with pytest.raises(RecordingError, match=r"without '\.\.'"):
            run.log_artifact(file, "../escape")
    artifacts = {artifact.name: artifact for artifact in details(url, run.run_id).artifacts}
    assert set(artifacts) == {"model.bin", "models/latest.bin", "videos/deep/a.mp4"}
    assert artifacts["model.bin"].metadata == {"step": 3}
    with open_store(url) as store, (tmp_path / "back").open("w+b") as out:
        store.read_artifact(artifacts["model.bin"].sha256, out)
    assert (tmp_path / "back").read_bytes() == b"first"


def test_threads_of_one_program_log_at_once(url):
    with orbench.start_run() as run:
        threads = [
            threading.Thread(
                target=lambda name=name: [run.log({name: 1.0}, step=step) for step in range(200)]
            )
            for name in "abcd"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name in "abcd":
        assert [step for step, _ in values(url, run.run_id, name)] == list(range(200))


WORKERS = """
    import multiprocessing, sys
    import orbench

    def work(run, name):
        for step in range(50):
            run.log({name: float(step)}, step=step)
        run.finish()

    if __name__ == "__main__":
        context = multiprocessing.get_context(sys.argv[1])
        with orbench.start_run() as run:
            workers = [context.Process(target=work, args=(run, f"w{n}")) for n in range(3)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            assert [worker.exitcode for worker in workers] == [0, 0, 0]
"""


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_worker_processes_log_into_the_run_they_are_given(url, tmp_path, method):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(WORKERS))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", program, method],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    run_id = only_run(url).run_id
    for n in range(3):
        assert values(url, run_id, f"w{n}") == [(step, float(step)) for step in range(50)]


@pytest.mark.parametrize(
    ("code", "returncode", "status", "exit_code", "signal_number", "error"),
    [
        ("run.finish()", 0, "finished", 0, None, None),
        ("pass", 0, "finished", 0, None, None),
        ("1 / 0", 1, "failed", 1, None, "ZeroDivisionError: division by zero"),
        ("with run: raise SystemExit(3)", 3, "failed", 3, None, None),
        ("with run: raise SystemExit('bad')", 1, "failed", 1, None, "bad"),
        ("with run: raise KeyboardInterrupt", 130, "killed", None, signal.SIGINT, None),
        ("import os; os.kill(os.getpid(), 15)", -15, "killed", None, signal.SIGTERM, None),
        ("import os; os.kill(os.getpid(), 9)", -9, "killed", None, None, "died"),
    ],
)
def test_how_a_program_ends_is_how_its_run_ends(
    url, code, returncode, status, exit_code, signal_number, error
):
    done = script(
        f"import orbench\nrun = orbench.start_run()\nrun.log({{'x': 1.0}})\n{code}", url=url
    )
    assert done.returncode in (returncode, -signal.SIGINT if returncode == 130 else returncode)
    with open_store(url, create=True) as store:
        recover(store, journal_folder(url))
    record = only_run(url)
    assert record.status == status
    assert record.exit_code == exit_code
    assert record.signal == signal_number
    assert (record.error is None) if error is None else (error in record.error)
    assert values(url, record.run_id, "x") == [(0, 1.0)]


def test_a_program_with_its_own_sigterm_handler_keeps_it(url):
    done = script(
        """
        import os, signal, orbench
        signal.signal(signal.SIGTERM, lambda *_: print("mine"))
        with orbench.start_run() as run:
            os.kill(os.getpid(), signal.SIGTERM)
        """,
        url=url,
    )
    assert done.stdout == "mine\n"
    assert only_run(url).status is RunStatus.FINISHED


def test_what_a_program_prints_is_kept(url):
    done = script(
        """
        import sys, orbench
        with orbench.start_run():
            print("to out")
            print("to err", file=sys.stderr)
        """,
        url=url,
    )
    assert done.stdout == "to out\n"
    assert done.stderr == "to err\n"
    with open_store(url) as store:
        pieces = list(store.console(only_run(url).run_id))
    assert b"".join(p.data for p in pieces if p.stream == "stdout") == b"to out\n"
    assert b"".join(p.data for p in pieces if p.stream == "stderr") == b"to err\n"


def test_secrets_never_enter_the_journal_or_the_store(url, tmp_path):
    secret = "s3cr3t-value-0123456789"
    done = script(
        f"""
        import sys, orbench
        config = {{"api_key": "{secret}x", "url": "https://me:{secret}@host"}}
        with orbench.start_run(config=config) as run:
            run.summary["note"] = "the token is {secret}"
            print("token {secret}")
            raise ValueError("with {secret}")
        """,
        f"--token={secret}",
        url=url,
        MY_SERVICE_TOKEN=secret,
    )
    assert secret in done.stdout
    record = only_run(url)
    assert record.config["api_key"] == "***"
    connection = sqlite3.connect(tmp_path / "store.db")
    with connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert secret not in dump
    with open_store(url) as store:
        told = store.details(record.run_id)
        console = b"".join(piece.data for piece in store.console(record.run_id))
    assert secret not in json.dumps(
        {kind: dict(doc) for kind, doc in told.facts.items()}, default=str
    )
    assert b"token ***" in console
    assert "***" in record.error


def test_everything_of_a_run_is_captured_without_being_asked(url):
    done = script(
        """
        import random, orbench
        random.seed(5)
        with orbench.start_run(seed=5):
            pass
        """,
        "--flag",
        url=url,
        OMP_NUM_THREADS="2",
    )
    assert done.stderr == ""
    facts = details(url, only_run(url).run_id).facts
    assert facts["command"]["argv"][-1] == "--flag"
    assert facts["variables"]["OMP_NUM_THREADS"] == "2"
    names = {package["name"].lower() for package in facts["environment"]["packages"]}
    assert {"numpy", "sqlalchemy"} <= names
    assert facts["machine"]
    assert "random" in json.dumps(facts["seeds"])
    assert facts["source"] is not None


def test_an_ended_run_is_resumed_by_its_id(url):
    with orbench.start_run(project="p", exp_name="e", seed=1, config={"a": 1}) as first:
        first.log({"x": 0.0}, step=0)
        first.log({"x": 1.0}, step=1)
    with orbench.start_run(resume=first.run_id[:6], config={"b": 2}) as again:
        again.log({"x": 2.0})
    assert again.run_id == first.run_id
    record = details(url, first.run_id).record
    assert (record.starts, record.status) == (2, RunStatus.FINISHED)
    assert (record.project, record.exp_name, record.seed) == ("p", "e", 1)
    assert record.config == {"a": 1, "b": 2}
    assert values(url, first.run_id, "x") == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_a_resumed_run_knows_its_config_and_summary(url):
    with orbench.start_run(config={"optim": {"lr": 0.1, "eps": 1.0}}) as first:
        first.summary["best"] = 3.0
    with orbench.start_run(resume=first.run_id, config={"optim": {"lr": 0.2}}) as again:
        assert again.config["optim"] == {"lr": 0.2, "eps": 1.0}
        assert again.summary["best"] == 3.0


def test_only_an_ended_run_that_is_there_can_be_resumed(url):
    with orbench.start_run():
        pass
    with pytest.raises(RunNotFoundError):
        orbench.start_run(resume="zzzz")


def test_a_killed_run_is_resumed_with_every_point_it_logged(url):
    done = script(
        """
        import os, orbench
        run = orbench.start_run()
        print(run.run_id, flush=True)
        run.log({"x": 1.0}, step=4)
        os.kill(os.getpid(), 9)
        """,
        url=url,
    )
    run_id = done.stdout.strip()
    with open_store(url, create=True) as store:
        recover(store, journal_folder(url))
    with orbench.start_run(resume=run_id) as run:
        run.log({"x": 2.0})
    assert values(url, run_id, "x") == [(4, 1.0), (5, 2.0)]
    assert details(url, run_id).record.status is RunStatus.FINISHED


def test_a_child_run_names_its_parent(url):
    with orbench.start_run() as outer, orbench.start_run(parent=outer, console=False) as inner:
        pass
    assert details(url, inner.run_id).record.parent_id == outer.run_id
    assert details(url, outer.run_id).children == (inner.run_id,)


def test_a_program_that_finds_a_run_in_its_environment_joins_it(url):
    with orbench.start_run(project="outer") as run:
        for name in ("a", "b"):
            done = script(
                """
                import sys, orbench
                with orbench.start_run(project="inner", exp_name="found", config={"k": 1}) as run:
                    run.log({sys.argv[1]: 1.0}, step=3)
                with orbench.start_run(exp_name="second") as child:
                    pass
                print(run.run_id, child.run_id)
                """,
                name,
                url=url,
                **run.environment(),
            )
            assert done.returncode == 0, done.stderr
            joined, child = done.stdout.split()
            assert joined == run.run_id
            assert details(url, child).record.parent_id == run.run_id
    kept = details(url, run.run_id)
    assert kept.record.project == "outer"
    assert kept.record.config == {"k": 1}
    assert {"a", "b"} <= {summary.metric for summary in kept.metrics}


def test_training_goes_on_while_the_store_is_down_and_the_next_command_ships(tmp_path, monkeypatch):
    # The store's folder cannot be made: there is a file in its place.
    blocked = tmp_path / "place"
    blocked.write_text("in the way")
    url = f"sqlite:///{blocked}/store.db"
    monkeypatch.setenv("ORBENCH_JOURNAL", str(tmp_path / "journal"))
    monkeypatch.setattr("orbench.recorder.FINISH_SECONDS", 1.0)
    with orbench.start_run(store=url, console=False) as run:
        for step in range(100):
            run.log({"x": float(step)}, step=step)
    blocked.unlink()
    with open_store(url, create=True) as store:
        recover(store, tmp_path / "journal")
    assert len(values(url, run.run_id, "x")) == 100
    assert details(url, run.run_id).record.status is RunStatus.FINISHED


@pytest.mark.slow
def test_a_locked_store_stops_neither_log_nor_the_end_of_the_run(url, tmp_path, monkeypatch):
    with orbench.start_run():
        pass
    monkeypatch.setattr("orbench.recorder.FINISH_SECONDS", 1.0)
    lock = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    with orbench.start_run(console=False) as run:
        for step in range(1000):
            run.log({"x": float(step)}, step=step)
    lock.execute("ROLLBACK")
    lock.close()
    with open_store(url) as store:
        recover(store, journal_folder(url))
    assert len(values(url, run.run_id, "x")) == 1000
    assert details(url, run.run_id).record.status is RunStatus.FINISHED


@pytest.mark.slow
def test_a_store_that_is_locked_for_a_minute_loses_and_doubles_nothing(url, tmp_path):
    with orbench.start_run():
        pass
    lock = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time, orbench\n"
            "with orbench.start_run(exp_name='minute') as run:\n"
            "    for step in range(700):\n"
            "        run.log({'x': float(step)}, step=step)\n"
            "        time.sleep(0.1)\n",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(timeout=60)
    lock.execute("ROLLBACK")
    lock.close()
    _, told = program.communicate(timeout=120)
    assert program.returncode == 0
    with open_store(url) as store:
        recover(store, journal_folder(url))
        (record,) = store.runs(orbench.parse("exp_name=minute"))
    assert values(url, record.run_id, "x") == [(step, float(step)) for step in range(700)]
    assert record.status is RunStatus.FINISHED
    assert "Traceback" not in told
