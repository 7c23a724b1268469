"""Logs of Stable-Baselines3: which files are a run, its names, its points, and bad files."""

from __future__ import annotations

import io
import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbench.errors import ImportFileError, UsageError
from orbench.importers import RowCounts, Sb3Importer, deliver, parse_naming
from orbench.run_store import open_store

NAMED = ["exp_name=ppo", "env_id=CartPole-v1", "seed=1"]
ZOO_ARGS = """!!python/object/apply:collections.OrderedDict
- - - algo
    - dqn
  - - env
    - Pong-v4
  - - seed
    - 7
"""
ZOO_CONFIG = """!!python/object/apply:collections.OrderedDict
- - - learning_rate
    - 0.0003
  - - policy_kwargs
    - net_arch: !!python/tuple
      - 64
      - 64
"""


def monitor(rows, start=1000.0, env_id="CartPole-v1", columns="r,l,t"):
    """A monitor.csv as SB3 writes it."""
    header = json.dumps({"t_start": start, "env_id": env_id})
    return f"#{header}\n{columns}\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows)


def runs(folder, name=".", maps=(), constants=(), path=None):
    """The runs that the importer finds and reads."""
    importer = Sb3Importer(parse_naming(maps, constants, path))
    found = importer.find([folder.path / name])
    return [run for one in found for run in importer.read(one)]


def series(run, metric):
    points = run.points[metric]
    return points.steps.tolist(), points.values.tolist(), points.wall_times.tolist()


# -- files


def test_episodes_of_all_envs_in_the_order_in_which_they_ended(folder):
    folder.write("0.monitor.csv", monitor([(1.5, 10, 1.0), (2.5, 20, 4.0)]))
    folder.write("1.monitor.csv", monitor([(7, 5, 0.5), (8, 6, 2.5)], start=1000.5))
    (run,) = runs(folder, constants=NAMED)
    assert series(run, "charts/episodic_return") == (
        [10, 15, 21, 41],
        [1.5, 7.0, 8.0, 2.5],
        [1001.0, 1001.0, 1003.0, 1004.0],
    )
    assert run.points["charts/episodic_length"].values.tolist() == [10, 5, 6, 20]
    assert (run.started, run.ended) == (1000.0, 1004.0)
    assert run.config == {"n_envs": 2}
    assert run.rows == RowCounts()


def test_a_clock_that_goes_back_does_not_change_the_order_of_a_file(folder):
    folder.write("monitor.csv", monitor([(1, 1, 9.0), (2, 1, 3.0), (3, 1, 10.0)]))
    (run,) = runs(folder, constants=NAMED)
    assert run.points["charts/episodic_return"].values.tolist() == [1, 2, 3]


def test_columns_besides_are_metrics_and_text_is_told(folder):
    rows = [(1, 10, 1.0, 0.5, "easy"), (2, 10, 2.0, "", "hard")]
    folder.write("monitor.csv", monitor(rows, columns="r,l,t,is_success,level"))
    (run,) = runs(folder, constants=NAMED)
    assert series(run, "charts/is_success") == ([10], [0.5], [1001.0])
    assert run.rows.empty == 1
    assert run.notes == ("data/monitor.csv: column 'level' is text, left out",)


def test_a_row_that_was_being_written_is_left_out_and_told(folder):
    text = monitor([(1, 10, 1.0), (2, 10, 2.5)])
    folder.write("monitor.csv", text[:-3])
    (run,) = runs(folder, constants=NAMED)
    assert series(run, "charts/episodic_return")[0] == [10]
    assert run.notes == ("data/monitor.csv: its last line is cut off, 6 characters left out",)


@settings(max_examples=30)
@given(cut=st.integers(0, 200))
def test_wherever_a_monitor_is_cut_whole_rows_are_read_or_one_line_is_said(tmp_path_factory, cut):
    rows = [(float(n), n + 1, n / 7) for n in range(9)]
    path = tmp_path_factory.mktemp("cut") / "monitor.csv"
    path.write_text(monitor(rows)[:cut])
    importer = Sb3Importer(parse_naming((), NAMED))
    said = ""
    got = []
    try:
        (run,) = importer.read(importer.find([path])[0])
        got = run.points["charts/episodic_return"].values.tolist()
    except ImportFileError as error:
        said = str(error)
    assert "\n" not in said
    assert got == [row[0] for row in rows][: len(got)]


