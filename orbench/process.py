"""Recording a program from outside: the engine of `orbench record [options] -- CMD ARGS`.

```python
returncode = record_command(argv, start=lambda: start_run(..., program=argv))
end_as(returncode)
```

`start` is called only when the program was found, so a mistyped command leaves no run behind.
The program runs with its arguments, stdin, descriptors and signals as without orbench, besides:

- stdout and stderr pass through us (see `passthrough`) and are kept (see `console_recorder`). A
  program that finds a pipe instead of a terminal buffers its output: it does so under orbench
  when it would without. Full-screen programs that set terminal modes on stdout instead of stdin
  are not served.
- ORBENCH_RUN_ID, ORBENCH_STORE and ORBENCH_JOURNAL tell the API inside which run to join.
- Signals sent to us are passed on to it (see `signals`), however often; we outlive it to write
  how it ended, and then end as it did: with its exit status, or by the same signal.
- If we are killed with SIGKILL the pipes to it break: it lives on until it next writes to stdout
  or stderr, and then gets SIGPIPE (or EPIPE, on a terminal EIO) as when any reader has gone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .console_recorder import ConsoleRecorder
from .errors import CommandNotFoundError, OrbenchError, UsageError, near
from .events import RunEnded
from .notices import warn
from .passthrough import Pump, Stream, open_streams, pumps_for
from .run import RunStatus
from .signals import HeldSignals
from .watched_kinds import Watch, placed, program_variables
from .watching import watching

if TYPE_CHECKING:
    from .recorder import Run

__all__ = ["GRACE_SECONDS", "end_as", "find_program", "record_command"]

GRACE_SECONDS = 2.0
"""How long processes that a program left behind may go on writing to its stdout and stderr."""

_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
_LOOK_SECONDS = 0.5
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def record_command(
    argv: Sequence[str],
    *,
    start: Callable[[], Run],
    environ: Mapping[str, str] | None = None,
    grace_seconds: float = GRACE_SECONDS,
    say: Callable[[str], None] = warn,
    watches: Sequence[Watch] = (),
) -> int:
    """Run a program to its end as a run, and return how it ended: its status, or -signal.

    To be called from the main thread. `start` begins the run; `say` gets what the user must
    know, one line each; `watches` are folders whose logs go into the run. Raises
    CommandNotFoundError (no such program, or it cannot be executed; a program that the system
    refuses only at the last moment leaves a failed run), UsageError for no program at all, and
    whatever `start` raises.
    """
    if not argv:
        raise UsageError("no program to record; give one after --: orbench record -- python x.py")
    variables = dict(os.environ if environ is None else environ)
    program = find_program(argv[0], variables)
    with _descriptors_filled() as closed, HeldSignals() as signals:
        streams = open_streams({1, 2} - closed)
        run = start()
        variables |= run.environment()
        try:
            watches = [placed(watch, run.run_id, variables) for watch in watches]
        except UsageError as error:
            run.finish_with(error)
            raise
        variables |= program_variables(watches, variables)
        with watching(run, watches, say) as watched:
            try:
                child = _spawn(program, argv, variables, streams, closed, signals.original_mask)
            except OSError as error:
                refusal = _refusal(program, error)
                run.finish(RunStatus.FAILED, exit_code=refusal.exit_code, error=str(refusal))
                raise refusal from error
            returncode = _follow(child, run, streams, signals, grace_seconds, say)
        ending = _ending(returncode)
        watched.finish(ending)
        _finish(run, ending, say)
        return returncode


def end_as(returncode: int) -> NoReturn:
    """End this process as the recorded program ended: with its status, or by its signal.

    As env(1), timeout(1) and the like do, so that a shell sees the signal; without a core dump,
    which the program has left if anyone has.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    if returncode < 0:
        number = -returncode
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(
                resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1])
            )
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
            os.kill(os.getpid(), number)
        returncode = 128 + number
    raise SystemExit(returncode)


def find_program(name: str, environ: Mapping[str, str]) -> str:
    """The path of the program that a shell would run; raises CommandNotFoundError as one would."""
    folders = [None] if "/" in name else os.get_exec_path(environ)
    refused = None
    for folder in folders:
        path = Path(folder or ".", name) if folder is not None else Path(name)
        if path.is_file() and os.access(path, os.X_OK):
            return name if folder is None else str(path)
        if path.exists():
            refused = refused or path
    if refused is None:
        raise CommandNotFoundError(_not_found(name, environ), exit_code=_NOT_FOUND)
    if refused.is_dir():
        raise CommandNotFoundError(
            f"'{name}' is a folder; name a program to record", exit_code=_NOT_EXECUTABLE
        )
    raise CommandNotFoundError(
        f"'{refused}' is not executable; chmod +x it, or name its interpreter first: "
        f"python {refused}",
        exit_code=_NOT_EXECUTABLE,
    )


def _not_found(name: str, environ: Mapping[str, str]) -> str:
    if "/" in name:
        path = Path(name)
        hint = near(path.name, _names_in(path.parent)) or "; give the path of a program"
        return f"no program '{name}'{hint}"
    if Path(name).is_file():
        return f"no program '{name}' on the PATH; there is one here: ./{name}"
    known = [other for folder in os.get_exec_path(environ) for other in _names_in(Path(folder))]
    return f"no program '{name}' on the PATH{near(name, known) or '; give its path'}"


