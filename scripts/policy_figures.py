"""Learns CartPole with ten seeds, prints how each went, and draws the picture of docs/policy.md.

    python scripts/policy_figures.py

Needs gymnasium (`pip install gymnasium`); takes a minute or two on one core.
"""

import sys
from pathlib import Path

import gymnasium
import numpy as np

from headway.policy import play, reinforce
from headway.report import returns_picture, write_picture

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SEEDS, DRAWN = 10, 5


def main() -> None:
    """Print a line for each seed, then mean, standard deviation and worst; write the picture."""
    runs, rows = [], []
    for seed in range(SEEDS):
        envs = [gymnasium.make("CartPole-v1") for _ in range(10)]
        learned = reinforce(envs, solved_at=490, random_state=seed)
        drawn = play(learned.policy, envs, episodes=100, random_state=1000 + seed)
        greedy = play(
            learned.policy.at_temperature(0), envs, episodes=100, random_state=2000 + seed
        )
        last = learned.history[-1]
        row = (last.episodes, last.seconds, drawn.returns.mean(), greedy.returns.mean())
        runs.append(learned)
        rows.append(row)
        say(f"seed {seed}", row)
    table = np.array(rows)
    say("mean", table.mean(axis=0))
    say("std", table.std(axis=0, ddof=1))
    say("worst", [*table[:, :2].max(axis=0), *table[:, 2:].min(axis=0)])
    picture = returns_picture(
        runs[:DRAWN],
        title="CartPole: a linear softmax policy learns to balance in a few hundred episodes",
        solved_at=475,
    )
    sys.stdout.write(f"{write_picture(picture, IMAGES / 'cartpole.png')}\n")


def say(name, row) -> None:
    """Print one line."""
    episodes, seconds, drawn, greedy = row
    sys.stdout.write(
        f"{name:7} {episodes:5.0f} episodes {seconds:5.1f} s   mean return over 100 episodes: "
        f"{drawn:5.1f}, greedy {greedy:5.1f}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
