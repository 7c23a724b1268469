"""rl-baselines3-zoo, benchmark.md: the mean over the episodes of an evaluation, 199 rows."""

from __future__ import annotations

import pytest

from orbench import fetch
from orbench.stats import row_statistics

pytestmark = pytest.mark.published


@pytest.fixture(scope="module")
def rows(published):
    """(algo, env_id, mean, std, timesteps, episodes) of every row, as printed."""
    text = published("DLR-RM__rl-baselines3-zoo/benchmark.md").read_text()
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and cells[-1].isdigit():
            algo, env_id, mean, std, _, timesteps, episodes = cells
            found[algo, env_id] = (mean, std, timesteps, episodes)
    return found


@pytest.fixture(scope="module")
def reached(published, imported):
    """The same numbers, from the episodes of the evaluations."""
    store = imported(
        published("DLR-RM__rl-baselines3-zoo/logs/benchmark"),
        *("--path", r"/(?P<exp_name>[^-/]+)-(?P<env_id>[^/]+)/0[.]monitor[.]csv"),
        *("--set", "seed=none", "--map", "step=cumsum(l)", "--map", "elapsed=t"),
        *("--map", "metric:episode/return=r", "--map", "metric:episode/length=l"),
    )
    table = fetch(metrics=["episode/return", "episode/length"], store=store)
    named = {run.run_id: (run.exp_name, run.env_id) for run in table.runs}
    numbers: dict[tuple[str, str], dict[str, object]] = {}
    for series in table.series:
        described = row_statistics(series, ddof=0)
        numbers.setdefault(named[series.run_id], {})[series.metric] = (described, series)
    return numbers


def test_all_evaluations_are_there(rows, reached):
    assert len(reached) == 204
    assert len(rows) == 199
    assert rows.keys() <= reached.keys()
    assert {algo for algo, _ in reached.keys() - rows.keys()} == {"her"}


def test_every_row_is_reached_exactly(rows, reached):
    wrong = {}
    for key, published in rows.items():
        returns, _ = reached[key]["episode/return"]
        lengths, _ = reached[key]["episode/length"]
        ours = (
            f"{returns.mean:.3f}",
            f"{returns.std:.3f}",
            f"{lengths.total:.0f}",
            str(returns.n),
        )
        if ours != published:
            wrong[key] = (ours, published)
    assert not wrong


def test_steps_count_the_steps_of_the_episodes(reached):
    for numbers in reached.values():
        lengths, _ = numbers["episode/length"]
        _, series = numbers["episode/return"]
        assert series.steps[-1] == lengths.total
