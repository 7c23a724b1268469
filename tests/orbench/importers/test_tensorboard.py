"""TensorBoard event files, written by the usual writers: every point, config and name."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.errors import ImportFileError, UsageError
from orbench.importers import TensorboardImporter, parse_naming, parse_pattern
from orbench.importers.event_file import read_event_file
from orbench.importers.event_record import layout_of
from orbench.importers.hyperparameters import hparams_of, table_of
from orbench.importers.wire import WireError

from .test_tfrecord import framed

NAME = "events.out.tfevents.1700000000.host.1.0"


def number(value):
    """A varint."""
    out = bytearray()
    value &= 2**64 - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def part(field, data):
    return number(field << 3 | 2) + number(len(data)) + data


def event(step, time, *values):
    head = b"\x09" + struct.pack("<d", time) + (b"\x10" + number(step) if step else b"")
    return head + (part(5, b"".join(part(1, value) for value in values)) if values else b"")


def simple(tag, value):
    return part(1, tag.encode()) + b"\x15" + struct.pack("<f", value)


def tensor(tag, dtype, content, shape=b"", metadata=b""):
    inner = b"\x08" + number(dtype) + part(2, shape) + content
    return part(1, tag.encode()) + part(9, metadata) * bool(metadata) + part(8, inner)


def text(tag, words, plugin="text"):
    return tensor(tag, 7, part(8, words.encode()), metadata=part(1, part(1, plugin.encode())))


def write(folder, *events, name=NAME):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"".join(framed(one) for one in (event(0, 1.0), *events)))
    return folder


def read(folder, *, pattern="{env_id}__{exp_name}__{seed}__{time}", constants=(), maps=()):
    importer = TensorboardImporter(parse_naming(maps, constants), parse_pattern(pattern))
    return [run for found in importer.find([folder]) for run in importer.read(found)]


def series(points):
    return points.steps.tolist(), points.values.tolist(), points.wall_times.tolist()


RUN = "CartPole-v1__dqn__3__1700000000"


def test_every_point_of_both_encodings_is_read(tmp_path):
    folder = write(
        tmp_path / RUN,
        event(10, 2.0, simple("charts/return", 1.5)),
        event(300, 3.0, tensor("new", 1, part(4, struct.pack("<f", -2.5)))),
        event(70_000, 4.5, simple("charts/return", float("nan")), simple("loss", 0.25)),
        event(2**40, 5.0, tensor("new", 2, part(6, struct.pack("<d", 0.1)))),
    )
    (run,) = read(folder)
    assert (run.env_id, run.exp_name, run.seed) == ("CartPole-v1", "dqn", 3)
    np.testing.assert_equal(
        series(run.points["charts/return"]), ([10, 70_000], [1.5, float("nan")], [2.0, 4.5])
    )
    assert series(run.points["new"]) == ([300, 2**40], [-2.5, 0.1], [3.0, 5.0])
    assert series(run.points["loss"]) == ([70_000], [0.25], [4.5])
    assert (run.started, run.ended) == (1.0, 5.0)


def one_by_one(records):
    """The points as parsing each record gives them."""
    found = {}
    for record in records:
        layout = layout_of(record)
        step = time = 0
        if layout.step_size:
            places = range(layout.step_size)
            step = sum((record[layout.step + i] & 0x7F) << 7 * i for i in places)
        if layout.wall_time >= 0:
            (time,) = struct.unpack_from("<d", record, layout.wall_time)
        for scalar in layout.scalars:
            (value,) = struct.unpack_from(
                "<" + {"<f4": "f", "<f8": "d"}[scalar.dtype], record, scalar.place
            )
            found.setdefault(scalar.tag, []).append((step, value, time))
    return found


@pytest.mark.parametrize("examples", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_reading_by_columns_finds_what_reading_one_by_one_does(examples):
    @given(st.randoms(use_true_random=False), st.integers(0, 200))
    @settings(max_examples=examples)
    def finds_the_same(rng, n):
        records = drawn_records(rng, n)
        points = read_event_file(b"".join(map(framed, records))).points
        found = {tag: list(zip(*series(one), strict=True)) for tag, one in points.items()}
        assert found == one_by_one(records)

    finds_the_same()


def drawn_records(rng, n):
    records = []
    for _ in range(n):
        tags = rng.sample(["a", "b", "loss/c", "loss/d"], rng.randint(1, 2))
        values = [
            simple(tag, rng.random())
            if rng.random() < 0.7
            else tensor(tag, 2, part(4, struct.pack("<d", rng.random())))
            for tag in tags
        ]
        step = rng.choice([0, 1, 200, 2**20 + rng.randint(0, 9)])
        records.append(event(step, rng.random(), *values))
    return records


def test_files_of_one_run_follow_each_other_and_repeats_are_counted(tmp_path):
    folder = write(tmp_path / RUN, *(event(step, 2.0, simple("x", step)) for step in range(5)))
    more = (event(step, 9.0, simple("x", step)) for step in (3, 4, 5))
    (folder / "a.tfevents.2").write_bytes(b"".join(map(framed, more)))
    (run,) = read(folder)
    assert run.points["x"].steps.tolist() == [0, 1, 2, 3, 4, 3, 4, 5]
    assert (run.rows.repeated, run.rows.restarts) == (2, 1)


def test_folders_of_keras_are_one_run(tmp_path):
    for phase in ("train", "validation"):
        write(tmp_path / RUN / phase, event(1, 2.0, simple("epoch_loss", 0.5)))
    (run,) = read(tmp_path)
    assert list(run.points) == ["train/epoch_loss", "validation/epoch_loss"]


def test_the_curves_of_add_scalars_are_metrics_of_the_run_above(tmp_path):
    write(tmp_path / RUN, event(1, 2.0, simple("x", 0.5)))
    for name, value in (("policy", 1.0), ("value_fn", 2.0)):
        write(tmp_path / RUN / f"train_loss_{name}", event(7, 3.0, simple("train/loss", value)))
    (run,) = read(tmp_path)
    assert {metric: one.values.tolist() for metric, one in run.points.items()} == {
        "train/loss/policy": [1.0],
        "train/loss/value_fn": [2.0],
        "x": [0.5],
    }


def test_folders_called_otherwise_are_runs_though_event_files_lie_above(tmp_path):
    write(tmp_path, event(1, 2.0, simple("stray", 0.0)))
    for seed in (1, 2):
        write(tmp_path / f"PPO_{seed}", event(1, 2.0, simple("x", seed)))
    names = ["exp_name=ppo", "env_id=A", "seed=0"]
    assert [list(run.points) for run in read(tmp_path, constants=names)] == [
        ["stray"],
        ["x"],
        ["x"],
    ]


def hparams(**values):
    """What `add_hparams` writes: hyperparameters by name, all of them texts."""
    entries = [
        part(1, part(1, key.encode()) + part(2, part(3, value.encode())))
        for key, value in values.items()
    ]
    metadata = part(1, part(1, b"hparams") + part(2, part(3, b"".join(entries))))
    return part(1, b"_hparams_/session_start_info") + part(9, metadata)


def test_the_folder_that_add_hparams_makes_is_of_the_run_above(tmp_path):
    write(tmp_path / "run", event(1, 2.0, simple("x", 0.5)))
    told = hparams(exp_name="sac", env_id="A", seed="3")
    write(tmp_path / "run/1700000000.25", event(0, 2.0, told), event(0, 2.0, simple("best", 9.0)))
    (run,) = read(tmp_path)
    assert (run.exp_name, run.env_id, run.seed) == ("sac", "A", 3)
    assert list(run.points) == ["best", "x"]


def test_several_such_folders_are_trials_each_a_run(tmp_path):
    write(tmp_path / "run", event(1, 2.0, simple("x", 0.5)))
    for seed in "12":
        told = hparams(exp_name="sac", env_id="A", seed=seed)
        write(tmp_path / f"run/170000000{seed}.25", event(0, 2.0, told))
    runs = read(tmp_path, constants=["exp_name=sac", "env_id=A", "seed=0"])
    assert [run.config.get("seed") for run in runs] == [None, "1", "2"]


def test_the_table_of_cleanrl_is_the_config(tmp_path):
    table = (
        "|param|value|\n|-|-|\n|learning_rate|0.00025|\n|cuda|True|\n|n|4|\n|entity|None|\n|m|a|b|"
    )
    (run,) = read(write(tmp_path / RUN, event(0, 1.0, text("hyperparameters/text_summary", table))))
    assert run.config == {
        "learning_rate": 0.00025,
        "cuda": True,
        "n": 4,
        "entity": None,
        "m": "a|b",
    }


def test_hparams_are_the_config_and_name_a_run(tmp_path):
    def entry(key, value):
        return part(1, part(1, key.encode()) + part(2, value))

    session = b"".join(
        [
            entry("lr", b"\x11" + struct.pack("<d", 0.5)),
            entry("seed", b"\x11" + struct.pack("<d", 7.0)),
            entry("env_id", part(3, b"Hopper-v4")),
            entry("exp_name", part(3, b"sac")),
            entry("anneal", b"\x20\x01"),
        ]
    )
    content = part(3, session)
    metadata = part(1, part(1, b"hparams") + part(2, content))
    value = part(1, b"_hparams_/session_start_info") + part(9, metadata)
    (run,) = read(write(tmp_path / "anything", event(0, 1.0, value), event(1, 2.0, simple("x", 1))))
    assert run.config == {
        **{"lr": 0.5, "seed": 7, "env_id": "Hopper-v4"},
        **{"exp_name": "sac", "anneal": True},
    }
    assert (run.env_id, run.exp_name, run.seed) == ("Hopper-v4", "sac", 7)


def test_what_is_no_number_is_counted_and_told(tmp_path):
    histogram = part(1, b"weights") + part(5, b"\x09" + bytes(8))
    folder = write(
        tmp_path / RUN, event(1, 2.0, histogram, simple("x", 1)), event(2, 3.0, histogram)
    )
    (run,) = read(folder)
    assert run.notes == (f"{RUN}: left out, as they are no numbers: 2 histograms",)


def test_a_torn_file_gives_what_is_whole_and_says_what_was_cut(tmp_path):
    folder = write(tmp_path / RUN, *(event(step, 2.0, simple("x", step)) for step in range(100)))
    path = folder / NAME
    path.write_bytes(path.read_bytes()[:-10])
    (run,) = read(folder)
    assert len(run.points["x"].steps) == 99
    assert "cut off: 29 bytes of an incomplete record" in run.notes[0]


def test_an_empty_file_is_a_run_without_points(tmp_path):
    (tmp_path / RUN).mkdir()
    (tmp_path / RUN / NAME).write_bytes(b"")
    (run,) = read(tmp_path)
    assert run.points == {}
    assert "holds no numbers" in run.notes[0]


def test_names_that_nobody_says_are_asked_for(tmp_path):
    folder = write(tmp_path / "PPO_1", event(1, 2.0, simple("x", 1)))
    with pytest.raises(UsageError, match=r"nothing says the exp_name .*--set exp_name="):
        read(folder)
    (run,) = read(folder, pattern="{exp_name}_{seed}", constants=["env_id=Ant-v4"])
    assert (run.exp_name, run.env_id, run.seed) == ("PPO", "Ant-v4", 1)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("{envid}", r"there is no \{envid\}"), ("{seed}{seed}", "twice"), ("run", "names nothing")],
)
def test_a_pattern_that_names_nothing_is_refused(pattern, words):
    with pytest.raises(UsageError, match=words):
        parse_pattern(pattern)


def test_a_folder_without_event_files_is_told(tmp_path):
    with pytest.raises(ImportFileError, match="no event file"):
        TensorboardImporter().find([tmp_path])
    (tmp_path / "x.csv").write_text("a")
    with pytest.raises(ImportFileError, match="is no event file"):
        TensorboardImporter().find([tmp_path / "x.csv"])


def test_records_that_are_no_events_are_told(tmp_path):
    (tmp_path / RUN).mkdir()
    (tmp_path / RUN / NAME).write_bytes(framed(b"\xff" * 30))
    with pytest.raises(ImportFileError, match="is no event file"):
        read(tmp_path)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_do_more_than_be_refused(data):
    try:
        layout_of(data)
        read_event_file(framed(data))
        hparams_of(data)
        table_of(data.decode("latin-1"))
    except WireError:
        pass


@pytest.mark.parametrize("times", [300, pytest.param(2000, marks=pytest.mark.slow)])
def test_changed_bytes_of_a_real_record_do_no_more_either(times):
    rng = random.Random(1)
    table = "|param|value|\n|-|-|\n|a|1|"
    record = event(300, 2.0, simple("x", 1.0), text("hyperparameters", table), tensor("t", 1, b""))
    for _ in range(times):
        changed = bytearray(record)
        for _ in range(rng.randint(1, 3)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        try:
            read_event_file(framed(bytes(changed)) * 6)
        except WireError:
            continue
