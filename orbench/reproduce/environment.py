"""Building the environment of a run: a fresh venv with every distribution at its version.

uv builds it; where uv is not installed, `venv` and pip of the Python that runs orbench do. A venv
without packages from the source of the run is kept in the user's cache under the hash of what is
in it. A build that was cut off leaves no marker and is built anew; of two builders one waits.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import ReproductionError
from .packages import extra_indexes
from .plan import ReproductionPlan

__all__ = ["Built", "build_environment", "cache_folder", "environment_key"]

_MARKER = "orbench-complete.json"
_BUILD_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Built:
    """A venv that is ready; `reused` from the cache; `losses` say what in it is not as it was."""

    folder: Path
    reused: bool
    losses: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


def build_environment(
    plan: ReproductionPlan, source: Path, private: Path, *, downloads: bool = False
) -> Built:
    """The venv of a plan: from the cache, or built; in `private` if it has packages of `source`.

    `downloads` lets uv fetch a Python that is not at hand. Raises ReproductionError where a
    package or the Python cannot be had.
    """
    python, losses = _find_python(plan, downloads)
    if plan.local_packages:
        _build(plan, private, python, source)
        return Built(private, False, losses)
    folder = cache_folder() / environment_key(plan, python)
    with _locked(folder):
        reused = (folder / _MARKER).is_file()
        if not reused:
            shutil.rmtree(folder, ignore_errors=True)
            _build(plan, folder, python, source)
    return Built(folder, reused, losses)


def cache_folder() -> Path:
    """Where environments are kept: ORBENCH_CACHE, else the user's cache folder."""
    if chosen := os.environ.get("ORBENCH_CACHE"):
        return Path(chosen).absolute() / "environments"
    import platformdirs

    return Path(platformdirs.user_cache_dir("orbench")) / "environments"


def environment_key(plan: ReproductionPlan, python: str) -> str:
    """The name of an environment: a hash of its Python, platform and requirements."""
    own = _own_distribution() if plan.needs_orbench() else ""
    said = [python, sys.platform, platform.machine(), sorted(plan.requirements), own]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


def _find_python(plan: ReproductionPlan, downloads: bool) -> tuple[str, tuple[str, ...]]:
    """The interpreter to build with: the recorded version, else another of the same minor one."""
    version = plan.python
    minor = ".".join(version.split(".")[:2])
    uv = shutil.which("uv")
    for wanted in dict.fromkeys((version, minor)):
        path = _uv_python(uv, wanted, downloads) if uv else _own_python(wanted)
        if path:
            found = _version_of(path)
            if found == version:
                return path, ()
            return path, (f"Python is {found}; it was {version}, which is not at hand",)
    hint = "--downloads lets uv fetch it" if uv else "install uv, which can fetch it"
    raise ReproductionError(f"Python {version} is not at hand; {hint}")


def _uv_python(uv: str, wanted: str, downloads: bool) -> str | None:
    switch = () if downloads else ("--no-python-downloads",)
    if downloads:
        _run([uv, "python", "install", "--quiet", wanted])
    done = _run([uv, "python", "find", "--no-project", "--system", *switch, wanted])
    path = done.stdout.strip()
    # A shim may be listed that starts nothing.
    return path if done.returncode == 0 and _version_of(path) else None


def _own_python(wanted: str) -> str | None:
    own = platform.python_version()
    return sys.executable if own == wanted or own.startswith(f"{wanted}.") else None


def _version_of(python: str) -> str:
    code = "import platform; print(platform.python_version())"
    try:
        return _run([python, "-I", "-c", code]).stdout.strip()
    except ReproductionError:
        return ""


def _build(plan: ReproductionPlan, folder: Path, python: str, source: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv = shutil.which("uv")
    if uv:
        _checked([uv, "venv", "--quiet", "--python", python, str(folder)], "the venv")
        install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(folder)]
        indexes = ["--index-strategy", "unsafe-best-match"]
    else:
        _checked([python, "-m", "venv", str(folder)], "the venv")
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
        indexes = []
    more = extra_indexes(plan.packages)
    if more:
        install += [*indexes, *(word for url in more for word in ("--extra-index-url", url))]
    requirements = folder / "requirements.txt"
    requirements.write_text("".join(f"{line}\n" for line in plan.requirements))
    if plan.requirements:
        _checked([*install, "-r", str(requirements)], "the packages")
    for package in plan.local_packages:
        place = source / package.in_source
        if not place.resolve().is_relative_to(source.resolve()):
            raise ReproductionError(f"the folder of {package.name} lies outside of the source")
        words = ["-e", str(place)] if package.editable else [str(place)]
        _checked([*install, *words], f"{package.name} from the source")
    if plan.needs_orbench() and not _installs_orbench(plan):
        _checked([*install, *_own_orbench()], "orbench")
    (folder / _MARKER).write_text(json.dumps(list(plan.requirements)))


def _installs_orbench(plan: ReproductionPlan) -> bool:
    own = next(one for one in plan.packages if one.name == "orbench")
    return bool(own.requirement or own.in_source)


def _own_orbench() -> list[str]:
    """What installs the orbench that runs now: its project's folder, or its version."""
    folder = _own_distribution()
    return ["-e", folder] if Path(folder).is_absolute() else [folder]


def _own_distribution() -> str:
    from .. import __version__

    root = Path(__file__).resolve().parents[2]
    return str(root) if (root / "pyproject.toml").is_file() else f"orbench=={__version__}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a cached environment; others that build the same wait."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _checked(words: Sequence[str], what: str) -> None:
    done = _run(words)
    if done.returncode != 0:
        raise ReproductionError(f"{what} cannot be installed: {_reason(done.stderr)}")


def _reason(said: str) -> str:
    """The sentence of an installer's message that says why, on one line."""
    lines = [line.strip(" ×╰─▶├│") for line in said.splitlines()]
    told = [line for line in lines if line and not line.startswith(("warning:", "hint:"))]
    return " ".join(told)[:600] or "the installer said nothing"


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if key not in _UNSET}
    try:
        return subprocess.run(
            list(words),
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except OSError as error:
        raise ReproductionError(f"{words[0]} cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise ReproductionError(f"{words[0]} took longer than {_BUILD_SECONDS} s") from None


# They would point the installer at the user's own environment.
_UNSET = (
    "VIRTUAL_ENV",
    "UV_PROJECT_ENVIRONMENT",
    "CONDA_PREFIX",
    "PYTHONPATH",
    "PYTHONHOME",
    "UV_PYTHON",
)
