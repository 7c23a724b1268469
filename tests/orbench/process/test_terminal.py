"""A program recorded on a terminal: it must not notice, nor the person who sits there."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

from orbench.run import RunStatus

from .conftest import WAITING_FOR_INPUT

# A shell with job control, as small as one can be: runs a job in the foreground, says when it
# stops and how it ends, and has it continue when a line comes.
SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if not job:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    _, status = os.waitpid(job, os.WUNTRACED)
    os.tcsetpgrp(0, os.getpgrp())
    if not os.WIFSTOPPED(status):
        break
    print("job stopped", flush=True)
    sys.stdin.readline()
    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
print("job ended", os.waitstatus_to_exitcode(status), flush=True)
"""

COUNTING_INTERRUPTS = f"""
{WAITING_FOR_INPUT}
count = []
def interrupted(*_):
    count.append(1)
    print("interrupted", len(count), flush=True)
signal.signal(signal.SIGINT, interrupted)
print("ready", flush=True)
wait_for_input()
print("interrupts:", len(count))
"""


class Terminal:
    """The person's side of a terminal."""

    def __init__(self) -> None:
        self.master, self._slave = pty.openpty()
        self.name = os.ttyname(self._slave)
        self.seen = b""

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def resize(self, rows: int, columns: int) -> None:
        termios.tcsetwinsize(self.master, (rows, columns))

    def read_until(self, text: bytes, seconds: float = 30.0) -> bytes:
        """All that was shown from the start until the text stands there."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{text!r} did not come; there is {self.seen!r}"
            self.seen += os.read(self.master, 65536)
        return self.seen

    def read_all(self, program: subprocess.Popen[bytes]) -> bytes:
        """All that was shown until the program ended."""
        ended = False
        while not ended:
            ended = program.poll() is not None
            while select.select([self.master], [], [], 0 if ended else 0.1)[0]:
                self.seen += os.read(self.master, 65536)
        return self.seen

    def close(self) -> None:
        for fd in (self.master, self._slave):
            if fd >= 0:
                os.close(fd)
        self.master = self._slave = -1


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


def python(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


SHOWING = (
    "import os, sys\nprint([os.isatty(fd) for fd in (0, 1, 2)], os.get_terminal_size(), flush=True)"
)


@pytest.mark.slow
def test_the_program_has_terminals_of_the_same_size(recording, terminal) -> None:
    terminal.resize(33, 77)
    program = recording.on_terminal(terminal.name, *python(SHOWING))
    shown = terminal.read_all(program)
    assert shown == b"[True, True, True] os.terminal_size(columns=77, lines=33)\r\n"
    assert program.returncode == 0


@pytest.mark.slow
def test_only_what_is_a_terminal_is_one_for_the_program(recording, terminal) -> None:
    program = recording.on_terminal(terminal.name, *python(SHOWING), descriptors="01", stderr=-1)
    assert b"[True, True, False]" in terminal.read_all(program)
    assert program.stderr.read() == b""
    program.stderr.close()


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(r"print('one\ntwo\r\nthree\tfour\rfive')", marks=pytest.mark.slow),
        r"import sys; sys.stdout.buffer.write(bytes(range(256)) * 40)",
        r"print('\x1b[31mred\x1b[0m \x1b[2K\x1b[1A', end='')",
        pytest.param(r"for i in range(3000): print(i)", marks=pytest.mark.slow),
    ],
)
def test_the_terminal_gets_what_it_would_get_without_orbench(recording, terminal, code) -> None:
    plain = Terminal()
    expected = plain.read_all(recording.on_terminal(plain.name, *python(code), recorded=False))
    plain.close()
    shown = terminal.read_all(recording.on_terminal(terminal.name, *python(code)))
    assert shown == expected
    assert recording.record().status == RunStatus.FINISHED


def test_both_streams_are_kept_apart_with_plain_line_ends(recording, terminal) -> None:
    script = "for i in 1 2 3; do echo out $i; sleep 0.1; echo err $i >&2; sleep 0.1; done"
    shown = terminal.read_all(recording.on_terminal(terminal.name, "sh", "-c", script))
    assert shown == b"".join(b"out %d\r\nerr %d\r\n" % (i, i) for i in (1, 2, 3))
    assert recording.console("stdout") == b"out 1\nout 2\nout 3\n"
    assert recording.console("stderr") == b"err 1\nerr 2\nerr 3\n"


def test_a_new_size_of_the_window_reaches_the_program(recording, terminal) -> None:
    code = (
        f"import os, signal, sys\n{WAITING_FOR_INPUT}"
        "def show(*_):\n"
        "    for fd in (1, 2): print(tuple(os.get_terminal_size(fd)), flush=True)\n"
        "signal.signal(signal.SIGWINCH, show)\n"
        "print('ready', flush=True)\n"
        "wait_for_input()"
    )
    program = recording.on_terminal(terminal.name, *python(code))
    terminal.read_until(b"ready")
    terminal.resize(44, 123)
    terminal.read_until(b"(123, 44)\r\n(123, 44)\r\n")
    terminal.type(b"\n")
    terminal.read_all(program)
    assert program.returncode == 0


def test_what_is_typed_is_shown_once_and_read_by_the_program(recording, terminal) -> None:
    program = recording.on_terminal(terminal.name, *python("print('got', input('name? '))"))
    terminal.read_until(b"name? ")
    terminal.type(b"ppo\n")
    assert terminal.read_all(program).replace(b"\r\n", b"\n") == b"name? ppo\ngot ppo\n"


def test_a_program_may_turn_the_echo_off(recording, terminal) -> None:
    code = "import getpass; print('length', len(getpass.getpass('key? ')))"
    program = recording.on_terminal(terminal.name, *python(code))
    terminal.read_until(b"key? ")
    terminal.type(b"hunter2\n")
    shown = terminal.read_all(program)
    assert b"hunter2" not in shown
    assert b"length 7" in shown


def test_each_ctrl_c_reaches_the_program_once(recording, terminal) -> None:
    program = recording.on_terminal(terminal.name, *python(COUNTING_INTERRUPTS))
    terminal.read_until(b"ready")
    for presses in (1, 2, 3):
        terminal.type(b"\x03")
        terminal.read_until(b"interrupted %d" % presses)
    time.sleep(0.5)
    terminal.type(b"\n")
    assert b"interrupts: 3" in terminal.read_all(program)
    assert program.returncode == 0


@pytest.mark.slow
def test_a_signal_from_elsewhere_reaches_the_program_once_on_a_terminal_too(
    recording, terminal
) -> None:
    program = recording.on_terminal(terminal.name, *python(COUNTING_INTERRUPTS))
    terminal.read_until(b"ready")
    program.send_signal(signal.SIGINT)
    terminal.read_until(b"interrupted 1")
    time.sleep(0.5)
    terminal.type(b"\n")
    assert b"interrupts: 1" in terminal.read_all(program)


def test_ctrl_c_ends_program_and_recorder_by_sigint(recording, terminal) -> None:
    program = recording.on_terminal(terminal.name, "sh", "-c", "echo up; exec sleep 60")
    terminal.read_until(b"up")
    terminal.type(b"\x03")
    terminal.read_all(program)
    assert program.returncode == -signal.SIGINT
    record = recording.record()
    assert (record.status, record.signal) == (RunStatus.KILLED, 2)


@pytest.mark.slow
@pytest.mark.parametrize("by_key", [True, False])
def test_a_stopped_program_gives_the_terminal_back_and_goes_on_later(
    recording, terminal, by_key
) -> None:
    job = recording.argv("sh", "-c", "echo up $PPID; read x; echo went on; exit 3")
    program = recording.on_terminal(terminal.name, *python(SHELL), *job, recorded=False)
    terminal.read_until(b"up")
    if by_key:
        terminal.type(b"\x1a")
    else:
        shown = terminal.read_until(b"\r\n")
        os.kill(int(shown.split()[1]), signal.SIGTSTP)
    terminal.read_until(b"job stopped")
    terminal.type(b"fg\n")
    time.sleep(0.5)
    terminal.type(b"go\n")
    terminal.read_until(b"job ended 3")
    terminal.read_all(program)
    assert b"went on" in terminal.seen
    assert recording.record().exit_code == 3


def test_a_terminal_that_goes_away_hangs_up_the_program_and_the_run_is_recorded(
    recording, terminal
) -> None:
    program = recording.on_terminal(terminal.name, "sh", "-c", "echo up; exec sleep 60")
    terminal.read_until(b"up")
    terminal.close()
    assert program.wait(60) == -signal.SIGHUP
    record = recording.record()
    assert (record.status, record.signal) == (RunStatus.KILLED, signal.SIGHUP)
    assert recording.console() == b"up\n"
