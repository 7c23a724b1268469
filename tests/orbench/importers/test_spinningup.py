"""Logs of Spinning Up: progress.txt with its config.json."""

from __future__ import annotations

import json
import os

import pytest

from orbench.errors import ImportFileError, UsageError
from orbench.importers import SpinningUpImporter, parse_naming

PROGRESS = "Epoch\tAverageEpRet\tTotalEnvInteracts\tTime\n0\t10.5\t4000\t2.5\n1\t12.0\t8000\t5.0\n"
CONFIG = {"exp_name": "ppo-ant", "seed": 10, "ac_kwargs": {"hidden_sizes": [64]}, "logger": {}}


def runs(folder, name=".", constants=("env_id=Ant-v4",)):
    importer = SpinningUpImporter(parse_naming((), constants))
    found = importer.find([folder.path / name])
    return [run for one in found for run in importer.read(one)]


def test_rows_are_points_at_the_interactions_with_the_env(folder):
    path = folder.write("ppo/ppo_s10/progress.txt", PROGRESS)
    folder.write("ppo/ppo_s10/config.json", json.dumps(CONFIG))
    os.utime(path, (1000, 1000))
    (run,) = runs(folder)
    assert (run.exp_name, run.env_id, run.seed) == ("ppo-ant", "Ant-v4", 10)
    assert run.config == {"exp_name": "ppo-ant", "seed": 10, "ac_kwargs": {"hidden_sizes": [64]}}
    points = run.points["AverageEpRet"]
    assert points.steps.tolist() == [4000, 8000]
    assert points.values.tolist() == [10.5, 12.0]
    assert points.wall_times.tolist() == [997.5, 1000.0]
    assert "Epoch" in run.points


def test_a_log_without_a_config_is_named_by_a_person(folder):
    folder.write("a/progress.txt", PROGRESS)
    (run,) = runs(folder, constants=["env_id=A", "exp_name=b", "seed=none"])
    assert run.count == 2 * len(["Epoch", "AverageEpRet", "Time"])


@pytest.mark.parametrize(
    ("progress", "config", "said"),
    [
        ("", "{}", "is empty"),
        ("a\tb\n1\t2\n", "{}", "has no column of steps"),
        (PROGRESS, "{", r"config\.json: is not JSON, or is cut off"),
        (PROGRESS, "[]", r"config\.json: is list, not a JSON object"),
    ],
)
def test_bad_files_are_one_line(folder, progress, config, said):
    folder.write("a/progress.txt", progress)
    folder.write("a/config.json", config)
    with pytest.raises(ImportFileError, match=said) as caught:
        runs(folder)
    assert "\n" not in str(caught.value)


def test_the_env_is_asked_for_and_a_folder_without_logs_is_told(folder):
    folder.write("a/progress.txt", PROGRESS)
    folder.write("a/config.json", json.dumps(CONFIG))
    folder.write("b/x.txt", "")
    with pytest.raises(UsageError, match="nothing says the env_id"):
        runs(folder, constants=())
    with pytest.raises(ImportFileError, match=r"has no progress\.txt"):
        runs(folder, "b")
