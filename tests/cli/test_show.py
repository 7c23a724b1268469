"""`orbench show` and `orbench diff`: all that is known of runs."""

import subprocess
import sys

import numpy as np
import pytest

SECTIONS = [
    *("Run", "Status", "Command", "Source", "Environment", "Machine", "Variables", "Seeds"),
    *("Config", "Summary", "Metrics", "Artifacts", "Console", "Capture notes", "Damage"),
]


def run_id(recorded, where):
    return recorded("list", where, "-f", "json").json[0]["run_id"]


@pytest.fixture(scope="session")
def broken(recorded):
    return run_id(recorded, "exp_name=broken")


@pytest.fixture(scope="session")
def trained(recorded):
    return run_id(recorded, "exp_name=ppo env_id=CartPole-v1 seed=2")


def sections(text):
    found = {}
    for block in text.rstrip("\n").split("\n\n"):
        title, *lines = block.split("\n")
        found[title.partition(" (")[0]] = [line.removeprefix("  ") for line in lines]
    return found


def test_the_page_has_every_section_in_order_and_none_is_empty(recorded, trained):
    page = sections(recorded("show", trained).out)
    assert list(page) == SECTIONS
    assert all(page.values())


def test_a_prefix_is_enough(recorded, trained):
    assert recorded("show", trained[:9]).out == recorded("show", trained).out


def test_the_page_tells_what_the_run_was(recorded, trained):
    page = sections(recorded("show", trained).out)
    pairs = {line.split(None, 1)[0]: line.split(None, 1)[1] for line in page["Run"]}
    assert pairs == {
        **{"id": trained, "project": "demo", "exp_name": "ppo", "env_id": "CartPole-v1"},
        **{"seed": "2", "tags": "v1.2", "host": pairs["host"]},
    }
    assert sorted(page["Config"]) == [
        "note         a|b & c_d",
        "optim.betas  0.9, 0.99",
        "optim.lr     0.0003",
    ]
    assert page["Summary"] == ["best  59"]
    metrics = {line.split()[0]: line.split()[1:] for line in page["Metrics"][1:]}
    assert metrics["charts/return"] == ["40", "39", "59", "20", "59", "0"]
    assert metrics["loss"][:3] == ["41", "40", "nan"]
    assert "models/policy.txt" in page["Artifacts"][1]
    assert page["Damage"] == ["none"]


def test_the_page_tells_how_a_run_failed_and_what_it_said(recorded, broken):
    page = sections(recorded("show", broken).out)
    assert "status     failed" in page["Status"]
    assert "exit code  3" in page["Status"]
    assert sorted(page["Console"]) == ["about to fail", "on stderr"]
    assert page["Command"][0].startswith("typed")


def test_packages_are_counted_on_the_page_and_listed_on_request(recorded, trained):
    listed = recorded("show", trained, "--packages", "--format", "json").json
    versions = {package["name"].lower(): package["version"] for package in listed}
    assert versions["numpy"] == np.__version__
    page = sections(recorded("show", trained).out)
    assert f"packages               {len(listed)} (--packages lists them)" in page["Environment"]


def test_json_has_everything_the_page_has(recorded, trained):
    shown = recorded("show", trained, "--format", "json").json
    assert shown["run_id"] == trained
    assert shown["config"]["optim"] == {"lr": 3e-4, "betas": [0.9, 0.99]}
    assert {metric["metric"]: metric["n"] for metric in shown["metrics"]} == {
        "charts/return": 40,
        "loss": 41,
    }
    assert set(shown["facts"]) == {
        *("environment", "source", "machine", "command", "variables", "seeds", "capture")
    }
    assert shown["artifacts"][0]["name"] == "models/policy.txt"


def test_the_console_comes_back_byte_for_byte_and_harmless_on_the_page(fresh):
    written = b"a\xff\r\n50%\r100%\n\x1b[1mb"
    code = f"import sys; sys.stdout.buffer.write({written!r})"
    assert fresh.apart("record", "--", sys.executable, "-c", code).raw == written
    run = run_id(fresh, "all")
    assert fresh("show", run, "--console").raw == written
    assert sections(fresh("show", run).out)["Console"] == ["a\ufffd", "100%", "\\x1b[1mb"]


def test_uncommitted_changes_come_back_as_git_wrote_them(fresh):
    def git(*words):
        done = subprocess.run(
            ["git", "-c", "user.name=n", "-c", "user.email=e@x", *words],
            cwd=fresh.folder,
            check=True,
            capture_output=True,
        )
        return done.stdout

    git("init", "-q")
    script = fresh.folder / "train.py"
    script.write_text("print(1)\n")
    git("add", "train.py")
    git("commit", "-q", "-m", "first")
    script.write_text("print(2)\n")
    assert fresh.apart("record", "--", sys.executable, "train.py").code == 0
    diff = fresh("show", run_id(fresh, "all"), "--diff").out
    script.write_text("print(1)\n")
    (fresh.folder / "changes.patch").write_text(diff)
    git("apply", "changes.patch")
    assert script.read_text() == "print(2)\n"


def test_without_uncommitted_changes_there_is_no_diff_to_print(recorded, trained):
    done = recorded("show", trained, "--diff")
    assert (done.code, done.out) == (2, "")
    assert f"run {trained} has no uncommitted changes on record" in done.err


def test_diff_shows_only_what_differs(recorded, trained, broken):
    other = run_id(recorded, "exp_name=dqn env_id=CartPole-v1 seed=2")
    rows = recorded("diff", trained, other, "--format", "json").json
    differing = {(row["section"], row["key"]): (row["a"], row["b"]) for row in rows}
    assert differing["run", "exp_name"] == ("ppo", "dqn")
    assert differing["config", "optim.lr"] == (3e-4, 1e-3)
    assert ("config", "note") not in differing
    assert ("results", "loss (last)") not in differing  # NaN in both
    assert not [section for section, _ in differing if section == "packages"]


def test_diff_of_everything_has_all_sections(recorded, trained, broken):
    rows = recorded("diff", trained, broken, "--all", "--format", "json").json
    assert {row["section"] for row in rows} >= {
        *("run", "config", "packages", "environment", "source", "machine", "command"),
        *("variables", "seeds", "results"),
    }


def test_a_run_does_not_differ_from_itself(recorded, trained):
    done = recorded("diff", trained, trained, "--format", "json")
    assert done.json == []
    assert "the two runs do not differ" in done.err
