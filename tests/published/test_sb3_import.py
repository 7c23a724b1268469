"""RL Zoo's own folders by `import sb3`: its table is reached, its trained agents are named."""

from __future__ import annotations

import numpy as np
import pytest

from orbench.importers import Sb3Importer, parse_naming

pytestmark = pytest.mark.published


def runs(path, constants=()):
    importer = Sb3Importer(parse_naming((), constants))
    return [run for found in importer.find([path]) for run in importer.read(found)]


@pytest.fixture(scope="module")
def evaluated(published):
    return runs(published("DLR-RM__rl-baselines3-zoo/logs/benchmark"), ["seed=none"])


def test_every_row_of_the_table_is_reached(published, evaluated):
    text = published("DLR-RM__rl-baselines3-zoo/benchmark.md").read_text()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    rows = {(row[0], row[1]): row[2:] for row in table if len(row) == 7 and row[-1].isdigit()}
    reached = {}
    for run in evaluated:
        returns = run.points["charts/episodic_return"]
        said = (f"{returns.values.mean():.3f}", f"{returns.values.std():.3f}")
        folder = run.file.rpartition("/")[2]
        reached[run.exp_name, folder.removeprefix(f"{run.exp_name}-")] = (
            *said,
            str(returns.steps[-1]),
            str(len(returns.steps)),
        )
    assert len(evaluated) == 204
    assert len(rows) == 199
    wrong = {
        key: (reached.get(key), row)
        for key, row in rows.items()
        if reached.get(key) != (row[0], row[1], row[3], row[4])
    }
    assert not wrong


def test_trained_agents_are_named_by_their_own_files(published):
    path = published("DLR-RM__rl-trained-agents")
    agents = runs(path)
    assert len(agents) == 26
    assert len({(run.exp_name, run.env_id) for run in agents}) == 26
    for run in agents:
        folder = path / run.file.partition("/")[2]
        assert (run.exp_name, f"{run.env_id}_1") == (folder.parent.name, folder.name)
        assert run.seed == run.config["args"]["seed"]
        with np.load(folder / "evaluations.npz", allow_pickle=False) as arrays:
            results = arrays["results"].astype(float).reshape(-1)
        assert np.array_equal(run.points["eval/episodic_return"].values, results)
        rows = sum(len(file.read_text().splitlines()) - 2 for file in folder.glob("*monitor.csv"))
        assert len(run.points["charts/episodic_return"].steps) == rows
