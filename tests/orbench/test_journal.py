"""The journal: what `log` returned for is on file; what is damaged is cut and said."""

import decimal
import fractions
import math
import struct
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import JournalError, MetricValueError, RunEndedError, StepError
from orbench.events import ConfigUpdated, RunEnded, TagsChanged
from orbench.journal import FRAME, MAGIC, JournalWriter
from orbench.journal_reader import SegmentReader, Stretch


@pytest.fixture
def writer(tmp_path):
    writer = JournalWriter(tmp_path / "run1", "run1", owner=True)
    yield writer
    if not writer.closed:
        writer.close()


def read_all(path: Path, *, writer_gone: bool = True) -> Stretch:
    return SegmentReader(path).read(writer_gone=writer_gone)


def points(stretch: Stretch) -> dict[str, list[tuple[int, float]]]:
    return {
        name: list(zip(kept.steps.tolist(), kept.values.tolist(), strict=True))
        for name, kept in stretch.points.items()
    }


names = st.text(min_size=1, max_size=20).filter(lambda s: "\x00" not in s and s.isprintable())
calls = st.lists(
    st.tuples(
        st.dictionaries(names, st.floats(), min_size=1, max_size=4),
        st.integers(0, 2**63 - 1),
    ),
    max_size=30,
)


@given(calls=calls)
def test_every_call_of_log_comes_back_bit_for_bit_and_in_order(tmp_path_factory, calls):
    writer = JournalWriter(tmp_path_factory.mktemp("j") / "r", "r", owner=True)
    expected: dict[str, list[tuple[int, bytes]]] = {}
    for metrics, step in calls:
        writer.log(metrics, step)
        for name, value in metrics.items():
            expected.setdefault(name, []).append((step, struct.pack("<d", value)))
    writer.close()
    if not calls:
        assert writer.segment is None
        return
    stretch = read_all(writer.segment)
    assert stretch.cut == ()
    kept = {
        name: [(step, struct.pack("<d", value)) for step, value in pairs]
        for name, pairs in points(stretch).items()
    }
    assert kept == expected


def test_events_come_back_in_order_beside_points(writer):
    writer.write_event(ConfigUpdated(values={"lr": 1e-3, "deep": {"x": math.inf}}))
    writer.log({"loss": 1.0}, 0)
    writer.write_event(TagsChanged(added=("v1",)))
    writer.write_event(RunEnded(status="finished", ended=2.0, exit_code=0))
    writer.close()
    stretch = read_all(writer.segment)
    assert [type(event).__name__ for event in stretch.events] == [
        "ConfigUpdated",
        "TagsChanged",
        "RunEnded",
    ]
    assert stretch.events[0].values == {"lr": 1e-3, "deep": {"x": math.inf}}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (True, 1.0),
        (3, 3.0),
        (2**53 + 1, float(2**53)),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float64(0.1), 0.1),
        (np.int16(-4), -4.0),
        (np.bool_(True), 1.0),
        (np.array(2.5), 2.5),
        (np.array([2.5]), 2.5),
        (np.array([[2.5]], dtype=np.float16), 2.5),
        (decimal.Decimal("0.25"), 0.25),
        (fractions.Fraction(1, 4), 0.25),
        (-0.0, -0.0),
        (-math.inf, -math.inf),
    ],
)
def test_log_takes_whatever_is_a_number(writer, value, kept):
    writer.log({"x": value}, 0)
    writer.close()
    ((_, got),) = points(read_all(writer.segment))["x"]
    assert struct.pack("<d", got) == struct.pack("<d", kept)


def test_log_takes_jax_scalars(writer):
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    writer.log({"x": jax.numpy.float32(1.5), "y": jax.numpy.ones((1,))}, 3)
    writer.close()
    assert points(read_all(writer.segment)) == {"x": [(3, 1.5)], "y": [(3, 1.0)]}


def test_log_takes_torch_scalars(writer):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    leaf = torch.tensor(1.5, requires_grad=True)
    half = torch.tensor([0.5], dtype=torch.bfloat16)
    writer.log({"x": leaf * 2, "y": half, "z": torch.tensor(7)}, torch.tensor(3))
    writer.close()
    assert points(read_all(writer.segment)) == {"x": [(3, 3.0)], "y": [(3, 0.5)], "z": [(3, 7.0)]}


