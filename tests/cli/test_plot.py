"""`orbench plot KIND`: every kind is written whole, says how it was made, and refuses plainly."""

from __future__ import annotations

import csv
import json

import pytest

from orbench.cli.option_groups import with_groups
from orbench.cli.plot_options import Redrawn
from orbench.cli.thresholds import parse_thresholds
from orbench.errors import UsageError

KINDS = (
    "curves", "walltime", "intervals", "scores", "profiles", "improvement", "ranks", "efficiency",
)  # fmt: skip
BOTH = ("exp_name=ppo,dqn", "-m", "charts/return", "--reps", "100")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_prints_the_paths_of_its_files_and_notes_its_caption(recorded, tmp_path, kind):
    done = recorded("plot", kind, *BOTH, "--seed", 5, "-o", tmp_path / "figure.svg")
    assert done.code == 0, done.err
    written = done.out.split()
    assert [path.rpartition(".")[2] for path in written] == ["svg", "txt", "csv", "json"]
    caption = (tmp_path / "figure.txt").read_text()
    assert "charts/return" in caption
    assert "100 replicates, seed 5" in caption
    assert caption in done.err
    with (tmp_path / "figure.csv").open(newline="") as file:
        assert list(next(csv.DictReader(file))) == list(
            json.loads((tmp_path / "figure.json").read_text())[0]
        )


def test_a_run_set_has_one_colour_in_figures_of_one_filter(recorded, tmp_path):
    """dqn alone is blue; beside broken, which has no points, it keeps the second colour."""
    words = ("-m", "charts/return", "--reps", "100", "-f", "svg")
    for kind in ("curves", "scores"):
        assert (
            recorded("plot", kind, "exp_name=broken,dqn", *words, "-o", tmp_path / kind).code == 0
        )
        assert "#e69f00" in (tmp_path / f"{kind}.svg").read_text()
        assert "#0072b2" not in (tmp_path / f"{kind}.svg").read_text()


def test_scores_are_normalised_by_name_or_file(recorded, tmp_path):
    (tmp_path / "mine.csv").write_text("env,low,high\nCartPole-v1,0,100\nAcrobot-v1,0,100\n")
    done = recorded(
        "plot", "intervals", *BOTH, "--normalise", tmp_path / "mine.csv", "-o", tmp_path / "a.svg"
    )
    assert done.code == 0, done.err
    assert "normalised by mine" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["profiles", *BOTH, "--thresholds", "1,0"], "thresholds must rise"),
        (["profiles", *BOTH, "--thresholds", "a"], "is no list of thresholds"),
        (["intervals", *BOTH, "--statistic", "iqn"], "did you mean iqm?"),
        (["intervals", *BOTH, "--normalise", "atari"], "no reference for the env"),
        (["intervals", *BOTH, "--interval", "bcaa"], "did you mean bca"),
        (["scores", *BOTH, "--level", "95"], "between 0 and 1"),
        (["scores", "-m", "charts/return", "--reps", "9"], "use at least 100"),
        (["improvement", "exp_name=ppo", *BOTH[1:]], "there is only ppo"),
        (["scores", "exp_name=ppo", "-m", "loss", "--select", "lowest"], "seed 1) is nan"),
        (["improvement", *BOTH, "--baseline", "dqm"], "did you mean dqn?"),
        (["ranks", "exp_name=ppo", *BOTH[1:]], "2 run sets or more"),
        (["efficiency", *BOTH, "--over", "hours"], "there are no curves over 'hours'"),
        (["curves", *BOTH, "--theme", "drak"], "did you mean dark?"),
        (["ranks", *BOTH, "--format", "gif"], "use png, svg, pdf"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_one_line_says_what_is_wrong(recorded, tmp_path, arguments, said):
    done = recorded("plot", *arguments, "-o", tmp_path / "figure.svg")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert said in done.err
    assert not list(tmp_path.iterdir())


def test_run_sets_with_different_envs_are_told_apart(recorded, tmp_path):
    filters = ("exp_name=ppo", "or", "(exp_name=dqn", "env_id=CartPole-v1)")
    for kind in ("intervals", "profiles", "improvement", "ranks", "efficiency"):
        done = recorded("plot", kind, *filters, *BOTH[1:], "-o", tmp_path / "figure.svg")
        assert done.code == 2
        assert "dqn has no runs on Acrobot-v1" in done.err


def test_thresholds_are_a_list_or_a_range():
    assert parse_thresholds("0,0.5,2") == [0.0, 0.5, 2.0]
    assert parse_thresholds("0:1:5") == [0.0, 0.25, 0.5, 0.75, 1.0]
    for text in ("", "0:1", "0:1:1", "0:1:99999999", "0:inf:5", "x"):
        with pytest.raises(UsageError):
            parse_thresholds(text)


def test_a_command_gets_its_group_as_one_value():
    got = []

    @with_groups
    def command(redrawn: Redrawn, other: int = 3) -> None:
        got.append((redrawn, other))

    command(interval="bc", level=0.9, reps=100, seed=1, other=4)
    assert got == [(Redrawn("bc", 0.9, 100, 1), 4)]
