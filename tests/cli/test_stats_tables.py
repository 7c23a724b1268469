"""`orbench stats`: scores on one scale, the best by test, and tables in every format."""

import csv
import io
from xml.etree import ElementTree

import pytest

STATS = ("stats", "-m", "charts/return", "exp_name=ppo,dqn", "--select", "last", "--reps", 200)
REFERENCES = "env,low,high\nCartPole,0,100\nAcrobot-v1,-31,69\n"


@pytest.fixture
def references(tmp_path):
    path = tmp_path / "ours.csv"
    path.write_text(REFERENCES)
    return path


def test_scores_are_normalised_by_a_file(recorded, references):
    done = recorded(*STATS, "--normalise", references, "-f", "json")
    cells = {row["env_id"]: row["score"] for row in done.json if row["run_set"] == "ppo"}
    # The last return of a run is 10 times its seed, 1 to 3, plus 39.
    assert cells["CartPole-v1"] == pytest.approx(0.59)
    assert cells["Acrobot-v1"] == pytest.approx(0.9)
    told = recorded(*STATS, "--normalise", references).out
    assert "normalised by ours: 0 is the low and 1 the high reference." in told
    assert "Source: the file ours.csv" in told
    assert "they mix the units" not in told


def test_the_american_spelling_and_maxmin(recorded):
    done = recorded(*STATS, "--normalize", "maxmin", "--statistic", "mean", "-f", "json")
    assert {row["score"] for row in done.json} == {0.5}


@pytest.mark.parametrize(
    ("normaliser", "message"),
    [
        ("atari", "'atari' has no reference for the env 'Acrobot-v1'"),
        ("atri", "there is no normaliser 'atri'; did you mean atari?"),
        ("gone.csv", "gone.csv: cannot be read: No such file"),
    ],
)
def test_what_cannot_be_normalised_is_one_line(recorded, normaliser, message):
    done = recorded(*STATS, "--normalise", normaliser)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("orbench: error: ")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_a_wide_table_of_standard_deviations(recorded):
    words = (*STATS, "--layout", "wide", "--spread", "std", "--ddof", 0, "-f", "markdown")
    lines = recorded(*words).out.splitlines()
    assert lines[0] == "| env | dqn | ppo |"
    assert lines[2] == "| Acrobot-v1 | **59.0 ± 8.2** | **59.0 ± 8.2** |"
    assert "std: standard deviation over runs, n in the denominator." in lines


def test_a_table_for_a_page(recorded):
    figure = ElementTree.fromstring(recorded(*STATS, "--layout", "wide", "-f", "html").out)
    assert [cell.text for cell in figure.iter("th")] == ["env", "dqn", "ppo"]


def test_a_table_for_a_paper(recorded):
    text = recorded(*STATS, "--layout", "wide", "-f", "latex").out
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 1
    assert r"\bfseries 59" in text


def test_the_best_end_may_be_chosen(recorded):
    def best(*more):
        rows = csv.DictReader(io.StringIO(recorded(*STATS, *more, "-f", "csv").out))
        return {row["score_best"] for row in rows}

    # Both run sets have the same scores: neither is worse.
    assert best() == {"true"}
    assert best("--best", "none") == {""}
    assert "Bold, or *: the lowest of" in recorded(*STATS, "--select", "lowest").out
    assert "did you mean highest" in recorded(*STATS, "--best", "highst").err
