"""The cross-entropy method: search for a linear policy, without a gradient.

Rubinstein 1999; on control tasks Szita & Lorincz 2006. Draw policies from a normal distribution,
play each for an episode, and move the distribution to the best of them:

    theta_i ~ N(mean, deviation^2),   mean, deviation  <-  those of the elite

A little noise on the deviation, less in every generation, keeps it from settling too early. The
policy pushes the cart to the right where theta . (observation, 1) is positive, else to the left.

    python examples/cross_entropy.py --env-id CartPole-v1 --seed 1 --generations 20
    python -m orbench.examples.cross_entropy
"""

from __future__ import annotations

import argparse
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

import orbench
from orbench.integrations.gymnasium import RecordReturns

Weights = NDArray[np.float64]


def main(arguments: list[str] | None = None) -> None:
    """Search with one seed on one env, as one recorded run."""
    args = parse_arguments(arguments)
    with orbench.start_run(
        project=args.project,
        exp_name="cross_entropy",
        env_id=args.env_id,
        seed=args.seed,
        config=args,
    ) as run:
        env = RecordReturns(gymnasium.make(args.env_id), run)
        env.reset(seed=args.seed)
        env.action_space.seed(args.seed)
        rng = np.random.default_rng(args.seed)
        mean, deviation = np.zeros(number_of_weights(env)), np.ones(number_of_weights(env))
        for generation in range(args.generations):
            mean, deviation = next_distribution(env, mean, deviation, generation, args, rng)
            spread = {"search/deviation": float(deviation.mean())}
            run.log(spread, step=env.global_step)
        env.close()


def next_distribution(
    env: gymnasium.Env[Any, Any],
    mean: Weights,
    deviation: Weights,
    generation: int,
    args: argparse.Namespace,
    rng: np.random.Generator,
) -> tuple[Weights, Weights]:
    """Mean and deviation (weights) after one generation of policies was tried."""
    policies = mean + deviation * rng.standard_normal((args.population, mean.size))
    returns = [episodic_return(env, theta) for theta in policies]
    elite = policies[np.argsort(returns)[-args.elite :]]
    noise = args.noise * max(0.0, 1.0 - 2.0 * generation / args.generations)
    return elite.mean(axis=0), elite.std(axis=0) + noise


def episodic_return(env: gymnasium.Env[Any, Any], theta: Weights) -> float:
    """Play one episode with the policy `theta`; the sum of its rewards."""
    observation, _ = env.reset()
    total, ended = 0.0, False
    while not ended:
        action = int(theta[:-1] @ observation + theta[-1] > 0.0)
        observation, reward, terminated, truncated, _ = env.step(action)
        total += float(reward)
        ended = terminated or truncated
    return total


def number_of_weights(env: gymnasium.Env[Any, Any]) -> int:
    """One weight for each value of an observation, and one for the constant."""
    seen, actions = env.observation_space, env.action_space
    if not (isinstance(seen, Box) and isinstance(actions, Discrete) and actions.n == 2):
        raise SystemExit(f"the policy needs vectors to see and two actions; {env} has others")
    return int(np.prod(seen.shape)) + 1


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line; every option becomes a config value of the run."""
    parser = argparse.ArgumentParser(description="Cross-entropy search for a linear policy.")
    parser.add_argument("--project", default="examples")
    parser.add_argument("--env-id", default="CartPole-v1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--generations", type=int, default=20)
    parser.add_argument("--population", type=int, default=20, help="policies in a generation")
    parser.add_argument("--elite", type=int, default=4, help="policies that shape the next one")
    parser.add_argument("--noise", type=float, default=1.0, help="on the deviation at first")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
