"""`orbench sync` with a real MLflow server: there and back, and what may go wrong.

The servers take seconds to start and are shared, hence `slow`; each test has an experiment of its
own.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from orbench.events import TagsChanged
from orbench.run_store import Points, Shipment, open_store

from ..mlflow_server import free_port, refusal

pytestmark = pytest.mark.slow

RUNS = ("exp_name=ppo", "env_id=CartPole-v1")
METRICS = ("-m", "charts/return", "-m", "loss")
JSON = ("--format", "json")


@pytest.fixture
def place(mlflow_server):
    """An experiment that does not exist yet."""
    return f"mlflow://{mlflow_server}/e-{secrets.token_hex(4)}"


@pytest.fixture
def through(place, mlflow_proxy):
    """The same experiment, through the proxy."""
    return f"mlflow://{mlflow_proxy.address}/{place.rpartition('/')[2]}"


@pytest.fixture
def here(recorded, tmp_path, orbench_in):
    """A copy of the store with recorded runs."""
    shutil.copytree(recorded.folder, tmp_path / "here")
    return orbench_in(tmp_path / "here")


@pytest.fixture
def there(tmp_path, orbench_in):
    """A folder without a store."""
    (tmp_path / "there").mkdir()
    return orbench_in(tmp_path / "there")


@pytest.fixture
def impatient(monkeypatch):
    """Commands of this process ask again at once."""
    monkeypatch.setattr("orbench.trackers.pace.Pace._back_off", lambda *_: None)


def client(place):
    """MLflow's own client."""
    from mlflow import MlflowClient

    return MlflowClient("http://" + place.removeprefix("mlflow://").partition("/")[0])


def runs_at(place):
    """The runs that MLflow has, by their ids in the store; each is there once."""
    mlflow = client(place)
    experiment = mlflow.get_experiment_by_name(place.rpartition("/")[2])
    found = mlflow.search_runs([experiment.experiment_id])
    by_id = {run.data.tags["orbench.run_id"]: run for run in found}
    assert len(by_id) == len(found)
    return by_id


def opened(orbench):
    """The store of a folder."""
    return open_store(f"sqlite:///{orbench.folder / 'runs' / 'orbench.db'}")


def assert_all_there(orbench, place, selected):
    """Each run is there with each of its points, once."""
    there = runs_at(place)
    runs = orbench("list", *selected, *JSON).json
    assert sorted(there) == sorted(run["run_id"] for run in runs)
    with opened(orbench) as store:
        for run_id, run in there.items():
            assert "orbench.record" in run.data.tags
            for metric in ("charts/return", "loss"):
                (series,) = store.series([run_id], metric)
                history = client(place).get_metric_history(run.info.run_id, metric)
                pairs = zip(series.steps.tolist(), map(repr, series.values.tolist()), strict=True)
                assert sorted((one.step, repr(one.value)) for one in history) == sorted(pairs)


def grow(orbench, run_id, points=10):
    """Log more to a run, and tag it."""
    steps = np.arange(1000, 1000 + points)
    more = Points(steps, np.full(points, 0.5), 1.8e9 + steps)
    events = (TagsChanged(added=("late",)),)
    with opened(orbench) as store:
        assert store.ship(Shipment(f"{run_id}/more", run_id, 0, 1, events, {"loss": more}))


def test_runs_go_to_mlflow_and_into_another_store(place, here, there):
    pushed = here.apart("sync", "push", place, *RUNS, *JSON)
    assert pushed.code == 0, pushed.err
    assert [(run["state"], run["points"], run["artifacts"]) for run in pushed.json] == [
        ("pushed", 81, 1)
    ] * 3
    assert "3 runs: 3 pushed; 243 points went over" in pushed.err
    assert_all_there(here, place, RUNS)
    again = here("sync", "push", place, *RUNS, *JSON)
    assert {(run["state"], run["points"]) for run in again.json} == {("in step", 0)}
    pulled = there.apart("sync", "pull", place, *JSON)
    assert pulled.code == 0, pulled.err
    assert {run["state"] for run in pulled.json} == {"pulled"}
    fetched = [orbench("fetch", *RUNS, *METRICS).out for orbench in (here, there)]
    assert sorted(fetched[0].splitlines()) == sorted(fetched[1].splitlines())
    assert there("compare", "-m", "charts/return").code == 0


