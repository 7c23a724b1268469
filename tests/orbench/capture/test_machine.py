"""The machine: what this one says, and how the system's files are read."""

import json
import os
import platform

import psutil
import pytest

from orbench.capture.machine import capture_machine, cgroup_limits, processors_of
from orbench.capture.nvml import visible_devices


def test_this_machine_is_described_as_psutil_describes_it():
    document = capture_machine()
    json.dumps(document)
    assert document["host"] == platform.node()
    assert document["os"]["kernel"] == platform.release()
    assert document["cpu"]["logical_cores"] == psutil.cpu_count()
    assert document["memory"]["total_bytes"] == psutil.virtual_memory().total
    assert not any("cannot be read" in str(value) for value in document.values())


def test_it_is_the_same_each_time():
    assert capture_machine() == capture_machine()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_usable_cores_are_those_the_process_may_run_on():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert capture_machine()["cpu"]["usable_cores"] == 1
    finally:
        os.sched_setaffinity(0, before)


def test_cores_are_counted_over_sockets_and_hyperthreads():
    block = "model name\t: Fast CPU\nphysical id\t: {}\ncore id\t\t: {}\n"
    cpuinfo = "\n".join(block.format(s, c) for s in (0, 1) for c in (0, 1) for _ in range(2))
    assert processors_of(cpuinfo) == ("Fast CPU", 4)
    assert processors_of("processor : 0\nBogoMIPS : 1\n") == ("", None)


@pytest.fixture
def groups(tmp_path):
    """A file that says in which control group a process is, and the mounted groups."""

    def make(membership, files):
        (tmp_path / "cgroup").write_text(membership)
        for path, text in files.items():
            (tmp_path / "fs" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "fs" / path).write_text(text)
        return tmp_path / "cgroup", tmp_path / "fs"

    return make


def test_the_tightest_limit_up_to_the_root_counts(groups):
    files = {
        "a/b/cpu.max": "400000 100000\n",
        "a/cpu.max": "150000 100000\n",
        "a/b/memory.max": "max\n",
        "a/memory.max": "1073741824\n",
    }
    assert cgroup_limits(*groups("0::/a/b\n", files)) == {"cpus": 1.5, "memory_bytes": 2**30}


def test_limits_of_version_1_are_read(groups):
    files = {
        "cpu,cpuacct/job/cpu.cfs_quota_us": "200000\n",
        "cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
        "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "memory/job/memory.limit_in_bytes": "1000\n",
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
    }
    membership = "4:memory:/job\n3:cpu,cpuacct:/job\n1:name=systemd:/x\n"
    assert cgroup_limits(*groups(membership, files)) == {"cpus": 2.0, "memory_bytes": 1000}


@pytest.mark.parametrize("membership", ["", "nonsense\n", "0::/../../../etc\n", "0::/absent\n"])
def test_odd_memberships_give_no_limit(groups, membership):
    assert cgroup_limits(*groups(membership, {})) == {}


def test_a_machine_without_a_driver_has_no_gpus(monkeypatch):
    monkeypatch.setenv("PATH", "")
    if "gpus" in capture_machine():
        pytest.skip("this machine has a driver")


def test_gpus_are_read_from_nvidia_smi_where_nvml_is_not(tmp_path, monkeypatch):
    if "gpus" in capture_machine():
        pytest.skip("this machine has a driver")
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho '0, NVIDIA X100, 81559, 550.54.15'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert capture_machine()["gpus"] == [
        {
            "index": 0,
            "name": "NVIDIA X100",
            "memory_bytes": 81559 * 2**20,
            "driver": "550.54.15",
        }
    ]


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        (None, None),
        ("", set()),
        ("0,2", {"0", "2"}),
        ("0, -1, 2", {"0"}),
        ("GPU-ab12,1", {"GPU-ab12", "1"}),
        ("NoDevFiles", set()),
    ],
)
def test_visible_devices_are_understood_as_cuda_does(setting, shown):
    assert visible_devices(setting) == shown


def test_the_scheduler_is_told_without_what_changes_from_job_to_job(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "123")
    monkeypatch.setenv("SLURM_CLUSTER_NAME", "big")
    assert capture_machine()["scheduler"] == {"name": "slurm", "cluster": "big"}
