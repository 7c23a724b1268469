"""A stand-in for the W&B server on loopback: it speaks the protocol to the genuine client.

The public cloud cannot exist in a test. This server keeps runs in memory and answers the GraphQL
documents, the file streams and the file transfers of the installed client, by the rules that the
real one keeps: content goes to the offset it names, rows whose `_step` goes back are dropped,
histories that hold more rows than asked for are sampled, filters are Mongo-style JSON, the id of
a deleted run is not given out again. It can be told to fail at any request.
"""

from __future__ import annotations

import base64
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit

KEY = "a" * 40
DROP_BEFORE, DROP_AFTER, STALL = "drop before", "drop after", "stall"

# -- GraphQL: enough of it to answer exactly what a document asks for

_TOKEN = re.compile(
    r'#[^\n]*|\.\.\.|[A-Za-z_]\w*|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|[{}()\[\]:$!=@]'
)


class GraphQLError(Exception):
    """Told to the client as the server does: in `errors`, with status 200."""


@dataclass
class Selection:
    """One field of a selection: its name there and here, its arguments, what is asked of it."""

    name: str
    alias: str
    arguments: dict[str, Any]
    inner: list[Selection]


class Document:
    """A parsed document with its variables filled in."""

    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        self._tokens = [token for token in _TOKEN.findall(text) if not token.startswith("#")]
        self._at, self._variables = 0, dict(variables)
        self._fragments: dict[str, int] = {}
        self.operation, self.fields = "", []
        starts = self._find_fragments()
        for start in starts:
            self._at = start
            self._operation()

    def _find_fragments(self) -> list[int]:
        """Where operations begin; fragments are read when they are spread."""
        starts, depth = [], 0
        for at, token in enumerate(self._tokens):
            if depth == 0 and token in ("query", "mutation"):
                starts.append(at)
            if depth == 0 and token == "fragment":
                self._fragments[self._tokens[at + 1]] = at + 4
            depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(token, 0)
        return starts

    def _take(self, expected: str = "") -> str:
        token = self._tokens[self._at]
        if expected and token != expected:
            raise GraphQLError(f"syntax error: {expected} expected, not {token}")
        self._at += 1
        return token

    def _operation(self) -> None:
        self._take()
        self.operation = self._take() if self._tokens[self._at] not in "({" else ""
        if self._tokens[self._at] == "(":
            self._declarations()
        self.fields = self._selections()

    def _declarations(self) -> None:
        """Variables with their defaults."""
        self._take("(")
        while self._tokens[self._at] != ")":
            if self._take() == "$":
                name = self._take()
            elif self._tokens[self._at - 1] == "=":
                self._variables.setdefault(name, self._value())
        self._take(")")

    def _selections(self) -> list[Selection]:
        self._take("{")
        found: list[Selection] = []
        while self._tokens[self._at] != "}":
            found += self._spread() if self._tokens[self._at] == "..." else [self._field()]
        self._take("}")
        return found

    def _spread(self) -> list[Selection]:
        self._take("...")
        if self._tokens[self._at] == "on":
            self._at += 2
            return self._selections()
        name = self._take()
        back, self._at = self._at, self._fragments[name]
        found = self._selections()
        self._at = back
        return found

    def _field(self) -> Selection:
        alias = name = self._take()
        if self._tokens[self._at] == ":":
            self._take()
            name = self._take()
        arguments = {}
        if self._tokens[self._at] == "(":
            self._take()
            while self._tokens[self._at] != ")":
                key = self._take()
                self._take(":")
                arguments[key] = self._value()
            self._take(")")
        inner = self._selections() if self._tokens[self._at] == "{" else []
        return Selection(name, alias, arguments, inner)

    def _value(self) -> Any:
        token = self._take()
        if token == "$":
            return self._variables.get(self._take())
        if token == "[":
            found = []
            while self._tokens[self._at] != "]":
                found.append(self._value())
            self._take("]")
            return found
        if token == "{":
            made = {}
            while self._tokens[self._at] != "}":
                key = self._take()
                self._take(":")
                made[key] = self._value()
            self._take("}")
            return made
        return {"true": True, "false": False, "null": None}.get(token, _literal(token))


