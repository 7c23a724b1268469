"""Q-learning: off-policy temporal-difference control.

Sutton & Barto, Reinforcement Learning: An Introduction, 2nd edition, section 6.5. The update
bootstraps from the best action in the next state, whatever the agent will do there:

    Q(S, A)  <-  Q(S, A) + alpha * [R + gamma * max_a Q(S', a) - Q(S, A)]

It therefore learns the value of the greedy policy while it behaves epsilon-greedily. On
CliffWalking that is the short way along the edge, and exploring there means to fall off now and
then: compare `sarsa.py`.

    python examples/q_learning.py --env-id CliffWalking-v1 --seed 1 --episodes 500
    python -m orbench.examples.q_learning --env-id Taxi-v4
"""

from __future__ import annotations

import argparse
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

import orbench
from orbench.integrations.gymnasium import RecordReturns

QTable = NDArray[np.float64]


def main(arguments: list[str] | None = None) -> None:
    """Train one agent on one env with one seed, as one recorded run."""
    args = parse_arguments(arguments)
    with orbench.start_run(
        project=args.project,
        exp_name="q_learning",
        env_id=args.env_id,
        seed=args.seed,
        config=args,
    ) as run:
        env = gymnasium.make(args.env_id, max_episode_steps=args.max_episode_steps)
        env = RecordReturns(env, run)
        env.reset(seed=args.seed)
        env.action_space.seed(args.seed)
        q_learning(env, args, np.random.default_rng(args.seed))
        env.close()


def q_learning(
    env: gymnasium.Env[Any, Any], args: argparse.Namespace, rng: np.random.Generator
) -> QTable:
    """Learn action values: a table (states x actions)."""
    q = initial_values(env, args.initial_value)
    for _ in range(args.episodes):
        state, _ = env.reset()
        ended = False
        while not ended:
            action = epsilon_greedy(env, q[state], args.exploration, rng)
            next_state, reward, terminated, truncated, _ = env.step(action)
            # A terminal state is worth nothing; a truncated episode would have gone on.
            best = 0.0 if terminated else q[next_state].max()
            error = float(reward) + args.discount * best - q[state, action]
            q[state, action] += args.step_size * error
            state, ended = next_state, terminated or truncated
    return q


def initial_values(env: gymnasium.Env[Any, Any], value: float) -> QTable:
    """A table of one value; a hopeful one makes the agent try every action (section 2.6)."""
    states, actions = env.observation_space, env.action_space
    if not (isinstance(states, Discrete) and isinstance(actions, Discrete)):
        raise SystemExit(f"a table needs discrete states and actions; {env} has others")
    return np.full((int(states.n), int(actions.n)), value)


def epsilon_greedy(
    env: gymnasium.Env[Any, Any], values: QTable, exploration: float, rng: np.random.Generator
) -> int:
    """Any action with probability `exploration`, else one of the best, ties broken at random."""
    if rng.random() < exploration:
        return int(env.action_space.sample())
    best = np.flatnonzero(values == values.max())
    return int(best[rng.integers(len(best))])


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line; every option becomes a config value of the run."""
    parser = argparse.ArgumentParser(description="Q-learning on a small discrete env.")
    parser.add_argument("--project", default="examples")
    parser.add_argument("--env-id", default="CliffWalking-v1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--episodes", type=int, default=500)
    parser.add_argument("--max-episode-steps", type=int, help="by default the env's own limit")
    parser.add_argument("--step-size", type=float, default=0.5, help="alpha")
    parser.add_argument("--discount", type=float, default=1.0, help="gamma")
    parser.add_argument("--exploration", type=float, default=0.1, help="epsilon")
    parser.add_argument("--initial-value", type=float, default=1.0, help="Q before learning")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