@pytest.mark.parametrize(
    "value", ["1.0", None, b"1", 1j, [1.0], {"a": 1}, np.array([1.0, 2.0]), object(), 10**400]
)
def test_what_is_not_a_number_is_refused_by_its_key_and_nothing_of_the_call_is_kept(writer, value):
    writer.log({"good": 1.0, "bad": 2.0}, 0)
    with pytest.raises(MetricValueError, match="'bad'"):
        writer.log({"good": 1.0, "bad": value}, 1)
    writer.close()
    assert points(read_all(writer.segment)) == {"good": [(0, 1.0)], "bad": [(0, 2.0)]}


@pytest.mark.parametrize("step", [-1, 2**63, 1.0, 1.5, "3", None, np.float64(2), np.array([1, 2])])
def test_a_step_is_an_integer_that_is_not_negative(writer, step):
    for _ in range(2):  # once for a layout that is new, once for one that is known
        with pytest.raises(StepError, match="step is"):
            writer.log({"x": 1.0}, step)
        writer.log({"x": 1.0}, 0)


@pytest.mark.parametrize("name", ["", "a\x00b", "x" * 501, "\ud800", 3, None])
def test_a_metric_name_that_cannot_be_kept_is_refused(writer, name):
    with pytest.raises(MetricValueError):
        writer.log({name: 1.0}, 0)


def test_nothing_is_logged_to_a_closed_journal(writer):
    writer.log({"x": 1.0}, 0)
    writer.close()
    with pytest.raises(RunEndedError, match="has ended"):
        writer.log({"x": 1.0}, 1)
    with pytest.raises(RunEndedError, match="has ended"):
        writer.write_event(TagsChanged(added=("late",)))


def test_threads_log_at_once_and_nothing_is_lost_or_mixed(writer):
    def work(thread: int) -> None:
        for step in range(500):
            writer.log({f"t{thread}": float(step), f"u{step % 7}": float(thread)}, step)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    kept = points(read_all(writer.segment))
    for thread in range(8):
        assert kept[f"t{thread}"] == [(step, float(step)) for step in range(500)]


FORK = """
    import os, sys
    from pathlib import Path
    from orbench.journal import JournalWriter

    writer = JournalWriter(Path(sys.argv[1]), "r", owner=True)
    writer.log({"parent": 0.0}, 0)
    child = os.fork()
    for step in range(1, 100):
        writer.log({"parent" if child else "child": float(step)}, step)
    if not child:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    writer.close()
"""


def test_a_forked_child_goes_on_in_a_segment_of_its_own(tmp_path):
    # In a process of its own, since a fork is not for one in which a test has started threads.
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FORK), str(tmp_path / "r")], check=True, timeout=60
    )
    segments = sorted((tmp_path / "r").glob("*.seg"))
    assert len(segments) == 2
    kept = {name: pairs for path in segments for name, pairs in points(read_all(path)).items()}
    assert kept["parent"] == [(step, float(step)) for step in range(100)]
    assert kept["child"] == [(step, float(step)) for step in range(1, 100)]


def test_a_frame_being_written_is_left_for_later_and_a_torn_one_is_cut_and_said(writer):
    writer.log({"x": 1.0}, 0)
    writer.log({"x": 2.0}, 1)
    writer.close()
    whole = writer.segment.read_bytes()
    for torn in range(1, 37):  # the last frame has 8 + 21 + 8 bytes
        writer.segment.write_bytes(whole[:-torn])
        living = read_all(writer.segment, writer_gone=False)
        dead = read_all(writer.segment, writer_gone=True)
        for stretch in (living, dead):
            assert points(stretch)["x"] == [(0, 1.0)]
        assert living.cut == ()
        assert living.end == len(whole) - 37
        assert "incomplete record" in dead.cut[0]
        assert dead.end == len(whole) - torn


