"""Pushes into a folder: W&B's own log files, each holding what the ones before do not."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from orbench.errors import TrackerError, TrackerUnavailableError
from orbench.events import ConsoleWritten
from orbench.run_store import Points
from orbench.trackers import RECORD_NAME, read_record
from orbench.trackers.wandb.log_file import LogWriter

from ....wandb_server import DROP_AFTER
from .conftest import RUN_ID, START

BLOCK = 32_768


def records(path: Path):
    """The records of a log by the published protobuf, with every checksum checked."""
    from wandb.proto import wandb_internal_pb2

    data = path.read_bytes()
    assert data[:7] == b":W&B\xe1\xbe\x00"
    at, joined = 7, b""
    while at < len(data):
        room = BLOCK - at % BLOCK
        if room < 7:
            assert not any(data[at : at + room])
            at += room
            continue
        crc, size, kind = struct.unpack("<IHB", data[at : at + 7])
        part = data[at + 7 : at + 7 + size]
        assert crc == zlib.crc32(bytes([kind]) + part)
        at, joined = at + 7 + size, joined + part
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(joined)
            joined = b""
            yield record


def logs(folder: Path):
    return sorted(folder.glob("offline-run-*/run-*.wandb"))


def rows(path: Path):
    return [
        {item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
        for record in records(path)
        if record.WhichOneof("record_type") == "history"
    ]


@pytest.fixture
def offline(tracker_at, tmp_path, monkeypatch):
    """A tracker that writes to a folder, without any key."""
    monkeypatch.delenv("WANDB_API_KEY")
    return tracker_at(offline=tmp_path / "offline")


def test_a_log_says_all_of_a_run(offline, run, tmp_path, wandb):
    report = run.push(offline)
    assert (report.points, report.artifacts) == (83, 1)
    assert wandb.requests == []
    (path,) = logs(tmp_path / "offline")
    assert path.parent.name == f"offline-run-20231114_221320-{RUN_ID}"
    kinds = [record.WhichOneof("record_type") for record in records(path)]
    assert kinds[:2] == ["header", "run"]
    assert kinds[-1] == "exit"
    assert [record.num for record in records(path)] == list(range(1, len(kinds) + 1))
    found = next(record.run for record in records(path) if record.HasField("run"))
    assert (found.run_id, found.entity, found.project) == (RUN_ID, "team", "demo")
    config = {item.key: json.loads(item.value_json) for item in found.config.update}
    assert config["net"] == {"layers": [64, 64]}
    assert config["orbench"]["run_id"] == RUN_ID
    assert [row["_step"] for row in rows(path)] == list(range(53))
    output = [r.output_raw.line for r in records(path) if r.HasField("output_raw")]
    assert output == ["hello\n", "caf\ufffd\n", "world\n"]
    files = path.parent / "files"
    assert (files / "artifacts/models/policy.bin").read_bytes() == b"\x00\x01policy"
    assert read_record(files / RECORD_NAME).run.run_id == RUN_ID


def test_what_was_written_is_not_written_again(offline, run, tmp_path):
    run.push(offline)
    assert run.push(offline).points == 0
    run.grow(
        ConsoleWritten(stream="stdout", time=START + 99, data=b"more\n"),
        loss=Points(np.array([900, 910]), np.array([1.0, 2.0]), START + np.array([90.0, 91.0])),
    )
    assert run.push(offline).points == 2
    first, second = logs(tmp_path / "offline")
    assert [row["_step"] for row in rows(second)] == [53, 54]
    assert not (second.parent / "files/artifacts").exists()
    output = [r.output_raw.line for r in records(second) if r.HasField("output_raw")]
    assert output == ["more\n"]
    assert first.parent.name < second.parent.name


@pytest.mark.parametrize("calls", [1, 2])
def test_a_push_that_is_cut_off_writes_the_same_folder_again(offline, run, tmp_path, calls):
    def keep(document, count=[0]):  # noqa: B006 - counts the calls
        count[0] += 1
        if count[0] == calls:
            raise KeyboardInterrupt
        run.keep(document)

    kept = []
    with pytest.raises(KeyboardInterrupt):
        offline.push(run, {}, keep)
    kept += logs(tmp_path / "offline")
    run.grow(loss=Points(np.array([900]), np.array([1.0]), np.array([START + 90])))
    run.push(offline)
    run.push(offline)
    numbers = [row["_step"] for path in logs(tmp_path / "offline") for row in rows(path)]
    assert numbers == list(range(54))
    assert kept == [] or kept[0] in logs(tmp_path / "offline")


def test_a_folder_that_was_not_synced_is_told_by_the_next_push(offline, tracker_at, run, wandb):
    from ....wandb_server import KEY

    run.push(offline)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_API_KEY", KEY)
        online = tracker_at()
    with pytest.raises(TrackerError, match=r"run `wandb sync` on offline-run-20231114_221320"):
        run.push(online)


def test_pushes_of_both_kinds_do_not_mix_half_done(tracker, offline, run, wandb):
    wandb.fail_at(3, how=DROP_AFTER)
    with pytest.raises(TrackerUnavailableError):
        run.push(tracker)
    with pytest.raises(TrackerError, match="was cut off on its way; finish it without --offline"):
        run.push(offline)


def test_a_folder_that_cannot_be_written(tracker_at, run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackerError, match=r"cannot write .*Not a directory"):
        run.push(tracker_at(offline=tmp_path / "file"))


@pytest.mark.parametrize("length", [1, 32_741, 32_742, 32_748, 32_749, 40_000, 100_000])
def test_records_of_any_length_fit_the_blocks(tmp_path, length):
    path = tmp_path / "run.wandb"
    with path.open("wb") as file:
        log = LogWriter(file, "test")
        for _ in range(3):
            log.output("stdout", START, "x" * length)
        log.exit(0, 1.0)
    found = [record.output_raw.line for record in records(path) if record.HasField("output_raw")]
    assert found == ["x" * length + "\n"] * 3
