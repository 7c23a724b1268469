"""The SB3 integration, by the contract of SB3's KVWriter and BaseCallback.

SB3 needs torch, which the tests do not install: a stand-in calls what SB3's own classes call. What
SB3 itself does is in test_sb3_itself.py.
"""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

import orbench
from orbench.errors import UsageError
from orbench.events import ArtifactLogged, ConfigUpdated
from orbench.integrations import sb3
from orbench.journal_reader import SegmentReader


@pytest.fixture
def run(tmp_path):
    """A run as a worker process joins one: a journal of its own, no store."""
    run = orbench.attach_run("0123456789ab", f"sqlite:///{tmp_path}/s.db", str(tmp_path / "j"))
    yield run
    run.finish()


def journal_of(run):
    return SegmentReader(run.writer.segment).read(writer_gone=False)


class BaseCallback:
    """As `stable_baselines3.common.callbacks.BaseCallback` calls what is overridden."""

    def __init__(self, verbose=0):
        self.num_timesteps, self.locals = 0, {}

    def on_training_start(self, model, locals_):
        self.model, self.locals = model, locals_
        self._on_training_start()

    def on_step(self, num_timesteps):
        self.num_timesteps = num_timesteps
        return self._on_step()

    def on_training_end(self):
        self._on_training_end()


class Model:
    learning_rate, gamma, batch_size = 3e-4, 0.99, 64

    def save(self, path):
        path.write_bytes(b"model")


class KVWriter:
    """As `stable_baselines3.common.logger.KVWriter`."""

    def write(self, key_values, key_excluded, step=0):
        raise NotImplementedError

    def close(self):
        raise NotImplementedError


@pytest.fixture
def stand_in(monkeypatch):
    """The modules of SB3 that have BaseCallback and KVWriter."""
    callbacks = types.ModuleType("stable_baselines3.common.callbacks")
    logger = types.ModuleType("stable_baselines3.common.logger")
    callbacks.BaseCallback, logger.KVWriter = BaseCallback, KVWriter
    for name in ("stable_baselines3", "stable_baselines3.common"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    for module in (callbacks, logger):
        monkeypatch.setitem(sys.modules, module.__name__, module)


def test_the_output_format_logs_the_numbers_that_are_dumped(run, stand_in, capfd):
    output = sb3.OrbenchOutputFormat(run)
    assert isinstance(output, KVWriter)  # what SB3's Logger asks
    assert isinstance(output, sb3.OrbenchOutputFormat)
    values = {"rollout/ep_rew_mean": np.float32(1.5), "note": "text", "secret": 2.0}
    output.write(values, {"note": None, "secret": ("orbench",)}, step=2048)
    output.write({"rollout/ep_rew_mean": 2}, {}, step=4096)
    points = journal_of(run).points
    assert list(points) == ["rollout/ep_rew_mean"]
    assert points["rollout/ep_rew_mean"].steps.tolist() == [2048, 4096]
    assert points["rollout/ep_rew_mean"].values.tolist() == [1.5, 2.0]
    output.close()
    assert "left out: note (1)" in capfd.readouterr().err
    assert not run.ended


def test_the_callback_logs_config_episodes_and_the_model(run, stand_in):
    made = sb3.callback(run, save_model=True)
    infos = [{}]
    made.on_training_start(Model(), {"infos": infos})
    assert made.on_step(10)
    infos[0] = {"episode": {"r": 21.0, "l": 5, "t": 0.1}}
    made.on_step(15)
    made.on_training_end()
    journal = journal_of(run)
    assert journal.points["charts/episodic_return"].steps.tolist() == [15]
    assert journal.points["charts/episodic_length"].values.tolist() == [5.0]
    (config,) = [one.values for one in journal.events if isinstance(one, ConfigUpdated)]
    assert config == {"algorithm": "Model", "learning_rate": 3e-4, "gamma": 0.99, "batch_size": 64}
    (artifact,) = [one for one in journal.events if isinstance(one, ArtifactLogged)]
    assert (artifact.name, artifact.kind, artifact.size) == ("model.zip", "model", 5)


def test_without_sb3_it_is_said_what_to_install(run, monkeypatch):
    for name in ("", ".common", ".common.callbacks", ".common.logger"):
        monkeypatch.setitem(sys.modules, f"stable_baselines3{name}", None)
    with pytest.raises(UsageError, match="pip install stable-baselines3"):
        sb3.callback(run)
    with pytest.raises(UsageError, match="pip install stable-baselines3"):
        sb3.OrbenchOutputFormat(run)