@given(data=st.data())
def test_a_flipped_byte_costs_one_frame_and_is_said(tmp_path_factory, data):
    writer = JournalWriter(tmp_path_factory.mktemp("j") / "r", "r", owner=True)
    writer.log({"x": 0.0}, 0)
    intact = writer.segment.stat().st_size
    for step in range(1, 20):
        writer.log({"x": float(step)}, step)
    writer.close()
    content = bytearray(writer.segment.read_bytes())
    place = data.draw(st.integers(intact, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    writer.segment.write_bytes(content)
    stretch = read_all(writer.segment)
    hit = 1 + (place - intact) // 37
    assert points(stretch)["x"] == [(s, float(s)) for s in range(20) if s != hit]
    assert len(stretch.cut) == 1
    assert str(place - (place - intact) % 37) in stretch.cut[0]


def test_a_damaged_head_does_not_cost_the_points_behind_it(writer):
    writer.log({"x": 1.0}, 0)
    writer.close()
    content = bytearray(writer.segment.read_bytes())
    content[0] ^= 0xFF
    writer.segment.write_bytes(content)
    stretch = read_all(writer.segment)
    assert points(stretch) == {"x": [(0, 1.0)]}
    assert stretch.cut == ("8 damaged bytes at byte 0",)


def test_a_segment_of_a_newer_format_is_left_untouched(writer):
    writer.log({"x": 1.0}, 0)
    writer.close()
    content = bytearray(writer.segment.read_bytes())
    content[4] = 2
    writer.segment.write_bytes(content)
    reader = SegmentReader(writer.segment)
    with pytest.raises(JournalError, match="format 2"):
        reader.read(writer_gone=True)
    assert reader.position == 0


@given(junk=st.binary(max_size=200))
def test_any_bytes_are_read_without_a_crash(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("j") / "junk.seg"
    path.write_bytes(junk)
    stretch = read_all(path)
    assert stretch.end == len(junk)
    assert bool(stretch.cut) == (junk not in (b"", MAGIC))


def test_a_frame_that_claims_ten_gigabytes_allocates_nothing(tmp_path):
    path = tmp_path / "claim.seg"
    path.write_bytes(MAGIC + FRAME.pack(0xFFFFFFFF, 0) + b"\x03" + bytes(1000))
    stretch = read_all(path)
    assert stretch.points == {}
    assert "1009 bytes" in stretch.cut[0]


@given(chunk=st.integers(1, 400))
def test_reading_in_small_stretches_gives_the_same_points(tmp_path_factory, chunk):
    writer = JournalWriter(tmp_path_factory.mktemp("j") / "r", "r", owner=True)
    for step in range(30):
        writer.log({f"m{step % 3}": float(step), "all": -float(step)}, step)
    writer.close()
    whole = points(read_all(writer.segment))
    reader = SegmentReader(writer.segment)
    pieces: dict[str, list[tuple[int, float]]] = {}
    while reader.position < writer.segment.stat().st_size:
        for name, pairs in points(reader.read(writer_gone=True, at_most=chunk)).items():
            pieces.setdefault(name, []).extend(pairs)
    assert pieces == whole


FULL_DISK = """
    import resource, signal, sys
    from pathlib import Path
    from orbench.journal import JournalWriter

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = JournalWriter(Path(sys.argv[1]), "r", owner=True)
    writer.log({"x": 0.0}, 0)
    size = writer.segment.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
    for step in range(1, 1000):
        writer.log({"x": float(step)}, step)
    if sys.argv[2] == "room":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.close()
"""


def run_on_a_full_disk(folder: Path, then: str) -> subprocess.CompletedProcess[str]:
    code = textwrap.dedent(FULL_DISK)
    return subprocess.run(
        [sys.executable, "-c", code, str(folder), then], capture_output=True, text=True, check=False
    )


def test_a_full_disk_holds_points_back_until_there_is_room(tmp_path):
    done = run_on_a_full_disk(tmp_path / "r", "room")
    assert done.returncode == 0
    assert done.stderr.count("is full") == 1
    (segment,) = (tmp_path / "r").glob("*.seg")
    stretch = read_all(segment)
    assert stretch.cut == ()
    assert points(stretch)["x"] == [(step, float(step)) for step in range(1000)]


def test_a_disk_that_stays_full_keeps_what_fits_and_says_how_much_does_not(tmp_path):
    done = run_on_a_full_disk(tmp_path / "r", "no room")
    assert done.returncode == 1
    assert "JournalFullError" in done.stderr
    assert "997 records" in done.stderr
    (segment,) = (tmp_path / "r").glob("*.seg")
    stretch = read_all(segment)
    assert stretch.cut == ()
    assert points(stretch)["x"] == [(step, float(step)) for step in range(3)]


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    writer = JournalWriter(blocked / "r", "r", owner=True)
    with pytest.raises(JournalError, match="give a writable place"):
        writer.log({"x": 1.0}, 0)


def test_the_segment_is_locked_while_its_writer_lives_and_free_when_it_is_killed(tmp_path):
    code = (
        "import sys; from pathlib import Path; from orbench.journal import JournalWriter\n"
        "w = JournalWriter(Path(sys.argv[1]), 'r', owner=True); w.log({'x': 1.0}, 0)\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    from orbench.shipper import _writer_is_gone

    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "r")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout.readline() == b"ready\n"
        (segment,) = (tmp_path / "r").glob("*.seg")
        assert not _writer_is_gone(segment)
        child.kill()
        child.wait()
        assert _writer_is_gone(segment)
