"""RecordReturns: every episode that ends, once, with its return and length, at the global step."""

import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.wrappers import TimeLimit

import orbench
from orbench.events import FactsCaptured
from orbench.integrations.gymnasium import EPISODIC_LENGTH, EPISODIC_RETURN, RecordReturns
from orbench.journal_reader import SegmentReader

NEXT_STEP, SAME_STEP, DISABLED = AutoresetMode


@pytest.fixture
def run(tmp_path):
    """A run as a worker process joins one: a journal of its own, no store."""
    run = orbench.attach_run("0123456789ab", f"sqlite:///{tmp_path}/s.db", str(tmp_path / "j"))
    yield run
    run.finish()


def journal_of(run):
    return SegmentReader(run.writer.segment).read(writer_gone=False)


def episodes(run):
    """What the run logged: (step, return, length) of each episode."""
    logged = journal_of(run).points
    if not logged:
        return []
    returns, lengths = logged[EPISODIC_RETURN], logged[EPISODIC_LENGTH]
    assert returns.steps.tolist() == lengths.steps.tolist()
    return list(
        zip(returns.steps.tolist(), returns.values.tolist(), lengths.values.tolist(), strict=True)
    )


def told_seeds(run):
    """What the wrapper told of seeds, by generator."""
    [told] = [event for event in journal_of(run).events if isinstance(event, FactsCaptured)]
    assert told.kind == "seeds"
    return told.document["generators"]


def scripted(*episodes, truncates=False):
    """An env that pays these rewards: one list an episode, from the first again after the last."""

    # A class made here travels by value to the processes of an AsyncVectorEnv.
    class Scripted(gymnasium.Env):
        observation_space = gymnasium.spaces.Discrete(100)
        action_space = gymnasium.spaces.Discrete(2)

        def __init__(self):
            self.episode, self.at = -1, 0

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.episode, self.at = self.episode + 1, 0
            return 0, {}

        def step(self, action):
            rewards = episodes[self.episode % len(episodes)]
            reward = rewards[self.at]
            self.at += 1
            ended = self.at == len(rewards)
            return self.at, reward, ended and not truncates, ended and truncates, {}

    return Scripted()


def play(env, steps):
    """Step an env, resetting it after an end."""
    env.reset(seed=1)
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(0)
        if terminated or truncated:
            env.reset()


def play_vector(env, steps):
    """Step a vector env, resetting ended sub-envs by hand where it does not do so itself."""
    env.reset(seed=1)
    by_hand = env.metadata["autoreset_mode"] is DISABLED
    for _ in range(steps):
        _, _, terminations, truncations, _ = env.step(np.zeros(env.num_envs, dtype=int))
        ended = terminations | truncations
        if by_hand and ended.any():
            env.reset(options={"reset_mask": ended})


# -- one env


def test_an_episode_is_logged_when_it_ends_at_the_number_of_actions_so_far(run):
    play(RecordReturns(scripted([1.0, 2.0], [10.0, 20.0, 30.0]), run), steps=7)

    assert episodes(run) == [(2, 3.0, 2), (5, 60.0, 3), (7, 3.0, 2)]


@pytest.mark.parametrize("truncates", [False, True])
def test_a_truncated_episode_has_ended_as_a_terminated_one(run, truncates):
    play(RecordReturns(scripted([1.0, 2.0], truncates=truncates), run), steps=2)

    assert episodes(run) == [(2, 3.0, 2)]


def test_an_unfinished_episode_is_not_logged(run):
    play(RecordReturns(scripted([1.0, 2.0], [5.0] * 9), run), steps=8)

    assert episodes(run) == [(2, 3.0, 2)]


def test_a_reset_in_the_midst_drops_the_episode_but_its_steps_count(run):
    env = RecordReturns(scripted([1.0] * 9, [2.0, 3.0]), run)
    env.reset()
    env.step(0)
    env.step(0)
    env.reset()
    env.step(0)
    env.step(0)

    assert episodes(run) == [(4, 5.0, 2)]


