"""Logs of W&B, by the real client and by hand: every row, cut logs too, bad bytes refused."""

from __future__ import annotations

import contextlib
import math
import os
import random
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.errors import ImportFileError, UsageError
from orbench.importers import WandbImporter, deliver, parse_naming
from orbench.importers.wandb_content import gather
from orbench.importers.wandb_log import WandbLogError, scan_log
from orbench.importers.wire import WireError
from orbench.run import RunStatus
from orbench.run_store import open_store

HEADER = struct.pack("<4sHB", b":W&B", 0xBEE1, 0)

PROGRAM = """
import sys, os, math, wandb
run = wandb.init(mode="offline", project="paper", name="CartPole-v1__dqn__3__17", tags=["first"],
                 config={"seed": 3, "gamma": 0.99, "net": {"sizes": [64, 64]}})
for i in range(300):
    run.log({"global_step": i * 10, "return": i * 0.1, "nan": math.nan, "in": {"x": i}})
print("hello from the program")
run.log({"global_step": 3000, "long": "x" * 70_000, "return": 1 / 3})
run.summary["best"] = 7
run.config.update({"late": 1})
run.finish(exit_code=int(sys.argv[1]))
"""


def log_of(folder):
    return next(folder.rglob("*.wandb"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of an offline run of the real client, which ended with code 3."""
    pytest.importorskip("wandb")
    folder = tmp_path_factory.mktemp("wandb")
    words = [sys.executable, "-c", PROGRAM, "3"]
    env = {**os.environ, "WANDB_SILENT": "true", "WANDB_DIR": str(folder)}
    subprocess.run(words, check=True, cwd=folder, env=env, capture_output=True, timeout=120)
    return folder


def read(path, *, step=None, maps=(), constants=()):
    importer = WandbImporter(parse_naming(maps, constants), step)
    return [run for found in importer.find([path]) for run in importer.read(found)]


def framed(*records):
    """Records in the framing of a log, all of them full pieces of the first block."""
    return HEADER + b"".join(
        struct.pack("<IHB", zlib.crc32(b"\x01" + one), len(one), 1) + one for one in records
    )


def test_the_real_client_s_run_is_read_whole(written):
    (run,) = read(written)
    names = (run.project, run.exp_name, run.env_id, run.seed)
    assert names == ("paper", "dqn", "CartPole-v1", 3)
    series = run.points["return"]
    assert series.steps.tolist() == [i * 10 for i in range(301)]
    assert series.values.tolist() == [*(i * 0.1 for i in range(300)), 1 / 3]
    assert np.isnan(run.points["nan"].values).all()
    assert run.points["in.x"].values.tolist() == list(range(300))
    assert (np.diff(series.wall_times) >= 0).all()
    assert run.config == {"seed": 3, "gamma": 0.99, "net": {"sizes": [64, 64]}, "late": 1}
    assert run.summary["best"] == 7
    assert run.tags == ("first",)
    assert (run.status, run.exit_code) == (RunStatus.FAILED, 3)
    console = b"".join(piece.data for piece in run.console if piece.stream == "stdout")
    assert b"hello from the program\n" in console
    assert any(name.startswith("system/") for name in run.points)
    assert any("1 text" in note for note in run.notes)
    assert not any("cut off" in note for note in run.notes)


def test_its_environment_and_machine_are_known(written):
    (run,) = read(written)
    packages = run.facts["environment"]["packages"]
    assert "wandb" in {one["name"] for one in packages}
    assert run.facts["environment"]["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert run.host


def test_w_b_s_own_steps_may_be_asked_for(written):
    (run,) = read(written, step="_step")
    assert run.points["return"].steps.tolist() == list(range(301))
    assert run.points["global_step"].values[-1] == 3000
    with pytest.raises(UsageError, match=r"its rows have no 'globalstep'.*global_step"):
        read(written, step="globalstep")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_log_that_was_cut_gives_what_is_whole(written, tmp_path, share):
    data = log_of(written).read_bytes()
    path = tmp_path / "run-x.wandb"
    path.write_bytes(data[: int(len(data) * share)])
    (run,) = read(path)
    whole = read(written)[0].points["return"].values
    part = run.points["return"].values
    assert 0 < len(part) <= len(whole)
    assert part.tolist() == whole[: len(part)].tolist()
    assert run.status is RunStatus.KILLED
    assert any("says no end of its run" in note for note in run.notes)


def test_a_grown_log_adds_what_is_new_to_its_run(written, tmp_path):
    data = log_of(written).read_bytes()
    path = tmp_path / "run-x.wandb"
    path.write_bytes(data[: len(data) // 2])
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", create=True) as store:
        first = deliver(store, read(path)[0])
        assert deliver(store, read(path)[0]).added == 0
        path.write_bytes(data)
        second = deliver(store, read(path)[0])
        assert (first.run_id, second.outcome.value) == (second.run_id, "grown")
        assert deliver(store, read(path)[0]).outcome.value == "known"
        (run,) = store.runs()
        assert run.status is RunStatus.FAILED


def test_a_damaged_block_is_left_out_and_told(written, tmp_path):
    data = bytearray(log_of(written).read_bytes())
    data[40_000] ^= 0xFF
    path = tmp_path / "run-x.wandb"
    path.write_bytes(data)
    (run,) = read(path)
    assert any("bytes are damaged and were left out" in note for note in run.notes)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "has not even a header"),
        (b"PK\x03\x04 an archive", "does not begin as one"),
        (HEADER[:6] + b"\x01", "version 1 of the format, which is newer"),
        (framed(b"\xff" * 30), "holds no records of W&B"),
    ],
)
def test_what_is_no_log_is_told_in_a_line(tmp_path, data, words):
    (tmp_path / "run-x.wandb").write_bytes(data)
    with pytest.raises(ImportFileError, match=words):
        read(tmp_path / "run-x.wandb")


def test_a_run_that_nobody_names_is_asked_for(tmp_path):
    (tmp_path / "run-x.wandb").write_bytes(HEADER)
    with pytest.raises(UsageError, match="nothing says the exp_name"):
        read(tmp_path)
    (run,) = read(tmp_path, constants=["exp_name=a", "env_id=b", "seed=none"])
    assert (run.points, run.status) == ({}, RunStatus.KILLED)
    with pytest.raises(ImportFileError, match="has no log of W&B"):
        read(_empty(tmp_path))


def _empty(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def part(field, data):
    out = bytearray()
    for value in (field << 3 | 2, len(data)):
        left = value
        while left >= 0x80:
            out.append(left & 0x7F | 0x80)
            left >>= 7
        out.append(left)
    return bytes(out) + data


def test_saved_files_that_are_not_beside_the_log_are_told(tmp_path):
    names = ("requirements.txt", "here.txt", "*.pt", "gone.bin", "media/*.png")
    record = part(6, b"".join(part(1, part(1, name.encode())) for name in names))
    (tmp_path / "run-x.wandb").write_bytes(framed(record))
    (tmp_path / "files").mkdir()
    for name in ("here.txt", "model.pt"):
        (tmp_path / "files" / name).write_text("saved")
    (run,) = read(tmp_path, constants=["exp_name=a", "env_id=b", "seed=none"])
    assert {one.name for one in run.artifacts} == {"here.txt", "model.pt"}
    (note,) = [note for note in run.notes if "saved files" in note]
    assert note.endswith(
        "2 saved files are links or not beside the log, left out: 'gone.bin', 'media/*.png'"
    )


def item(text, *keys):
    names = [part(1, keys[0])] if len(keys) == 1 else [part(2, key) for key in keys]
    return part(1, b"".join(names) + part(16, text))


def history(*items):
    return b"\x08\x05" + part(2, b"".join(items))


def test_values_in_all_their_forms(tmp_path):
    nested = b'{"b": {"c": 2, "d": "Infinity"}, "e": null, "f": [1]}'
    rows = [
        history(item(b"0", b"_step"), item(b'"NaN"', b"x"), item(nested, b"a")),
        history(item(b"1", b"_step"), item(b"true", b"x"), item(b"4", b"a", b"b", b"c")),
        history(item(b"2", b"_step"), item(b"1.5e300", b"x"), item(b'{"_type": "video"}', b"v")),
    ]
    path = tmp_path / "run-x.wandb"
    path.write_bytes(framed(*rows))
    (run,) = read(path, constants=["exp_name=a", "env_id=b", "seed=1"])
    first, *rest = run.points["x"].values.tolist()
    assert math.isnan(first)
    assert rest == [1.0, 1.5e300]
    assert run.points["a.b.c"].steps.tolist() == [0, 1]
    assert run.points["a.b.c"].values.tolist() == [2, 4]
    assert run.points["a.b.d"].values.tolist() == [math.inf]
    assert run.rows.empty == 1
    assert any("1 list, 1 video" in note for note in run.notes)


@given(st.binary(max_size=200))
@settings(max_examples=150)
def test_no_bytes_do_more_than_be_refused(data):
    for tried in (data, HEADER + data):
        with contextlib.suppress(WandbLogError):
            scan_log(tried)
    for record in (data, b"\x08\x05" + part(2, data), b"\x08\x05" + part(3, data)):
        with contextlib.suppress(WireError):
            gather([record])


def test_changed_bytes_of_a_real_log_do_no_more_either(written, tmp_path):
    rng = random.Random(1)
    records = scan_log(log_of(written).read_bytes()).records
    chosen = [one for one in records if len(one) < 2_000][:40]
    path = tmp_path / "run-x.wandb"
    for _ in range(100):
        changed = [bytearray(one) for one in chosen]
        for one in rng.sample(changed, 3):
            one[rng.randrange(len(one))] = rng.randrange(256)
        path.write_bytes(framed(*map(bytes, changed)))
        try:
            read(path, constants=["project=p", "exp_name=a", "env_id=b", "seed=1"])
        except ImportFileError:
            continue