def test_status_tells_how_the_two_stand_and_a_growing_run_goes_on(place, here):
    assert here("sync", "push", place, *RUNS).code == 0
    grown, deleted, _ = [run["run_id"] for run in here("list", *RUNS, *JSON).json]
    grow(here, grown)
    client(place).delete_run(runs_at(place)[deleted].info.run_id)
    stand = here("sync", "status", place, "exp_name=ppo", *JSON)
    assert stand.code == 0, stand.err
    states = {run["run_id"]: run["state"] for run in stand.json}
    assert (states[grown], states[deleted]) == ("behind", "gone")
    assert sorted(states.values()) == ["behind", "gone", "in step", *["not pushed"] * 3]
    done = here("sync", "push", place, f"run_id={grown}", *JSON)
    assert [(run["state"], run["points"]) for run in done.json] == [("pushed", 10)]


def test_since_leaves_older_runs_out(place, here, there):
    nothing = here("sync", "push", place, *RUNS, "--since", "2099-01-31")
    assert (nothing.code, "no run is selected" in nothing.err) == (2, True)
    assert here("sync", "push", place, *RUNS, "--since", "1d").code == 0
    mlflow = client(place)
    experiment = mlflow.get_experiment_by_name(place.rpartition("/")[2]).experiment_id
    old = mlflow.create_run(experiment, start_time=1_600_000_000_000).info.run_id
    mlflow.log_metric(old, "loss", 1.0, 1_600_000_000_000, 0)
    mlflow.set_terminated(old, end_time=1_600_000_001_000)
    pulled = there("sync", "pull", place, "--since", "1d", *JSON)
    assert (pulled.code, len(pulled.json)) == (0, 3)
    whole = there("sync", "pull", place, *JSON)
    assert sorted(run["state"] for run in whole.json) == [*["in step"] * 3, "pulled"]


def test_one_run_fails_and_the_others_go_on(place, here):
    assert here("sync", "push", place, *RUNS).code == 0
    ids = [run["run_id"] for run in here("list", *RUNS, *JSON).json]
    for run_id in ids:
        grow(here, run_id)
    client(place).delete_run(runs_at(place)[ids[0]].info.run_id)
    done = here("sync", "push", place, *RUNS, *JSON)
    assert done.code == 2
    assert {run["run_id"]: run["state"] for run in done.json} == dict.fromkeys(ids, "pushed") | {
        ids[0]: "failed"
    }
    last = done.err.splitlines()[-1]
    assert last.startswith(f"orbench: error: {ids[0]} (ppo on CartPole-v1 seed ")
    assert "was deleted in MLflow; restore it there, or push --again to make a new one" in last
    assert here("sync", "push", place, f"run_id={ids[0]}", "--again").code == 0
    assert_all_there(here, place, RUNS)


def test_a_server_that_stops_midway_is_told_and_the_same_command_goes_on(
    place, through, here, mlflow_proxy, impatient
):
    mlflow_proxy.order(12, lasting=True)
    failed = here("sync", "push", through, *RUNS, "--jobs", 2)
    assert failed.code == 2
    last = failed.err.splitlines()[-1]
    assert last.endswith("runs of 3 failed; the same command goes on with them")
    assert failed.err.count("does not answer (ConnectionError); is the MLflow server running") >= 2
    mlflow_proxy.order()
    done = here("sync", "push", through, *RUNS)
    assert done.code == 0, done.err
    assert_all_there(here, place, RUNS)


def test_a_server_that_is_down_is_told_soon_in_one_line(here):
    started = time.monotonic()
    done = here("sync", "push", f"mlflow://127.0.0.1:{free_port()}/x", *RUNS)
    assert time.monotonic() - started < 60
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "does not answer (ConnectionError); is the MLflow server running there?" in done.err


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_stays_busy_is_told(place, through, here, mlflow_proxy, impatient, status):
    mlflow_proxy.order(1, answer=refusal(status), lasting=True)
    done = here("sync", "push", through, *RUNS)
    assert (done.code, done.out) == (2, "")
    assert f"cannot answer now ({status}); try again later" in done.err.splitlines()[-1]


