"""The workflow in docs/gate.md: it parses, and its shell steps run, as far as without GitHub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orbench.gate import Baseline, ScoredRun, ScoredSet, baseline_text

yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extras of the trackers")

PAGE = Path(__file__).parents[1] / "docs" / "gate.md"

AGENT = """
import argparse, random
import orbench

parser = argparse.ArgumentParser()
parser.add_argument("--env-id")
parser.add_argument("--seed", type=int)
args = parser.parse_args()
with orbench.start_run(env_id=args.env_id, seed=args.seed) as run:
    for step in range(5):
        run.log({"charts/return": SCORE + random.Random(args.seed).gauss(0, 2)}, step=step)
"""


@pytest.fixture(scope="module")
def steps() -> dict[str, dict]:
    """The steps of the job by name or action."""
    (text,) = re.findall(r"<!-- workflow -->\n```yaml\n(.*?)^```$", PAGE.read_text(), re.S | re.M)
    workflow = yaml.safe_load(text)
    # YAML 1.1 reads the key `on` as true.
    assert workflow[True] == "pull_request"
    return {step.get("name") or step["uses"]: step for step in workflow["jobs"]["gate"]["steps"]}


def run_step(step: dict, folder: Path, **outputs: str) -> subprocess.CompletedProcess[str]:
    """Run a step's shell as GitHub does, with `${{ ... }}` filled in."""
    script = re.sub(r"\$\{\{ (.*?) \}\}", lambda found: outputs[found[1]], step["run"])
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ORBENCH_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(folder / "output.txt"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "ORBENCH_SYSTEM_SECONDS": "0",
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_it_asks_for_no_more_rights_than_it_needs(steps):
    text = PAGE.read_text()
    assert "contents: read" in text
    assert "pull_request_target" not in text
    assert set(steps) >= {"Install", "Train", "Check", "Comment", "Verdict"}


@pytest.mark.parametrize(("code", "ends"), [("0", 0), ("3", 0), ("1", 1), ("2", 1), ("", 1)])
def test_the_last_step_blocks_what_it_should(steps, tmp_path, code, ends):
    done = run_step(steps["Verdict"], tmp_path, **{"steps.check.outputs.code": code})
    assert done.returncode == ends


@pytest.mark.slow
@pytest.mark.parametrize(("score", "code", "verdict"), [(100, "0", "PASS"), (60, "1", "REGRESSED")])
def test_training_and_check_run(steps, tmp_path, score, code, verdict):
    runs = [
        ScoredRun(f"v{seed}", "CartPole-v1", seed, 98.0 + seed, commit="1a2b") for seed in range(5)
    ]
    saved = Baseline("agent", ScoredSet("agent", "charts/return", "last-10%", tuple(runs)))
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "agent.jsonl").write_text(baseline_text(saved))
    (tmp_path / "train.py").write_text(AGENT.replace("SCORE", str(score)))
    trained = run_step(steps["Train"], tmp_path)
    assert trained.returncode == 0, trained.stderr
    checked = run_step(steps["Check"], tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert f"title={verdict}%3A charts/return" in checked.stdout
    assert (tmp_path / "output.txt").read_text() == f"code={code}\n"
    assert f"orbench check: {verdict}" in (tmp_path / "summary.md").read_text()
    assert (tmp_path / "check.png").exists()
    assert (tmp_path / "check.xml").exists()
