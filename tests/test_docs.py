"""The documents: their Python runs, their commands exist, their links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

import orbench
from orbench.cli.app import app

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "runs/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)(?P<target>[^)#]+)")


def blocks(*languages: str) -> list[tuple[Path, str]]:
    """The fenced blocks in these languages, of all pages."""
    return [
        (page, block["text"])
        for page in PAGES
        for block in BLOCK.finditer(page.read_text())
        if block["language"] in languages
    ]


def name_of(value: object) -> str:
    """How a page is called in the name of a test."""
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else ""


def commands() -> list[tuple[str, str]]:
    """(page, command) of every `orbench` command shown."""
    found = []
    for page, text in blocks("sh", "console"):
        for line in text.splitlines():
            said = line.removeprefix("$ ").partition("uv run ")[2] or line.removeprefix("$ ")
            if said.startswith("orbench "):
                found.append((name_of(page), said))
    return found


def test_there_is_something_to_check() -> None:
    assert len(commands()) > 15
    assert len(blocks("python")) > 4


@pytest.fixture(scope="module")
def recorded_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where a run was recorded that examples may look for."""
    folder = tmp_path_factory.mktemp("recorded")
    url = f"sqlite:///{folder / 'runs' / 'orbench.db'}"
    with orbench.start_run(project="demo", exp_name="ppo", tags=["v1.2"], store=url) as run:
        run.log({"charts/episodic_return": 21.0}, step=100)
    return folder


@pytest.mark.parametrize("page", sorted({page for page, _ in blocks("python")}), ids=name_of)
def test_python_in_a_page_runs(page: Path, recorded_before: Path, tmp_path: Path) -> None:
    shutil.copytree(recorded_before, tmp_path, dirs_exist_ok=True)
    code = [text for where, text in blocks("python") if where == page]
    if "gymnasium" in "".join(code) and importlib.util.find_spec("gymnasium") is None:
        pytest.skip("Gymnasium is not installed")
    for number, text in enumerate(code):
        (tmp_path / f"example_{number}.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "-W", "error", f"example_{number}.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("page", "command"), commands())
def test_a_command_in_a_page_exists(page: str, command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    words = words[: words.index("--")] if "--" in words else words
    group = typer.main.get_command(app)
    with group.make_context("orbench", [], resilient_parsing=True) as context:
        node = group
        while callable(getattr(node, "get_command", None)) and words[:1] != ["--help"]:
            found = node.get_command(context, words.pop(0))
            assert found is not None, f"{page}: {command}"
            node = found
        known = {
            option
            for one in node.get_params(context)
            for option in (*one.opts, *one.secondary_opts)
        }
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert options <= known, f"{page}: {command}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files(page: Path) -> None:
    targets = [link["target"] for link in LINK.finditer(page.read_text())]
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_the_readme_has_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "\npip install uv && uv run orbench tour\n" in text
    assert "\npip install uv && uv run --all-extras --group test pytest\n" in text
