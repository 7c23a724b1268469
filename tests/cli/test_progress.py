"""Progress: a bar on a terminal, a few plain lines elsewhere."""

import os
import pty
import subprocess
import sys

PROGRAM = """
from orbench.cli.progress import progress
with progress("trained", {total}) as advance:
    for _ in range({total}):
        advance()
"""


def lines_of(total):
    program = [sys.executable, "-c", PROGRAM.format(total=total)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_without_a_terminal_there_are_five_lines_at_most_and_the_last_says_all():
    assert lines_of(30) == [f"trained: {n} of 30" for n in (6, 12, 18, 24, 30)]
    assert lines_of(2) == ["trained: 1 of 2", "trained: 2 of 2"]
    assert len(lines_of(997)) == 5
    assert lines_of(997)[-1] == "trained: 997 of 997"


def test_on_a_terminal_there_is_a_bar():
    ours, theirs = pty.openpty()
    program = [sys.executable, "-c", PROGRAM.format(total=3)]
    subprocess.run(program, stderr=theirs, check=True, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 4096):
            seen += piece
    except OSError:  # a terminal whose other end is closed ends so
        pass
    os.close(ours)

    assert b"trained" in seen
    assert b"3/3" in seen
