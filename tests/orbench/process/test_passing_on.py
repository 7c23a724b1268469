"""What a recorded program reads and writes: passed on byte for byte, and kept."""

import os
import random
import resource
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from orbench.console_recorder import CAPACITY_BYTES
from orbench.run import RunStatus
from orbench.run_store import open_store
from orbench.settings import journal_folder
from orbench.shipper import recover

NOISE = random.Random(7).randbytes(3_000_000)


def test_random_bytes_pass_from_stdin_to_stdout_and_are_kept(recording) -> None:
    done = recording.run("cat", input=NOISE)
    assert done.stdout == NOISE
    assert done.stderr == b""
    assert recording.console("stdout") == NOISE


def test_stdout_and_stderr_stay_apart(recording) -> None:
    (recording.folder / "noise").write_bytes(NOISE)
    done = recording.run("sh", "-c", "cat noise >&2; printf 'no newline'", cwd=recording.folder)
    assert (done.stdout, done.stderr) == (b"no newline", NOISE)
    assert recording.console("stdout") == b"no newline"
    assert recording.console("stderr") == NOISE


def test_a_program_that_writes_nothing_leaves_nothing(recording) -> None:
    done = recording.run("true")
    assert (done.stdout, done.stderr) == (b"", b"")
    assert recording.console() == b""


def test_output_arrives_at_once_without_a_newline(recording) -> None:
    with recording.start("sh", "-c", "printf ready; read x", stdin=-1, stdout=-1) as program:
        assert os.read(program.stdout.fileno(), 100) == b"ready"
        assert program.poll() is None
        program.stdin.close()


def test_two_streams_into_one_pipe_keep_their_exact_order(recording) -> None:
    alternate = "for i in $(seq 300); do echo out $i; echo err $i >&2; done"
    done = recording.run("sh", "-c", alternate, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expected = "".join(f"out {i}\nerr {i}\n" for i in range(1, 301)).encode()
    assert done.stdout == expected
    assert recording.console() == expected


def test_a_reader_that_goes_away_ends_the_program_as_without_orbench(recording) -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -1; exit ${PIPESTATUS[0]}', "bash", *recording.argv("yes")],
        env=recording.environ,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == b"y\n"
    assert done.stderr == b""
    assert done.returncode == 128 + 13
    assert recording.record().signal == 13
    assert recording.console("stdout").startswith(b"y\ny\n")


@pytest.mark.slow
def test_a_stream_that_is_not_read_holds_up_no_other(recording) -> None:
    script = "head -c 2000000 /dev/zero & echo here >&2; wait"
    with recording.start("sh", "-c", script, stdout=-1, stderr=-1) as program:
        assert program.stderr.readline() == b"here\n"
        assert len(program.stdout.read()) == 2_000_000
    assert program.returncode == 0


def test_a_closed_stdout_is_closed_for_the_program_too(recording) -> None:
    script = "echo lost 2>/dev/null; [ $? -ne 0 ] && echo closed >&2; exit 5"
    done = subprocess.run(
        ["sh", "-c", '"$@" >&- <&-', "sh", *recording.argv("sh", "-c", script)],
        env=recording.environ,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (5, b"", b"closed\n")
    assert recording.console() == b"closed\n"


@pytest.mark.slow
def test_a_program_may_close_its_streams_and_go_on(recording) -> None:
    done = recording.run("sh", "-c", "echo first; exec >&- 2>&-; sleep 0.3; exit 6")
    assert (done.returncode, done.stdout) == (6, b"first\n")


@pytest.mark.slow
def test_a_daemon_that_holds_the_streams_is_not_waited_for(recording) -> None:
    began = time.monotonic()
    done = recording.run("sh", "-c", "(sleep 60; echo late) & echo started; exit 2")
    assert time.monotonic() - began < 30
    assert (done.returncode, done.stdout) == (2, b"started\n")
    assert b"left behind held it open" in done.stderr
    assert b"left behind held it open" in recording.console("stdout")


@pytest.mark.slow
def test_a_daemon_that_never_stops_writing_is_not_waited_for(recording) -> None:
    done = recording.run("sh", "-c", "yes & exit 4", stdout=subprocess.PIPE)
    assert done.returncode == 4


def resident_bytes(pid: int) -> int:
    """The memory a process holds now; the peak that rusage tells counts pytest's before exec."""
    import psutil

    return psutil.Process(pid).memory_info().rss


@pytest.mark.slow
def test_a_flood_passes_whole_within_little_memory_and_its_end_is_kept(recording) -> None:
    size = 400_000_000
    script = f"yes | head -c {size}; echo; echo the very end"
    program = recording.start("sh", "-c", script, stdout=-1)
    arrived, peak = 0, 0
    while piece := os.read(program.stdout.fileno(), 1 << 20):
        arrived += len(piece)
        peak = max(peak, resident_bytes(program.pid))
    program.stdout.close()
    assert program.wait() == 0
    assert arrived == size + len("\nthe very end\n")
    assert 0 < peak < size
    kept = recording.console("stdout")
    assert CAPACITY_BYTES - 1_000_000 < len(kept) < CAPACITY_BYTES + 1_000_000
    assert b"[orbench: over 67108864 bytes of output: from here only the end is kept]" in kept
    assert kept.endswith(b"the very end\n")
    left_out = int(kept.rpartition(b" bytes of stdout were left out here")[0].rpartition(b" ")[2])
    assert kept.count(b"y\n") * 2 + left_out == size


def test_secrets_pass_but_are_not_kept(recording) -> None:
    secret = "correct-horse-battery"
    environ = {**recording.environ, "SERVICE_TOKEN": secret}
    script = "printf 'correct-horse'; sleep 0.7; echo '-battery staple'"
    done = recording.run("sh", "-c", script, env=environ)
    assert done.stdout == f"{secret} staple\n".encode()
    assert recording.console("stdout") == b"*** staple\n"


@pytest.mark.slow
def test_the_program_ends_when_the_recorder_is_killed_and_its_output_stays(
    recording, eventually
) -> None:
    script = "echo $$; while :; do echo tick; sleep 0.1; done"
    with recording.start("sh", "-c", script, stdout=-1, stderr=-1) as recorder:
        child = int(recorder.stdout.readline())
        time.sleep(1.5)
        recorder.kill()
        eventually(lambda: not _lives(child))
        assert recorder.stdout.read().startswith(b"tick\n")
    with open_store(recording.url, create=True) as store:
        recover(store, journal_folder(recording.url))
    assert recording.record().status in (RunStatus.KILLED, RunStatus.LOST)
    assert recording.console("stdout").startswith(f"{child}\ntick\n".encode())
    assert not list(journal_folder(recording.url).glob("*/*.seg"))


def test_a_full_destination_is_said(recording) -> None:
    with Path("/dev/full").open("wb") as full:
        done = recording.run("sh", "-c", "echo lost; exit 3", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 3
    assert b"stdout of the program: it could not be written: No space left" in done.stderr
    assert recording.console("stdout").startswith(b"lost\n")


@pytest.mark.slow
def test_a_destination_that_somebody_made_non_blocking_loses_nothing(recording) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with recording.start("head", "-c", "1000000", "/dev/zero", stdout=writing) as program:
        os.close(writing)
        time.sleep(0.5)
        with os.fdopen(reading, "rb") as pipe:
            assert len(pipe.read()) == 1_000_000
    assert program.returncode == 0


def test_limits_on_the_size_of_files_are_the_programs_too(recording) -> None:
    def limit() -> None:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (321, hard))

    done = recording.run("sh", "-c", "ulimit -n", preexec_fn=limit)
    assert done.stdout == b"321\n"


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
