"""A real MLflow server on loopback, a proxy that breaks connections, and runs worth pushing."""

from __future__ import annotations

import hashlib
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from orbench.events import (
    ArtifactLogged,
    ConfigUpdated,
    ConsoleWritten,
    FactsCaptured,
    RunEnded,
    RunStarted,
    SummaryUpdated,
    TagsChanged,
)
from orbench.run import new_run_id
from orbench.run_store import Points, RunStore, Shipment

_STARTED = 1.7e9
# Six processes that nothing here asks for.
_NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def serve_mlflow(folder: Path, backend: str, port: int) -> subprocess.Popen[bytes]:
    """Start a server and wait until it answers."""
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
                *("--port", str(port), "--workers", "1", "--backend-store-uri", backend),
                *("--artifacts-destination", str(folder / "artifacts")),
            ],
            cwd=folder,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", **_NO_JOBS},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    for _ in range(480):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return server
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, (folder / "server.log").read_text()[-2000:]
            time.sleep(0.25)
    raise AssertionError("the server does not answer: " + (folder / "server.log").read_text())


def end_server(server: subprocess.Popen[bytes]) -> None:
    """End a server and its workers."""
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory) -> Iterator[str]:
    """host:port of a real MLflow server on SQLite."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    server = serve_mlflow(folder, f"sqlite:///{folder / 'mlflow.db'}", port)
    yield f"127.0.0.1:{port}"
    end_server(server)


@pytest.fixture
def full_run(tmp_path) -> Callable[..., str]:
    """Puts a run with everything in it into a store: `full_run(store, seed=1)`."""

    def put(store: RunStore, seed: int = 1, n: int = 1500, **started: object) -> str:
        run_id = new_run_id()
        blob = tmp_path / f"policy-{run_id}"
        blob.write_bytes(b"\x00policy" * seed)
        sha256 = hashlib.sha256(blob.read_bytes()).hexdigest()
        random = np.random.default_rng(seed)
        losses = random.normal(size=n)
        losses[:4] = [math.nan, math.inf, -math.inf, -0.0]
        times = _STARTED + np.arange(n) * 0.123456789
        steps = np.arange(n)
        steps[n // 2 :] -= 10  # a restart
        events = [
            RunStarted(
                started=_STARTED,
                project="demo",
                exp_name="ppo",
                env_id="CartPole-v1",
                seed=seed,
                host="somewhere",
                **started,
            ),
            ConfigUpdated(values={"optim": {"lr": 3e-4, "betas": [0.9, 0.99]}, "long": "x" * 7000}),
            SummaryUpdated(values={"best": math.inf, "n": seed}),
            TagsChanged(added=("v1.2", "good one")),
            FactsCaptured(kind="command", document={"argv": ["python", "train.py"]}),
            FactsCaptured(kind="machine", document={"cpu": "one"}),
            ConsoleWritten(stream="stdout", time=_STARTED, data="über\n".encode()),
            ConsoleWritten(stream="stderr", time=_STARTED + 1, data=b"\xff bad\n"),
            ArtifactLogged(
                name="models/policy.pt",
                sha256=sha256,
                size=blob.stat().st_size,
                logged=_STARTED + 2,
                kind="model",
                metadata={"epoch": 3},
            ),
            RunEnded(status="failed", ended=_STARTED + 600.25, exit_code=3, error="it broke"),
        ]
        points = {
            "charts/episodic_return": Points(steps, random.normal(size=n), times),
            "loss": Points(steps, losses, times),
            "system/cpu": Points(steps[:5], random.normal(size=5), times[:5]),
        }
        shipment = Shipment(
            f"{run_id}/a",
            run_id,
            0,
            10,
            tuple(events),
            points,
            {sha256: blob},
            heartbeat=_STARTED + 600.25,
            closed=True,
        )
        assert store.ship(shipment)
        return run_id

    return put


class BreakingProxy:
    """Passes requests on to a server; breaks the connection at the n-th, before or after it."""

    def __init__(self, server: str) -> None:
        self._host, _, port = server.partition(":")
        self._server_port = int(port)
        self.break_at, self.after = 0, False
        self.requests = 0
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def arm(self, at: int, *, after: bool) -> None:
        """Break at the `at`-th request from now, once; `after` the server has answered it."""
        with self._lock:
            self.requests, self.break_at, self.after = 0, at, after

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        """One connection. Each request gets a connection of its own to the server."""
        with client:
            try:
                while (request := _message(client)) is not None:
                    with self._lock:
                        self.requests += 1
                        broken = self.requests == self.break_at
                    if broken and not self.after:
                        return
                    with socket.create_connection((self._host, self._server_port)) as server:
                        server.sendall(_closing(request))
                        answer = b"".join(iter(lambda: server.recv(1 << 16), b""))
                    if broken:
                        return
                    client.sendall(answer)
                    return  # the server was told to close, and says so
            except OSError:
                return


def _message(peer: socket.socket) -> bytes | None:
    """A whole HTTP request; None once the peer has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = peer.recv(1 << 16)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(one[15:]) for one in lines if one.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += peer.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def _closing(request: bytes) -> bytes:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [one for one in head.split(b"\r\n") if not one.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body


@pytest.fixture
def breaking_proxy(mlflow_server: str) -> Iterator[BreakingProxy]:
    """A proxy in front of the MLflow server."""
    proxy = BreakingProxy(mlflow_server)
    yield proxy
    proxy.close()
