"""Writing W&B's own log files (`run-ID.wandb`), for its client to send.

A file is a header, then records in the framing of LevelDB's log (blocks of 32 KiB; a record that
does not fit is cut in pieces), each with its CRC-32. Records are protobuf messages; the few that
are needed are encoded here, so that nothing has to be installed where training data are pushed
from. The numbers are those of `wandb_internal.proto`.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

__all__ = ["LogWriter", "RunHeader"]

_MAGIC = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)
_BLOCK, _HEADER = 32_768, 7
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4

# What older readers need at least, as wandb's client writes it.
_MIN_CONSUMER = "0.70.0"


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What a log says of its run; `config` has values that JSON can hold."""

    run_id: str
    entity: str
    project: str
    group: str
    display_name: str
    tags: tuple[str, ...]
    host: str
    started: float
    config: Mapping[str, Any]


class LogWriter:
    """Writes the records of one run to a file that is open at its beginning."""

    def __init__(self, file: IO[bytes], producer: str) -> None:
        self._file = file
        self._number = 0
        file.write(_MAGIC)
        self._at = len(_MAGIC)
        version = _text(1, producer) + _text(2, _MIN_CONSUMER)
        self._record(21, _message(1, version))

    def run(self, header: RunHeader, step_key: str) -> None:
        """The run with its config, and which column the steps are."""
        config = b"".join(
            _message(1, _text(1, key) + _text(16, _json(value)))
            for key, value in header.config.items()
        )
        self._record(
            17,
            _text(1, header.run_id)
            + _text(2, header.entity)
            + _text(3, header.project)
            + _message(4, config)
            + _text(6, header.group)
            + _text(8, header.display_name)
            + b"".join(_text(10, tag) for tag in header.tags)
            + _text(13, header.host)
            + _message(17, _timestamp(header.started)),
        )
        self._record(12, _text(1, step_key) + _message(6, _integer(3, 1)))
        over = _text(2, "*") + _text(4, step_key) + _message(6, _integer(1, 1))
        self._record(12, over)

    def history(self, line: str) -> None:
        """A row, as JSON."""
        row = json.loads(line)
        items = b"".join(
            _message(1, _text(2, key) + _text(16, json.dumps(value))) for key, value in row.items()
        )
        self._record(2, items + _message(2, _integer(1, row["_step"])))

    def system(self, line: str) -> None:
        """A row of system metrics, as JSON; W&B's client puts `system.` before every name."""
        row = json.loads(line)
        items = b"".join(
            _message(3, _text(1, key.removeprefix("system.")) + _text(16, json.dumps(value)))
            for key, value in row.items()
            if not key.startswith("_")
        )
        self._record(7, _message(2, _timestamp(row["_timestamp"])) + items)

    def output(self, stream: str, time: float, line: str) -> None:
        """A line of console output."""
        kind = _integer(1, 1) if stream == "stdout" else b""
        self._record(13, kind + _message(2, _timestamp(time)) + _text(3, f"{line}\n"))

    def summary(self, values: Mapping[str, Any]) -> None:
        """Values of the summary."""
        items = (
            _message(1, _text(1, key) + _text(16, _json(value))) for key, value in values.items()
        )
        self._record(3, b"".join(items))

    def files(self, names: Iterable[str]) -> None:
        """Files that lie in the folder `files` beside the log."""
        self._record(6, b"".join(_message(1, _text(1, name) + _integer(2, 1)) for name in names))

    def exit(self, code: int, seconds: float) -> None:
        """How the run ended."""
        self._record(18, _integer(1, code) + _integer(2, int(max(0.0, seconds))))

    def _record(self, field: int, body: bytes) -> None:
        self._number += 1
        self._write(_integer(1, self._number) + _message(field, body))

    def _write(self, data: bytes) -> None:
        kind = _FIRST
        while True:
            room = _BLOCK - self._at % _BLOCK
            if room < _HEADER:
                self._put(bytes(room))
                continue
            part, data = data[: room - _HEADER], data[room - _HEADER :]
            if not data:
                kind = _FULL if kind == _FIRST else _LAST
            crc = zlib.crc32(part, zlib.crc32(bytes([kind])))
            self._put(struct.pack("<IHB", crc, len(part), kind) + part)
            if not data:
                return
            kind = _MIDDLE

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._at += len(data)


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


# -- protobuf


def _varint(value: int) -> bytes:
    out = bytearray()
    value &= 2**64 - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value) if value else b""


def _message(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode("utf-8", "replace")) if text else b""


def _timestamp(time: float) -> bytes:
    whole = int(time // 1)
    return _integer(1, whole) + _integer(2, min(999_999_999, round((time - whole) * 1e9)))
