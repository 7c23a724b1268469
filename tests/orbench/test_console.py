"""Keeping what the present process writes to sys.stdout and sys.stderr."""

import contextlib
import io
import logging
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from orbench.capture import Redactor
from orbench.console import TeeStream, tee_console
from orbench.events import ConsoleWritten
from orbench.run_store import open_store


class Kept(list[ConsoleWritten]):
    """The events that were emitted."""

    def of(self, stream: str) -> bytes:
        return b"".join(event.data for event in self if event.stream == stream)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def tee(kept, monkeypatch):
    """The context, outside of any recorded program."""
    monkeypatch.delenv("ORBENCH_RUN_ID", raising=False)
    return lambda into=kept: tee_console(into.append, Redactor(["correct-horse"]))


def test_what_is_written_appears_and_is_kept(kept, tee, capfdbinary) -> None:
    with tee():
        print("to stdout", "ä")
        print("to stderr", file=sys.stderr)
        sys.stdout.writelines(["a\n", "b\n"])
        sys.stdout.flush()
        sys.stdout.buffer.write(b"\xff\x00\n")
        sys.stdout.flush()
        assert sys.stdout.write("four") == 4
    seen = capfdbinary.readouterr()
    assert kept.of("stdout") == seen.out == b"to stdout \xc3\xa4\na\nb\n\xff\x00\nfour"
    assert kept.of("stderr") == seen.err == b"to stderr\n"


def test_secrets_appear_but_are_not_kept(kept, tee, capsys) -> None:
    with tee():
        print("the key: correct-horse")
    assert capsys.readouterr().out == "the key: correct-horse\n"
    assert kept.of("stdout") == b"the key: ***\n"


def test_the_stream_is_in_all_else_the_one_that_it_wraps(kept, tee, monkeypatch) -> None:
    inner = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="replace")
    monkeypatch.setattr(sys, "stdout", inner)
    with tee():
        assert sys.stdout.encoding == "latin-1"
        assert sys.stdout.errors == "replace"
        assert sys.stdout.isatty() is False
        assert sys.stdout.writable() is True
        assert sys.stdout.line_buffering is False
        with pytest.raises(io.UnsupportedOperation):
            sys.stdout.fileno()
        print("ä€")
        sys.stdout.reconfigure(encoding="utf-8", line_buffering=True)
        assert inner.encoding == "utf-8"
        assert inner.line_buffering is True
        print("€")
        with pytest.raises(TypeError):
            sys.stdout.write(b"bytes")
        with pytest.raises(TypeError):
            sys.stdout.buffer.write("text")
        with pytest.raises(AttributeError):
            _ = sys.stdout.nothing_of_this_name
    assert sys.stdout is inner
    assert kept.of("stdout") == inner.buffer.getvalue() == "ä?\n".encode("latin-1") + "€\n".encode()


def test_what_a_broken_stream_does_not_take_is_kept(kept, tee, monkeypatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with contextlib.suppress(BrokenPipeError), open(writing, "w", buffering=1) as broken:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", broken)
        with tee(), pytest.raises(BrokenPipeError):
            print("nobody reads this", flush=True)
    assert kept.of("stdout").startswith(b"nobody reads this")


def test_threads_may_print_at_once(kept, tee, capsys) -> None:
    def work(name: int) -> None:
        for n in range(300):
            sys.stdout.write(f"{name}:{n}\n")

    with tee():
        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = kept.of("stdout").decode().splitlines()
    assert sorted(lines) == sorted(f"{name}:{n}" for name in range(8) for n in range(300))


def test_a_stream_that_somebody_replaced_meanwhile_is_left_alone(kept, tee) -> None:
    before, other = sys.stdout, io.StringIO()
    try:
        with tee():
            tee_stream = sys.stdout
            sys.stdout = other
        assert sys.stdout is other
        # Who put the stream back later, as `redirect_stdout` does, finds one that only passes on.
        sys.stdout = tee_stream
        print("afterwards")
    finally:
        sys.stdout = before
    assert kept.of("stdout") == b""


def test_redirected_output_is_not_the_consoles(kept, tee) -> None:
    text = io.StringIO()
    with tee():
        with contextlib.redirect_stdout(text):
            print("elsewhere")
        print("here")
    assert text.getvalue() == "elsewhere\n"
    assert kept.of("stdout") == b"here\n"


def test_two_runs_that_overlap_both_keep_and_all_is_put_back(kept, tee) -> None:
    before, other = sys.stdout, Kept()
    first, second = tee(), tee(other)
    first.__enter__()
    print("one")
    second.__enter__()
    print("two")
    first.__exit__(None, None, None)
    print("three")
    second.__exit__(None, None, None)
    assert sys.stdout is before
    assert kept.of("stdout") == b"one\ntwo\n"
    assert other.of("stdout") == b"two\nthree\n"


def test_a_log_handler_made_meanwhile_goes_on_working_afterwards(kept, tee, capsys) -> None:
    with tee():
        handler = logging.StreamHandler()
        handler.emit(logging.makeLogRecord({"msg": "kept"}))
    handler.emit(logging.makeLogRecord({"msg": "not kept"}))
    assert kept.of("stderr") == b"kept\n"
    assert capsys.readouterr().err == "kept\nnot kept\n"


def test_a_process_without_streams_is_no_trouble(kept, tee, monkeypatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with tee():
        print("to nobody")
        assert sys.stdout is None
    assert kept == []


def test_under_a_recorded_program_nothing_is_wrapped(kept) -> None:
    with tee_console(kept.append, Redactor(), environ={"ORBENCH_RUN_ID": "abc"}) as recorder:
        assert recorder is None
        assert not isinstance(sys.stdout, TeeStream)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_what_a_forked_child_prints_passes_and_is_not_kept(kept, tee, capfd) -> None:
    with tee():
        child = os.fork()
        if not child:
            print("child", flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        print("parent", flush=True)
    assert capfd.readouterr().out == "child\nparent\n"
    assert kept.of("stdout") == b"parent\n"


def test_a_run_keeps_the_output_of_its_program(tmp_path) -> None:
    code = """
        import sys, orbench
        print("before")
        with orbench.start_run(exp_name="ppo"):
            print("during")
            print("trouble", file=sys.stderr)
        print("after")
    """
    url = f"sqlite:///{tmp_path}/store.db"
    environ = {name: text for name, text in os.environ.items() if "ORBENCH" not in name}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**environ, "ORBENCH_STORE": url},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"before\nduring\nafter\n"
    with open_store(url) as store:
        (run_id,) = store.run_ids()
        assert b"".join(piece.data for piece in store.console(run_id, "stdout")) == b"during\n"
        assert b"".join(piece.data for piece in store.console(run_id, "stderr")) == b"trouble\n"
