"""What is kept of a program's output, and in which pieces."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.capture import Redactor
from orbench.console_recorder import PIECE_BYTES, ConsoleRecorder
from orbench.errors import JournalFullError
from orbench.events import ConsoleWritten

SECRET = "correct-horse-battery"


class Kept(list[ConsoleWritten]):
    """The events that were emitted."""

    def of(self, stream: str) -> bytes:
        return b"".join(event.data for event in self if event.stream == stream)


def record(*writes: tuple[str, bytes], **options) -> Kept:
    kept = Kept()
    recorder = ConsoleRecorder(kept.append, Redactor([SECRET]), **options)
    for stream, data in writes:
        recorder.take(stream, data)
    recorder.close()
    assert not recorder.failure
    return kept


def wait_for(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@given(
    st.lists(
        st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=300)), max_size=30
    ),
    st.integers(1, 400),
)
def test_every_byte_is_kept_in_order_whatever_the_writes(writes, repeat) -> None:
    writes = [(stream, data * repeat) for stream, data in writes]
    kept = record(*writes)
    for stream in ("stdout", "stderr"):
        assert kept.of(stream) == b"".join(data for name, data in writes if name == stream)
    assert all(0 < len(event.data) <= 2 * PIECE_BYTES for event in kept)


def test_turns_of_the_streams_are_kept_in_order_with_their_times() -> None:
    before = time.time()
    kept = record(("stdout", b"one\n"), ("stderr", b"two\n"), ("stdout", b"three\n"))
    assert [(event.stream, event.data) for event in kept] == [
        ("stdout", b"one\n"),
        ("stderr", b"two\n"),
        ("stdout", b"three\n"),
    ]
    times = [event.time for event in kept]
    assert before <= times[0] <= times[1] <= times[2] <= time.time()


def test_streams_that_alternate_wildly_do_not_make_a_piece_each() -> None:
    writes = [(("stdout", "stderr")[n % 2], b"%d\n" % n) for n in range(5000)]
    assert len(record(*writes, interval=60)) < 20


def test_a_line_is_kept_while_the_program_goes_on_even_unfinished() -> None:
    kept = Kept()
    recorder = ConsoleRecorder(kept.append, Redactor(), interval=0.05)
    recorder.take("stdout", b"whole\nname? ")
    wait_for(lambda: kept.of("stdout") == b"whole\n")
    wait_for(lambda: kept.of("stdout") == b"whole\nname? ")
    recorder.close()


@pytest.mark.parametrize("cut", range(1, len(SECRET)))
def test_a_secret_written_in_two_writes_is_not_kept(cut) -> None:
    line = f"the key is {SECRET} now\n".encode()
    kept = record(("stdout", line[: 11 + cut]), ("stdout", line[11 + cut :]))
    assert kept.of("stdout") == b"the key is *** now\n"


def test_a_secret_is_not_torn_by_the_size_of_a_piece() -> None:
    for before in range(PIECE_BYTES - 30, PIECE_BYTES + 5):
        kept = record(("stdout", b"x" * before + SECRET.encode() + b"y" * 20_000))
        assert kept.of("stdout") == b"x" * before + b"***" + b"y" * 20_000


def test_beyond_the_capacity_only_the_end_is_kept_and_the_stream_says_so() -> None:
    lines = [f"line {n} {'.' * 1000}\n".encode() for n in range(2000)]
    kept = record(
        *[("stdout", line) for line in lines], ("stderr", b"Error: no\n"), capacity=50_000
    )
    text = kept.of("stdout")
    head, note, rest = text.partition(
        b"\n[orbench: over 50000 bytes of output: from here only the end is kept]\n"
    )
    assert note
    assert head == b"".join(lines[:49])
    told, _, tail = rest.partition(b" bytes of stdout were left out here]\n")
    assert tail.endswith(lines[-1])
    assert b"".join(lines).endswith(tail)
    assert int(told.rpartition(b" ")[2]) == sum(map(len, lines)) - len(head) - len(tail)
    assert kept.of("stderr").endswith(b"end is kept]\nError: no\n")


def test_half_a_secret_at_the_capacity_is_not_kept() -> None:
    half = SECRET[:12].encode()
    kept = record(
        ("stdout", b"key: " + half), ("stdout", SECRET[12:].encode() + b"\n" * 90), capacity=20
    )
    assert half not in kept.of("stdout")
    assert SECRET[12:].encode() not in kept.of("stdout")


def test_a_journal_that_cannot_be_written_stops_the_keeping_only() -> None:
    def refuse(event: ConsoleWritten) -> None:
        raise JournalFullError("the disk is full")

    recorder = ConsoleRecorder(refuse, Redactor(), interval=0.01)
    recorder.take("stdout", b"one\n")
    wait_for(lambda: recorder.failure)
    recorder.take("stdout", b"two\n")
    recorder.close()
    assert recorder.failure == "output is not kept any more: the disk is full"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_keeps_nothing_and_waits_for_nothing() -> None:
    kept = Kept()
    recorder = ConsoleRecorder(kept.append, Redactor())
    child = os.fork()
    if not child:
        recorder.take("stdout", b"from the child\n")
        recorder.close()
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    recorder.close()
    assert kept == []