def test_progress_has_its_steps_and_times(folder):
    path = folder.write(
        "progress.csv",
        "time/time_elapsed,rollout/ep_rew_mean,time/total_timesteps,note\r\n"
        "10,1.5,100,a\r\n20,,200,b\r\n30,nan,300,c\r\n",
    )
    os.utime(path, (2000, 2000))
    (run,) = runs(folder, constants=NAMED)
    steps, values, times = series(run, "rollout/ep_rew_mean")
    assert (steps, times) == ([100, 300], [1980.0, 2000.0])
    assert values[0] == 1.5
    assert np.isnan(values[1])
    assert run.rows.empty == 1
    assert "column 'note' is text" in run.notes[0]


def test_rows_without_a_step_have_that_of_the_row_before(folder):
    folder.write("progress.csv", "loss,time/total_timesteps\n0.5,\n0.25,100\n0.125,\n")
    (run,) = runs(folder, constants=NAMED)
    assert series(run, "loss")[:2] == ([0, 100, 100], [0.5, 0.25, 0.125])
    assert "2 rows have no time/total_timesteps" in run.notes[0]


def test_progress_as_the_logger_of_old_baselines_writes_it(folder):
    folder.write("progress.csv", "eprewmean,misc/total_timesteps,misc/time_elapsed\n5,2048,3.5\n")
    (run,) = runs(folder, constants=NAMED)
    assert series(run, "eprewmean")[:2] == ([2048], [5.0])


def evaluations(folder, name, **arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return folder.write(name, file.getvalue())


def test_every_episode_of_every_evaluation(folder):
    results = [[1.0, 2.0], [3.0, 5.0]]
    evaluations(folder, "evaluations.npz", timesteps=[100, 200], results=results, extra=[1])
    (run,) = runs(folder, constants=NAMED)
    assert series(run, "eval/episodic_return")[:2] == ([100, 100, 200, 200], [1, 2, 3, 5])
    assert run.rows.repeated == 0
    assert run.notes == ("data/evaluations.npz: extra left out",)


def test_evaluations_in_a_folder_of_the_run_belong_to_it(folder):
    folder.write("run/progress.csv", "loss,time/total_timesteps\n0.5,10\n")
    evaluations(folder, "run/eval/evaluations.npz", timesteps=[10], results=[[1.0]])
    (run,) = runs(folder, constants=NAMED)
    assert sorted(run.points) == ["eval/episodic_return", "loss"]


# -- which files are a run, and its names


def test_a_folder_of_rl_zoo_names_its_run(folder):
    folder.write("dqn/Pong-v4_3/0.monitor.csv", monitor([(1, 10, 1.0)], env_id="Pong-v4"))
    folder.write("dqn/Pong-v4_3/Pong-v4/args.yml", ZOO_ARGS)
    folder.write("dqn/Pong-v4_3/Pong-v4/config.yml", ZOO_CONFIG)
    (run,) = runs(folder)
    assert (run.exp_name, run.env_id, run.seed) == ("dqn", "Pong-v4", 7)
    assert run.config == {
        "learning_rate": 0.0003,
        "policy_kwargs": {"net_arch": [64, 64]},
        "args": {"algo": "dqn", "env": "Pong-v4", "seed": 7},
    }
    assert run.provenance["files"] == ["0.monitor.csv", "args.yml", "config.yml"]


@pytest.mark.parametrize(
    ("place", "env_id", "named"),
    [
        ("a2c/Pong-v4_1", "Pong-v4", ("a2c", "Pong-v4")),
        ("a2c/Pong-v4_1", None, ("a2c", "Pong-v4")),
        ("a2c-Pong-v4", "Pong-v4", ("a2c", "Pong-v4")),
        ("ppo_lstm-Pong-v5", "Pong-v4", ("ppo_lstm", "Pong-v4")),
        ("a2c/Pong-v4", "Pong-v4", ("a2c", "Pong-v4")),
    ],
)
def test_usual_folders_name_algorithm_and_env(folder, place, env_id, named):
    folder.write(f"{place}/monitor.csv", monitor([(1, 10, 1.0)], env_id=env_id))
    (run,) = runs(folder, constants=["seed=none"])
    assert (run.exp_name, run.env_id, run.seed) == (*named, None)


def test_monitor_files_of_names_of_their_own_are_runs_of_their_own(folder):
    for seed in (1, 2):
        folder.write(f"ppo-{seed}.monitor.csv", monitor([(seed, 10, 1.0)]))
    both = runs(folder, constants=["exp_name=ppo"], path=r"-(?P<seed>\d+)\.")
    assert [(run.seed, run.count) for run in both] == [(1, 2), (2, 2)]


def test_what_a_person_says_comes_first(folder):
    folder.write("dqn/Pong-v4_3/0.monitor.csv", monitor([(1, 10, 1.0)], env_id="Pong-v4"))
    folder.write("dqn/Pong-v4_3/Pong-v4/args.yml", ZOO_ARGS)
    said = ["exp_name=mine", "config.note=x", "project=p"]
    (run,) = runs(folder, maps=["seed=@n", "env_id=args.env"], constants=said, path=r"_(?P<n>\d+)")
    assert (run.project, run.exp_name, run.env_id, run.seed) == ("p", "mine", "Pong-v4", 3)
    assert run.config["note"] == "x"


def test_a_run_is_in_a_store_once_and_grows(folder, empty_store_url):
    rows = [(n, 10, float(n)) for n in range(4)]
    with open_store(empty_store_url) as store:
        for length, added in ((2, 4), (2, 0), (4, 4)):
            folder.write("monitor.csv", monitor(rows[:length]))
            (run,) = runs(folder, constants=NAMED)
            assert deliver(store, run).added == added
        assert len(store.run_ids()) == 1


# -- bad input, one line each


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("monitor.csv", "", "is empty"),
        ("monitor.csv", "#{\nr,l,t\n", "its first line is no JSON"),
        ("monitor.csv", "#[1]\nr,l,t\n", "its first line is no JSON object"),
        ("monitor.csv", "#{}\na,b\n1,2\n", "has no column r and l and t"),
        ("monitor.csv", "#{}\nr,l,t\n1,2\n", "row 1 has 2 cells and the header 3"),
        ("monitor.csv", "#{}\nr,l,t\nx,2,3\n", "column 'r': row 1: 'x' is not a number"),
        ("monitor.csv", "#{}\nr,l,t\n1,0.5,3\n", "row 1: 0.5 is no step"),
        ("monitor.csv", b"#{}\nr,l,t\n\xff,1,2\n", "is not UTF-8"),
        ("progress.csv", "loss,acc\n1,2\n", "has no column of steps"),
        ("progress.csv", "a,a\n1,2\n", "or two of one name"),
        ("evaluations.npz", b"PK\x03\x04 no zip", "is damaged or not an .npz file"),
    ],
)
def test_a_file_that_is_none_is_one_line(folder, name, text, said):
    folder.write(name, text)
    with pytest.raises(ImportFileError) as caught:
        runs(folder, constants=NAMED)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pickled_arrays_are_refused(folder):
    evaluations(folder, "evaluations.npz", timesteps=[1], results=np.array([{}], dtype=object))
    with pytest.raises(ImportFileError, match="pickled objects, which could run code"):
        runs(folder, constants=NAMED)


