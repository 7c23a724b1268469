"""Stable-Baselines3 itself trains: what orbench has is what SB3's own files have.

SB3 needs PyTorch, which the tests do not install; CI does where it finds a build for the CPU.
"""

from __future__ import annotations

import csv
import importlib.util
import math

import pytest

import orbench
from orbench.integrations.sb3 import OrbenchOutputFormat, callback
from orbench.run_store import open_store

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("stable_baselines3") is None,
    reason="Stable-Baselines3 is not installed",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a store and SB3's own files of 512 steps of PPO, and what SB3 wrote there."""
    gymnasium = pytest.importorskip("gymnasium")
    from stable_baselines3 import PPO
    from stable_baselines3.common.logger import CSVOutputFormat, Logger
    from stable_baselines3.common.monitor import Monitor

    folder = tmp_path_factory.mktemp("sb3")
    env = Monitor(gymnasium.make("CartPole-v1"), str(folder / "monitor.csv"))
    model = PPO("MlpPolicy", env, n_steps=128, batch_size=64, n_epochs=2, seed=3, device="cpu")
    with orbench.start_run(
        project="sb3", exp_name="ppo", env_id="CartPole-v1", seed=3, store=url_in(folder)
    ) as run:
        own = CSVOutputFormat(str(folder / "progress.csv"))
        model.set_logger(Logger(folder=None, output_formats=[own, OrbenchOutputFormat(run)]))
        model.learn(512, callback=callback(run, save_model=True))
    model.logger.close()
    env.close()
    return folder, run.run_id


def url_in(folder):
    return f"sqlite:///{folder / 'store.db'}"


def series_of(url, run_id, metric):
    with open_store(url) as store:
        (series,) = store.series([run_id], metric)
    return series.steps.tolist(), series.values.tolist()


def test_every_number_in_progress_csv_is_a_point(trained):
    folder, run_id = trained
    with (folder / "progress.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    steps = [int(row["time/total_timesteps"]) for row in rows]
    for metric in rows[0]:
        there = [place for place, row in enumerate(rows) if row[metric]]
        found_steps, values = series_of(url_in(folder), run_id, metric)
        assert found_steps == [steps[place] for place in there]
        assert values == pytest.approx([float(rows[place][metric]) for place in there])


def test_every_episode_in_monitor_csv_is_a_point(trained):
    folder, run_id = trained
    lines = (folder / "monitor.csv").read_text().splitlines()[1:]
    episodes = [(float(row["r"]), int(row["l"])) for row in csv.DictReader(lines)]
    steps, returns = series_of(url_in(folder), run_id, "charts/episodic_return")
    _, lengths = series_of(url_in(folder), run_id, "charts/episodic_length")
    assert list(zip(returns, lengths, strict=True)) == episodes
    assert steps == [sum(length for _, length in episodes[: n + 1]) for n in range(len(episodes))]


def test_the_models_settings_are_the_config_and_the_model_is_kept(trained):
    folder, run_id = trained
    with open_store(url_in(folder)) as store:
        details = store.details(run_id)
    config = details.record.config
    assert (config["algorithm"], config["n_steps"], config["batch_size"]) == ("PPO", 128, 64)
    assert math.isclose(config["learning_rate"], 3e-4)
    assert [artifact.name for artifact in details.artifacts] == ["model.zip"]


def test_its_folder_is_imported_with_the_same_numbers(trained, tmp_path):
    from orbench.cli import main

    folder, run_id = trained
    words = ["--set", "exp_name=ppo", "--set", "env_id=CartPole-v1", "--set", "seed=3"]
    url = f"sqlite:///{tmp_path / 'imported.db'}"
    assert main(["import", "sb3", str(folder), *words, "--store", url]) == 0
    with open_store(url) as store:
        (imported,) = store.run_ids()
    for metric in ("rollout/ep_rew_mean", "train/loss"):
        assert series_of(url, imported, metric) == series_of(url_in(folder), run_id, metric)