def test_steps_after_an_end_without_a_reset_belong_to_no_episode(run):
    env = RecordReturns(TimeLimit(scripted([1.0, 2.0, 9.0]), 2), run)
    env.reset()
    for _ in range(3):
        env.step(0)

    assert episodes(run) == [(2, 3.0, 2)]


def test_float32_rewards_are_summed_in_float64(run):
    tenth = np.float32(0.1)
    play(RecordReturns(scripted([tenth] * 1000), run), steps=1000)

    [(_, episodic_return, _)] = episodes(run)
    assert episodic_return == pytest.approx(1000 * float(tenth), rel=1e-12)


def test_counting_goes_on_where_a_resumed_run_stopped(run):
    env = RecordReturns(scripted([1.0, 2.0]), run, global_step=1_000)
    play(env, steps=2)
    env.global_step = 5_000
    play(env, steps=2)

    assert [step for step, _, _ in episodes(run)] == [1_002, 5_002]
    assert env.global_step == 5_002


# -- vector envs


def vector_env(kind, mode, *envs):
    functions = [lambda env=env: env for env in envs]
    if kind == "sync":
        return SyncVectorEnv(functions, autoreset_mode=mode)
    # A fork of a process with threads warns from Python 3.12 on.
    return AsyncVectorEnv(functions, autoreset_mode=mode, context="forkserver")


WITH_KIND = pytest.mark.parametrize("kind", ["sync", "async"])


@WITH_KIND
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        # With NEXT_STEP the step after an end resets: sub-env 0 plays steps 1-2, 4, 6-7.
        (NEXT_STEP, [(4, 3.0, 2), (6, 60.0, 3), (8, 7.0, 1), (14, 3.0, 2), (14, 60.0, 3)]),
        # With SAME_STEP and resets by hand no step is lost: sub-env 0 plays 1-2, 3, 4-5, 6, 7-.
        *(
            (
                mode,
                [
                    (4, 3.0, 2),
                    (6, 7.0, 1),
                    (6, 60.0, 3),
                    (10, 3.0, 2),
                    (12, 7.0, 1),
                    (12, 60.0, 3),
                ],
            )
            for mode in (SAME_STEP, DISABLED)
        ),
    ],
)
def test_each_sub_env_logs_its_own_episodes_at_the_step_over_all(run, kind, mode, expected):
    envs = vector_env(kind, mode, scripted([1.0, 2.0], [7.0]), scripted([10.0, 20.0, 30.0]))
    env = RecordReturns(envs, run)
    play_vector(env, steps=7)
    env.close()

    assert episodes(run) == expected
    assert env.global_step == 14


@WITH_KIND
@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_an_episode_of_one_step_follows_another(run, kind, mode):
    env = RecordReturns(vector_env(kind, mode, scripted([1.0], [2.0], [3.0])), run)
    play_vector(env, steps=5)
    env.close()

    at = {NEXT_STEP: [1, 3, 5]}.get(mode, [1, 2, 3, 4, 5])
    paid = [1.0, 2.0, 3.0, 1.0, 2.0]
    assert episodes(run) == [(step, reward, 1) for step, reward in zip(at, paid, strict=False)]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_reset_of_some_sub_envs_drops_their_episodes_only(run, mode):
    envs = vector_env("sync", mode, scripted([1.0] * 4), scripted([1.0] * 4))
    env = RecordReturns(envs, run)
    env.reset()
    for _ in range(2):
        env.step([0, 0])
    env.reset(options={"reset_mask": np.array([True, False])})
    for _ in range(2):
        env.step([0, 0])

    assert episodes(run) == [(8, 4.0, 4)]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_reset_of_a_vector_env_drops_all_its_episodes(run, mode):
    env = RecordReturns(vector_env("sync", mode, scripted([1.0] * 3, [5.0] * 2)), run)
    env.reset()
    env.step([0])
    env.reset()
    env.step([0])
    env.step([0])

    assert episodes(run) == [(3, 10.0, 2)]


