"""In a terminal, wide or narrow, and in a pipe: nothing is cut off."""

import os
import pty
import re
import subprocess
import sys

import pytest

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

PAGES = {
    "list": ["list", "-c", "run_id,project,exp_name,env_id,seed,status,started,duration,tags"],
    "list wide": ["list", "-c", "run_id,exp_name,config,started,metric:charts/return,tags"],
    "metrics": ["metrics"],
    "stats": ["stats", "-m", "charts/return"],
    "info": ["store", "info"],
}


def on_terminal(orbench, arguments, columns):
    """What `orbench` writes on a terminal of this width, without colours."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "orbench.cli", *arguments],
        cwd=orbench.folder,
        env=orbench.environment(COLUMNS=str(columns), LINES="24", TERM="xterm-256color"),
        stdin=follower,
        stdout=follower,
        stderr=subprocess.DEVNULL,
    )
    os.close(follower)
    written = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(leader)
    assert process.wait() == 0
    return written.decode().replace("\r\n", "\n")


def words(text):
    return sorted("".join(text.split()))


@pytest.mark.parametrize(
    "columns", [80, *(pytest.param(width, marks=pytest.mark.slow) for width in (40, 200))]
)
@pytest.mark.parametrize("page", PAGES)
def test_a_terminal_shows_every_cell_and_no_line_is_wider(recorded, page, columns):
    shown = ESCAPE.sub("", on_terminal(recorded, PAGES[page], columns))
    assert max(map(len, shown.splitlines())) <= columns
    squeezed = "".join(shown.split())
    for row in recorded(*PAGES[page], COLUMNS="10000").out.splitlines()[1:]:
        for cell in re.split(r"\s{2,}", row.strip()):
            assert "".join(cell.split()) in squeezed


def test_a_list_in_80_columns_is_a_table_that_says_what_it_had_no_room_for(recorded):
    done = recorded("list", COLUMNS=80)
    assert done.err == "no room for duration, project; --columns chooses what to show\n"
    lines = done.out.splitlines()
    assert len(lines) == 1 + 13
    assert lines[0].split() == [
        *("run_id", "exp_name", "env_id", "seed", "status", "started", "(UTC)", "tags")
    ]


def test_a_list_in_40_columns_is_whole_records(recorded):
    done = recorded("list", "seed=1 tag:v1.2", COLUMNS=40)
    assert done.err == ""
    first = done.out.split("\n\n")[0].splitlines()
    names = [line.split("  ")[0] for line in first]
    assert names == [
        *("run_id", "project", "exp_name", "env_id", "seed", "status", "started (UTC)"),
        *("duration", "tags"),
    ]


@pytest.mark.parametrize("columns", [40, 80])
def test_run_ids_are_never_broken(recorded, columns):
    ids = [run["run_id"] for run in recorded("list", "-f", "json").json]
    shown = on_terminal(recorded, ["list"], columns)
    assert all(run_id in shown for run_id in ids)


def test_a_terminal_has_colours_and_a_pipe_has_none(recorded):
    assert "\x1b[" in on_terminal(recorded, ["list"], 200)
    assert "\x1b" not in recorded("list").out


def test_a_pipe_has_one_line_a_run_however_long(recorded):
    assert len(recorded("list", "-c", "run_id,config,summary,error").out.splitlines()) == 1 + 13


def test_a_reader_that_goes_away_ends_the_command_quietly(recorded):
    done = subprocess.run(
        f"{sys.executable} -m orbench.cli fetch exp_name=ppo,dqn -m loss -m charts/return"
        " | head -1; echo ${PIPESTATUS[0]}",
        shell=True,
        executable="/bin/bash",
        cwd=recorded.folder,
        env=recorded.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    header, code = done.stdout.splitlines()
    assert header.startswith("run_id,")
    assert code == "141"
    assert done.stderr == ""