def _literal(token: str) -> Any:
    try:
        return json.loads(token)
    except ValueError:
        return token


def answer(fields: list[Selection], value: Any) -> Any:
    """What is asked of a value: an object is a dict, whose parts may need arguments."""
    if value is None or not fields:
        return value
    if isinstance(value, list):
        return [answer(fields, each) for each in value]
    found = {}
    for one in fields:
        if one.name not in value:
            raise GraphQLError(f'Cannot query field "{one.name}"')
        part = value[one.name]
        if callable(part):
            part = part(**one.arguments)
        found[one.alias] = answer(one.inner, part)
    return found


# -- what the server keeps


@dataclass
class StoredRun:
    """A run of the server: what was said of it and its lines, each at the offset it came with."""

    entity: str
    project: str
    name: str
    created: float
    heartbeat: float
    state: str = "running"
    said: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    deleted: bool = False
    parsed: tuple[object, list[dict[str, Any]]] = (None, [])

    def write(self, name: str, offset: int, content: list[str]) -> None:
        """Lines go where their offset says, over those that are there."""
        lines = self.lines.setdefault(name, [])
        if offset > len(lines):
            lines += [""] * (offset - len(lines))
        if name.endswith(".jsonl"):  # NaN and infinities are kept as texts
            content = [json.dumps(json.loads(line, parse_constant=str)) for line in content]
        lines[offset : offset + len(content)] = content

    def rows(self) -> list[dict[str, Any]]:
        """The history: rows whose step goes back are dropped."""
        lines = self.lines.get("wandb-history.jsonl", [])
        if self.parsed[0] != lines:
            self.parsed = (list(lines), self._kept(lines))
        return self.parsed[1]

    def _kept(self, lines: list[str]) -> list[dict[str, Any]]:
        kept, last = [], -1
        for line in lines:
            row = json.loads(line)
            if row.get("_step", last + 1) > last:
                last = row.get("_step", last + 1)
                kept.append({"_step": last} | row)
        return kept

    def events(self) -> list[str]:
        return self.lines.get("wandb-events.jsonl", [])