@pytest.mark.postgres
def test_passwords_come_from_the_environment_and_are_not_kept(mlflow_team, here, there):
    place = f"mlflow://{mlflow_team.address}/e-{secrets.token_hex(4)}"
    password = mlflow_team.passwords["admin"]
    login = mlflow_team.login("admin")
    told = [
        here.apart("sync", "push", place, *RUNS, **login),
        here("sync", "status", place, **login),
        there("sync", "pull", place, *JSON, **login),
    ]
    assert [done.code for done in told] == [0, 0, 0], told[0].err
    assert len(told[2].json) == 3
    wrong = login | {"MLFLOW_TRACKING_PASSWORD": f"not-{password}"}
    told.append(here("--debug", "sync", "push", place, "seed=1", **wrong))
    assert told[-1].code == 2
    assert not [done for done in told if password in done.out + done.err]
    files = [path for folder in (here, there) for path in folder.folder.rglob("*")]
    assert not [one for one in files if one.is_file() and password.encode() in one.read_bytes()]


@pytest.mark.postgres
def test_who_may_not_is_told(mlflow_team, here, there):
    place = f"mlflow://{mlflow_team.address}/e-{secrets.token_hex(4)}"
    nobody = here("sync", "push", place, *RUNS)
    assert (nobody.code, nobody.out) == (2, "")
    assert "refuses access (401); set MLFLOW_TRACKING_USERNAME" in nobody.err.splitlines()[-1]
    assert here("sync", "push", place, *RUNS, **mlflow_team.login("admin")).code == 0
    reader = mlflow_team.login("reader")
    assert there("sync", "pull", place, **reader).code == 0
    refused = here("sync", "push", place, "exp_name=dqn", *JSON, **reader)
    assert refused.code == 2
    assert {run["state"] for run in refused.json} == {"failed"}
    assert "does not allow this to whom it takes you for (403)" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("push", "mlfow://{host}/x"), "there is no tracker 'mlfow'; did you mean mlflow"),
        (("push", "mlflow://{host}"), "names no experiment; write mlflow://HOST:PORT/EXPERIMENT"),
        (("push", "mlflow://me:secret@{host}/x"), "leave user and password out of a place"),
        (("push", "mlflow+postgresql://{host}/x"), "is a database behind MLflow; start `mlflow"),
        (("pull", "mlflow://{host}/Defualt"), "has no experiment 'Defualt'; did you mean Default"),
        (("status", "mlflow://{host}/Defualt"), "has no experiment 'Defualt'"),
        (("push", "mlflow://{host}/x/y"), "does not answer as an MLflow server does (404)"),
        (("push", "mlflow://{host}/x", "--since", "soon"), "--since soon is no time"),
    ],
)
def test_bad_input_is_one_clear_line(mlflow_server, here, arguments, said):
    command, place, *rest = arguments
    filters = RUNS if command == "push" else ()
    done = here("sync", command, place.format(host=mlflow_server), *filters, *rest)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert said in done.err
    assert "secret" not in done.err


def test_a_metric_name_that_is_too_long_is_told_and_kept_in_the_record(
    place, here, there, stored_run
):
    name = "m" * 260
    points = {name: Points(np.arange(1), np.ones(1), np.full(1, 1.7e9))}
    with opened(here) as store:
        stored_run(store, "demo", "long", "none", 1, points=points)
    done = here("sync", "push", place, "exp_name=long")
    assert done.code == 0, done.err
    assert "is in the record only: its name has 260 characters, MLflow takes 250" in done.err
    assert there("sync", "pull", place).code == 0
    assert name in there("fetch", "-m", name).out


def test_a_push_killed_again_and_again_is_whole_in_the_end(place, through, here, mlflow_proxy):
    """`kill -9` at a request, before or after the server has done it: a little later each time."""
    words = [sys.executable, "-m", "orbench.cli", "sync", "push", through, "exp_name=ppo"]
    codes, running = [], []
    while not codes or codes[-1] == -signal.SIGKILL:
        after = len(codes) % 2 > 0
        mlflow_proxy.order(3 + 12 * len(codes), after=after, also=lambda: running[-1].kill())
        running.append(
            subprocess.Popen(
                words, cwd=here.folder, env=here.environment(), stderr=subprocess.DEVNULL
            )
        )
        codes.append(running[-1].wait(timeout=120))
    assert (codes[-1], len(codes) > 3) == (0, True), codes
    assert_all_there(here, place, ("exp_name=ppo",))
