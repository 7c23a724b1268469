"""Requests to a W&B server: GraphQL, file streams and files, with patience and a limit to it.

Not through the wandb client: it starts a second process, waits by its own rules (minutes, where a
server is down), may ask for a key on the terminal, and hides the offsets and answers that a push
has to know in order to be repeatable. The protocol below it is small, and a genuine client proves
in the tests that this is the one it speaks.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
from collections.abc import Callable, Mapping
from typing import IO, Any
from urllib.parse import quote, urlsplit

from ... import __version__
from ...errors import TrackerError, TrackerUnavailableError
from ...run import JsonValue
from ..pace import Pace
from .sockets import Sockets

__all__ = ["BinaryFile", "Connection"]

BinaryFile = IO[bytes] | io.RawIOBase

_MOST_REPLY_BYTES = 1024 * 1024 * 1024
_READ_BYTES = 1024 * 1024
_MOST_REDIRECTS = 3

_LATER = (408, 425, 429, 500, 502, 503, 504)


class Connection:
    """A server of W&B and our key there; may be used from several threads, one socket in each.

    Every request may be sent again: those that write say where what they write belongs.
    """

    def __init__(
        self, url: str, key: str, pace: Pace | None = None, *, timeout: float = 30.0
    ) -> None:
        self.url = url
        self._pace = pace or Pace()
        self._timeout = timeout
        self._authorization = "Basic " + base64.b64encode(f"api:{key}".encode()).decode()
        self._sockets = Sockets(timeout)

    @property
    def host(self) -> str:
        """The server's name, for messages."""
        return urlsplit(self.url).netloc

    def close(self) -> None:
        """Close all sockets; what other threads are asking fails at once, and so do their waits."""
        self._sockets.close()

    def graphql(self, query: str, **variables: JsonValue) -> Any:  # Any: what the query asks for
        """The data that a GraphQL document asks for; raises TrackerError where it is refused."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        reply = self._parsed(self._send("POST", f"{self.url}/graphql", body))
        if errors := reply.get("errors"):
            raise TrackerError(f"W&B at {self.host} says: {_messages(errors)}")
        return reply.get("data") or {}

    def stream(self, entity: str, project: str, run: str, document: JsonValue) -> None:
        """Send lines of a run's files, each at the offset that it names."""
        path = "/".join(quote(part, safe="") for part in ("files", entity, project, run))
        body = json.dumps(document, allow_nan=False).encode()
        self._send("POST", f"{self.url}/{path}/file_stream", body)

    def upload(self, url: str, headers: Mapping[str, str], file: Callable[[], BinaryFile]) -> None:
        """Put a file where the server said; `file` opens it, once for each attempt."""
        self._send("PUT", self._full(url), file, headers)

    def download(self, url: str, out: IO[bytes], most: int) -> None:
        """Write a file of at most `most` bytes to `out`, which is at its beginning."""
        self._send("GET", self._full(url), None, {}, out, most)

    def _full(self, url: str) -> str:
        return f"{self.url}{url}" if url.startswith("/") else url

    def _parsed(self, reply: bytes) -> dict[str, Any]:
        try:
            document = json.loads(reply)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise TrackerError(f"what answers at {self.url} is no W&B server; see WANDB_BASE_URL")
        return document

    # -- sending

    def _send(
        self,
        method: str,
        url: str,
        body: bytes | Callable[[], BinaryFile] | None,
        headers: Mapping[str, str] | None = None,
        out: IO[bytes] | None = None,
        most: int = _MOST_REPLY_BYTES,
    ) -> bytes:
        """Send a request until it is answered; raises TrackerUnavailableError in the end."""
        return self._pace.call(
            lambda: self._tried(method, url, body, headers or {}, out=out, most=most),
            self._sockets.closed,
        )

    def _tried(
        self,
        method: str,
        url: str,
        body: bytes | Callable[[], BinaryFile] | None,
        headers: Mapping[str, str],
        *,
        out: IO[bytes] | None,
        most: int,
    ) -> bytes:
        """Send it once; raises TrackerUnavailableError where it may be answered later."""
        if self._sockets.closed.is_set():
            raise _unavailable(url, "the connection to it was closed")
        try:
            with self._sockets.asking():
                status, asked, reply = self._once(method, url, body, headers, out, most)
        except (OSError, http.client.HTTPException) as error:
            raise _unavailable(url, _in_words(error, self._timeout)) from error
        if status in _LATER:
            why = f"it answers {status} ({http.client.responses.get(status, 'unknown')})"
            raise _unavailable(url, why, asked)
        return self._accepted(status, reply, url)

    def _accepted(self, status: int, reply: bytes, url: str) -> bytes:
        if 200 <= status < 300:
            return reply
        host = urlsplit(url).netloc
        if status in (401, 403):
            raise TrackerError(
                f"W&B at {host} does not accept the key, or does not let it do this ({status}); "
                "run `wandb login --relogin`"
            )
        if status == 404:
            raise TrackerError(f"W&B at {host} has no such run or file (404): {urlsplit(url).path}")
        said = " ".join(reply[:200].decode("utf-8", "replace").split())
        raise TrackerError(f"W&B at {host} refuses the request ({status}): {said}")

    def _once(
        self,
        method: str,
        url: str,
        body: bytes | Callable[[], BinaryFile] | None,
        headers: Mapping[str, str],
        out: IO[bytes] | None,
        most: int,
    ) -> tuple[int, float | None, bytes]:
        for _ in range(_MOST_REDIRECTS):
            response = self._asked(method, url, body, headers)
            location = response.getheader("Location")
            if method != "GET" or not location or response.status not in (301, 302, 303, 307, 308):
                break
            response.read()
            url = self._full(location)
        asked = _seconds(response.getheader("Retry-After"))
        if out is None or response.status != 200:
            return response.status, asked, _read(response, _MOST_REPLY_BYTES, None)
        out.seek(0)
        out.truncate()
        return response.status, asked, _read(response, most, out)

    def _asked(
        self,
        method: str,
        url: str,
        body: bytes | Callable[[], BinaryFile] | None,
        headers: Mapping[str, str],
    ) -> http.client.HTTPResponse:
        parts, home = urlsplit(url), urlsplit(self.url)
        sent = {"User-Agent": f"orbench/{__version__}", **headers}
        if (parts.scheme, parts.netloc) == (home.scheme, home.netloc):
            # The key goes to no other host: files may lie with a storage service.
            sent["Authorization"] = self._authorization
        if isinstance(body, bytes):
            sent.setdefault("Content-Type", "application/json")
        connection = self._sockets.connection(parts.scheme, parts.netloc)
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        if not callable(body):
            connection.request(method, target, body, sent)
            return connection.getresponse()
        with body() as file:
            sent["Content-Length"] = str(file.seek(0, 2))
            file.seek(0)
            connection.request(method, target, file, sent)
            return connection.getresponse()


def _unavailable(url: str, why: str, asked: float | None = None) -> TrackerUnavailableError:
    return TrackerUnavailableError(
        f"W&B at {urlsplit(url).netloc} cannot be reached: {why}; nothing is lost, try again later",
        retry_after=asked,
    )


def _read(response: http.client.HTTPResponse, most: int, out: IO[bytes] | None) -> bytes:
    """The body, or nothing where it goes to a file; raises TrackerError for more than `most`."""
    parts: list[bytes] = []
    size = 0
    while part := response.read(_READ_BYTES):
        size += len(part)
        if size > most:
            raise TrackerError(f"W&B sends more than the {most:,} bytes that were announced")
        if out is None:
            parts.append(part)
        else:
            out.write(part)
    return b"".join(parts)


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None


def _in_words(error: Exception, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {timeout:g} s"
    if isinstance(error, http.client.HTTPException):
        return "it closed the connection"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _messages(errors: Any) -> str:
    """What GraphQL errors say, on one line."""
    told = (each.get("message", each) if isinstance(each, dict) else each for each in errors)
    return " ".join("; ".join(map(str, told)).split())[:300]
