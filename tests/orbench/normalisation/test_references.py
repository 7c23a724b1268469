"""Normalising: (score - low) / (high - low) by env, refused wherever the reference does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import ScoreError
from orbench.normalisation import EnvNames, Normaliser, Reference, normalised, normaliser
from orbench.score import ScoreMatrix, TaskScores


def matrix(label="ppo", **tasks):
    columns = tuple(
        TaskScores(
            task,
            np.array(scores, float),
            tuple(range(len(scores))),
            tuple(f"{task}{place}" for place in range(len(scores))),
        )
        for task, scores in tasks.items()
    )
    return ScoreMatrix(label, "return", "the last value of a run", columns)


def named(references, **more):
    return Normaliser("ours", "0 is bad, 1 is good", "a report", "3", references, **more)


GRID = named({"Maze": Reference(-10.0, 30.0), "Cost": Reference(8.0, 2.0)})


def test_low_becomes_0_and_high_1_and_the_rest_stays_as_it_is():
    before = matrix(Maze=[-10.0, 30.0, 10.0], Cost=[8.0, 5.0])
    after = GRID.normalise(before)
    assert [scores.tolist() for scores in after.arrays()] == [[0.0, 1.0, 0.5], [0.0, 0.5]]
    assert after.column("Maze").run_ids == before.column("Maze").run_ids
    assert (after.label, after.metric, after.selection) == ("ppo", "return", before.selection)
    assert before.column("Maze").scores.tolist() == [-10.0, 30.0, 10.0]


def test_the_matrix_says_how_it_was_normalised_and_is_not_normalised_twice():
    after = GRID.normalise(matrix(Maze=[1.0]))
    assert after.normalisation == GRID.caption
    assert GRID.caption == "by ours (version 3): 0 is bad, 1 is good. Source: a report"
    with pytest.raises(ScoreError, match="ppo are normalised already, by ours"):
        GRID.normalise(after)


def test_an_env_without_a_reference_is_an_error_with_near_names():
    with pytest.raises(ScoreError, match=r"no reference for the env 'Mase-v0'; did you mean Maze"):
        GRID.normalise(matrix(**{"Maze": [1.0], "Mase-v0": [1.0]}))


@pytest.mark.parametrize("score", [-0.1, 1.1])
def test_a_score_outside_a_closed_range_is_refused(score):
    closed = named({"Maze": Reference(0.0, 1.0)}, closed=True)
    assert closed.normalise(matrix(Maze=[0.0, 1.0 + 1e-9])).tasks
    with pytest.raises(ScoreError, match=f"a score on Maze is {score:g}, but 'ours' is for scores"):
        closed.normalise(matrix(Maze=[0.5, score]))


def test_a_reference_holds_for_its_versions_alone():
    one = named({"Maze": Reference(0.0, 1.0, ("v1", "v2"))})
    assert one.reference("Maze-v2") == one.reference("Maze")
    with pytest.raises(ScoreError, match="a reference for Maze v1 and v2, none for Maze-v3"):
        one.reference("Maze-v3")


FINITE = st.floats(-1e6, 1e6)


@given(low=FINITE, width=st.floats(1e-3, 1e6), scores=st.lists(FINITE, min_size=1, max_size=9))
def test_normalising_keeps_order_and_can_be_undone(low, width, scores):
    one = named({"Maze": Reference(low, low + width)})
    after = one.scaled("Maze", np.array(scores))
    back = after * ((low + width) - low) + low
    np.testing.assert_allclose(back, scores, atol=1e-6, rtol=1e-9)
    assert np.all(np.diff(after[np.argsort(scores)]) >= 0)


def test_curves_of_any_shape_are_scaled_too():
    assert GRID.scaled("Maze", np.full((2, 3), 10.0)).tolist() == [[0.5] * 3] * 2


# -- maxmin: the range of what is compared


def test_maxmin_spans_the_runs_of_all_sets_compared():
    ppo, sac = normalised([matrix("ppo", A=[1.0, 3.0]), matrix("sac", A=[5.0, 2.0])], "maxmin")
    assert ppo.column("A").scores.tolist() == [0.0, 0.5]
    assert sac.column("A").scores.tolist() == [1.0, 0.25]


def test_maxmin_says_that_it_depends_on_who_is_compared():
    (one,) = normalised([matrix("ppo", A=[1.0, 3.0])], "maxmin")
    assert "the run sets compared here (ppo), with others the scores change" in one.normalisation


def test_maxmin_takes_envs_by_their_whole_names():
    (one,) = normalised([matrix(**{"A-v1": [0.0, 1.0], "A-v2": [0.0, 10.0]})], "maxmin")
    assert [scores.tolist() for scores in one.arrays()] == [[0.0, 1.0], [0.0, 1.0]]


def test_maxmin_refuses_an_env_where_all_scores_are_the_same():
    with pytest.raises(ScoreError, match="every run has the score 7 on B: 'maxmin' has no range"):
        normalised([matrix("ppo", A=[1.0, 2.0], B=[7.0]), matrix("sac", B=[7.0, 7.0])], "maxmin")


def test_maxmin_needs_something_to_compare():
    with pytest.raises(ScoreError, match="needs the scores that are compared"):
        normaliser("maxmin")


# -- names of envs


ATARI = EnvNames(("ALE",), suffixes=("NoFrameskip", "Deterministic", "-ram"))


@pytest.mark.parametrize(
    "name",
    [
        "MsPacman-v5", "MsPacman-v4", "MsPacman-v0", "ALE/MsPacman-v5", "ale/MsPacman-v5",
        "MsPacmanNoFrameskip-v4", "MsPacmanDeterministic-v4", "MsPacman-ram-v5",
        "MsPacman-ramNoFrameskip-v4", "ms_pacman", "Ms Pacman", "ale_py:ALE/MsPacman-v5",
    ],
)  # fmt: skip
def test_names_of_one_game(name):
    assert ATARI.key(name) == "mspacman"


@pytest.mark.parametrize("name", ["MinAtar/MsPacman-v1", "MsPacman-MinAtar", "Pacman-v5"])
def test_names_of_other_games(name):
    assert ATARI.key(name) != "mspacman"


def test_a_name_that_is_all_suffix_is_kept():
    assert ATARI.key("NoFrameskip-v4") == "noframeskip"
