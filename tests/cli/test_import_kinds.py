"""Kinds of `orbench import` that other packages bring: the page on it, and packages that fail."""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "adding_a_kind.md"
OWN = [
    *("table", "mlflow", "spinningup", "marl-eval", "openrlbenchmark", "sb3", "tensorboard"),
    "wandb",
]


def block(language: str) -> str:
    """The one block of the page in a language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return text


@dataclass
class Packages:
    """A folder on the path with distributions in it, as pip leaves them."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    count: int = 0

    def install(self, points: str, *, name: str = "", **modules: str) -> None:
        """A distribution with these entry points and these modules."""
        self.count += 1
        about = self.folder / f"{name or f'brings{self.count}'}-1.0.dist-info"
        about.mkdir(parents=True)
        said = f"Metadata-Version: 2.1\nName: {name or f'brings{self.count}'}\nVersion: 1.0\n"
        (about / "METADATA").write_text(said)
        (about / "entry_points.txt").write_text(f"[orbench.importers]\n{points}\n")
        for module, text in modules.items():
            (self.folder / f"{module}.py").write_text(text)
            self.monkeypatch.delitem(sys.modules, module, raising=False)
        importlib.invalidate_caches()


@pytest.fixture
def packages(tmp_path, monkeypatch) -> Packages:
    """Distributions that every `orbench ...` of the test finds."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return Packages(tmp_path / "site", monkeypatch)


@pytest.fixture
def acme(packages, fresh):
    """The kind of the page, installed; and a folder of two logs."""
    (point,) = re.findall(r'^(\w+ = )"(\S+)"$', block("toml"), re.M)
    packages.install("".join(point), name="acme-orbench", acme_orbench=block("python"))
    logs = fresh.folder / "logs"
    logs.mkdir()
    for seed in (1, 2):
        path = logs / f"ppo__Hopper-v4__{seed}.acme"
        path.write_text('{"lr": 0.001}\n' + "".join(f"{n}000 {n * seed}.5\n" for n in range(3)))
    return fresh


def kinds_in(text: str) -> list[str]:
    """The names below the heading Commands."""
    return re.findall(r"^  (\S+)", text.partition("Commands:")[2].partition("Left out")[0], re.M)


def test_the_page_adds_a_kind_in_at_most_40_lines() -> None:
    assert len(block("python").splitlines()) <= 40


def test_the_kind_of_the_page_imports_from_the_command_line(acme) -> None:
    looked = acme("import", "acme", "logs", "--dry-run")
    assert looked.code == 0, looked.err
    assert "would import 6 points of 2 runs (2 new) from 2 files" in looked.err
    assert not (acme.folder / "runs").exists()
    done = acme.apart("import", "acme", "logs", "--project", "paper", "--tag", "published,old")
    assert done.code == 0, done.err
    assert "imported 6 points of 2 runs (2 new) from 2 files" in done.err
    runs = acme("list", "project=paper", "tag:old", "--format", "json", "--sort", "seed").json
    assert [(run["exp_name"], run["env_id"], run["seed"]) for run in runs] == [
        ("ppo", "Hopper-v4", 1),
        ("ppo", "Hopper-v4", 2),
    ]
    shown = acme("show", runs[0]["run_id"], "--format", "json").json
    assert shown["config"] == {"lr": 0.001}
    assert sorted(shown["tags"]) == ["old", "published"]
    command = shown["facts"]["command"]
    assert (command["importer"], command["file"]) == ("acme", "logs/ppo__Hopper-v4__1.acme")
    assert len(command["sha256"]) == 64


def test_the_kind_of_the_page_is_idempotent_and_sees_what_has_grown(acme) -> None:
    assert acme("import", "acme", "logs").code == 0
    assert "imported 0 points of 2 runs (2 known)" in acme("import", "acme", "logs").err
    with (acme.folder / "logs" / "ppo__Hopper-v4__2.acme").open("a") as file:
        file.write("3000 9.5\n2000 8\n")
    again = acme("import", "acme", "logs")
    assert "imported 2 points of 2 runs (1 known, 1 grown)" in again.err
    assert "steps go back 1 time, repeated steps in 1 row" in again.err


def test_the_kind_of_the_page_has_a_pattern_and_the_other_options(acme) -> None:
    (acme.folder / "logs" / "dqn-7.acme").write_text("{}\n1 2\n")
    done = acme("import", "acme", "logs/dqn-7.acme", "--pattern", "{exp_name}-{seed}")
    assert done.code == 2
    assert "nothing says the env_id of the run" in done.err
    named = ("--pattern", "{exp_name}-{seed}", "--set", "env_id=Ant-v4", "-f", "json")
    (run,) = acme("import", "acme", "logs/dqn-7.acme", *named).json
    assert (run["exp_name"], run["env_id"], run["seed"]) == ("dqn", "Ant-v4", 7)
    mapped = acme("import", "acme", "logs", "--map", "exp_name=lr", "-f", "json")
    assert mapped.json[0]["exp_name"] == "0.001"


def test_a_bad_file_of_the_kind_of_the_page_is_one_line(acme) -> None:
    (acme.folder / "logs" / "sac__Ant-v4__1.acme").write_text("no config\n")
    done = acme("import", "acme", "logs")
    assert done.code == 2
    assert "imported 6 points of 2 runs" in done.err
    last = done.err.splitlines()[-1]
    assert last.startswith("orbench: error: logs/sac__Ant-v4__1.acme: is no log of Acme: ")


def test_the_help_lists_the_kinds_of_orbench_first(acme) -> None:
    done = acme("import", "--help")
    assert kinds_in(done.out) == [*OWN, "acme"]
    assert re.search(r"^  acme +Import the logs of Acme\.$", done.out, re.M)
    own = acme("import", "acme", "--help").out
    assert "orbench import acme logs" in own
    for option in ("--map", "--set", "--path", "--pattern", "--project", "--tag", "--dry-run"):
        assert f"  {option}" in own or f", {option}" in own or option in own


BROKEN = {
    "missing": ("import not_installed_anywhere", "ModuleNotFoundError: No module named"),
    "leaves": ("raise SystemExit('bye\\nbye')", "SystemExit: bye bye"),
    "mistaken": ("KIND = 3", "TypeError: 'int' object is not callable"),
    "nothing": ("def KIND(): return None", "a function that returns one, not a NoneType"),
    "helpless": (
        "from orbench.importers import ImporterKind\nKIND = ImporterKind('', print)",
        "a kind has a help text",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_package_that_cannot_be_loaded_is_one_line_and_breaks_nothing_else(
    acme, packages, name
) -> None:
    text, said = BROKEN[name]
    packages.install(f"{name} = {name}_orbench:KIND", **{f"{name}_orbench": text})
    listed = acme("import", "--help")
    assert listed.code == 0
    assert listed.err == ""
    assert kinds_in(listed.out) == [*OWN, "acme"]
    left_out = " ".join(listed.out.partition("Left out:")[2].split())
    assert left_out.startswith(f"{name} the kind '{name}' of brings")
    assert said in left_out
    assert acme("import", "acme", "logs").code == 0
    asked = acme("import", name, "logs")
    assert asked.code == 2
    assert len(asked.err.splitlines()) == 1
    assert said in asked.err


def test_a_kind_with_the_name_of_orbench_s_own_does_not_take_its_place(acme, packages) -> None:
    packages.install("table = acme_orbench:KIND")
    assert "CSV" in acme("import", "table", "--help").out
    listed = acme("import", "--help").out
    assert kinds_in(listed) == [*OWN, "acme"]
    assert "has the name of one of orbench's own" in " ".join(listed.split())


def test_of_two_packages_with_one_name_neither_is_taken(acme, packages) -> None:
    packages.install("acme = acme_orbench:KIND", name="zeta")
    asked = acme("import", "acme", "logs")
    assert asked.code == 2
    assert "the kind 'acme' of acme-orbench 1.0 and zeta 1.0 has a name that both" in asked.err


FAILING = """
import dataclasses
from acme_orbench import AcmeImporter, ImporterKind

