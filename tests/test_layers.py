"""Who may import whom: read from every import in the code, not from what happens to be loaded.

The layers: orbench imports itself alone; storage, plotting and examples import orbench; cli imports
all but the examples. Across folders only the face is imported (`from orbench.storage import
open_store`), inside a folder imports are relative. One late binding is stated: orbench/run_store.py
names the storage layer in a string when a store is opened.
"""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "orbench": {"orbench"},
    "storage": {"storage", "orbench"},
    "plotting": {"plotting", "orbench"},
    "examples": {"examples", "orbench"},
    "cli": {"cli", "orbench", "storage", "plotting"},
}

# Third-party packages (and sqlite3) that belong to one place, by the start of the module's name.
BELONGS_TO = {
    "alembic": ("orbench.storage",),
    "click": ("orbench.cli",),
    "gymnasium": ("orbench.integrations", "orbench.examples", "orbench.tour"),
    "matplotlib": ("orbench.plotting",),
    "mlflow": ("orbench.trackers",),
    "psycopg": ("orbench.storage",),
    "rich": ("orbench.cli",),
    "sqlalchemy": ("orbench.storage",),
    # Besides the store: files of other tools that are SQLite databases, opened read-only.
    "sqlite3": (
        *("orbench.storage", "orbench.importers.mlflow_database"),
        "orbench.importers.openrlbenchmark_run",
    ),
    "typer": ("orbench.cli",),
    "wandb": ("orbench.trackers",),
}

NEVER_IMPORTED = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}

# Too slow to be paid for by a program that logs, or by `orbench --help`.
HEAVY = {
    *("alembic", "gymnasium", "jax", "matplotlib", "numpy", "pandas", "polars", "psutil"),
    *("pyarrow", "pydantic", "rich", "sqlalchemy", "torch", "zstandard"),
}


@dataclass(frozen=True)
class Import:
    """One imported module: where, by which module, and how."""

    place: str
    importer: str
    target: str
    names: tuple[str, ...] = ()
    relative: bool = False
    at_load: bool = True

    def __str__(self) -> str:
        return f"{self.place}: {self.importer} imports {self.target}"


@dataclass(frozen=True)
class Code:
    """The modules of the project by dotted name, with the folder (layer) that each is in."""

    files: dict[str, Path]
    folders: dict[str, str]
    read_before: dict[str, list[Import]] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Code:
        """Find the folders of code in pyproject.toml and every module in them."""
        packaging = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
        folders: dict[str, str] = packaging["package-dir"]
        files = {}
        for package, folder in folders.items():
            for path in sorted((ROOT / folder).rglob("*.py")):
                parts = path.relative_to(ROOT / folder).with_suffix("").parts
                inner = parts[:-1] if parts[-1] == "__init__" else parts
                files[".".join((package, *inner))] = path
        return cls(files, folders)

    def layer(self, module: str) -> str | None:
        """The folder that a module belongs to; None if it is not of this project."""
        fitting = [package for package in self.folders if f"{module}.".startswith(f"{package}.")]
        return self.folders[max(fitting, key=len)] if fitting else None

    def imports(self, module: str) -> list[Import]:
        """Every import in a module."""
        if module not in self.read_before:
            path = self.files[module]
            self.read_before[module] = list(self.imports_of(path.read_text(), module, path))
        return self.read_before[module]

    def imports_of(self, text: str, module: str, path: Path) -> Iterator[Import]:
        """Every import in a source text that stands for a module at a path."""
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        tree = ast.parse(text)
        at_load = set(_statements_run_at_load(tree))
        file = path.relative_to(ROOT)
        for node in ast.walk(tree):
            place = f"{file}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(place, module, alias.name, at_load=node in at_load)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    above = package.split(".")[: len(package.split(".")) - node.level + 1]
                    base = ".".join((*above, base)).rstrip(".")
                yield from self._imported_from(base, node, place, module, node in at_load)

    def _imported_from(
        self, base: str, node: ast.ImportFrom, place: str, module: str, at_load: bool
    ) -> Iterator[Import]:
        """A module that is imported by name from its package is a target of its own.

        Not so where the package's face has a function of the same name, as `learning_curves`.
        """
        names = tuple(alias.name for alias in node.names)
        on_face = _exported(self.files[base]) if base in self.files else set()
        modules = [name for name in names if f"{base}.{name}" in self.files and name not in on_face]
        for name in modules:
            yield Import(place, module, f"{base}.{name}", (), node.level > 0, at_load)
        if len(modules) < len(names):
            others = tuple(name for name in names if name not in modules)
            yield Import(place, module, base, others, node.level > 0, at_load)

    def loaded_with(self, module: str) -> set[str]:
        """The modules, ours and others', that importing this module imports."""
        loaded: set[str] = set()
        waiting = [module]
        while waiting:
            name = waiting.pop()
            parents = name.split(".")
            for known in (".".join(parents[: end + 1]) for end in range(len(parents))):
                if known not in loaded:
                    loaded.add(known)
                    if known in self.files:
                        waiting += [one.target for one in self.imports(known) if one.at_load]
        return loaded


