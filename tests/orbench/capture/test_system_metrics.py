"""System metrics: sampled from real processes, whatever these do meanwhile."""

import math
import os
import subprocess
import sys
import time

import pytest

from orbench.capture import SystemSampler
from orbench.metric import SYSTEM_PREFIX

BUSY = "import time\nend = time.process_time() + 30\nwhile time.process_time() < end: pass"


@pytest.fixture
def started():
    """Start programs that are ended with the test."""
    processes = []

    def start(code):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def sampled(sampler, name):
    return sampler.sample()[f"{SYSTEM_PREFIX}{name}"]


def test_a_sample_has_finite_numbers_under_the_system_prefix():
    sampler = SystemSampler(os.getpid())
    time.sleep(0.1)
    values = sampler.sample()
    assert all(name.startswith(SYSTEM_PREFIX) for name in values)
    assert all(type(value) is float and math.isfinite(value) for value in values.values())
    names = ("cpu_percent", "memory_percent", "process_rss_bytes", "process_cpu_percent")
    assert {f"{SYSTEM_PREFIX}{name}" for name in names} <= set(values)
    assert 0 <= values[f"{SYSTEM_PREFIX}cpu_percent"] <= 100


def test_the_processor_time_of_descendants_counts(started):
    parent = started(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}])")
    sampler = SystemSampler(parent.pid)
    deadline = time.monotonic() + 30
    seen = 0.0
    while seen < 20 and time.monotonic() < deadline:
        time.sleep(0.3)
        seen = sampler.sample().get(f"{SYSTEM_PREFIX}process_cpu_percent", 0.0)
    assert seen >= 20
    assert sampled(sampler, "process_count") == 2


def test_memory_of_the_process_is_counted(started):
    process = started(
        "x = bytearray(200_000_000); print(1, flush=True); import time; time.sleep(60)"
    )
    process.stdout.readline()
    assert sampled(SystemSampler(process.pid), "process_rss_bytes") > 200_000_000


def test_a_process_that_has_ended_leaves_the_machines_metrics(started):
    process = started("")
    process.wait()
    sampler = SystemSampler(process.pid)
    time.sleep(0.1)
    values = sampler.sample()
    assert f"{SYSTEM_PREFIX}memory_percent" in values
    assert f"{SYSTEM_PREFIX}process_rss_bytes" not in values


def test_children_that_come_and_go_do_no_harm(started):
    parent = started(
        "import subprocess\nwhile True: subprocess.run(['true']); subprocess.run(['true'])"
    )
    sampler = SystemSampler(parent.pid)
    for _ in range(50):
        assert sampled(sampler, "process_rss_bytes") > 0


def test_samples_in_quick_succession_give_no_wild_percentages():
    sampler = SystemSampler(os.getpid())
    for _ in range(50):
        for name, value in sampler.sample().items():
            if name.endswith("_percent"):
                assert 0 <= value < 100 * (os.cpu_count() or 1) + 100


def test_making_one_is_what_imports_psutil():
    code = (
        "import sys; from orbench.capture import SystemSampler; before = 'psutil' in sys.modules;"
        "SystemSampler(1).sample(); print(before, 'psutil' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False True"
