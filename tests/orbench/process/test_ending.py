"""How a recorded program is found, started and ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orbench.errors import CommandNotFoundError, UsageError
from orbench.process import find_program, record_command
from orbench.run import RunStatus
from orbench.run_store import open_store

FINISHED, FAILED, KILLED = RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED


@pytest.mark.parametrize(
    ("script", "returncode", "status", "exit_code", "number", "words"),
    [
        ("true", 0, FINISHED, 0, None, None),
        ("exit 1", 1, FAILED, 1, None, "ended with status 1"),
        ("exit 3", 3, FAILED, 3, None, "ended with status 3"),
        ("exit 255", 255, FAILED, 255, None, "ended with status 255"),
        ("exit 127", 127, FAILED, 127, None, "ended with status 127"),
        ("exit 137", 137, FAILED, 137, None, "killed by SIGKILL"),
        ("kill -KILL $$", -9, KILLED, None, 9, "killed by SIGKILL (Killed)"),
        ("kill -TERM $$", -15, KILLED, None, 15, "killed by SIGTERM (Terminated)"),
        ("kill -INT $$", -2, KILLED, None, 2, "killed by SIGINT (Interrupt)"),
        ("kill -SEGV $$", -11, KILLED, None, 11, "killed by SIGSEGV"),
        ("kill -USR1 $$", -10, KILLED, None, 10, "killed by SIGUSR1"),
        ("kill -PIPE $$", -13, KILLED, None, 13, "killed by SIGPIPE"),
    ],
)
def test_ends_as_the_program_ends(
    recording, script, returncode, status, exit_code, number, words
) -> None:
    assert recording.run("sh", "-c", script).returncode == returncode
    record = recording.record()
    assert (record.status, record.exit_code, record.signal) == (status, exit_code, number)
    assert record.ended is not None
    assert (record.error is None) if words is None else (words in record.error)


def test_a_shell_sees_the_signal_and_no_second_core_dump(recording) -> None:
    done = recording.run("sh", "-c", "kill -ABRT $$", cwd=recording.folder)
    assert done.returncode == -signal.SIGABRT
    assert not list(recording.folder.glob("core*"))


def test_a_program_that_does_not_exist_is_127_and_leaves_no_run(recording) -> None:
    done = recording.run("pyhton3")
    assert done.returncode == 127
    assert b"no program 'pyhton3' on the PATH; did you mean python3" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert recording.left_nothing()


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_program_that_cannot_be_executed_is_126_and_leaves_no_run(recording, mode) -> None:
    target = recording.folder / "train.sh"
    if mode == 0o755:
        target.mkdir()
    else:
        target.write_text("echo hello\n")
    done = recording.run(str(target))
    assert done.returncode == 126
    assert (b"is a folder" if mode == 0o755 else b"is not executable") in done.stderr
    assert recording.left_nothing()


def test_a_script_with_a_missing_interpreter_leaves_a_failed_run_that_says_so(recording) -> None:
    script = recording.folder / "train.sh"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    done = recording.run(str(script))
    assert done.returncode == 126
    assert b"the interpreter in its first line does not exist" in done.stderr
    record = recording.record()
    assert (record.status, record.exit_code) == (FAILED, 126)
    assert "interpreter" in record.error


def test_a_script_without_an_interpreter_line_is_run_by_sh_as_execvp_does(recording) -> None:
    script = recording.folder / "train.sh"
    script.write_text('printf "%s;" "$@"\n')
    script.chmod(0o755)
    assert recording.run(str(script), "a b", "").stdout == b"a b;;"


def test_no_program_at_all_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="orbench record --"):
        record_command([], start=lambda: pytest.fail("started"))


def test_a_program_is_looked_up_as_a_shell_does(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, mode in ((first, 0o644), (second, 0o755)):
        folder.mkdir()
        (folder / "train").write_text("#!/bin/sh\n")
        (folder / "train").chmod(mode)
    environ = {"PATH": f"{first}:{second}"}
    assert find_program("train", environ) == str(second / "train")
    assert find_program(f"{second}/train", {"PATH": ""}) == f"{second}/train"
    with pytest.raises(CommandNotFoundError, match=r"did you mean train\?") as found:
        find_program("trian", environ)
    assert found.value.exit_code == 127
    with pytest.raises(CommandNotFoundError, match=r"did you mean train\?"):
        find_program(f"{second}/trian", environ)
    with pytest.raises(CommandNotFoundError) as refused:
        find_program("train", {"PATH": str(first)})
    assert refused.value.exit_code == 126


def test_a_program_in_this_folder_but_not_on_the_path_is_pointed_out(
    tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "run_it").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandNotFoundError, match=r"there is one here: \./run_it"):
        find_program("run_it", {"PATH": "/nowhere"})


def test_arguments_arrive_untouched(recording) -> None:
    arguments = [b"", b"a b", b"*", b"$HOME", b"--help", b"-x", b"line\nbreak", b"\xff\xfe", b"'\""]
    shown = "import os, sys; sys.stdout.buffer.write(b'\\0'.join(map(os.fsencode, sys.argv[1:])))"
    done = recording.run(sys.executable, "-c", shown, *arguments)
    assert done.stdout.split(b"\0") == arguments


def test_the_program_finds_the_run_in_its_environment_and_nothing_else_changed(recording) -> None:
    plain = subprocess.run(
        ["env", "-0"], env=recording.environ, capture_output=True, check=True
    ).stdout.split(b"\0")
    seen = recording.run("env", "-0").stdout.split(b"\0")
    added = {line.partition(b"=")[0] for line in set(seen) - set(plain)}
    # LC_CTYPE: what Python itself sets where the locale is C.
    assert added - {b"LC_CTYPE"} == {b"ORBENCH_RUN_ID", b"ORBENCH_JOURNAL"}
    assert set(plain) <= set(seen)
    assert f"ORBENCH_RUN_ID={recording.record().run_id}".encode() in seen


def test_a_program_that_logs_through_orbench_logs_into_this_run(recording) -> None:
    inside = (
        "import os, orbench; os.chdir('/')\n"
        "with orbench.start_run(seed=7) as run: run.log({'return': 2.5}, step=3)"
    )
    done = recording.run(sys.executable, "-c", inside)
    assert done.returncode == 0, done.stderr
    record = recording.record()
    assert (record.status, record.seed) == (FINISHED, 7)
    with open_store(recording.url) as store:
        (series,) = store.series([record.run_id], "return")
    assert (series.steps.tolist(), series.values.tolist()) == ([3], [2.5])


def test_inherited_descriptors_and_folder_stay(recording) -> None:
    reading, writing = os.pipe()
    shown = f"import os; os.write({writing}, os.getcwdb())"
    done = recording.run(sys.executable, "-c", shown, pass_fds=[writing], cwd=recording.folder)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == os.fsencode(recording.folder.resolve())
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("ignored", ["WINCH", "HUP USR1"])
def test_signal_masks_and_dispositions_are_those_without_orbench(recording, ignored) -> None:
    def signals(*argv: str | bytes) -> dict[str, int]:
        start = ["sh", "-c", f"trap '' {ignored}; exec \"$@\"", "sh"]
        shown = subprocess.check_output([*start, *argv], env=recording.environ, text=True)
        return {line.split()[0]: int(line.split()[1], 16) & ~libc for line in shown.splitlines()}

    libc = 0b11 << 31  # signals 32 and 33 are the C library's; its posix_spawn ignores them
    program = ["grep", "-E", "Sig(Blk|Ign|Cgt)", "/proc/self/status"]
    assert signals(*recording.argv(*program)) == signals(*program)
