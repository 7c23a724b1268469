"""The policy: read from two places, unknown keys named, each rule says why it failed."""

from __future__ import annotations

import pytest

from orbench.errors import UsageError
from orbench.gate import (
    Margin,
    MarginUnit,
    MaxDuration,
    MaxFailed,
    MinRuns,
    RequiredEnvs,
    ScoredRun,
    ScoredSet,
    Verdict,
    found_policy,
    read_policy,
)
from orbench.gate.rules import broken
from orbench.run_set import LeftOut

FULL = """
[check]
baseline = "baselines/ppo.jsonl"
candidate = "exp_name=ppo tag:pr"
metric = "charts/return"
select = "last-100"
repeats = "average"
better = "higher"
margin = "5%"
every-env = true
alpha = 0.01
looks = 2
power = 0.9
permutations = 5000
seed = 3
include = ["killed"]
shared-envs = true
two-stage = true
allow-inconclusive = true
min-runs = 5
max-failed = "10%"
envs = ["Hopper-v4"]
max-duration = 3600

[[check.also]]
metric = "run.duration"
margin = "20%"
"""


def test_everything_is_read(tmp_path):
    path = tmp_path / "orbench.toml"
    path.write_text(FULL)
    policy = read_policy(path)
    first, second = policy.measures
    assert (policy.baseline, policy.candidate) == ("baselines/ppo.jsonl", "exp_name=ppo tag:pr")
    assert (first.metric, first.select, first.repeats) == ("charts/return", "last-100", "average")
    assert (first.margin, first.every_env) == (Margin(5.0), True)
    assert (second.metric, second.margin) == ("run.duration", Margin(20.0))
    assert policy.rules == (
        MinRuns(5),
        MaxFailed(0.1),
        RequiredEnvs(("Hopper-v4",)),
        MaxDuration(3600.0),
    )
    assert (policy.include, policy.shared_envs, policy.two_stage) == (("killed",), True, True)
    drops = policy.settings(second, lower_is_better=True)
    assert (drops.alpha, drops.looks, drops.power, drops.seed) == (0.01, 2, 0.9, 3)
    assert (drops.shares, drops.level, drops.lower_is_better) == (2, 0.0025, True)


def test_the_first_file_that_has_one_counts(tmp_path):
    assert found_policy(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text('[tool.orbench.check]\nmargin = "0.5sd"\n')
    assert found_policy(tmp_path).measures[0].margin == Margin(0.5, MarginUnit.SD)
    (tmp_path / "orbench.toml").write_text("[other]\n")
    assert found_policy(tmp_path).measures[0].margin == Margin(0.5, MarginUnit.SD)
    (tmp_path / "orbench.toml").write_text("[check]\nmargin = 12\n")
    assert found_policy(tmp_path).measures[0].margin == Margin(12.0, MarginUnit.SCORE)


def test_keys_may_have_underscores(tmp_path):
    path = tmp_path / "orbench.toml"
    path.write_text("[check]\nmin_runs = 4\nevery_env = true\n")
    assert read_policy(path).rules == (MinRuns(4),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[check]\nmargn = 1", "no key 'margn'; did you mean margin"),
        ("[check]\nzzz = 1", "no key 'zzz'; there are metric"),
        ("[check]\nmargin = true", "margin is a number, not True"),
        ("[check]\nmargin = '5 apples'", "is no margin"),
        ("[check]\nalpha = '0.05'", "alpha is a number"),
        ("[check]\nalpha = 2", "alpha is above 0"),
        ("[check]\nmin-runs = -1", "min-runs is a whole number"),
        ("[check]\nmax-failed = 'some'", "max-failed is a share"),
        ("[check]\nmax-failed = 3", "max-failed is a share"),
        ("[check]\nenvs = 'Hopper-v4'", "envs is a list"),
        ("[check]\ntwo-stage = 1", "two-stage is true or false"),
        ("[check]\nmetric = 3", "metric is a text"),
        ("[check]\nbetter = 'hgher'", "did you mean higher"),
        ("[check]\nalso = 3", "also is a list of tables"),
        ("[[check.also]]\nmin-runs = 3", "no key 'min-runs'"),
        ("check = 3", "check is no table"),
        ("[chekc]", "has no policy"),
        ("[check", "does not parse"),
    ],
)
def test_mistakes_are_told_in_one_line_with_the_file(tmp_path, text, said):
    path = tmp_path / "orbench.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_policy(path)
    assert "orbench.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def side(*found, left_out=()):
    return ScoredSet("x", "m", "last", found, tuple(left_out))


def run(env="Hopper-v4", duration=10.0, run_id="a"):
    return ScoredRun(run_id, env, 1, 0.0, duration=duration)


def lost(reason):
    return LeftOut("b", "x", "Ant-v4", reason)


BASELINE = side(run(), run(run_id="c"))


@pytest.mark.parametrize(
    ("rule", "candidate", "why", "verdict"),
    [
        (MinRuns(2), side(run()), "asked for: candidate 1 on Hopper-v4", Verdict.INCONCLUSIVE),
        (MinRuns(1), side(run()), "", None),
        (
            MaxFailed(0.4),
            side(run(), left_out=[lost("failed")]),
            "1 of the candidate's 2 runs did not finish, more than 40%: b on Ant-v4 failed",
            Verdict.REGRESSED,
        ),
        (MaxFailed(0.5), side(run(), left_out=[lost("failed")]), "", None),
        (MaxFailed(0.0), side(run(), left_out=[lost("running")]), "", None),
        (RequiredEnvs(("Hopper-v4",)), side(run()), "", None),
        (
            RequiredEnvs(("Hopper-v4", "Ant-v4")),
            side(run()),
            "the candidate has no run on Ant-v4",
            Verdict.INCONCLUSIVE,
        ),
        (
            MaxDuration(9),
            side(run()),
            "runs may take 9 s: a on Hopper-v4 took 10 s",
            Verdict.REGRESSED,
        ),
        (MaxDuration(10), side(run(), run(duration=None)), "", None),
    ],
)
def test_a_rule_says_why_it_is_broken(rule, candidate, why, verdict):
    found = broken([rule], BASELINE, candidate)
    if not why:
        assert found == ()
        return
    (one,) = found
    assert why in one.why
    assert (one.name, one.verdict) == (rule.name, verdict)
