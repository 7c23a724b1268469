"""What random play earns in MinAtar: the lower references of `--normalise minatar`.

    uv run --no-project --with minatar==1.0.15 python benchmarks/minatar_random_play.py

Actions are drawn evenly from those that do something in a game (its minimal set, as in Gymnasium's
`MinAtar/...-v1`); sticky actions and rising difficulty are as MinAtar has them by default. Prints a
Markdown table of the mean return, its standard error and the number of episodes.
"""

from __future__ import annotations

import numpy as np
from minatar import Environment  # type: ignore[import-not-found]

EPISODES = {
    **{"asterix": 10_000, "breakout": 10_000, "seaquest": 10_000, "space_invaders": 10_000},
    "freeway": 2_000,  # each takes 2,500 steps
}


def random_returns(game: str, episodes: int, seed: int = 0) -> np.ndarray:
    """The returns of so many episodes of random play."""
    env = Environment(game)
    env.seed(seed)
    random = np.random.default_rng(seed)
    actions = env.minimal_action_set()
    returns = np.zeros(episodes)
    for episode in range(episodes):
        env.reset()
        ended = False
        while not ended:
            reward, ended = env.act(actions[random.integers(len(actions))])
            returns[episode] += reward
    return returns


def main() -> None:
    """Play every game and print what was earned."""
    print("| game | mean return | standard error | episodes |")
    print("|---|---:|---:|---:|")
    for game, episodes in EPISODES.items():
        returns = random_returns(game, episodes)
        error = returns.std(ddof=1) / np.sqrt(episodes)
        print(f"| {game} | {returns.mean():.4f} | {error:.4f} | {episodes:,} |", flush=True)


if __name__ == "__main__":
    main()
