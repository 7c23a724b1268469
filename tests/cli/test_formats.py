"""Every command that prints data, in every format."""

import csv
import io
import json

import pytest

from orbench.cli.options import Format

FORMATS = [fmt.value for fmt in Format]


@pytest.fixture(scope="session")
def two(recorded):
    """The ids of a ppo and a dqn run."""
    found = [
        recorded("list", f"exp_name={name} env_id=CartPole-v1 seed=1", "-f", "json").json
        for name in ("ppo", "dqn")
    ]
    return [runs[0]["run_id"] for runs in found]


COMMANDS = {
    "list": lambda two: ["list"],
    "metrics": lambda two: ["metrics"],
    "diff": lambda two: ["diff", *two],
    "diff --all": lambda two: ["diff", *two, "--all"],
    "download": lambda two: ["download", two[0]],
    "fetch": lambda two: ["fetch", "exp_name=ppo", "--metric", "loss"],
    "stats": lambda two: ["stats", "exp_name=ppo,dqn", "--metric", "charts/return"],
    "stats wide": lambda two: ["stats", "-m", "charts/return", "--layout", "wide"],
}


def check_json(text):
    rows = json.loads(text, parse_constant=lambda token: pytest.fail(token))
    assert isinstance(rows, list)
    assert rows
    assert all(isinstance(row, dict) for row in rows)


def check_csv(text):
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) > 1
    assert len({len(row) for row in rows}) == 1


def check_markdown(text):
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) > 2
    assert set(table[1]) <= set("|-: ")


def check_latex(text):
    assert "\\begin{tabular}" in text
    assert "\\end{tabular}" in text


def check_table(text):
    assert len(text.splitlines()) > 1


CHECKS = {
    "json": check_json,
    "csv": check_csv,
    "markdown": check_markdown,
    "latex": check_latex,
    "table": check_table,
}


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("name", COMMANDS)
def test_data_on_stdout_is_in_the_format_asked_for(recorded, two, name, fmt):
    if name == "fetch" and fmt not in ("json", "csv"):
        pytest.skip("series are data for programs")
    done = recorded(*COMMANDS[name](two), "--format", fmt)
    assert done.code == 0, done.err
    CHECKS[fmt](done.out)


@pytest.mark.parametrize(
    "arguments", [["show", "RUN"], ["store", "info"], ["show", "RUN", "--packages"]], ids=" ".join
)
@pytest.mark.parametrize("fmt", ["table", "json"])
def test_what_is_about_one_thing_is_a_page_or_json(recorded, two, arguments, fmt):
    words = [two[0] if word == "RUN" else word for word in arguments]
    done = recorded(*words, "--format", fmt)
    assert done.code == 0, done.err
    if fmt == "json":
        assert isinstance(done.json, list if "--packages" in arguments else dict)
    assert done.out