def _statements_run_at_load(tree: ast.AST) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported: not in functions, not for checkers."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            yield from (inner for other in child.orelse for inner in _with_inner(other))
            continue
        if isinstance(child, ast.stmt):
            yield child
        yield from _statements_run_at_load(child)


@functools.cache
def _exported(path: Path) -> set[str]:
    """The names in a module's `__all__`."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def _with_inner(statement: ast.stmt) -> Iterator[ast.stmt]:
    yield statement
    yield from _statements_run_at_load(statement)


# -- the rules: each gives what is wrong with one import, or nothing


def wrong_layer(code: Code, one: Import) -> str:
    """Layers import only those below them, and never by a folder's bare name."""
    top = one.target.partition(".")[0]
    if top in MAY_IMPORT and top != "orbench":
        return f"{one}: say orbench.{top}; '{top}' is a folder of the checkout, not a package"
    source, target = code.layer(one.importer), code.layer(one.target)
    if source is not None and target is not None and target not in MAY_IMPORT[source]:
        return f"{one}: {source} must not import {target}"
    return ""


def deep_import(code: Code, one: Import) -> str:
    """Across folders, only a folder's face or a module of the library is imported."""
    source, target = code.layer(one.importer), code.layer(one.target)
    if target is None or source == target:
        return ""
    if hidden := [name for name in one.names if name.startswith("_") and name != "__version__"]:
        return f"{one}: {hidden[0]} is private to {target}"
    # An integration is a face of its own: its package imports nothing.
    face_depth = 3 if one.target.startswith("orbench.integrations.") else 2
    too_deep = len(one.target.split(".")) > face_depth
    return f"{one}: import the face of the package instead" if too_deep else ""


def crossed_relatively(code: Code, one: Import) -> str:
    """Inside a folder imports are relative; across folders they are absolute."""
    source, target = code.layer(one.importer), code.layer(one.target)
    if target is None or one.relative == (source == target):
        return ""
    return f"{one}: {'relative' if source == target else 'absolute'} imports here, please"


def misplaced_package(code: Code, one: Import) -> str:
    """SQL only in storage, matplotlib only in plotting, Typer and Rich only in cli, no pickle."""
    top = one.target.partition(".")[0]
    if top in NEVER_IMPORTED:
        return f"{one}: reading one back would run what is in it"
    homes = BELONGS_TO.get(top)
    if homes is None or any(f"{one.importer}.".startswith(f"{home}.") for home in homes):
        return ""
    return f"{one}: {top} belongs to {' and '.join(homes)}"


RULES = [wrong_layer, deep_import, crossed_relatively, misplaced_package]
CODE = Code.read()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_every_import_keeps_the_rule(folder: str, rule) -> None:
    modules = [module for module in CODE.files if CODE.layer(module) == folder]
    assert modules, f"no module found in {folder}/"
    wrong = [rule(CODE, one) for module in modules for one in CODE.imports(module)]
    assert not [said for said in wrong if said]