def _names_in(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names only, of folders with thousands
    except OSError:
        return []


def _spawn(
    program: str,
    argv: Sequence[str],
    environ: Mapping[str, str],
    streams: Sequence[Stream],
    closed: set[int],
    mask: set[int],
) -> int:
    """Start the program; returns its process id. Raises OSError if the system refuses."""
    actions: list[tuple[int, int] | tuple[int, int, int]] = [
        (os.POSIX_SPAWN_DUP2, stream.child_end, number)
        for stream in streams
        for number in stream.numbers
    ]
    actions += [(os.POSIX_SPAWN_CLOSE, number) for number in sorted(closed)]
    # Python ignores these two for itself; what else is ignored was so before us and stays so.
    ignored_by_us = [signal.SIGPIPE, signal.SIGXFSZ]

    def spawn(path: str, arguments: list[str]) -> int:
        return os.posix_spawn(
            path, arguments, environ, file_actions=actions, setsigmask=mask, setsigdef=ignored_by_us
        )

    try:
        try:
            return spawn(program, list(argv))
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            return spawn("/bin/sh", ["sh", program, *argv[1:]])  # a script without #!, as execvp
    finally:
        for stream in streams:
            stream.close_child_end()


def _refusal(program: str, error: OSError) -> CommandNotFoundError:
    """What to say of a program that is there but that the system does not start."""
    if error.errno == errno.ENOENT:
        return CommandNotFoundError(
            f"'{program}' cannot be run: the interpreter in its first line does not exist; "
            "correct that line or name the interpreter before it",
            exit_code=_NOT_EXECUTABLE,
        )
    return CommandNotFoundError(
        f"'{program}' cannot be run: {error.strerror}; try it without orbench",
        exit_code=_NOT_EXECUTABLE,
    )


@contextlib.contextmanager
def _descriptors_filled() -> Iterator[set[int]]:
    """Give those of 0, 1 and 2 that are closed; within, /dev/null holds their places.

    Else the next file that is opened, a journal say, would become somebody's stdout.
    """
    closed: set[int] = set()
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        closed.add(fd)
    os.close(fd)
    try:
        yield closed
    finally:
        for fd in closed:
            os.close(fd)


def _follow(
    child: int,
    run: Run,
    streams: Sequence[Stream],
    signals: HeldSignals,
    grace_seconds: float,
    say: Callable[[str], None],
) -> int:
    """Keep and pass on what the program writes until it has ended; returns how it ended."""
    recorder = ConsoleRecorder(run.emit, run.redactor)
    pumps = pumps_for(streams, recorder.take, grace_seconds)
    for pump in pumps:
        pump.start()
    try:
        run.watch_process(child)
    except Exception as error:  # metrics may fail, the program goes on
        say(f"no system metrics: {error}")
    returncode = _wait_for(child, streams, signals)
    _drain(pumps, signals)
    for stream in streams:
        if stream.cut:
            say(f"{stream.name} of the program: {stream.cut}")
            recorder.take(stream.name, f"\n[orbench: {stream.cut}]\n".encode())
    recorder.close()
    if recorder.failure:
        say(recorder.failure)
    return returncode


def _wait_for(child: int, streams: Sequence[Stream], signals: HeldSignals) -> int:
    """Pass signals on until the program has ended; returns how, as `record_command` does."""
    while True:
        pid, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
        if pid and os.WIFSTOPPED(status):
            # Stopped from the keyboard: the shell is to see its job stopped. What SIGTTIN stops
            # has stopped us too, and SIGSTOP was meant for the program alone.
            if os.WSTOPSIG(status) == signal.SIGTSTP:
                signals.stop_ourselves()
        elif pid:
            return os.waitstatus_to_exitcode(status)
        received = signals.next(_LOOK_SECONDS)
        if received is None or received.number == signal.SIGCHLD:
            continue
        if received.number == signal.SIGWINCH:
            for stream in streams:
                stream.resize()
            _send(child, signal.SIGWINCH)  # the kernel's may have come before the new size
        elif received.is_for(child):
            _send(child, received.number)


def _send(child: int, number: signal.Signals) -> None:
    with contextlib.suppress(PermissionError):  # a program that runs as somebody else
        os.kill(child, number)


def _drain(pumps: Sequence[Pump], signals: HeldSignals) -> None:
    """Wait until all output is passed on; a signal to end gives up on a reader that does not."""
    while signals.next(0) is not None:  # what ended the program is not meant for this
        pass
    for pump in pumps:
        pump.program_ended()
    for pump in pumps:
        while pump.is_alive():
            pump.join(0.1)
            received = signals.next(0)
            if received is not None and received.number in _ENDING:
                for other in pumps:
                    other.give_up()
                return


def _ending(returncode: int) -> RunEnded:
    """How the program ended, just now."""
    now = time.time()
    if returncode < 0:
        words = _in_words(returncode)
        return RunEnded(status=RunStatus.KILLED, ended=now, signal=-returncode, error=words)
    if returncode > 0:
        words = _in_words(returncode)
        return RunEnded(status=RunStatus.FAILED, ended=now, exit_code=returncode, error=words)
    return RunEnded(status=RunStatus.FINISHED, ended=now, exit_code=0)


def _finish(run: Run, ending: RunEnded, say: Callable[[str], None]) -> None:
    """Write how the program ended. What fails here is said; the program's status stands."""
    try:
        run.finish(
            ending.status,
            exit_code=ending.exit_code,
            signal=ending.signal,
            error=ending.error,
            ended=ending.ended,
        )
    except OrbenchError as error:
        say(str(error))


def _in_words(returncode: int) -> str:
    """How a program ended, for people: `killed by SIGKILL (Killed)`, `ended with status 3`."""
    if returncode < 0:
        return f"killed by {_signal_name(-returncode)}"
    words = f"ended with status {returncode}"
    if 128 < returncode < 128 + signal.NSIG:
        words += f" (a shell's way to say: killed by {_signal_name(returncode - 128)})"
    return words


def _signal_name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} ({signal.strsignal(number)})"
    except ValueError:
        return f"signal {number}"
