"""`orbench check`, `baseline` and `power`, as a maintainer of a library uses them."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

TRAINING = """
import random
import orbench

drops = {"v1": 0.0, "v2": 0.0, "bad": 60.0}
for tag, drop in drops.items():
    for env_id in ("CartPole-v1", "Acrobot-v1"):
        for seed in range(6):
            score = 200 + random.Random(f"{tag}{env_id}{seed}").gauss(0, 5)
            score -= drop if env_id == "Acrobot-v1" else 0
            with orbench.start_run(
                project="demo", exp_name="ppo", env_id=env_id, seed=seed, tags=[tag],
                console=False, system_metrics=False,
            ) as run:
                for step in range(5):
                    run.log({"charts/return": score + step}, step=step)
"""
CHECK = ("check", "--permutations", 1999)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, orbench_in):
    """A folder whose store has v1, v2 (as good) and bad (worse on Acrobot-v1)."""
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("trained")
    (folder / "train.py").write_text(TRAINING)
    orbench = orbench_in(folder)
    subprocess.run(
        [sys.executable, "train.py"], cwd=folder, env=orbench.environment(), check=True, timeout=300
    )
    done = orbench("baseline", "save", "v1", "tag:v1", "-m", "charts/return")
    assert (done.code, done.out) == (0, "")
    assert "saved baseline 'v1': 12 runs on 2 envs, charts/return" in done.err
    return orbench


def test_pass_is_0_and_regressed_is_1_with_the_env_named(trained):
    good = trained(*CHECK, "tag:v2", "--baseline", "v1")
    assert good.code == 0, good.err
    assert good.out.splitlines()[-1].startswith("PASS: charts/return: the drop on average")
    bad = trained(*CHECK, "tag:bad", "--baseline", "v1")
    assert bad.code == 1
    assert "Acrobot-v1 dropped by" in bad.out.splitlines()[-1]


def test_inconclusive_is_3_unless_allowed(trained):
    asked = (*CHECK, "tag:v2", "-b", "v1", "--margin", "0.001%")
    assert trained(*asked).code == 3
    assert trained(*asked, "--allow-inconclusive").code == 0


def test_the_same_command_prints_the_same_bytes(trained):
    first, again = (trained(*CHECK, "tag:v2", "-b", "v1", "-f", "json") for _ in range(2))
    assert first.raw == again.raw


def test_every_format_has_the_verdict(trained):
    def printed(form):
        return trained(*CHECK, "tag:bad", "-b", "v1", "--format", form)

    assert printed("json").json["verdict"] == "REGRESSED"
    assert "| Acrobot-v1 | 6 v 6 |" in printed("markdown").out
    assert printed("github").out.startswith("::error title=REGRESSED%3A charts/return::")
    assert ElementTree.fromstring(printed("junit").out).find(".//failure") is not None


def test_reports_are_written_beside_what_is_printed(trained, tmp_path):
    files = {name: tmp_path / f"check.{name}" for name in ("markdown", "junit", "json")}
    figure = tmp_path / "figures" / "check.png"
    done = trained(
        *(*CHECK, "tag:bad", "-b", "v1", "--figure", figure),
        *(word for name, path in files.items() for word in (f"--{name}", path)),
    )
    assert done.code == 1
    assert figure.as_posix() in files["markdown"].read_text()
    assert json.loads(files["json"].read_text())["exit_code"] == 1
    assert ElementTree.fromstring(files["junit"].read_text()).get("name") == "orbench check"
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert "REGRESSED" in figure.with_suffix(".txt").read_text()


def test_a_committed_file_serves_without_the_runs_it_was_made_of(trained, tmp_path):
    path = tmp_path / "ppo.jsonl"
    done = trained("baseline", "save", "ppo", "tag:v1", "-m", "charts/return", "--file", path)
    assert done.code == 0, done.err
    assert trained(*CHECK, "tag:v2", "-b", path).code == 0
    text = path.read_text()
    again = trained("baseline", "save", "ppo", "tag:v1", "-m", "charts/return", "--file", path)
    assert "replaced baseline" in again.err
    assert path.read_text() == text
    path.write_text(text.replace('"seed": 3', '"seed": 4', 1))
    edited = trained(*CHECK, "tag:v2", "-b", path)
    assert (edited.code, edited.out) == (2, "")
    assert "was edited after it was saved" in edited.err


def test_two_files_are_judged_without_any_store(trained, fresh):
    for tag in ("v1", "bad"):
        path = fresh.folder / f"{tag}.jsonl"
        trained("baseline", "save", tag, f"tag:{tag}", "-m", "charts/return", "--file", path)
    done = fresh(*CHECK, "bad.jsonl", "-b", "v1.jsonl")
    assert done.code == 1, done.err


def test_baselines_are_listed_shown_and_removed(trained):
    (row,) = [one for one in trained("baseline", "list", "-f", "json").json if one["name"] == "v1"]
    assert (row["metric"], row["select"], row["runs"], row["envs"]) == (
        *("charts/return", "last-10%"),
        *(12, 2),
    )
    shown = trained("baseline", "show", "v1", "-f", "json").json
    assert [one["seed"] for one in shown] == [*range(6)] * 2
    trained("baseline", "save", "gone", "tag:v1", "-m", "run.duration")
    assert trained("baseline", "rm", "gone").code == 0
    missing = trained("baseline", "show", "gnoe")
    assert (missing.code, missing.out) == (2, "")
    assert "no baseline 'gnoe'" in missing.err


def test_a_policy_file_says_what_to_check(trained, tmp_path, orbench_in):
    (tmp_path / "orbench.toml").write_text(
        '[check]\nbaseline = "v1"\ncandidate = "tag:bad"\nmetric = "charts/return"\n'
        "min-runs = 7\npermutations = 1999\n"
    )
    store = trained.folder / "runs" / "orbench.db"
    here = orbench_in(tmp_path)
    done = here("check", "--store", store)
    assert done.code == 1, done.err
    assert "INCONCLUSIVE: min-runs: at least 7 runs on each env are asked for" in done.out
    # What the command line says goes first.
    assert here("check", "tag:v2", "--store", store, "-f", "json").json["verdict"] != "REGRESSED"


def test_the_missing_seeds_are_printed_as_commands(trained):
    done = trained(*CHECK, "tag:bad", "-b", "v1", "--two-stage", "--emit-missing")
    assert done.code == 3
    assert "suspected, not confirmed" in done.err
    # This script trains all seeds in one process, so its command line names none.
    assert re.fullmatch(r"(# .* does not name its seed; run seeds 6, 7 by hand\n)+", done.out)


def test_power_from_recorded_runs_and_from_a_stated_spread(trained, tmp_path):
    figure = tmp_path / "power.svg"
    done = trained(
        *(
            "power",
            "tag:v1",
            "-m",
            "charts/return",
            "--drop",
            "5%",
            "--figure",
            figure,
            "-f",
            "json",
        )
    )
    assert done.code == 0, done.err
    drops = [row["everywhere"] for row in done.json]
    assert drops == sorted(drops, reverse=True)
    assert "a drop of 5% on all envs at once needs" in done.err
    assert figure.read_text().lstrip().startswith("<?xml")
    stated = trained("power", "--sd", 20, "--mean", 100, "--envs", 10, "--runs", 5)
    assert stated.code == 0
    assert re.search(r"^ +5 +5 +\d+\.\d+%", stated.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "no baseline: give --baseline"),
        (["check", "tag:v2"], "no baseline: give --baseline"),
        (["check", "-b", "v1"], "no candidate: give a filter"),
        (["check", "tag:v1", "-b", "tag:v1", "-m", "charts/return"], "are the same runs"),
        (["check", "tag:v2", "-b", "v11"], "no baseline 'v11'; did you mean v1?"),
        (["check", "tag:v2", "-b", "tag:v9", "-m", "charts/return"], "fulfils tag"),
        (["check", "tag:v2", "-b", "v1", "-m", "charts/retrun"], "not of charts/retrun"),
        (["check", "tag:v2", "-b", "tag:v1", "-m", "charts/retrun"], "did you mean charts/return"),
        (["check", "tag:v2", "-b", "v1", "--alpha", "2"], "alpha is above 0 and at most 0.5"),
        (["check", "tag:v2", "-b", "v1", "--margin", "-5%"], "'-5%' is no margin"),
        (["check", "tag:v2", "-b", "v1", "--margin", "500%"], "would let everything pass"),
        (["check", "tag:v2", "-b", "v1", "--better", "hihger"], "did you mean higher?"),
        (["check", "tag:v2", "-b", "v1", "--policy", "no.toml"], "no.toml: No such file"),
        (["check", "tag:v2", "-b", "v1", "--include", "faild"], "did you mean failed?"),
        (["check", "tag:v2", "-b", "no.jsonl"], "cannot read no.jsonl: No such file"),
        (["baseline", "save", "a b", "tag:v1", "-m", "charts/return"], "is no name for a baseline"),
        (["baseline", "save", "x", "tag:v1"], "give --metric"),
        (["baseline", "save", "x", "tag:v1", "-m", "charts/retrun"], "did you mean charts/return"),
        (
            ["baseline", "save", "x", "tag:v1", "-m", "charts/return", "--file", "x.csv"],
            "a baseline's file ends with .jsonl",
        ),
        (["baseline", "rm", "v11"], "no baseline 'v11'"),
        (["power", "tag:v1"], "give --metric, or --sd"),
        (["power", "--sd", "5"], "give --mean with --sd"),
        (["power", "--sd", "5", "--unit", "percent"], "'percent' is no unit of a drop"),
        (["power", "--sd", "5", "--mean", "9", "--runs", "1"], "at least 2 runs"),
        (["power", "--sd", "5", "--mean", "9", "--drop", "x"], "'x' is no margin"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(trained, arguments, said):
    done = trained(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("orbench: error: ")
    assert said in done.err
    assert len(done.err.splitlines()) == 1
