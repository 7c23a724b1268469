"""The pytest plugin, in a pytest of its own as other projects have it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orbench.gate import Baseline, ScoredRun, ScoredSet, baseline_text

SCORES = {"v1": (100.0, 101, 99, 102, 98, 100), "v2": (100.5, 99, 101, 99.5, 100, 98.5)}
SCORES["bad"] = tuple(score - 40 for score in SCORES["v2"])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with three baselines in files, and a policy."""
    (tmp_path / "baselines").mkdir()
    for tag, scores in SCORES.items():
        runs = [
            ScoredRun(f"{tag}{seed}", "CartPole-v1", seed, score, commit="1a2b")
            for seed, score in enumerate(scores)
        ]
        saved = Baseline(tag, ScoredSet(tag, "charts/return", "last-10%", tuple(runs)))
        (tmp_path / "baselines" / f"{tag}.jsonl").write_text(baseline_text(saved))
    (tmp_path / "orbench.toml").write_text(
        '[check]\nbaseline = "baselines/v1.jsonl"\nmargin = "5%"\n'
    )
    return tmp_path


def run_pytest(folder: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_agent.py").write_text(test)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-rs", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def calling(arguments: str) -> str:
    return f"def test_agent(orbench_check):\n    orbench_check({arguments})\n"


def test_an_agent_as_good_passes(project):
    done = run_pytest(project, calling('"baselines/v2.jsonl"'))
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_worse_agent_fails_with_the_reason_and_no_traceback(project):
    done = run_pytest(project, calling('"baselines/bad.jsonl"'))
    assert done.returncode == 1
    assert "REGRESSED: charts/return: CartPole-v1 dropped by" in done.stdout
    assert "Traceback" not in done.stdout
    assert "pytest_plugin.py" not in done.stdout


@pytest.mark.parametrize(
    ("inconclusive", "said", "code"),
    [
        ("fail", "1 failed", 1),
        pytest.param("skip", "1 skipped", 0, marks=pytest.mark.slow),
        pytest.param("pass", "1 passed", 0, marks=pytest.mark.slow),
    ],
)
def test_what_shows_nothing_fails_unless_asked_otherwise(project, inconclusive, said, code):
    asked = f'"baselines/v2.jsonl", margin="0.001%", inconclusive="{inconclusive}"'
    done = run_pytest(project, calling(asked))
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout
    if inconclusive != "pass":
        assert "INCONCLUSIVE: charts/return: no drop is shown" in done.stdout


def test_a_mistake_is_one_sentence_with_near_names(project):
    done = run_pytest(project, calling('"baselines/v2.jsonl", margn="5%"'))
    assert done.returncode == 1
    assert "orbench_check takes no 'margn'; did you mean margin?" in done.stdout


@pytest.mark.slow
def test_runs_in_a_store_are_found(project, put_run):
    from orbench.storage import open_store

    with open_store(f"sqlite:///{project / 'runs.db'}", create=True) as store:
        for tag, scores in SCORES.items():
            for seed, score in enumerate(scores):
                put_run(store, tag, "CartPole-v1", seed, score)
    done = run_pytest(
        project, calling('"tag:bad", baseline="tag:v1", metric="charts/return", store="runs.db"')
    )
    assert done.returncode == 1
    assert "CartPole-v1 dropped by" in done.stdout


def test_pytest_starts_without_anything_heavy(project):
    test = """
import sys

def test_nothing_was_imported():
    heavy = {"numpy", "sqlalchemy", "matplotlib", "typer", "rich", "pandas", "msgspec"}
    assert "orbench.pytest_plugin" in sys.modules
    ours = {name for name in sys.modules if name.split(".")[0] == "orbench"}
    assert ours == {"orbench", "orbench.pytest_plugin"}
    assert not heavy & set(sys.modules)
"""
    alone = ("-p", "no:xdist", "-p", "no:hypothesispytest", "-p", "no:jaxtyping")
    done = run_pytest(project, test, *alone)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_it_can_be_left_out_and_is_told_in_the_list_of_fixtures(project):
    without = run_pytest(project, calling('"baselines/v2.jsonl"'), "-p", "no:orbench")
    assert "fixture 'orbench_check' not found" in without.stdout
    listed = run_pytest(project, "", "--fixtures")
    assert "Judges a candidate against a baseline as `orbench check` does" in listed.stdout
