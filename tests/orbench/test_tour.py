"""The tour's training: what is planned, and what happens when a training fails."""

import sys

import pytest

from orbench.errors import RecordingError
from orbench.storage import open_store
from orbench.tour import AGENTS, Training, plan_tour, train

SHORT = ("--episodes", "1")


def test_the_plan_has_every_agent_on_every_env_with_every_seed_once():
    plan = plan_tour(seeds=4)

    cells = {(one.agent, one.env_id, one.seed) for one in plan}
    assert len(plan) == len(cells) == 2 * 3 * 4
    assert {one.agent for one in plan} == set(AGENTS)
    assert {one.seed for one in plan} == {1, 2, 3, 4}


def test_a_quick_plan_differs_in_the_episodes_only():
    def episodes(training):
        return int(training.settings[training.settings.index("--episodes") + 1])

    for long, short in zip(plan_tour(1), plan_tour(1, quick=True), strict=True):
        assert episodes(long) == 10 * episodes(short)
        assert long.settings[2:] == short.settings[2:]


@pytest.mark.slow
def test_a_training_records_into_the_store_given_whatever_is_recording_us(tmp_path, monkeypatch):
    monkeypatch.setenv("ORBENCH_RUN_ID", "0123456789ab")
    monkeypatch.setenv("ORBENCH_STORE", f"sqlite:///{tmp_path}/other.db")
    url = f"sqlite:///{tmp_path}/tour.db"
    done = []
    trainings = [Training("sarsa", "FrozenLake-v1", seed, SHORT) for seed in (1, 2, 3)]
    train(trainings, url, at_once=2, on_done=done.append)

    with open_store(url) as store:
        records = [store.details(run_id).record for run_id in store.run_ids()]
    assert {record.seed for record in records} == {1, 2, 3}
    assert {record.parent_id for record in records} == {None}
    assert set(done) == set(trainings)
    assert not (tmp_path / "other.db").exists()


@pytest.mark.slow
def test_a_training_that_fails_is_named_with_its_last_words_and_stops_the_rest(tmp_path):
    trainings = [Training("sarsa", "CartPole-v1", seed, SHORT) for seed in range(8)]
    with pytest.raises(RecordingError, match=r"sarsa on CartPole-v1, seed \d: .*has others"):
        train(trainings, f"sqlite:///{tmp_path}/tour.db", at_once=1, on_done=print)

    with open_store(f"sqlite:///{tmp_path}/tour.db") as store:
        assert len(store.run_ids()) < 8


def test_the_command_of_a_training_is_what_a_user_would_type():
    command = Training("q_learning", "Taxi-v4", 7, ("--episodes", "9")).command

    assert command == [
        *(sys.executable, "-m", "orbench.examples.q_learning", "--project", "tour"),
        *("--env-id", "Taxi-v4", "--seed", "7", "--episodes", "9"),
    ]
