"""Requests to an MLflow server, through the transport of MLflow's own client.

Its client brings the credentials (environment, ~/.netrc, ~/.mlflow/credentials), certificates and
plugins. It is told to try once: what may be asked again is known here, and how long to wait.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from ..errors import MissingExtraError, TrackerError, TrackerUnavailableError

if TYPE_CHECKING:
    from ..run import Document
    from .pace import Pace

__all__ = ["MlflowServer", "RefusedError", "next_page"]

_TIMEOUT_SECONDS = 60
_BUSY = (408, 425, 429)
_CHUNK_BYTES = 1 << 20
_API = "/api/2.0/mlflow/"

# Its defaults block for 247 s on a server that is down, and for as long as a busy one asks; and
# nothing is sent to third parties.
_CLIENT_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": str(_TIMEOUT_SECONDS),
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


class RefusedError(TrackerError):
    """The server understood a request and refused it; `code` is its error code."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class MlflowServer:
    """One server. Raises TrackerUnavailableError where another try may help, and TrackerError."""

    def __init__(self, url: str, pace: Pace) -> None:
        for name, value in _CLIENT_DEFAULTS.items():
            os.environ.setdefault(name, value)
        try:
            from mlflow.utils.credentials import get_default_host_creds
            from mlflow.utils.rest_utils import http_request
        except ImportError:
            raise MissingExtraError("a place in MLflow", "mlflow") from None
        self.url = url
        self.pace = pace
        # Neither has types; a response is one of requests.
        credentials: Callable[[str], Any] = get_default_host_creds
        self._credentials = credentials(url)
        self._request: Callable[..., Any] = http_request

    def get(self, endpoint: str, **asked: object) -> Document:
        """What a GET of the API answers, tried again as the pace says."""
        return self.pace.call(lambda: self.once("GET", endpoint, asked))

    def post(self, endpoint: str, body: Document) -> Document:
        """What a POST answers, tried again as the pace says: only for what is safe to repeat."""
        return self.pace.call(lambda: self.once("POST", endpoint, body))

    def once(self, method: str, endpoint: str, asked: Document) -> Document:
        """One request, tried once; an endpoint outside of the API begins with /."""
        endpoint = endpoint if endpoint.startswith("/") else _API + endpoint
        if method == "GET":
            response = self._send(method, endpoint, params=dict(asked))
        else:
            data = msgspec.json.encode(asked)
            kind = {"Content-Type": "application/json"}
            response = self._send(method, endpoint, data=data, extra_headers=kind)
        return self._answer(response)

    def download(self, run_id: str, path: str, target: Path) -> None:
        """Write a file of a run to `target`; raises RefusedError where there is no such file."""
        where = f"/get-artifact?path={quote(path, safe='')}&run_uuid={quote(run_id)}"
        self.pace.call(lambda: self._download(where, target))

    def upload(self, run_id: str, source: Path, folder: str) -> None:
        """Put a file among a run's, under its own name in `folder`; through MLflow's client.

        Where the bytes go (the server, S3, a shared disk ...) is the server's choice.
        """
        self.pace.call(lambda: self._upload(run_id, source, folder))

    def _download(self, where: str, target: Path) -> None:
        response = self._send("GET", where, stream=True)
        with response:
            if response.status_code != 200:
                self._answer(response)
            try:
                with target.open("wb") as out:
                    for chunk in response.iter_content(_CHUNK_BYTES):
                        out.write(chunk)
            except OSError as error:  # of requests; its errors are OSErrors
                raise TrackerUnavailableError(f"{self.url} broke off a file: {error}") from error

    def _upload(self, run_id: str, source: Path, folder: str) -> None:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        try:
            MlflowClient(self.url).log_artifact(run_id, str(source), folder or None)
        except (MlflowException, OSError) as error:
            response = getattr(error, "response", None)  # of requests; its errors are OSErrors
            if response is not None:
                self._refuse(int(response.status_code), source.name)
            if type(error.__cause__ or error.__context__).__module__ == "requests.exceptions":
                raise self._unreachable(error) from error
            said = (str(error).splitlines() or [""])[0]
            raise TrackerUnavailableError(
                f"{source.name} could not be uploaded to {self.url}: {said}"
            ) from error

    def _send(self, method: str, endpoint: str, **how: object) -> Any:
        from mlflow.exceptions import InvalidUrlException, MlflowException

        try:
            return self._request(
                self._credentials,
                endpoint,
                method,
                max_retries=0,
                timeout=_TIMEOUT_SECONDS,
                raise_on_status=False,
                **how,
            )
        except InvalidUrlException as error:
            raise TrackerError(f"{self.url} is no address of an MLflow server") from error
        except MlflowException as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> TrackerUnavailableError:
        """What its client's error for a request without an answer comes to."""
        cause = type(error.__cause__ or error.__context__ or error).__name__
        return TrackerUnavailableError(
            f"{self.url} does not answer ({cause}); is the MLflow server running there?"
        )

    def _answer(self, response: Any) -> Document:
        code = int(response.status_code)
        if code in (401, 403):
            self._refuse(code, "this")
        if code in _BUSY or code >= 500:
            raise TrackerUnavailableError(
                f"{self.url} cannot answer now ({code}); try again later",
                retry_after=_seconds(response.headers.get("Retry-After")),
            )
        answer = _json(response.content)
        if code != 200 and answer is not None and "error_code" in answer:
            said = str(answer.get("message", "")).splitlines() or [""]
            raise RefusedError(f"MLflow says: {said[0][:300]}", str(answer["error_code"]))
        if code == 404 and response.url.partition("?")[0].endswith("/get-artifact"):
            raise RefusedError("there is no such file", "RESOURCE_DOES_NOT_EXIST")
        if code != 200 or answer is None:
            raise TrackerError(f"{self.url} does not answer as an MLflow server does ({code})")
        return answer

    def _refuse(self, code: int, what: str) -> None:
        """Raise TrackerError for a status with which another try cannot help."""
        if code == 401:
            raise TrackerError(
                f"{self.url} refuses access (401); set MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, or an entry in ~/.netrc"
            )
        if code == 403:
            raise TrackerError(
                f"{self.url} does not allow {what} to whom it takes you for (403); ask its admin "
                "for the right, or set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            )
        if code < 500 and code not in _BUSY:
            raise TrackerError(f"{self.url} does not take {what} ({code})")


def next_page(page: Document, token: str) -> str:
    """The token of the page after this one, which `token` gave; empty after the last."""
    following = str(page.get("next_page_token") or "")
    if following and following == token:
        raise TrackerError("MLflow names the same page as the next one again; is a proxy between?")
    return following


def _json(content: bytes) -> dict[str, Any] | None:
    """What a server answered; NaN comes as text from the API, as a bare word from elsewhere."""
    try:
        found = msgspec.json.decode(content)
    except msgspec.DecodeError:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, dict) else None


def _seconds(header: str | None) -> float | None:
    """The seconds in a Retry-After; None for a date, which is rare."""
    try:
        return None if header is None else max(0.0, float(header))
    except ValueError:
        return None
