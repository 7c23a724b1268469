"""Every kind of `orbench import` from the command line: a look, an import, again, and bad files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import pytest

from orbench.importers import ReadSource

from ..orbench.importers import test_tensorboard as tensorboard
from ..orbench.importers import test_wandb_files as wandb

RUN = "Hopper-v4__ppo__3__1700000000"
CONFIG = {"env_id": "Hopper-v4", "exp_name": "ppo", "seed": 3}
NAMES = ("--set", "exp_name=ppo", "--set", "env_id=Hopper-v4", "--set", "seed=3")


@dataclass(frozen=True)
class Kind:
    """How logs of a kind are written into a folder: good ones with three rows, and a bad one.

    `metric` is a series of theirs, and `said` what the error says of the bad one.
    """

    write: Callable[[Path], object]
    spoil: Callable[[Path], object]
    metric: str
    said: str
    arguments: tuple[str, ...] = ()


def put(path: Path, text: str | bytes) -> None:
    """Write a file, and the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def write_table(folder: Path) -> None:
    rows = "".join(f"ppo,Hopper-v4,3,{step},{step / 4}\n" for step in range(3))
    put(folder / "a.csv", f"algo,env,seed,step,score\n{rows}")


def write_tensorboard(folder: Path) -> None:
    events = (tensorboard.event(n, 1.7e9 + n, tensorboard.simple("return", n)) for n in range(3))
    tensorboard.write(folder / RUN, *events)


def write_wandb(folder: Path) -> None:
    config = b"".join(
        wandb.part(1, wandb.part(1, key.encode()) + wandb.part(16, json.dumps(value).encode()))
        for key, value in CONFIG.items()
    )
    run = wandb.part(1, b"abc") + wandb.part(3, b"paper") + wandb.part(4, config)
    rows = [
        wandb.history(wandb.item(b"%d" % n, b"_step"), wandb.item(b"%d.5" % n, b"return"))
        for n in range(3)
    ]
    records = (wandb.part(17, run), *rows, wandb.part(18, b"\x10\x05"))
    put(folder / "offline-run-1-abc" / "run-abc.wandb", wandb.framed(*records))


def write_mlflow(folder: Path) -> None:
    put(folder / "1" / "meta.yaml", "artifact_location: x\nexperiment_id: '1'\nname: paper\n")
    meta = "run_id: abc\nexperiment_id: '1'\nstatus: 3\nstart_time: 1700000000000\n"
    put(
        folder / "1" / "abc" / "meta.yaml",
        f"{meta}end_time: 1700000009000\nlifecycle_stage: active\n",
    )
    for key, value in CONFIG.items():
        put(folder / "1" / "abc" / "params" / key, str(value))
    rows = "".join(f"170000000{n}000 {n}.5 {n}\n" for n in range(3))
    put(folder / "1" / "abc" / "metrics" / "return", rows)


def write_sb3(folder: Path) -> None:
    rows = "".join(f"{n}.5,10,{n}.25\n" for n in range(3))
    put(folder / "0.monitor.csv", '#{"t_start": 1700000000.0}\nr,l,t\n' + rows)


def write_spinningup(folder: Path) -> None:
    rows = "".join(f"{n}.5\t{n}000\t{n}.25\n" for n in range(3))
    put(folder / "progress.txt", f"AverageEpRet\tTotalEnvInteracts\tTime\n{rows}")
    put(folder / "config.json", json.dumps(CONFIG))


def write_marl_eval(folder: Path) -> None:
    steps = {f"step_{n}": {"step_count": n, "return": [n / 4]} for n in range(3)}
    put(folder / "raw.json", json.dumps({"paper": {"Hopper-v4": {"ppo": {"seed_3": steps}}}}))


def write_openrlbenchmark(folder: Path) -> None:
    rows = "".join(f"{n},{n},{n}.5\n" for n in range(3))
    put(folder / "entity" / "paper" / "abc" / "run_df.csv", f",_step,return\n{rows}")
    said = {"id": "abc", "entity": "entity", "project": "paper", "config": CONFIG}
    put(folder / "entity" / "paper" / "abc" / "run.json", json.dumps(said))


