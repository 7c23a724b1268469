"""The machine of a run: system, processor, memory, GPUs, and the limits that it runs under."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ..config_values import storable_text
from ..run import JsonValue
from .loaded import loaded_module
from .nvml import as_text, open_nvml

__all__ = ["capture_machine", "cgroup_limits", "processors_of"]

_PROGRAM_SECONDS = 5.0

Facts = dict[str, JsonValue]


def capture_machine() -> Facts:
    """The document `machine`; nothing in it changes from run to run on the same machine."""
    limits = cgroup_limits(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    parts: dict[str, Callable[[], JsonValue]] = {
        "host": platform.node,
        "os": _system,
        "cpu": lambda: _processor(limits),
        "memory": lambda: _memory(limits),
        "gpus": _gpus,
        "cuda": _cuda,
        "container": lambda: _container(os.environ),
        "scheduler": lambda: _scheduler(os.environ),
    }
    document: Facts = {}
    for name, read in parts.items():
        try:
            value = read()
        except Exception as error:  # a part that cannot be read must not cost the others
            value = f"cannot be read: {type(error).__name__}: {error}"
        if value is not None:
            document[name] = value
    return document


def _system() -> Facts:
    facts: Facts = {
        "name": platform.system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
    }
    try:
        facts["distribution"] = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        if sys.platform == "darwin":
            facts["distribution"] = f"macOS {platform.mac_ver()[0]}"
    libc = " ".join(platform.libc_ver())
    if libc.strip():
        facts["libc"] = libc
    return facts


# -- processor and memory


def _processor(limits: Mapping[str, float]) -> Facts:
    text = _read("/proc/cpuinfo")
    model, cores = processors_of(text) if text else (_sysctl("machdep.cpu.brand_string"), None)
    physical = cores or _integer(_sysctl("hw.physicalcpu"))
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    facts: Facts = {"logical_cores": os.cpu_count(), "usable_cores": usable}
    if model:
        facts["model"] = model
    if physical:
        facts["physical_cores"] = physical
    if "cpus" in limits:
        facts["limit_cores"] = limits["cpus"]
    return facts


def processors_of(cpuinfo: str) -> tuple[str, int | None]:
    """The model and the number of physical cores in the text of /proc/cpuinfo."""
    model = re.search(r"^(?:model name|Model|Hardware|cpu model)\s*:\s*(.+)$", cpuinfo, re.M)
    pairs = set()
    for block in cpuinfo.split("\n\n"):
        place = dict(re.findall(r"^(physical id|core id)\s*:\s*(\d+)$", block, re.M))
        if "core id" in place:
            pairs.add((place.get("physical id"), place["core id"]))
    return (storable_text(model[1].strip()) if model else "", len(pairs) or None)


def _memory(limits: Mapping[str, float]) -> Facts:
    facts: Facts = {"total_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}
    if "memory_bytes" in limits:
        facts["limit_bytes"] = int(limits["memory_bytes"])
    return facts


def cgroup_limits(membership: Path, mount: Path) -> dict[str, float]:
    """The `cpus` and `memory_bytes` that control groups grant, each where there is a limit.

    The tightest limit on the way from this process's group up to the root counts; version 2 and
    version 1 are read. `membership` is /proc/self/cgroup, `mount` is /sys/fs/cgroup.
    """
    limits: dict[str, float] = {}
    for line in (_read(membership) or "").splitlines():
        _, controllers, group = [*line.split(":", 2), "", ""][:3]
        for controller in {controllers, *controllers.split(",")}:
            for folder in _upwards(mount / controller, group):
                for name, value in _group_limits(folder):
                    limits[name] = min(value, limits.get(name, value))
    return limits


def _upwards(mount: Path, group: str) -> list[Path]:
    folder = mount / group.lstrip("/")
    # In a container the group's path is the host's and may not exist here: the mount is the group.
    return [place for place in (folder, *folder.parents) if place.is_relative_to(mount)]


def _group_limits(folder: Path) -> list[tuple[str, float]]:
    found = []
    quota = (_read(folder / "cpu.max") or "").split()
    if len(quota) != 2:
        quota = [
            (_read(folder / "cpu.cfs_quota_us") or "").strip(),
            (_read(folder / "cpu.cfs_period_us") or "").strip(),
        ]
    if all(word.isdigit() for word in quota) and int(quota[1]) > 0:
        found.append(("cpus", round(int(quota[0]) / int(quota[1]), 3)))
    for name in ("memory.max", "memory.limit_in_bytes"):
        text = (_read(folder / name) or "").strip()
        if text.isdigit() and int(text) < 1 << 60:  # version 1 writes "no limit" as a huge number
            found.append(("memory_bytes", float(text)))
    return found


# -- GPUs


def _gpus() -> list[Facts] | None:
    nvml = open_nvml()
    if nvml is not None:
        return [_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    fields = "index,name,memory.total,driver_version"
    text = _printed(program, f"--query-gpu={fields}", "--format=csv,noheader,nounits")
    rows = [[word.strip() for word in line.split(",")] for line in (text or "").splitlines()]
    return [
        {
            "index": _integer(index),
            "name": name,
            "memory_bytes": (_integer(memory) or 0) * 1024 * 1024,
            "driver": driver,
        }
        for index, name, memory, driver in (row for row in rows if len(row) == 4)
    ]


def _gpu(nvml: object, index: int) -> Facts:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)  # type: ignore[attr-defined]
    return {
        "index": index,
        "name": as_text(nvml.nvmlDeviceGetName(handle)),  # type: ignore[attr-defined]
        "memory_bytes": int(nvml.nvmlDeviceGetMemoryInfo(handle).total),  # type: ignore[attr-defined]
        "driver": as_text(nvml.nvmlSystemGetDriverVersion()),  # type: ignore[attr-defined]
    }


def _cuda() -> Facts | None:
    """The CUDA of the driver, and of torch if the program has imported that."""
    facts: Facts = {}
    nvml = open_nvml()
    if nvml is not None:
        version = int(nvml.nvmlSystemGetCudaDriverVersion_v2())
        facts["driver"] = f"{version // 1000}.{version % 1000 // 10}"
    torch = loaded_module("torch")
    if torch is not None:
        facts["torch"] = getattr(torch.version, "cuda", None)
    return facts or None


# -- where it runs


def _container(environ: Mapping[str, str]) -> str | None:
    signs = {
        "apptainer": "APPTAINER_CONTAINER" in environ or "SINGULARITY_CONTAINER" in environ,
        "kubernetes": "KUBERNETES_SERVICE_HOST" in environ,
        "podman": Path("/run/.containerenv").exists(),
        "docker": Path("/.dockerenv").exists(),
    }
    named = environ.get("container")
    return next((name for name, there in signs.items() if there), named)


def _scheduler(environ: Mapping[str, str]) -> Facts | None:
    if "SLURM_JOB_ID" in environ:
        return {"name": "slurm", "cluster": environ.get("SLURM_CLUSTER_NAME")}
    names = {"PBS_JOBID": "pbs", "LSB_JOBID": "lsf", "JOB_ID": "sge"}
    return next(({"name": name} for key, name in names.items() if key in environ), None)


def _read(path: str | Path) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


def _sysctl(name: str) -> str:
    program = shutil.which("sysctl") if sys.platform == "darwin" else None
    return (_printed(program, "-n", name) or "").strip() if program else ""


def _printed(*command: str) -> str | None:
    """What a program prints, None if it fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROGRAM_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")