def _flat(row: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if isinstance(value, dict) and "_type" not in value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def history_keys(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Which keys rows have, how often, and of what type."""
    keys: dict[str, Any] = {}
    for row in rows:
        for key, value in _flat(row):
            kind = {str: "string", dict: "map", list: "list"}.get(type(value), "number")
            counts = keys.setdefault(key, {"typeCounts": {}, "monotonic": False})["typeCounts"]
            counts[kind] = counts.get(kind, 0) + 1
    for told in keys.values():
        counts = told["typeCounts"]
        told["typeCounts"] = [{"type": kind, "count": n} for kind, n in counts.items()]
    return {"keys": keys, "sets": [], "lastStep": rows[-1]["_step"] if rows else -1}


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# -- filters


def fits(run: StoredRun, where: dict[str, Any]) -> bool:
    """Whether a run fulfils a Mongo-style filter."""
    return all(_condition(run, key, asked) for key, asked in where.items())


def _condition(run: StoredRun, key: str, asked: Any) -> bool:
    if key == "$and":
        return all(fits(run, each) for each in asked)
    if key == "$or":
        return any(fits(run, each) for each in asked)
    if key == "$nor":
        return not any(fits(run, each) for each in asked)
    has, values = _values(run, key)
    if not isinstance(asked, dict):
        return asked in values
    return all(_operator(name, operand, has, values) for name, operand in asked.items())


def _operator(name: str, operand: Any, has: bool, values: list[Any]) -> bool:
    if name == "$not":
        return not all(_operator(inner, given, has, values) for inner, given in operand.items())
    if name == "$exists":
        return has == operand
    if name == "$ne":
        return operand not in values
    if name == "$nin":
        return not any(value in operand for value in values)
    tests: dict[str, Callable[[Any], bool]] = {
        "$eq": lambda value: value == operand,
        "$in": lambda value: value in operand,
        "$gt": lambda value: value > operand,
        "$gte": lambda value: value >= operand,
        "$lt": lambda value: value < operand,
        "$lte": lambda value: value <= operand,
        "$regex": lambda value: re.search(operand, str(value)) is not None,
    }
    if name not in tests:
        raise GraphQLError(f"unknown operator {name}")
    return any(value is not None and tests[name](value) for value in values)


def _values(run: StoredRun, key: str) -> tuple[bool, list[Any]]:
    top, _, rest = key.partition(".")
    if top in ("config", "summary_metrics"):
        value: Any = run.config if top == "config" else run.summary
        for part in rest.split("."):
            if not isinstance(value, dict) or part not in value:
                return False, []
            value = value[part]
        return True, [value]
    told = {
        "name": run.name,
        "display_name": run.said.get("displayName"),
        "displayName": run.said.get("displayName"),
        "state": run.state,
        "group": run.said.get("groupName"),
        "jobType": run.said.get("jobType"),
        "username": "tester",
        "createdAt": _iso(run.created),
        "created_at": _iso(run.created),
        "heartbeatAt": _iso(run.heartbeat),
    }
    if key == "tags":
        return True, list(run.said.get("tags") or [])
    if key not in told:
        raise GraphQLError(f"unknown filter key {key}")
    return True, [told[key]]


# -- the server


@dataclass
class WandbServer:
    """The state of the stand-in, and what it was told to do wrong.

    `requests` names every request so far: a GraphQL operation, `file_stream`, `PUT` or `GET`.
    """

    url: str = ""
    entity: str = "team"
    cap: int = 10_000_000
    runs: dict[tuple[str, str, str], StoredRun] = field(default_factory=dict)
    projects: set[tuple[str, str]] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    faults: dict[int, str | int] = field(default_factory=dict)
    moments: dict[tuple[int, bool], Callable[[], object]] = field(default_factory=dict)
    every: str | int | None = None
    retry_after: int = 0
    refused: list[str] = field(default_factory=list)
    authorised: list[bool] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def reset(self) -> None:
        """Forget everything but the address."""
        with self.lock:
            for kept in (self.runs, self.projects, self.requests, self.faults, self.moments):
                kept.clear()
            self.refused.clear()
            self.authorised.clear()
            self.every, self.cap, self.retry_after = None, 10_000_000, 0

    def fail_at(self, *numbers: int, how: str | int) -> None:
        """Fail at these of the requests from now on, counted from 1."""
        with self.lock:
            self.faults = {len(self.requests) + number - 1: how for number in numbers}

    def at(self, number: int, do: Callable[[], object], *, answered: bool = False) -> None:
        """Do something when this request from now on, counted from 1, has come.

        It is done before the request is answered, or once it was carried out but not replied to.
        """
        with self.lock:
            self.moments[len(self.requests) + number - 1, answered] = do

    def find(self, entity: str | None, project: str, name: str) -> StoredRun | None:
        """A run that is there and not deleted."""
        run = self.runs.get((entity or self.entity, project, name))
        return None if run is None or run.deleted else run

    def add_run(
        self,
        name: str,
        rows: list[dict[str, Any]] = [],  # noqa: B006 - never changed
        *,
        project: str = "demo",
        config: dict[str, Any] | None = None,
        summary: dict[str, Any] | None = None,
        state: str = "finished",
        created: float = 1.7e9,
        **said: Any,
    ) -> StoredRun:
        """Put a run there as if a client had logged it."""
        raw = {key: {"value": value, "desc": None} for key, value in (config or {}).items()}
        run = StoredRun(self.entity, project, name, created, created + 60, state, said, raw)
        run.summary = dict(summary or {})
        run.lines["wandb-history.jsonl"] = [
            json.dumps({"_step": step, "_timestamp": created + step} | row)
            for step, row in enumerate(rows)
        ]
        with self.lock:
            self.projects.add((self.entity, project))
            self.runs[self.entity, project, name] = run
        return run

    # -- GraphQL

    def graphql(self, document: Document) -> Any:
        """Answer a document."""
        return answer(document.fields, self._root())

    def _root(self) -> dict[str, Any]:
        viewer = {
            "id": "VXNlcjox",
            "name": "Tester",
            "username": "tester",
            "email": "tester@example.org",
            "entity": self.entity,
            "admin": False,
            "flags": "{}",
            "teams": {"edges": [{"node": {"name": self.entity}}]},
            "apiKeys": {"edges": []},
            "accountType": "MEMBER",
            "isAnonymous": False,
        }
        return {
            "viewer": viewer,
            "serverInfo": {"features": [], "latestLocalVersionInfo": None, "cliVersionInfo": "{}"},
            "organization": lambda **_: None,
            "entity": lambda **_: None,
            "project": lambda name="", **given: self._project(given.get("entityName"), name),
            "model": lambda name="", **given: self._project(given.get("entityName"), name),
            "upsertBucket": lambda **given: self._upsert(given["input"]),
            "createRunFiles": lambda **given: self._create_files(given["input"]),
            "markRunFilesUploaded": lambda **_: {"success": True},
        }

    def _project(self, entity: str | None, name: str) -> dict[str, Any] | None:
        place = (entity or self.entity, name)
        if place not in self.projects:
            return None
        return {
            "id": f"project-{name}",
            "internalId": "7",
            "name": name,
            "entityName": place[0],
            "entity": {"id": "entity", "name": place[0]},
            "readOnly": False,
            "createdAt": _iso(1.7e9),
            "isBenchmark": False,
            "runCount": lambda filters=None: len(self._filtered(place, filters)),
            "runs": lambda **given: self._page(place, **given),
            "run": lambda name: self._node(self.find(*place, name)),
            "bucket": lambda name, **_: self._node(self.find(*place, name)),
        }

    def _filtered(self, place: tuple[str, str], filters: str | None) -> list[StoredRun]:
        where = json.loads(filters or "{}") or {}
        return [
            run
            for run in self.runs.values()
            if (run.entity, run.project) == place and not run.deleted and fits(run, where)
        ]

    def _page(
        self,
        place: tuple[str, str],
        filters: str | None = None,
        after: str | None = None,
        first: int = 50,
        order: str | None = None,
    ) -> dict[str, Any]:
        named = (order or "+created_at").lstrip("+-")
        keys = {"created_at": lambda run: run.created, "heartbeat_at": lambda run: run.heartbeat}
        found = sorted(self._filtered(place, filters), key=keys[named])
        if (order or "").startswith("-"):
            found.reverse()
        start = int(after or 0)
        page = found[start : start + first]
        edges = [
            {"node": self._node(run), "cursor": str(start + place + 1)}
            for place, run in enumerate(page)
        ]
        more = start + first < len(found)
        return {"edges": edges, "pageInfo": {"endCursor": str(start + first), "hasNextPage": more}}

    def _node(self, run: StoredRun | None) -> dict[str, Any] | None:
        if run is None:
            return None
        rows = run.rows()
        names = ("displayName", "notes", "description", "commit", "jobType", "host")
        return {name: run.said.get(name) for name in names} | {
            "id": base64.b64encode(f"Run:v1:{run.name}".encode()).decode(),
            "projectId": "7",
            "name": run.name,
            "project": self._project(run.entity, run.project),
            "tags": run.said.get("tags") or [],
            "group": run.said.get("groupName"),
            "sweepName": None,
            "state": run.state,
            "readOnly": False,
            "createdAt": _iso(run.created),
            "heartbeatAt": _iso(run.heartbeat),
            "user": {"name": "Tester", "username": "tester"},
            "config": json.dumps(run.config),
            "wandbConfig": lambda keys=None: json.dumps({}),
            "summaryMetrics": json.dumps(run.summary),
            "systemMetrics": json.dumps(dict(_flat(json.loads(run.events()[-1]))))
            if run.events()
            else "{}",
            "historyKeys": lambda **_: history_keys(rows),
            "historyLineCount": len(rows),
            "eventsLineCount": len(run.events()),
            "logLineCount": len(run.lines.get("output.log", [])),
            "historyTail": json.dumps([json.dumps(row) for row in rows[-1:]]),
            "eventsTail": json.dumps(run.events()[-1:]),
            "history": lambda samples=500, **given: [
                json.dumps(row)
                for row in self._sampled(
                    rows, samples, given.get("minStep", 0), given.get("maxStep")
                )
            ],
            "events": lambda samples=500: self._sampled(run.events(), samples),
            "sampledHistory": lambda specs: [self._spec(rows, json.loads(one)) for one in specs],
            "parquetHistory": lambda **_: {"parquetUrls": [], "liveData": []},
            "fileCount": len(run.files),
            "files": lambda **given: self._files(run, **given),
        }

    def _sampled(
        self, rows: list[Any], samples: int | None, low: int = 0, high: int | None = None
    ) -> list[Any]:
        """Rows of a range of steps: the upper end is left out, and too many are a random sample."""
        if high is not None or low:
            rows = [
                row for row in rows if low <= row["_step"] and (high is None or row["_step"] < high)
            ]
        most = min(500 if samples is None else samples, self.cap)
        if len(rows) <= most:
            return rows
        return [rows[at] for at in sorted(random.sample(range(len(rows)), most))]

    def _spec(self, rows: list[dict[str, Any]], spec: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows that have every key; the upper end of the range is in it."""
        found = []
        high = spec.get("maxStep")
        for row in rows:
            flat = dict(_flat(row))
            if all(key in flat for key in spec["keys"]):
                found.append({key: flat[key] for key in ["_step", *spec["keys"]]})
        above = None if high is None else high + 1
        picked = self._sampled(found, spec.get("samples"), spec.get("minStep", 0), above)
        return [{key: row[key] for key in spec["keys"]} for row in picked]

    def _files(
        self,
        run: StoredRun,
        names: list[str] | None = None,
        after: str | None = None,
        first: int = 50,
        pattern: str | None = None,
    ) -> dict[str, Any]:
        known = dict(sorted(run.files.items()))
        if "output.log" in run.lines:
            known["output.log"] = "\n".join(run.lines["output.log"]).encode()
        wanted = [name for name in known if not names or name in names]
        if pattern:
            like = re.escape(pattern).replace("%", ".*").replace("_", ".")
            wanted = [name for name in wanted if re.fullmatch(like, name)]
        start = int(after or 0)
        edges = []
        for at, name in enumerate(wanted[start : start + first]):
            url = self._file_url(run.entity, run.project, run.name, name)
            node = {
                "id": name,
                "name": name,
                "url": lambda upload=False, url=url: url,
                "directUrl": url,
                "sizeBytes": str(len(known[name])),
                "mimetype": "application/octet-stream",
                "updatedAt": _iso(run.heartbeat),
                "md5": "",
            }
            edges.append({"node": node, "cursor": str(start + at + 1)})
        more = start + first < len(wanted)
        return {"edges": edges, "pageInfo": {"endCursor": str(start + first), "hasNextPage": more}}

    def _file_url(self, entity: str, project: str, run: str, name: str) -> str:
        return f"{self.url}/storage/{quote(f'{entity}/{project}/{run}/{name}')}"

    def _upsert(self, given: dict[str, Any]) -> dict[str, Any]:
        run, inserted = self._upserted(given)
        for key in ("config", "summaryMetrics"):
            if given.get(key):
                setattr(run, key.removesuffix("Metrics"), json.loads(given[key]))
        kept = ("displayName", "notes", "tags", "groupName", "jobType", "host", "commit")
        run.said |= {key: given[key] for key in kept if given.get(key) is not None}
        if given.get("state"):
            run.state = given["state"]
        run.heartbeat = time.time()
        return {"bucket": self._node(run), "inserted": inserted}

    def _upserted(self, given: dict[str, Any]) -> tuple[StoredRun, bool]:
        if given.get("id"):
            name = base64.b64decode(given["id"]).decode().removeprefix("Run:v1:")
            return next(run for run in self.runs.values() if run.name == name), False
        entity, project = given.get("entityName") or self.entity, given.get("modelName")
        if entity != self.entity:
            raise GraphQLError("permission denied")
        place = (entity, project or "uncategorized", given["name"])
        if place in self.runs:
            if self.runs[place].deleted:
                raise GraphQLError(f"run {given['name']} was previously created and deleted")
            return self.runs[place], False
        self.projects.add(place[:2])
        now = time.time()
        self.runs[place] = StoredRun(*place, created=now, heartbeat=now)
        return self.runs[place], True

    def _create_files(self, given: dict[str, Any]) -> dict[str, Any]:
        place = (given["entityName"], given["projectName"], given["runName"])
        if self.find(*place) is None:
            raise GraphQLError("run not found")
        files = [{"name": n, "uploadUrl": self._file_url(*place, n)} for n in given["files"]]
        return {"runID": place[2], "uploadHeaders": [], "files": files}

    # -- the rest

    def stream(self, place: tuple[str, str, str], body: dict[str, Any]) -> dict[str, Any] | None:
        """Take the lines of a file stream; None where there is no such run."""
        run = self.find(*place)
        if run is None:
            return None
        for name, chunk in (body.get("files") or {}).items():
            if name == "wandb-summary.json":
                run.summary = json.loads(chunk["content"][-1])
            else:
                run.write(name, chunk["offset"], chunk["content"])
        run.heartbeat = time.time()
        if body.get("complete"):
            run.state = "finished" if body.get("exitcode", 0) == 0 else "failed"
        elif body.get("files"):
            run.state = "running"
        return {"limits": {"rateLimitSeconds": 0}, "exitcode": None}


def _nothing() -> None:
    """What happens at most moments."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one write
    disable_nagle_algorithm = True
    server: _Listener

    def log_message(self, *_: object) -> None:
        """Nothing is written to the terminal."""

    def _reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _json(self, value: Any, status: int = 200) -> None:
        self._reply(status, json.dumps(value).encode())

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _handle(self) -> None:
        state = self.server.state
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        document = None
        if path == "/graphql":
            asked = json.loads(body)
            document = Document(asked["query"], asked.get("variables") or {})
        name = document.operation if document else self.command
        name = "file_stream" if path.endswith("/file_stream") else name
        with state.lock:
            number = len(state.requests)
            fault = state.faults.get(number, state.every)
            state.requests.append(name)
            state.authorised.append("Authorization" in self.headers)
        state.moments.get((number, False), _nothing)()
        if fault == STALL:
            time.sleep(2)
        if fault in (DROP_BEFORE, STALL):
            return self._drop()
        if isinstance(fault, int):
            return self._reply(
                fault, b'{"error":"told to fail"}', Retry_After=str(state.retry_after)
            )
        if not path.startswith("/storage/") and not self._authorised():
            return self._json({"errors": [{"message": "permission denied"}]}, 401)
        with state.lock:
            status, reply = self._answer(path, body, document)
        state.moments.get((number, True), _nothing)()
        return self._drop() if fault == DROP_AFTER else self._reply(status, reply)

    def _authorised(self) -> bool:
        told = self.headers.get("Authorization", "").removeprefix("Basic ")
        return base64.b64decode(told) == f"api:{KEY}".encode()

    def _answer(self, path: str, body: bytes, document: Document | None) -> tuple[int, bytes]:
        state = self.server.state
        if document is not None:
            try:
                return 200, json.dumps({"data": state.graphql(document)}).encode()
            except GraphQLError as error:
                state.refused.append(f"{document.operation}: {error}")
                return 200, json.dumps({"data": None, "errors": [{"message": str(error)}]}).encode()
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[0] == "files" and parts[-1] == "file_stream":
            told = state.stream(tuple(parts[1:4]), json.loads(body))
            return (404, b"{}") if told is None else (200, json.dumps(told).encode())
        if parts[0] == "storage":
            return self._storage(state.find(*parts[1:4]), "/".join(parts[4:]), body)
        state.refused.append(f"{self.command} {path}")
        return 404, b"{}"

    def _storage(self, run: StoredRun | None, name: str, body: bytes) -> tuple[int, bytes]:
        if run is None:
            return 404, b""
        if self.command == "PUT":
            run.files[name] = body
            return 200, b""
        if name == "output.log" and name in run.lines:
            return 200, "\n".join(run.lines[name]).encode()
        return (200, run.files[name]) if name in run.files else (404, b"")

    do_GET = do_POST = do_PUT = _handle  # noqa: N815 - the names http.server calls


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    state: WandbServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no matter."""


@contextmanager
def wandb_server() -> Iterator[WandbServer]:
    """A running server, stopped at the end."""
    listener = _Listener(("127.0.0.1", 0), _Handler)
    state = WandbServer(url=f"http://127.0.0.1:{listener.server_port}")
    listener.state = state
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
