"""Signals on their way to a recorded program."""

import os
import signal
import subprocess
import sys
import time

import pytest

from orbench.run import RunStatus

from .conftest import WAITING_FOR_INPUT

# Counts the signals that reach it, and ends with status 9 when a line of input comes.
COUNTING = f"""
{WAITING_FOR_INPUT}
counts = {{}}
def count(number, frame):
    counts[number] = counts.get(number, 0) + 1
    print(signal.Signals(number).name, flush=True)
for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "CONT", "TSTP"):
    signal.signal(getattr(signal, "SIG" + name), count)
print("ready", flush=True)
wait_for_input()
print(sorted(counts.items()), flush=True)
sys.exit(9)
"""


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "CONT", "TSTP"])
def test_each_signal_sent_to_the_recorder_reaches_the_program_once(recording, name) -> None:
    number = getattr(signal, f"SIG{name}")
    with recording.start(sys.executable, "-c", COUNTING, stdin=-1, stdout=-1) as recorder:
        assert recorder.stdout.readline() == b"ready\n"
        for _ in range(3):
            recorder.send_signal(number)
            assert recorder.stdout.readline() == f"SIG{name}\n".encode()
        recorder.stdin.write(b"\n")
        recorder.stdin.close()
        assert recorder.stdout.read() == f"[({int(number)}, 3)]\n".encode()
    assert recorder.returncode == 9
    assert recording.record().status == RunStatus.FAILED


def test_a_program_that_dies_of_a_forwarded_signal_is_recorded_as_killed(recording) -> None:
    with recording.start("sh", "-c", "echo up; exec sleep 60", stdout=-1) as recorder:
        assert recorder.stdout.readline() == b"up\n"
        recorder.terminate()
        assert recorder.wait(60) == -signal.SIGTERM
    record = recording.record()
    assert (record.status, record.signal) == (RunStatus.KILLED, 15)


@pytest.mark.slow
def test_a_program_that_saves_on_sigterm_has_its_time_and_its_status(recording) -> None:
    script = "trap 'sleep 1; echo saved; exit 0' TERM; echo up; while :; do sleep 0.1; done"
    with recording.start("sh", "-c", script, stdout=-1) as recorder:
        assert recorder.stdout.readline() == b"up\n"
        recorder.terminate()
        recorder.terminate()
        assert recorder.stdout.read() == b"saved\n"
    assert recorder.returncode == 0
    assert recording.record().status == RunStatus.FINISHED
    assert recording.console() == b"up\nsaved\n"


@pytest.mark.slow
def test_what_the_program_sends_to_its_own_group_does_not_come_back(recording) -> None:
    script = (
        "import os, signal, time\n"
        "count = []\n"
        "signal.signal(signal.SIGTERM, lambda *_: count.append(1))\n"
        "os.kill(0, signal.SIGTERM)\n"
        "time.sleep(1)\n"
        "print(len(count))"
    )
    done = recording.run(sys.executable, "-c", script)
    assert (done.returncode, done.stdout) == (0, b"1\n")


def test_signals_that_were_ignored_stay_ignored(recording) -> None:
    nohup = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]
    program = recording.argv("sh", "-c", "echo up; read x; echo down")
    with subprocess.Popen(
        [*nohup, *program], env=recording.environ, stdin=-1, stdout=-1, start_new_session=True
    ) as recorder:
        assert recorder.stdout.readline() == b"up\n"
        os.killpg(recorder.pid, signal.SIGHUP)
        time.sleep(0.3)
        recorder.stdin.close()
        assert recorder.stdout.read() == b"down\n"
    assert recorder.returncode == 0


@pytest.mark.slow
def test_a_reader_that_does_not_read_can_be_given_up(recording) -> None:
    with recording.start("sh", "-c", "head -c 100000 /dev/zero", stdout=-1, stderr=-1) as recorder:
        time.sleep(2)  # the program has ended, its last bytes cannot be passed on
        assert recorder.poll() is None
        recorder.terminate()
        assert recorder.wait(60) == 0
        assert b"stdout of the program: nobody read it" in recorder.stderr.read()
    assert recording.record().status == RunStatus.FINISHED
