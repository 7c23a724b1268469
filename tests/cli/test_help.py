"""Every command has help that fits a terminal, and stands in the reference."""

import importlib.util
from pathlib import Path

import pytest

from orbench.cli.app import COMMANDS
from orbench.cli.main import main

ROOT = Path(__file__).parents[2]


def maker():
    path = ROOT / "docs" / "make_cli_reference.py"
    spec = importlib.util.spec_from_file_location("make_cli_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PATHS = list(maker().paths())


def help_at(path, columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main([*path[1:], "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_fits_80_columns_and_says_what_the_command_does(path, monkeypatch, capsys):
    text = help_at(path, 80, monkeypatch, capsys)
    usage, _, summary, *_ = text.splitlines()
    assert usage.startswith(f"Usage: {' '.join(path)}")
    assert summary.strip().endswith((".", ","))
    described = text.partition("Examples:")[0]
    assert max(map(len, described.splitlines())) <= 80


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_has_the_same_words_in_40_columns(path, monkeypatch, capsys):
    wide, narrow = (
        "".join(help_at(path, columns, monkeypatch, capsys).split()) for columns in (100, 40)
    )
    assert narrow == wide


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_in_the_top_help_is_the_first_line_of_the_commands_own(
    name, monkeypatch, capsys
):
    first = help_at(("orbench", name), 100, monkeypatch, capsys).splitlines()[2].strip()
    assert COMMANDS[name].summary == first


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_option_is_explained(path, monkeypatch, capsys):
    lines = help_at(path, 100, monkeypatch, capsys).partition("Options:")[2].splitlines()
    options = [line for line in lines if line.startswith("  -")]
    for line in options:
        following = lines[lines.index(line) + 1 :]
        explained = len(line.strip().split("  ")) > 1 or following[0].startswith("    ")
        assert explained, line


def test_the_reference_is_up_to_date(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    module = maker()
    assert module.PAGE.read_text(encoding="utf-8") == module.reference(), (
        "run python docs/make_cli_reference.py"
    )
