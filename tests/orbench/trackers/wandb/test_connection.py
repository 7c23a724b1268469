"""Requests to W&B: patience with what may pass, one clear line for what will not."""

from __future__ import annotations

import io
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from orbench.errors import TrackerError, TrackerUnavailableError
from orbench.trackers import Pace
from orbench.trackers.wandb.connection import Connection

from ....wandb_server import DROP_AFTER, DROP_BEFORE, KEY, STALL

VIEWER = "query Viewer { viewer { username } }"


def connected(url: str, key: str = KEY, *, tries: int = 3, timeout: float = 1.0) -> Connection:
    """A connection that asks three times and does not pause."""
    return Connection(url, key, Pace(rate=0.0, tries=tries, sleep=lambda _: None), timeout=timeout)


@pytest.fixture
def connection(wandb):
    made = connected(wandb.url)
    yield made
    made.close()


@pytest.mark.parametrize("how", [429, 500, 503, DROP_BEFORE, DROP_AFTER, STALL])
def test_a_fault_that_passes_is_not_seen(wandb, connection, how):
    wandb.fail_at(1, how=how)
    assert connection.graphql(VIEWER) == {"viewer": {"username": "tester"}}
    assert len(wandb.requests) == 2


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (429, r"it answers 429 \(Too Many Requests\)"),
        (500, "it answers 500"),
        (DROP_BEFORE, "it closed the connection"),
    ],
)
def test_a_fault_that_stays_is_unavailable(wandb, connection, how, said):
    wandb.every = how
    with pytest.raises(TrackerUnavailableError, match=f"{said}.*try again later"):
        connection.graphql(VIEWER)
    assert len(wandb.requests) == 3


def test_a_server_that_is_down(unused_port):
    connection = connected(f"http://127.0.0.1:{unused_port}")
    with pytest.raises(TrackerUnavailableError, match="Connection refused"):
        connection.graphql(VIEWER)
    connection.close()


def test_a_server_that_never_answers_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        connection = connected(url, tries=2, timeout=0.1)
        began = time.monotonic()
        with pytest.raises(TrackerUnavailableError, match=r"no answer in 0\.1 s"):
            connection.graphql(VIEWER)
        assert time.monotonic() - began < 5
        connection.close()


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_accepted_is_not_tried_again(wandb, connection, status):
    wandb.every = status
    with pytest.raises(TrackerError, match=r"does not accept the key.*wandb login") as caught:
        connection.graphql(VIEWER)
    assert KEY not in str(caught.value)
    assert len(wandb.requests) == 1


def test_a_wrong_key(wandb):
    connection = connected(wandb.url, "b" * 40)
    with pytest.raises(TrackerError, match="does not accept the key"):
        connection.graphql(VIEWER)
    connection.close()


def test_what_graphql_refuses_is_told(wandb, connection):
    with pytest.raises(TrackerError, match='says: Cannot query field "nothing"'):
        connection.graphql("query X { nothing }")


def test_something_else_at_the_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_as_a_web_page, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        connection = connected(url)
        with pytest.raises(TrackerError, match="is no W&B server; see WANDB_BASE_URL"):
            connection.graphql(VIEWER)
        connection.close()
        thread.join()


def _answer_as_a_web_page(listener: socket.socket) -> None:
    client, _ = listener.accept()
    with client:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")


def test_a_file_that_is_larger_than_was_said_is_not_taken(wandb, connection):
    there = wandb.add_run("a1")
    there.files["big"] = b"x" * 1_000
    with pytest.raises(TrackerError, match="more than the 10 bytes that were announced"):
        connection.download(f"{wandb.url}/storage/team/demo/a1/big", io.BytesIO(), 10)


def test_the_key_goes_to_no_other_host(wandb):
    # The same server under another name stands for the storage service that files lie with.
    elsewhere = wandb.url.replace("127.0.0.1", "localhost")
    there = wandb.add_run("a1")
    there.files["file"] = b"content"
    connection = connected(elsewhere)
    out = io.BytesIO()
    connection.download(f"{wandb.url}/storage/team/demo/a1/file", out, 7)
    assert out.getvalue() == b"content"
    assert wandb.authorised == [False]
    connection.close()


def test_several_threads_share_a_connection(wandb, connection):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: connection.graphql(VIEWER), range(20)))
    assert len(found) == 20


def test_a_pause_that_the_server_asks_for_is_kept(wandb):
    pauses = []
    connection = Connection(wandb.url, KEY, Pace(rate=0.0, sleep=pauses.append))
    wandb.fail_at(1, how=429)
    wandb.retry_after = 7
    connection.graphql(VIEWER)
    assert pauses == [7.0]
    connection.close()


def test_a_connection_that_is_closed_wakes_those_that_wait(wandb):
    silent = threading.Event()
    wandb.at(1, lambda: silent.wait(30))
    wandb.fail_at(2, how=429)
    wandb.retry_after = 60
    connection = Connection(wandb.url, KEY, Pace(rate=0.0))
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(connection.graphql, VIEWER) for _ in range(2)]
        while len(wandb.requests) < 2:
            time.sleep(0.01)
        time.sleep(0.1)  # until the second one waits to ask again
        began = time.monotonic()
        connection.close()
        errors = [one.exception(timeout=20) for one in waiting]
        assert time.monotonic() - began < 2
    silent.set()
    assert all(isinstance(error, TrackerUnavailableError) for error in errors)
    with pytest.raises(TrackerUnavailableError, match="was closed"):
        connection.graphql(VIEWER)
    connection.close()
    assert len(wandb.requests) == 2
