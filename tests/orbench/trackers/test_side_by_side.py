"""Work in several threads: results in order, errors at once, an end that waits for nobody."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from orbench.trackers.side_by_side import side_by_side


def never() -> None:
    """A stop that nothing asks for."""
    raise AssertionError("nothing went wrong")


def test_results_are_kept_in_this_thread_and_come_in_order() -> None:
    mine = threading.get_ident()
    threads = set()

    def work(part: int) -> int:
        threads.add(threading.get_ident())
        time.sleep(0.002 * (part % 3))
        return part * part

    def keep(part: int, result: int) -> tuple[int, int]:
        assert threading.get_ident() == mine
        return part, result

    found = side_by_side(work, keep, range(50), 8, stop=never)
    assert found == [(part, part * part) for part in range(50)]
    assert mine not in threads
    assert not [one for one in threading.enumerate() if one.name.startswith("orbench-sync")]


def test_there_may_be_nothing_to_do() -> None:
    assert side_by_side(lambda part: part, lambda part, _: part, [], 4, stop=never) == []


def test_no_more_than_a_few_results_wait() -> None:
    begun: list[int] = []

    def keep(part: int, _: None) -> None:
        time.sleep(0.005)
        assert len(begun) <= part + 2 + 3 * 2

    side_by_side(begun.append, keep, range(40), 2, stop=never)


@pytest.mark.parametrize("at", ["work", "keep"])
def test_an_error_ends_it_and_stops_what_is_under_way(at: str) -> None:
    stopped = threading.Event()
    begun = []

    def work(part: int) -> int:
        begun.append(part)
        if part == 1:
            if at == "work":
                raise ValueError("no")
            return part
        assert stopped.wait(10)
        return part

    def keep(part: int, _: int) -> None:
        if part == 1:
            raise ValueError("no")

    began = time.monotonic()
    with pytest.raises(ValueError, match="no"):
        side_by_side(work, keep, range(100), 3, stop=stopped.set)
    assert time.monotonic() - began < 5
    assert len(begun) <= 3 + 1


def test_what_does_not_stop_is_left_alone() -> None:
    forever = threading.Event()

    def work(part: int) -> None:
        if part == 0:
            raise KeyboardInterrupt
        forever.wait(30)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        side_by_side(work, lambda part, _: part, range(4), 4, stop=lambda: None)
    assert time.monotonic() - began < 5
    forever.set()


LEFT_ALONE = """
import time
from orbench.trackers.side_by_side import side_by_side

def work(part):
    if part == 0:
        time.sleep(0.1)
        raise OSError("no")
    time.sleep(60)

side_by_side(work, lambda part, _: part, range(4), 4, stop=lambda: None)
"""


def test_a_program_ends_although_a_thread_of_it_does_not() -> None:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", LEFT_ALONE], capture_output=True, timeout=50)
    assert done.returncode == 1
    assert done.stderr.endswith(b"OSError: no\n")
    assert time.monotonic() - began < 20