class Failing(AcmeImporter):
    def read(self, found):
        for run in super().read(found):
            if "__1" in found.name:
                {fault}
            yield run

KIND = ImporterKind("Import, sometimes.", Failing, (), "{{exp_name}}__{{env_id}}__{{seed}}")
"""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("{}['key']", "KeyError: 'key'"),
        ("run = 3", "TypeError: gave int, not an ImportedRun"),
        (
            "one = run.points['charts/episodic_return']; run = dataclasses.replace(run, points="
            "{'x': dataclasses.replace(one, steps=one.steps[:1])})",
            "ValueError: x: steps, values and wall times are of different shapes",
        ),
        (
            "one = run.points['charts/episodic_return']; run = dataclasses.replace(run, points="
            "{'x': dataclasses.replace(one, steps=one.steps - 5)})",
            "ValueError: x: a step is a whole number from 0",
        ),
    ],
)
def test_a_kind_that_fails_on_a_file_is_told_and_the_other_files_are_imported(
    acme, packages, fault, said
) -> None:
    text = FAILING.format(fault=fault)
    packages.install("failing = failing_orbench:KIND", name="failing", failing_orbench=text)
    done = acme("import", "failing", "logs")
    assert done.code == 2
    assert "imported 3 points of 1 run (1 new) from 2 files" in done.err
    last = done.err.splitlines()[-1]
    assert last == (
        "orbench: error: logs/ppo__Hopper-v4__1.acme: the kind 'failing' of failing 1.0 failed: "
        f"{said}"
    )


def test_a_near_name_of_a_brought_kind_is_told(acme) -> None:
    done = acme("import", "acne", "logs")
    assert done.code == 2
    assert done.err == "orbench: error: no command 'acne'; did you mean acme?\n"


LOADED = "import sys; print('loaded', file=sys.stderr)\n"


def test_no_package_is_loaded_that_is_not_asked_for(packages, fresh) -> None:
    packages.install("loud = loud_orbench:KIND", loud_orbench=LOADED)
    for arguments in (("--help",), ("list", "--help"), ("import", "table", "--help")):
        assert fresh(*arguments).err == ""
    listed = fresh.apart("import", "--help")
    assert (listed.code, listed.err) == (0, "loaded\n")
    assert "the kind 'loud' of brings1 1.0 cannot be loaded" in " ".join(listed.out.split())


SLOW = """
import os, time
from pathlib import Path
from acme_orbench import AcmeImporter, ImporterKind

class Slow(AcmeImporter):
    def read(self, found):
        Path(f"reading-{os.getpid()}").touch()
        time.sleep(60)
        yield from super().read(found)

KIND = ImporterKind("Import, slowly.", Slow, (), "{exp_name}__{env_id}__{seed}")
"""


@pytest.mark.slow
def test_ctrl_c_ends_all_processes_that_read(acme, packages) -> None:
    packages.install("slow = slow_orbench:KIND", slow_orbench=SLOW)
    words = (sys.executable, "-m", "orbench.cli", "import", "slow", "logs", "--jobs", "2")
    with subprocess.Popen(
        words,
        cwd=acme.folder,
        env=acme.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as program:
        deadline = time.monotonic() + 60
        while len(list(acme.folder.glob("reading-*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        readers = {int(path.name.partition("-")[2]) for path in acme.folder.glob("reading-*")}
        os.killpg(program.pid, signal.SIGINT)  # as a terminal does
        out, err = program.communicate(timeout=30)
    assert (program.returncode, out, err) == (130, b"", b"orbench: interrupted\n")
    assert len(readers - {program.pid}) == 2
    for process in readers:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