@pytest.mark.parametrize(
    ("rule", "module", "line"),
    [
        (wrong_layer, "orbench.shipper", "import orbench.storage"),
        (wrong_layer, "orbench.shipper", "from orbench import storage"),
        (wrong_layer, "orbench.shipper", "from .storage import open_store"),
        (wrong_layer, "orbench.shipper", "def f():\n    from .cli import main"),
        (wrong_layer, "orbench.storage.engine", "from orbench.plotting import Look"),
        (wrong_layer, "orbench.plotting.style", "from orbench.storage import open_store"),
        (wrong_layer, "orbench.cli.main", "from storage import open_store"),
        (wrong_layer, "orbench.cli.main", "import plotting.style"),
        (wrong_layer, "orbench.cli.tour", "import orbench.examples.sarsa"),
        (deep_import, "orbench.cli.main", "from orbench.storage.tables import runs"),
        (deep_import, "orbench.cli.main", "from orbench.storage import tables"),
        (deep_import, "orbench.cli.main", "from orbench.stats.aggregate import iqm"),
        (deep_import, "orbench.cli.main", "from orbench.run_store import _STORE_LAYER"),
        (crossed_relatively, "orbench.storage.engine", "from ..errors import StoreError"),
        (crossed_relatively, "orbench.stats.curves", "from orbench.errors import ScoreError"),
        (misplaced_package, "orbench.shipper", "import sqlite3"),
        (misplaced_package, "orbench.cli.main", "from sqlalchemy import select"),
        (misplaced_package, "orbench.storage.engine", "import matplotlib.pyplot as plt"),
        (misplaced_package, "orbench.plotting.style", "from rich.table import Table"),
        (misplaced_package, "orbench.config", "import pickle"),
    ],
)
def test_a_rule_finds_what_breaks_it(rule, module: str, line: str) -> None:
    found = list(CODE.imports_of(line, module, CODE.files[module]))
    assert [said for one in found if (said := rule(CODE, one))]


def test_modules_are_imported_by_name_only_where_it_is_stated() -> None:
    users = {
        one.importer
        for module in CODE.files
        for one in CODE.imports(module)
        if one.target == "importlib" or one.target.startswith("importlib.util")
    }
    # The lazy names of `import orbench` and of the store, the commands of the CLI, and the one
    # late binding.
    assert users == {"orbench", "orbench.cli.app", "orbench.run_store", "orbench.storage"}


def test_finding_runs_loads_no_numpy_and_no_other_database() -> None:
    lines = "from orbench.storage import open_store; open_store('sqlite:///{}', create=True).runs()"
    with tempfile.TemporaryDirectory() as folder:
        loaded = loaded_by(lines.format(Path(folder) / "store.db"))
    assert "sqlalchemy" in loaded
    assert not loaded & {"numpy", "orbench.storage.ingest", "orbench.storage.check"}


def test_no_lazy_name_of_the_library_is_a_module_too() -> None:
    # Importing such a module would put it in the place of the function: orbench.fetch(...) fails.
    names = set(_exported(CODE.files["orbench"]))
    assert "fetch" in names
    assert not [name for name in names if f"orbench.{name}" in CODE.files]


@pytest.mark.parametrize(
    "entry", ["orbench", "orbench.starting", "orbench.recorder", "orbench.cli", "orbench.cli.app"]
)
def test_nothing_heavy_is_imported_when_a_program_starts(entry: str) -> None:
    loaded = CODE.loaded_with(entry)
    assert entry in loaded
    assert not loaded & HEAVY


def test_heavy_imports_are_found_where_they_are() -> None:
    assert "sqlalchemy" in CODE.loaded_with("orbench.storage")
    assert "numpy" in CODE.loaded_with("orbench.plotting")
    assert "matplotlib" not in CODE.loaded_with("orbench.plotting")


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after a statement, besides the standard's."""
    code = f"""
import sys
before = set(sys.modules)
{statement}
print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""
    # -P: what is installed is imported, not a folder of the same name in the working directory.
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    standard = sys.stdlib_module_names
    return {name for name in done.stderr.split() if name.partition(".")[0] not in standard}


def test_import_orbench_loads_orbench_alone() -> None:
    assert loaded_by("import orbench") == {"orbench"}


def test_what_a_run_needs_loads_nothing_heavy() -> None:
    loaded = {name.partition(".")[0] for name in loaded_by("import orbench; orbench.start_run")}
    assert loaded <= {"orbench", "msgspec", "typing_extensions"}


def test_help_loads_neither_a_command_nor_anything_heavy() -> None:
    loaded = loaded_by("from orbench.cli import main; main(['--help'])")
    assert "orbench.cli.app" in loaded
    assert not {name.partition(".")[0] for name in loaded} & HEAVY
    assert "orbench.cli.list_runs" not in loaded
