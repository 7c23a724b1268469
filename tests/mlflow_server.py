"""Genuine MLflow servers on loopback, and a proxy that does what it is told at a request."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

# Six processes that nothing here asks for, and no word to its makers.
_SERVER_OPTIONS = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
_AUTH_CONFIG = """
[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/users.db
admin_username = admin
admin_password = {password}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 600
"""


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def running_mlflow(folder: Path, backend: str, *options: str, **variables: str) -> Iterator[str]:
    """host:port of a server that answers; it and its workers are ended with the block."""
    port = free_port()
    log = folder / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
                *("--port", str(port), "--workers", "1", "--backend-store-uri", backend),
                *("--artifacts-destination", str(folder / "artifacts"), *options),
            ],
            cwd=folder,
            env={**os.environ, **_SERVER_OPTIONS, **variables},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(server, port, log)
        yield f"127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):  # it could not start
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(480):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, log.read_text()[-2000:]
            time.sleep(0.25)
    raise AssertionError(f"the server does not answer: {log.read_text()[-2000:]}")


@dataclass(frozen=True)
class TeamServer:
    """An MLflow server that asks who one is; the admin may all, `reader` may read."""

    address: str
    passwords: dict[str, str]

    def login(self, user: str) -> dict[str, str]:
        """The variables that MLflow's client takes user and password from."""
        return {
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": self.passwords[user],
        }


@contextmanager
def running_team_mlflow(folder: Path, backend: str) -> Iterator[TeamServer]:
    """A server with MLflow's own `basic-auth` in front of it."""
    passwords = {user: f"{user}-{secrets.token_hex(12)}" for user in ("admin", "reader")}
    config = folder / "auth.ini"
    config.write_text(_AUTH_CONFIG.format(folder=folder, password=passwords["admin"]))
    variables = {
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16),
    }
    with running_mlflow(folder, backend, "--app-name", "basic-auth", **variables) as address:
        asked = urllib.request.Request(
            f"http://{address}/api/2.0/mlflow/users/create",
            json.dumps({"username": "reader", "password": passwords["reader"]}).encode(),
            {"Content-Type": "application/json"},
        )
        words = base64.b64encode(f"admin:{passwords['admin']}".encode()).decode()
        asked.add_header("Authorization", f"Basic {words}")
        with urllib.request.urlopen(asked, timeout=60):
            yield TeamServer(address, passwords)


def refusal(status: int, **headers: str) -> bytes:
    """An answer of a server, or of something in front of it, that does not do what it is asked."""
    told = {"Content-Length": "0", "Connection": "close", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in told.items()]
    return "\r\n".join([f"HTTP/1.1 {status} No", *lines, "", ""]).encode()


@dataclass
class _Orders:
    """What to do at the `at`-th request (0: nothing) of those whose first line has `of` in it."""

    at: int = 0
    of: bytes = b""
    after: bool = False
    answer: bytes = b""
    lasting: bool = False
    also: Callable[[], object] = field(default=lambda: None)
    seen: int = 0

    def meant(self, request: bytes) -> bool:
        """Whether it is this request."""
        if self.of not in request.partition(b"\r\n")[0]:
            return False
        self.seen += 1
        return self.seen == self.at or (self.lasting and self.seen > self.at > 0)


class MlflowProxy:
    """Passes requests on to a server; at one of them it does as it was told."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._host, _, port = server.partition(":")
        self._server_port = int(port)
        self._orders = _Orders()
        self.requests = 0
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def order(self, at: int = 0, **how: object) -> None:
        """Break the connection at the `at`-th request from now, once, or send `answer` instead.

        With `of`, only requests with that in their first line count. With `after`, the server has
        done what it was asked before; with `lasting` it is the same at every later request. `also`
        is called at that moment. Without arguments nothing is done.
        """
        with self._lock:
            self.requests, self._orders = 0, _Orders(at, **how)

    def close(self) -> None:
        """Listen no more."""
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
        """One connection, and one request on it: whoever asks is told that it is closed then."""
        with client:
            try:
                request = _message(client)
                if request is None:
                    return
                with self._lock:
                    self.requests += 1
                    orders = self._orders if self._orders.meant(request) else None
                if orders is None:
                    client.sendall(self._answer(request))
                    return
                if orders.after:
                    self._answer(request)
                orders.also()
                client.sendall(orders.answer)
            except OSError:
                return

    def _answer(self, request: bytes) -> bytes:
        with socket.create_connection((self._host, self._server_port)) as server:
            server.sendall(_closing(request))
            return b"".join(iter(lambda: server.recv(1 << 16), b""))


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
        more = peer.recv(1 << 16)
        if not more:
            return None
        body += more
    return head + b"\r\n\r\n" + body


def _closing(request: bytes) -> bytes:
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [one for one in head.split(b"\r\n") if not one.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body
