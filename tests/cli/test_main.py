"""One table of errors: what is printed and which exit code a command ends with."""

import subprocess
import sys
from pathlib import Path

import pytest

import orbench.errors
from orbench.cli.app import COMMANDS
from orbench.cli.main import main, report
from orbench.errors import CommandNotFoundError, FilterError, MissingExtraError, OrbenchError

HEAVY = ["alembic", "matplotlib", "numpy", "pandas", "psutil", "pydantic", "rich", "sqlalchemy"]

ERRORS = [
    kind
    for name in orbench.errors.__all__
    if isinstance(kind := getattr(orbench.errors, name), type) and issubclass(kind, OrbenchError)
]


def made(kind):
    return kind("what", "extra") if kind is MissingExtraError else kind("what is wrong; do this")


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_deliberate_error_is_one_line_with_its_own_exit_code(kind):
    error = made(kind)
    told = report(error)
    assert told.lines == (f"orbench: error: {error}",)
    assert told.exit_code == error.exit_code


def test_a_program_that_cannot_be_run_has_the_exit_codes_of_a_shell():
    assert report(CommandNotFoundError("no program 'pyhton'")).exit_code == 127
    assert report(CommandNotFoundError("not executable", exit_code=126)).exit_code == 126


def test_a_filter_error_points_at_the_column():
    error = FilterError("a value is missing", text="seed>= env_id=x", column=7)
    assert report(error).lines[1:] == ("  seed>= env_id=x", "        ^")


def test_an_error_of_a_named_file_says_which_and_why():
    with pytest.raises(OSError, match="No such file") as raised:
        Path("/no/such/folder/x.csv").read_text()
    told = report(raised.value)
    assert told.lines == ("orbench: error: /no/such/folder/x.csv: No such file or directory",)
    assert told.exit_code == 2


def test_anything_else_is_a_fault_of_orbench_and_says_how_to_see_more():
    told = report(ValueError("first\nsecond"))
    assert told.exit_code == 70
    assert told.lines == (
        "orbench: fault: ValueError: first second; "
        "`orbench --debug COMMAND ...` shows where it happened",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lst"], "no command 'lst'; did you mean list?"),
        (["zzzzzz"], "no command 'zzzzzz'; there are tour, record, "),
        (["plot", "curve"], "no command 'curve'; did you mean curves?"),
        (["plot"], "missing command; see `orbench plot --help`"),
        (["--debgu"], "no option '--debgu'; did you mean --debug?"),
        (["list", "--formt", "csv"], "no option '--formt'; did you mean --format?"),
        (["list", "--format", "xml"], "invalid value for '--format'"),
        (["list", "--limit", "many"], "'--limit'"),
        (["show"], "missing argument 'RUN'; see `orbench show --help`"),
        (["record"], "missing argument 'CMD'; see `orbench record --help`"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(arguments, said, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("orbench: error: ")
    assert err.count("\n") == 1
    assert said in err


def loaded_by(arguments):
    code = (
        "import sys; from orbench.cli import main; "
        f"code = main({arguments!r}); print(code, *sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    code, *modules = done.stdout.splitlines()[-1].split()
    return int(code), modules


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_the_top_help_and_the_version_import_nothing_heavy(arguments):
    assert loaded_by(arguments) == (0, [])


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_imports_nothing_heavy(command):
    assert loaded_by([command, "--help"]) == (0, [])


def test_the_top_help_imports_no_command():
    names = {f"orbench.cli.{entry.module}" for entry in COMMANDS.values()}
    code = (
        "import sys; from orbench.cli import main; main(['--help']); "
        f"print('imported:', *({names!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "imported:"


def test_no_arguments_print_the_help(capsys):
    assert main([]) == 0
    assert "Usage: orbench" in capsys.readouterr().out


def test_debug_adds_the_traceback(capsys, tmp_path):
    assert main(["--debug", "list", "--store", str(tmp_path / "none.db")]) == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("orbench: error: there is no store at")
