"""A watched log and the run that it goes into: each point once, whatever happens between looks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import JournalFullError, StepError, UsageError
from orbench.importers.naming import RunNames, told_names
from orbench.importers.source_run import SourceRun
from orbench.run_store import Points
from orbench.watched_files import files_in, files_of
from orbench.watched_kinds import Watch, parse_watch, placed, program_variables
from orbench.watched_log import WatchedLog


class Recorded:
    """A run and its writer, which takes no point while its disk is full."""

    started = 0.0

    def __init__(self):
        self.writer = self
        self.points = []
        self.room = math.inf
        self.config = {}
        self.events = []

    def log_at(self, metrics, step, wall_time):
        if step < 0:
            raise StepError(f"step {step} is negative")
        if len(self.points) >= self.room:
            raise JournalFullError("the disk is full")
        self.points += [(name, step, value) for name, value in metrics.items()]

    def emit(self, event):
        self.events.append(event)


def source(steps=(), metric="a", *, times=None, config=None):
    """A log with one metric whose values are their places."""
    points = Points(
        np.array(steps, np.int64),
        np.arange(len(steps), dtype=np.float64),
        np.array(times if times is not None else range(len(steps)), np.float64),
    )
    return SourceRun("log", {metric: points}, 0.0, 1.0, (), config=config or {})


def log(watched, run, *sources, until=math.inf):
    """Look at a log as it was at several times; gives what was said."""
    said = []
    for one in sources:
        watched.log(run, one, until, said.append)
    return said


@given(st.lists(st.integers(0, 9), max_size=12), st.lists(st.integers(0, 12), max_size=6))
def test_a_log_that_grows_is_logged_once_however_often_it_is_looked_at(steps, looks):
    run, watched = Recorded(), WatchedLog("log", only_grows=False)
    log(watched, run, *(source(steps[:count]) for count in sorted(looks)), source(steps))
    assert run.points == [("a", step, place) for place, step in enumerate(steps)]


def test_a_log_that_only_grows_is_logged_once_though_its_steps_become_others():
    run, watched = Recorded(), WatchedLog("log", only_grows=True)
    log(watched, run, source([0, 1]), source([0, 100, 200]))
    assert run.points == [("a", 0, 0.0), ("a", 1, 1.0), ("a", 200, 2.0)]


def test_a_log_that_is_begun_anew_is_logged_anew():
    run, watched = Recorded(), WatchedLog("log", only_grows=False)
    log(watched, run, source([0, 1, 2]), source([5, 6]))
    assert [step for _, step, _ in run.points] == [0, 1, 2, 5, 6]


def test_young_points_wait():
    run, watched = Recorded(), WatchedLog("log", only_grows=False)
    young = source([0, 1, 2], times=[1.0, 5.0, 2.0])
    log(watched, run, young, until=3.0)
    assert [step for _, step, _ in run.points] == [0]
    log(watched, run, young)
    assert [step for _, step, _ in run.points] == [0, 1, 2]


def test_what_w_and_b_measures_of_the_machine_waits_for_the_end():
    run, watched = Recorded(), WatchedLog("log", only_grows=True)
    log(watched, run, source([0, 0], "system/wandb/cpu"), until=9.0)
    assert run.points == []
    log(watched, run, source([7, 8], "system/wandb/cpu"))
    assert [step for _, step, _ in run.points] == [7, 8]


def test_a_full_disk_is_tried_again_and_doubles_nothing():
    run, watched = Recorded(), WatchedLog("log", only_grows=False)
    run.room = 2
    with pytest.raises(JournalFullError):
        log(watched, run, source([0, 1, 2, 3]))
    run.room = math.inf
    log(watched, run, source([0, 1, 2, 3]))
    assert [step for _, step, _ in run.points] == [0, 1, 2, 3]


def test_a_point_that_cannot_be_logged_is_left_out_alone_and_told_once():
    run, watched = Recorded(), WatchedLog("log", only_grows=False)
    said = log(watched, run, source([0, -1, -2, 3]))
    assert [step for _, step, _ in run.points] == [0, 3]
    assert said == ["log: a: step -1 is negative"]


def test_of_two_logs_with_one_metric_the_first_counts():
    run, owners = Recorded(), {}
    first = WatchedLog("one", only_grows=False, owners=owners)
    second = WatchedLog("two", only_grows=False, owners=owners)
    assert log(first, run, source([0, 1])) == []
    said = log(second, run, source([0, 1]), source([0, 1, 2]))
    assert said == ["two: a: comes from one already; left out"]
    assert len(run.points) == 2


def test_what_lay_there_before_is_no_news():
    watched = WatchedLog("log", only_grows=False)
    before = source([0, 1], config={"lr": 1})
    assert watched.note_before(before) == 2
    assert not watched.has_news(before)
    assert watched.has_news(source([0, 1, 2], config={"lr": 1}))
    assert watched.has_news(source([0, 1], config={"lr": 2}))
    # The same numbers at another time are another training.
    assert watched.has_news(source([0, 1], config={"lr": 1}, times=[50.0, 51.0]))


def test_what_was_added_to_a_log_from_before_is_told_by_its_time():
    run, watched = Recorded(), WatchedLog("log", only_grows=False)
    now = source([0, 1, 2, 3], times=[1.0, 2.0, 50.0, 51.0], config={"lr": 1})
    assert watched.note_before(now, 40.0) == 2
    assert watched.has_news(now)
    log(watched, run, now)
    assert [step for _, step, _ in run.points] == [2, 3]
    assert run.config == {"lr": 1}
    touched = WatchedLog("log", only_grows=False)
    touched.note_before(now, 60.0)
    assert not touched.has_news(now)


def test_the_files_of_a_run_are_told_from_those_beside_it(tmp_path):
    for name in ("a/one", "a/b/two", "a-b/three", "a.log", "ab/four"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    files = files_in(tmp_path)
    assert len(files) == 5

    def names(name):
        return [Path(path).name for path, *_ in files_of(tmp_path / name, files)]

    assert sorted(names("a")) == ["one", "two"]
    assert names("a.log") == ["a.log"]
    assert names("c") == []
    assert len(files_of(tmp_path, files)) == 5


def test_names_are_what_a_log_tells_else_usual_config_keys_and_never_guessed():
    assert told_names({"env_id": "A-v1"}, {"env": "B", "algo": "ppo", "seed": 3}) == RunNames(
        "", "ppo", "A-v1", 3
    )
    assert told_names({"seed": "none"}, {"env_id": ["A", "B"]}) == RunNames("", "", "", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("logs", "is not KIND:DIR, as in tensorboard:runs$"),
        ("wandbb", "is not KIND:DIR, as in tensorboard:runs; did you mean wandb[?]"),
        ("wandb:", "is not KIND:DIR"),
        ("tensorboard", "is not KIND:DIR"),
        ("tensorbord:x", "no kind 'tensorbord'; did you mean tensorboard[?]; kinds are sb3, "),
        (f"sb3:{__file__}", "is a file; name the folder it lies in"),
        (f"sb3:{__file__}/x", "cannot be read: Not a directory"),
    ],
)
def test_a_watch_that_cannot_be_says_what_would(text, said):
    with pytest.raises(UsageError, match=said):
        parse_watch(text)


def test_a_folder_that_cannot_be_read_is_told_before_anything_runs(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("orbench.watched_kinds.os.scandir", refuse)
    with pytest.raises(UsageError, match=r"logs' *: .*logs cannot be read: Permission denied"):
        parse_watch(f"sb3:{tmp_path}/logs")


def test_the_program_finds_where_to_log_and_what_it_was_told_stands(tmp_path):
    (watch,) = [placed(Watch("wandb", tmp_path / "logs"), "7edc", {})]
    assert (tmp_path / "logs").is_dir()
    variables = program_variables([watch], {})
    assert (variables["WANDB_DIR"], variables["WANDB_MODE"]) == (f"{tmp_path}/logs", "offline")
    assert program_variables([watch], {"WANDB_MODE": "online"})["WANDB_MODE"] == "online"
    assert program_variables([Watch("sb3", tmp_path)], {}) == {}
    own = placed(Watch("wandb", None), "7edc", {"WANDB_DIR": str(tmp_path)})
    assert own.folder == tmp_path / "wandb" / "7edc"