KINDS = {
    "table": Kind(
        write_table, lambda folder: put(folder / "z.csv", ""), "score", "z.csv: is empty"
    ),
    "tensorboard": Kind(
        write_tensorboard,
        lambda folder: put(
            folder / "z__a__1__2" / "events.out.tfevents.1", tensorboard.framed(b"\xff" * 30)
        ),
        "return",
        "is no event file",
    ),
    "wandb": Kind(
        write_wandb,
        lambda folder: put(folder / "run-z.wandb", "not at all a log"),
        "return",
        "run-z.wandb: is no .wandb file: it does not begin as one",
    ),
    "mlflow": Kind(
        write_mlflow,
        lambda folder: (
            put(folder / "1" / "z" / "meta.yaml", "run_id: z\nstatus: 3\nstart_time: 1\n"),
            put(folder / "1" / "z" / "metrics" / "return", "1 fast 3\n"),
        ),
        "return",
        "logs/1/z",
    ),
    "sb3": Kind(
        write_sb3,
        lambda folder: put(folder / "z" / "monitor.csv", "#{}\nr,l,t\n1,fast,3\n"),
        "charts/episodic_return",
        "logs/z",
        NAMES,
    ),
    "spinningup": Kind(
        write_spinningup,
        lambda folder: put(folder / "z" / "progress.txt", "Epoch\n1.5\n"),
        "AverageEpRet",
        "z/progress.txt: Epoch: row 1: 1.5 is no step",
        NAMES,
    ),
    "marl-eval": Kind(
        write_marl_eval,
        lambda folder: put(folder / "z.json", "[1]"),
        "return",
        "z.json: is list, not a JSON object",
    ),
    "openrlbenchmark": Kind(
        write_openrlbenchmark,
        lambda folder: put(folder / "entity" / "paper" / "z" / "run_df.csv", ",_step\n0,1\n"),
        "return",
        "entity/paper/z: has no run.json",
    ),
}


@pytest.fixture(params=KINDS)
def kind(request, fresh) -> tuple[str, Kind]:
    """A kind by name, whose logs lie in the folder `logs`."""
    KINDS[request.param].write(fresh.folder / "logs")
    return request.param, KINDS[request.param]


@pytest.fixture
def sent(monkeypatch):
    """Reads as another process does: the importer and the runs are taken apart and put together."""

    def read(importer, found, jobs):
        for one in found:
            there = ForkingPickler.loads(ForkingPickler.dumps(importer))
            runs = ForkingPickler.dumps(tuple(there.read(one)))
            yield ReadSource(one, ForkingPickler.loads(runs))

    monkeypatch.setattr("orbench.importers.read_sources", read)


def test_logs_are_looked_at_imported_and_known_the_next_time(fresh, kind, sent) -> None:
    name, its = kind
    words = ("import", name, "logs", *its.arguments)
    looked = fresh(*words, "--dry-run")
    assert looked.code == 0, looked.err
    assert "of 1 run (1 new)" in looked.err.splitlines()[-1]
    assert not (fresh.folder / "runs").exists()
    done = fresh(*words, "--tag", "old", "--format", "json")
    assert done.code == 0, done.err
    (row,) = done.json
    assert (row["exp_name"], row["env_id"], row["seed"]) == ("ppo", "Hopper-v4", 3)
    assert its.metric in row["metrics"]
    again = fresh(*words, "--tag", "old")
    assert "0 points of 1 run (1 known)" in again.err.splitlines()[-1]
    rows = fresh("fetch", "tag:old", "-m", its.metric).out.splitlines()
    assert len(rows) == 4
    command = fresh("show", row["run_id"], "--format", "json").json["facts"]["command"]
    assert command["importer"] == name
    assert len(command["sha256"]) == 64


def test_a_bad_log_is_one_line_and_the_others_are_imported(fresh, kind) -> None:
    name, its = kind
    its.spoil(fresh.folder / "logs")
    done = fresh("import", name, "logs", *its.arguments)
    assert done.code == 2
    assert "(1 new)" in done.err
    *_, last = done.err.splitlines()
    assert last.startswith("orbench: error: ")
    assert its.said in last


@pytest.mark.parametrize("name", ["table", "wandb"])
def test_a_project_is_said_once_for_all_runs(fresh, name) -> None:
    its = KINDS[name]
    its.write(fresh.folder / "logs")
    words = ("import", name, "logs", *its.arguments, "--project", "mine", "--format", "json")
    done = fresh(*words)
    assert done.code == 0, done.err
    assert done.json[0]["project"] == "mine"
    twice = fresh(*words, "--set", "project=yours")
    assert (twice.code, "'project' is mapped twice" in twice.err) == (2, True)


def test_a_place_with_nothing_in_it_is_one_line(fresh, kind) -> None:
    (fresh.folder / "empty").mkdir()
    for path in ("empty", "nowhere"):
        done = fresh("import", kind[0], path)
        assert done.code == 2
        assert len(done.err.splitlines()) == 1
        assert done.err.startswith(f"orbench: error: {path}: ")
    assert not (fresh.folder / "runs").exists()


def test_several_processes_give_the_same_in_the_same_order(fresh) -> None:
    its = KINDS["wandb"]
    its.write(fresh.folder / "logs" / "a")
    its.spoil(fresh.folder / "logs" / "b")
    its.write(fresh.folder / "logs" / "c")
    words = ("import", "wandb", "logs", "--dry-run", "--format", "csv")
    alone, apart = fresh(*words, "--jobs", 1), fresh.apart(*words, "--jobs", 2)
    assert apart == alone
    assert "read files: 3 of 3" in apart.err
