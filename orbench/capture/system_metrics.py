"""System metrics: what the machine and the processes of a run use, sampled as series."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..metric import SYSTEM_PREFIX
from .nvml import nvml_devices, open_nvml

if TYPE_CHECKING:
    import psutil

__all__ = ["SystemSampler"]

# A tree of processes larger than this is not followed further: a sample must stay cheap.
_MAX_PROCESSES = 256
# Shorter spans say nothing: the system counts processor time in hundredths of a second.
_SHORTEST_SPAN = 0.05

Values = dict[str, float]


class SystemSampler:
    """Samples the machine, one process with its descendants, and the GPUs; used by one thread.

    Percentages are over the time since the sample before (or since the start). 100
    `process_cpu_percent` are one core; `cpu_percent` and `memory_percent` are of the whole
    machine. Disk and network count the machine's bytes since the start. RSS adds up over the
    processes, shared pages counted in each. What cannot be measured is left out of a sample.
    """

    def __init__(self, pid: int) -> None:
        """`pid` is the process to follow; it may end at any time."""
        import psutil

        self._psutil = psutil
        self._nvml = open_nvml()
        self._devices: dict[int, Any] = _tried(self._find_devices, {})
        self._pid = pid
        self._tree: dict[int, tuple[psutil.Process, float]] = {}
        self._tree_at = self._machine_at = 0.0
        self._machine_times = (0.0, 0.0)
        self._first_bytes: Values = _tried(self._bytes, {})
        _tried(self._machine, {})
        _tried(self._processes, {})

    def sample(self) -> Values:
        """What could be measured now, by metric name."""
        values: Values = {}
        for read in (self._machine, self._processes, self._traffic, self._gpus):
            values.update(_tried(read, {}))
        return {f"{SYSTEM_PREFIX}{name}": float(value) for name, value in values.items()}

    def _machine(self) -> Values:
        values: Values = {"memory_percent": self._psutil.virtual_memory().percent}
        now = time.monotonic()
        if now - self._machine_at < _SHORTEST_SPAN:
            return values
        times = self._psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        # Linux counts the time of guests within user and nice already.
        guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
        total = sum(times) - guests
        idle_before, total_before = self._machine_times
        if self._machine_at and total > total_before:
            used = 1 - (idle - idle_before) / (total - total_before)
            values["cpu_percent"] = 100 * min(1.0, max(0.0, used))
        self._machine_at, self._machine_times = now, (idle, total)
        return values

    # -- the process and its descendants

    def _processes(self) -> Values:
        now = time.monotonic()
        tree: dict[int, tuple[psutil.Process, float]] = {}
        used = rss = 0.0
        for process in self._living():
            try:
                with process.oneshot():
                    times, memory = process.cpu_times(), process.memory_info()
            except self._psutil.Error:  # it ended between two looks
                continue
            seconds = times.user + times.system
            used += max(0.0, seconds - self._tree.get(process.pid, (process, 0.0))[1])
            rss += memory.rss
            tree[process.pid] = (process, seconds)
        span, is_first = now - self._tree_at, not self._tree_at
        if not tree:
            return {}
        values: Values = {"process_rss_bytes": rss, "process_count": len(tree)}
        if span < _SHORTEST_SPAN:
            return values
        self._tree, self._tree_at = tree, now
        return values if is_first else {**values, "process_cpu_percent": 100 * used / span}

    def _living(self) -> Iterator[psutil.Process]:
        for pid in self._tree_ids():
            known = self._tree.get(pid)
            if known is not None and known[0].is_running():
                yield known[0]
                continue
            self._tree.pop(pid, None)  # the id may have gone to a new process
            try:
                yield self._psutil.Process(pid)
            except self._psutil.Error:
                continue

    def _tree_ids(self) -> list[int]:
        """The ids of the process and its descendants, at most `_MAX_PROCESSES`, parents first."""
        ids = [self._pid]
        for pid in ids:
            children = _child_ids(pid)
            if children is None:
                return [self._pid, *self._ids_by_scan()][:_MAX_PROCESSES]
            ids.extend(child for child in children if child not in ids)
            if len(ids) >= _MAX_PROCESSES:
                break
        return ids[:_MAX_PROCESSES]

    def _ids_by_scan(self) -> list[int]:
        """The descendants by a look at every process of the machine, where nothing else helps."""
        try:
            root = self._psutil.Process(self._pid)
            return [child.pid for child in root.children(recursive=True)]
        except self._psutil.Error:
            return []

    # -- disk, network, GPUs

    def _bytes(self) -> Values:
        counted: Values = {}
        disk = _tried(self._psutil.disk_io_counters, None)
        network = _tried(self._psutil.net_io_counters, None)
        if disk is not None:
            counted["disk_read_bytes"] = disk.read_bytes
            counted["disk_written_bytes"] = disk.write_bytes
        if network is not None:
            counted["network_received_bytes"] = network.bytes_recv
            counted["network_sent_bytes"] = network.bytes_sent
        return counted

    def _traffic(self) -> Values:
        # A counter that went down was reset: a device came or went.
        first = self._first_bytes
        return {
            name: count - first[name] if count >= first.get(name, count + 1) else count
            for name, count in self._bytes().items()
        }

    def _find_devices(self) -> dict[int, Any]:
        return nvml_devices(self._nvml) if self._nvml is not None else {}

    def _gpus(self) -> Values:
        values: Values = {}
        for index, handle in self._devices.items():
            for name, read in _GPU_READERS.items():
                value = _tried(partial(read, self._nvml, handle), None)
                if value is not None:
                    values[f"gpu.{index}.{name}"] = value
        return values


_GPU_READERS: dict[str, Callable[[Any, Any], float]] = {
    "utilization_percent": lambda nvml, gpu: nvml.nvmlDeviceGetUtilizationRates(gpu).gpu,
    "memory_bytes": lambda nvml, gpu: nvml.nvmlDeviceGetMemoryInfo(gpu).used,
    "power_watts": lambda nvml, gpu: nvml.nvmlDeviceGetPowerUsage(gpu) / 1000,
    "temperature_celsius": lambda nvml, gpu: nvml.nvmlDeviceGetTemperature(gpu, 0),
}


def _child_ids(pid: int) -> list[int] | None:
    """The children of a process as Linux lists them, None where it does not."""
    tasks = Path(f"/proc/{pid}/task")
    try:
        return [
            int(child)
            for task in tasks.iterdir()
            for child in (task / "children").read_text().split()
        ]
    except FileNotFoundError:
        return None if not Path("/proc/self/task").exists() or tasks.exists() else []
    except OSError:
        return []


def _tried(read: Callable[[], Any], otherwise: Any) -> Any:
    """What `read` gives, or `otherwise`: a measure that a machine cannot give is left out."""
    try:
        return read()
    except Exception:  # psutil, NVML and the system each fail in their own ways
        return otherwise
