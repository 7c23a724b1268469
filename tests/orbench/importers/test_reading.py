"""Sources read by one process or by several: what comes out, its order, errors and the end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from orbench.errors import ImportFileError
from orbench.importers import FoundPath, ImportedRun, read_sources
from orbench.importers import reading as module
from orbench.run_store import Points


@dataclass(frozen=True)
class Numbers:
    """Reads a source called `N` as a run of N points; some names stand for accidents."""

    seconds: float = 0.0
    name: str = "numbers"

    def find(self, paths):
        return [FoundPath(path, path.name) for path in paths]

    def read(self, found):
        time.sleep(self.seconds)
        if found.name == "bad":
            raise ImportFileError("bad: is no number")
        if found.name == "locked":
            raise PermissionError(13, "Permission denied", "locked")
        if found.name == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if found.name == "fault":
            raise KeyError("fault")
        count = int(found.name)
        points = Points(np.arange(count), np.arange(count) / 3, np.zeros(count))
        yield ImportedRun(
            *("numbers", found.name, "p", "e", "v", 1, {"x": points}, 0.0, 0.0),
            provenance={"process": os.getpid()},
        )


@pytest.fixture(autouse=True)
def other_processes_find_this_module(monkeypatch) -> None:
    """The class above is sent by name."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3]))


def found(*names):
    return [FoundPath(Path(name), name) for name in names]


def read(names, jobs, importer=None):
    with closing(read_sources(importer or Numbers(), found(*names), jobs)) as sources:
        return list(sources)


def told(sources):
    """What was read, without the process that did."""
    return [
        (
            source.found,
            source.problem,
            [(run.file, run.points["x"].values.tolist()) for run in source.runs],
        )
        for source in sources
    ]


NAMES = [str(n) for n in (5, 3, 9, 1, 7, 2)]


def test_several_processes_give_the_same_in_the_same_order() -> None:
    names = [*NAMES[:3], "bad", "locked", *NAMES[3:]]
    alone, apart = read(names, 1), read(names, 3)
    assert told(alone) == told(apart)
    assert [source.problem for source in alone if source.problem] == [
        "bad: is no number",
        "locked: cannot be read: Permission denied",
    ]
    processes = {run.provenance["process"] for source in apart for run in source.runs}
    assert os.getpid() not in processes
    assert len(processes) <= 3


def test_short_work_is_done_by_this_process() -> None:
    processes = {run.provenance["process"] for one in read(NAMES, None) for run in one.runs}
    assert processes == {os.getpid()}


@pytest.mark.slow
def test_long_work_is_handed_to_others_once_that_pays(monkeypatch) -> None:
    monkeypatch.setattr(module, "_ALONE_SECONDS", 0.02)
    monkeypatch.setattr(module, "_WORTH_SECONDS", 0.02)
    monkeypatch.setattr(module, "_cores", lambda: 2)
    sources = read(NAMES, None, Numbers(seconds=0.03))
    first, *_, last = [source.runs[0].provenance["process"] for source in sources]
    assert first == os.getpid()
    assert last != os.getpid()
    assert [source.found.name for source in sources] == NAMES


def test_on_one_core_no_process_is_started(monkeypatch) -> None:
    monkeypatch.setattr(module, "_ALONE_SECONDS", 0.0)
    monkeypatch.setattr(module, "_WORTH_SECONDS", 0.0)
    monkeypatch.setattr(module, "_cores", lambda: 1)
    processes = {run.provenance["process"] for one in read(NAMES, None) for run in one.runs}
    assert processes == {os.getpid()}


def test_cores_at_which_others_work_are_left_to_them(monkeypatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(8))
    for load, cores in ((0.0, 8), (1.0, 8), (4.0, 5), (20.0, 1)):
        monkeypatch.setattr("os.getloadavg", lambda load=load: (load, 0.0, 0.0))
        assert module._cores() == cores


def test_an_importer_that_cannot_be_sent_reads_here() -> None:
    class Local(Numbers):
        pass

    processes = {run.provenance["process"] for one in read(NAMES, 2, Local()) for run in one.runs}
    assert processes == {os.getpid()}


def test_a_fault_is_raised_as_it_is_by_one_process() -> None:
    for jobs in (1, 2):
        with pytest.raises(KeyError, match="fault"):
            read(["1", "fault", "2"], jobs)
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_process_that_was_killed_is_told_of_all_that_was_not_read() -> None:
    sources = read(["1", "killed", "2"], 2)
    assert [source.found.name for source in sources] == ["1", "killed", "2"]
    assert "killed: was not read: a process that reads was killed" in sources[1].problem
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_whoever_stops_waits_for_no_source() -> None:
    began = time.monotonic()
    with closing(read_sources(Numbers(seconds=0.5), found(*NAMES * 20), 2)) as sources:
        next(sources)
    assert time.monotonic() - began < 10
    assert not multiprocessing.active_children()