def test_a_sub_env_at_rest_logs_its_end_once_until_it_is_reset(run):
    class Resting(VectorEnv):
        """Says that it has ended at every step after the end, as envs may."""

        num_envs = 1
        action_space = gymnasium.spaces.MultiDiscrete([2])

        def __init__(self):
            self.metadata = {"autoreset_mode": DISABLED}

        def reset(self, *, seed=None, options=None):
            return np.zeros(1), {}

        def step(self, actions):
            ended = np.array([True])
            return np.zeros(1), np.array([4.0], dtype=np.float32), ended, ~ended, {}

    env = RecordReturns(Resting(), run)
    env.reset()
    env.step([0])
    env.step([0])
    env.reset()
    env.step([0])

    assert episodes(run) == [(1, 4.0, 1), (3, 4.0, 1)]


def test_a_vector_env_that_does_not_say_how_it_resets_is_taken_as_next_step(run):
    envs = vector_env("sync", NEXT_STEP, scripted([1.0, 2.0]))
    envs.metadata = {}
    env = RecordReturns(envs, run)
    env.reset()
    for _ in range(5):
        env.step([0])

    assert episodes(run) == [(2, 3.0, 2), (5, 3.0, 2)]


def test_float32_rewards_of_a_vector_env_are_summed_in_float64(run):
    tenth = np.float32(0.1)
    env = RecordReturns(vector_env("sync", SAME_STEP, scripted([tenth] * 1000)), run)
    play_vector(env, steps=1000)

    [(_, episodic_return, _)] = episodes(run)
    assert episodic_return == pytest.approx(1000 * float(tenth), rel=1e-12)


# -- real envs, against Gymnasium's own statistics


def test_it_agrees_with_gymnasium_on_cartpole(run):
    counted = gymnasium.wrappers.RecordEpisodeStatistics(gymnasium.make("CartPole-v1"))
    env = RecordReturns(counted, run)
    env.action_space.seed(3)
    env.reset(seed=3)
    for _ in range(500):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()

    ours = [(episodic_return, length) for _, episodic_return, length in episodes(run)]
    assert len(ours) > 10
    assert ours == list(zip(counted.return_queue, counted.length_queue, strict=True))


@pytest.mark.parametrize("mode", [NEXT_STEP, SAME_STEP])
def test_it_agrees_with_gymnasium_on_four_cartpoles(run, mode):
    envs = gymnasium.make_vec(
        "CartPole-v1",
        num_envs=4,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": mode},
    )
    counted = gymnasium.wrappers.vector.RecordEpisodeStatistics(envs)
    env = RecordReturns(counted, run)
    env.action_space.seed(3)
    env.reset(seed=3)
    for _ in range(200):
        env.step(env.action_space.sample())

    ours = [(episodic_return, length) for _, episodic_return, length in episodes(run)]
    assert len(ours) > 20
    assert ours == list(zip(counted.return_queue, counted.length_queue, strict=True))


def test_it_counts_the_steps_of_a_vector_env_that_is_no_list_of_envs(run):
    env = RecordReturns(gymnasium.make_vec("CartPole-v1", num_envs=3), run)  # vectorised in numpy
    env.action_space.seed(1)
    env.reset(seed=1)
    for _ in range(100):
        env.step(env.action_space.sample())

    assert all(length == paid for _, paid, length in episodes(run))
    assert env.global_step == 300


# -- facts


def test_the_config_gets_the_spec_of_the_env(run):
    RecordReturns(gymnasium.make("FrozenLake-v1", is_slippery=False, max_episode_steps=9), run)

    spec = run.config["env_spec"]
    assert spec["id"] == "FrozenLake-v1"
    assert spec["class"] == "FrozenLakeEnv"
    assert spec["max_episode_steps"] == 9
    assert spec["kwargs"] == {"map_name": "4x4", "is_slippery": False}
    assert spec["wrappers"] == ["TimeLimit", "OrderEnforcing", "PassiveEnvChecker"]