def test_evaluations_whose_shapes_do_not_go_together(folder):
    evaluations(folder, "evaluations.npz", timesteps=[1, 2], results=[[1.0]])
    with pytest.raises(ImportFileError, match="does not go with 2 timesteps"):
        runs(folder, constants=NAMED)


@pytest.mark.parametrize(
    ("constants", "missing"), [([], "exp_name"), (["exp_name=a", "seed=1"], "env_id")]
)
def test_what_nothing_says_is_asked_for(folder, constants, missing):
    folder.write("progress.csv", "loss,time/total_timesteps\n0.5,10\n")
    with pytest.raises(UsageError, match=rf"nothing says the {missing} .*--set {missing}="):
        runs(folder, constants=constants)


@pytest.mark.parametrize(
    ("maps", "constants", "path", "said"),
    [
        (["step=t"], (), None, "'step' is known of these files"),
        (["seed=nothing"], NAMED[:2], None, "its config has no 'nothing'"),
        (["seed=@n"], NAMED[:2], None, "'@n' is no group of --path; there are @file, @folder"),
        ((), NAMED, r"x(?P<seed>\d)", "--path 'x(?P<seed>\\d)' does not fit"),
        ((), [*NAMED[:2], "seed=x"], None, "a seed is a whole number"),
    ],
)
def test_names_that_cannot_be_are_one_line(folder, maps, constants, path, said):
    folder.write("monitor.csv", monitor([(1, 10, 1.0)]))
    with pytest.raises((UsageError, ImportFileError)) as caught:
        runs(folder, maps=maps, constants=constants, path=path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("none", "there is no such file"),
        ("a.txt", "is no monitor.csv"),
        ("empty", "has no monitor"),
    ],
)
def test_a_path_with_nothing_in_it(folder, name, said):
    folder.write("a.txt", "")
    (folder.path / "empty").mkdir()
    with pytest.raises(ImportFileError, match=said):
        runs(folder, name)
