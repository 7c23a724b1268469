"""A SummaryWriter that logs to a run: what a CleanRL script calls, with one import changed."""

from __future__ import annotations

import pytest

from orbench.integrations.summary_writer import SummaryWriter
from orbench.run_store import open_store

HYPERPARAMETERS = "|param|value|\n|-|-|\n|env_id|CartPole-v1|\n|gamma|0.99|\n|cuda|True|\n|note||\n"


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("ORBENCH_STORE", f"sqlite:///{tmp_path}/s.db")
    return f"sqlite:///{tmp_path}/s.db"


def stored(url):
    """The one run of the store, and its series by metric."""
    with open_store(url) as opened:
        (run_id,) = opened.run_ids()
        details = opened.details(run_id)
        names = [one.metric for one in details.metrics if not one.metric.startswith("system/")]
        series = {name: opened.series([run_id], name)[0] for name in names}
    return details.record, series


def test_what_a_cleanrl_script_logs_is_a_run(store):
    writer = SummaryWriter("runs/CartPole-v1__ppo__3__1700000000")
    writer.add_text("hyperparameters", HYPERPARAMETERS)
    for step in (10, 20):
        writer.add_scalar("charts/episodic_return", step * 1.5, step)
    writer.add_scalar("late", 1.0, 5, 1_700_000_000.5)
    writer.close()
    record, series = stored(store)
    assert (record.exp_name, record.env_id, record.seed) == ("ppo", "CartPole-v1", 3)
    assert record.config == {"env_id": "CartPole-v1", "gamma": 0.99, "cuda": True, "note": ""}
    assert record.status == "finished"
    assert series["charts/episodic_return"].steps.tolist() == [10, 20]
    assert series["charts/episodic_return"].values.tolist() == [15.0, 30.0]
    assert series["late"].wall_times.tolist() == [1_700_000_000.5]


def test_several_scalars_hparams_and_text(store):
    with SummaryWriter() as writer:
        writer.add_scalars("loss", {"policy": 1, "value": 2}, 7)
        writer.add_hparams({"lr": 0.1}, {"best": 5})
        writer.add_text("notes", "a text")
        writer.add_scalar("counted", 1)
        writer.add_scalar("counted", 2)
        writer.flush()
    record, series = stored(store)
    assert series["loss/value"].steps.tolist() == [7]
    assert series["counted"].steps.tolist() == [0, 1]
    assert record.config == {"lr": 0.1}
    assert record.summary == {"best": 5.0, "notes": "a text"}


def test_what_a_run_does_not_hold_is_counted_and_told_once(store, capfd):
    with SummaryWriter() as writer:
        writer.add_histogram("weights", [1, 2], 0)
        writer.add_histogram("weights", [1, 2], 1)
        writer.add_image("frame", object())
        with pytest.raises(AttributeError, match="no attribute 'add_scalr'"):
            writer.add_scalr("a", 1)
    told = [line for line in capfd.readouterr().err.splitlines() if "left out" in line]
    assert len(told) == 1
    assert "2 x add_histogram, 1 x add_image" in told[0]


def test_an_exception_leaves_a_failed_run(store):
    def fail():
        with SummaryWriter():
            raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        fail()
    assert stored(store)[0].status == "failed"


def test_a_run_of_somebody_else_goes_on(store):
    import orbench

    with orbench.start_run(console=False, system_metrics=False) as run:
        SummaryWriter(run=run).close()
        assert not run.ended
        run.log({"loss": 1.0}, 0)
    assert list(stored(store)[1]) == ["loss"]