def test_the_config_gets_the_spec_of_the_sub_envs(run):
    functions = [lambda: gymnasium.make("CartPole-v1")] * 2
    RecordReturns(SyncVectorEnv(functions, autoreset_mode=SAME_STEP), run)

    spec = run.config["env_spec"]
    assert (spec["id"], spec["class"]) == ("CartPole-v1", "CartPoleEnv")
    assert (spec["num_envs"], spec["autoreset_mode"]) == (2, "SameStep")
    assert spec["wrappers"][0] == "SyncVectorEnv"


def test_an_env_that_was_not_made_from_a_spec_is_known_by_its_class(run):
    RecordReturns(scripted([1.0]), run)

    assert run.config["env_spec"] == {"class": "Scripted", "wrappers": []}


@pytest.mark.parametrize("vector", [False, True])
def test_the_facts_get_the_seeds_of_env_and_action_space(run, vector):
    env = gymnasium.make_vec("CartPole-v1", num_envs=2) if vector else scripted([1.0])
    recorded = RecordReturns(env, run)
    recorded.reset(seed=11)
    recorded.action_space.seed(12)
    recorded.step(recorded.action_space.sample())

    seeds = told_seeds(run)
    assert (seeds["env"]["seed"], seeds["action_space"]["seed"]) == (11, 12)
    assert {told["verdict"] for told in seeds.values()} == {"seeded"}


def test_a_seed_beyond_64_bits_is_recorded_as_text(run):
    env = RecordReturns(scripted([1.0]), run)
    env.reset(seed=2**80)
    env.step(0)

    assert told_seeds(run)["env"]["seed"] == str(2**80)


def test_seeds_of_single_sub_envs_are_recorded_as_a_list(run):
    env = RecordReturns(vector_env("sync", NEXT_STEP, scripted([1.0]), scripted([1.0])), run)
    env.reset(seed=[5, 6])
    env.step([0, 0])

    assert told_seeds(run)["env"]["seed"] == [5, 6]


def test_what_was_not_seeded_is_said_to_be_so(run):
    env = RecordReturns(scripted([1.0]), run)
    env.reset()
    env.step(env.action_space.sample())

    assert {told["verdict"] for told in told_seeds(run).values()} == {"not seeded"}


# -- a wrapper like any other


def test_it_passes_everything_through(run):
    env = RecordReturns(gymnasium.make("CartPole-v1"), run)

    assert isinstance(env, gymnasium.Wrapper)
    assert env.get_wrapper_attr("gravity") == env.unwrapped.gravity
    env.set_wrapper_attr("gravity", 5.0)
    assert env.unwrapped.gravity == 5.0
    assert env.spec.id == "CartPole-v1"
    assert env.observation_space == env.unwrapped.observation_space


def test_it_passes_everything_of_a_vector_env_through(run):
    env = RecordReturns(
        gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync"), run
    )

    assert isinstance(env, gymnasium.vector.VectorWrapper)
    assert env.num_envs == 2
    assert env.spec.id == "CartPole-v1"
    assert env.unwrapped.get_attr("gravity") == (9.8, 9.8)


def test_it_is_pickled_with_its_run_and_its_count(run):
    env = RecordReturns(gymnasium.make("CartPole-v1"), run)
    env.reset(seed=1)
    env.step(0)
    other = pickle.loads(pickle.dumps(env))
    ended = False
    while not ended:
        _, _, ended, _, _ = other.step(0)
    joined = other.run
    joined.finish()

    assert joined.run_id == run.run_id
    assert joined.writer.segment != run.writer.segment
    logged = SegmentReader(joined.writer.segment).read(writer_gone=True)
    assert logged.points[EPISODIC_LENGTH].values.tolist() == [other.global_step]
    assert episodes(run) == []


def test_what_is_no_env_is_refused(run):
    with pytest.raises(TypeError, match=r"gymnasium\.Env"):
        RecordReturns(object(), run)
