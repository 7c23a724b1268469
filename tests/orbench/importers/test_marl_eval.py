"""Raw data of marl-eval: every value a point of its run."""

from __future__ import annotations

import json

import pytest

from orbench.errors import ImportFileError
from orbench.importers import MarlEvalImporter

STEPS = {
    "step_10": {"step_count": 20_000, "return": [3.0, 4.0]},
    "step_2": {"step_count": 10_000, "return": [1.0, None], "elapsed_time": 5},
    "absolute_metrics": {"return": [9.0]},
}


def document(steps=STEPS):
    return {"smac": {"3m": {"qmix": {"seed_7": steps}, "vdn": {"8": STEPS}}}}


def runs(folder, values):
    text = values if isinstance(values, str) else json.dumps(values)
    folder.write("raw.json", text)
    importer = MarlEvalImporter()
    return [run for found in importer.find([folder.path]) for run in importer.read(found)]


def test_each_seed_of_an_algorithm_on_a_task_is_a_run(folder):
    first, second = runs(folder, document())
    assert (first.project, first.env_id, first.exp_name, first.seed) == ("smac", "3m", "qmix", 7)
    assert (second.exp_name, second.seed) == ("vdn", 8)
    points = first.points["return"]
    assert points.steps.tolist() == [10_000, 10_000, 20_000, 20_000]
    assert repr(points.values.tolist()) == "[1.0, nan, 3.0, 4.0]"
    assert first.points["absolute/return"].steps.tolist() == [20_000]
    assert first.points["elapsed_time"].values.tolist() == [5.0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("[1]", "is list, not a JSON object"),
        ('{"smac": ', "is not JSON, or is cut off"),
        ({"smac": [1]}, "smac is no object, so this is no data of marl-eval"),
        (document({"step_1": {"return": ["x"]}}), "smac/3m/qmix/seed_7/return holds 'x'"),
        (document({"extra": {}}), "qmix/seed_7/extra is neither step_N nor absolute_metrics"),
        (document({"step_1": {"step_count": -1, "return": [1]}}), "-1 is no step"),
    ],
)
def test_data_that_is_none_is_one_line(folder, values, said):
    with pytest.raises(ImportFileError) as caught:
        runs(folder, values)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
