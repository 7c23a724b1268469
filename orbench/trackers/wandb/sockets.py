"""The sockets of several threads, which may be closed while they are waited for."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

__all__ = ["Sockets"]

_ByHost = dict[tuple[str, str], http.client.HTTPConnection]


class Sockets:
    """HTTP connections, for each thread one to each host; `closed` is set by `close`."""

    def __init__(self, timeout: float) -> None:
        self.closed = threading.Event()
        self._timeout = timeout
        self._local = threading.local()
        # Each with whether its thread is asking by it at the moment.
        self._open: dict[http.client.HTTPConnection, bool] = {}
        self._lock = threading.Lock()

    def connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        """The connection of this thread to a host; through the proxy that the environment names."""
        mine = self._mine()
        if (scheme, netloc) not in mine:
            mine[scheme, netloc] = _new_connection(scheme, netloc, self._timeout)
        with self._lock:
            self._open[mine[scheme, netloc]] = True
        return mine[scheme, netloc]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While this thread asks; its sockets are closed if that fails, or `close` was called."""
        whole = False
        try:
            yield
            whole = True
        finally:
            with self._lock:
                self._open |= {one: False for one in self._mine().values() if one in self._open}
            if not whole or self.closed.is_set():
                self._drop()

    def close(self) -> None:
        """Close all of them; what other threads are asking fails at once."""
        self.closed.set()
        with self._lock:
            for connection, asking in self._open.items():
                if asking:
                    _hang_up(connection)  # its thread closes it
                else:
                    connection.close()
            self._open.clear()

    def _mine(self) -> _ByHost:
        found: _ByHost = self._local.__dict__.setdefault("connections", {})
        return found

    def _drop(self) -> None:
        for connection in self._local.__dict__.pop("connections", {}).values():
            connection.close()
            with self._lock:
                self._open.pop(connection, None)


def _new_connection(scheme: str, netloc: str, timeout: float) -> http.client.HTTPConnection:
    proxy = urllib.request.getproxies().get(scheme)
    host = urlsplit(f"//{netloc}").hostname or ""
    via = netloc
    if proxy and not urllib.request.proxy_bypass(host):
        via = urlsplit(proxy if "://" in proxy else f"//{proxy}").netloc
    if scheme == "https":
        context = ssl.create_default_context()
        made: http.client.HTTPConnection
        made = http.client.HTTPSConnection(via, timeout=timeout, context=context)
    else:
        made = http.client.HTTPConnection(via, timeout=timeout)
    if via != netloc:
        made.set_tunnel(netloc)
    return made


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """Wake the thread that waits for an answer: it reads the end of it."""
    if (used := connection.sock) is not None:
        with suppress(OSError):
            used.shutdown(socket.SHUT_RDWR)
