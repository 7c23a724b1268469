"""Checks of runs in a store: verdicts, measures, stages, what is said, and bad input."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from orbench.errors import (
    BaselineNotFoundError,
    MetricNotFoundError,
    NoRunsError,
    ScoreError,
    UsageError,
)
from orbench.filters import parse
from orbench.gate import (
    Baseline,
    DropSettings,
    GatedMeasure,
    MinRuns,
    Policy,
    Verdict,
    baseline_text,
    check,
    check_annotations,
    check_document,
    check_junit,
    check_markdown,
    measure_named,
    next_commands,
    parse_margin,
    scored_runs,
)
from orbench.gate.next_runs import with_seed

METRIC = "charts/return"
DROPS = DropSettings(relabellings=1999)


def policy(candidate="tag:v2", baseline="tag:v1", measures=None, **changes):
    gated = measures or (GatedMeasure(metric=METRIC),)
    return Policy(baseline, candidate, tuple(gated), drops=changes.pop("drops", DROPS), **changes)


def test_as_good_passes_and_broken_regressed(gated_store):
    good, bad = (check(gated_store, policy(tag)) for tag in ("tag:v2", "tag:bad"))
    assert (good.verdict, good.exit_code) == (Verdict.PASS, 0)
    assert (bad.verdict, bad.exit_code) == (Verdict.REGRESSED, 1)
    assert "env1 dropped by" in bad.headlines[0]


def test_the_notes_say_how_it_was_judged(gated_store):
    said = " ".join(check(gated_store, policy()).gated[0].notes)
    assert "Score: the mean over the last 10% of a run's steps (charts/return); higher" in said
    assert "Baseline: tag:v1, 8 runs on each env at 1a2b3c4d5e." in said
    assert "Alpha 0.05, margin 10%" in said
    assert "with power 0.8" in said


def test_several_measures_share_alpha_and_the_worst_decides(gated_store):
    both = policy(measures=[GatedMeasure(metric=METRIC), GatedMeasure(metric="run.duration")])
    result = check(gated_store, both)
    assert [one.judgement.settings.level for one in result.gated] == [0.025, 0.025]
    assert result.gated[1].sides.lower_is_better
    assert "(0.05 over 2 measures)" in " ".join(result.gated[0].notes)


def test_wall_time_and_rate_are_gated(own_store, put_run):
    for seed in range(6):
        put_run(own_store, "v1", "env", seed, 1.0, seconds=100 + seed, host="a")
        put_run(own_store, "v2", "env", seed, 1.0, seconds=200 + seed, host="b")
    slow = check(own_store, policy(measures=[GatedMeasure(metric="run.duration")]))
    assert slow.verdict is Verdict.REGRESSED
    assert any("different machines (a; b)" in note for note in slow.gated[0].notes)
    rate = check(own_store, policy(measures=[GatedMeasure(metric="run.steps_per_second")]))
    # 100 steps in 50 seconds, on both sides.
    assert rate.gated[0].judgement.tasks[0].candidate_mean == 2.0


def test_memory_is_the_peak_that_was_sampled(own_store, put_run):
    name = "system/process_rss_bytes"
    for seed in range(3):
        put_run(own_store, "v1", "env", seed, 2.0**21, metric=name)
    scores = measure_named("run.memory").scores(own_store, own_store.runs())
    assert set(scores.values()) == {2.0}


def test_how_many_runs_of_which_commits_are_compared_is_said(own_store, put_run):
    for seed, commit in enumerate(["1a2b3c4d5e6f7a8b+", "1a2b3c4d5e6f7a8b+", "none"]):
        put_run(own_store, "v1", "env", seed, 1.0, commit=commit)
    put_run(own_store, "v2", "env", 0, 1.0, commit="none")
    said = " ".join(check(own_store, policy()).gated[0].notes)
    assert "v1, 3 runs on each env at 1a2b3c4d5e+, no commit. " in said
    assert "v2, 1 run on each env at no commit." in said


def test_broken_rules_count(gated_store):
    result = check(gated_store, policy(rules=(MinRuns(6),)))
    assert (result.verdict, result.exit_code) == (Verdict.INCONCLUSIVE, 3)
    assert "candidate 5 on env0" in result.headlines[1]
    allowed = check(gated_store, policy(rules=(MinRuns(6),), allow_inconclusive=True))
    assert allowed.exit_code == 0


def test_a_saved_baseline_says_what_the_scores_are(gated_store, tmp_path):
    scored = scored_runs(gated_store, parse("tag:v1"), measure_named(METRIC, "best"))
    path = tmp_path / "v1.jsonl"
    saved = Baseline("v1", replace(scored, label="v1"))
    path.write_text(baseline_text(saved))
    result = check(gated_store, policy(baseline=str(path), measures=[GatedMeasure()]))
    assert result.gated[0].sides.measure.selection == "best"
    assert result.verdict is Verdict.PASS
    for asked, said in (
        (GatedMeasure(metric="run.duration"), "scores of charts/return, not of run.duration"),
        (GatedMeasure(select="last"), "scored by best, not by last"),
        (GatedMeasure(better="lower"), "saved with higher scores"),
        (GatedMeasure(repeats="average"), "with repeats keep, not average"),
    ):
        with pytest.raises(ScoreError, match=said):
            check(gated_store, policy(baseline=str(path), measures=[asked]))


# -- two stages and the runs that are lacking


def test_two_stages_suspect_then_confirm(own_store, put_run, scores):
    (pair,) = scores(3, (10, 8), (5.0,), sd=5.0)
    for seed, score in enumerate(pair.baseline):
        put_run(own_store, "v1", "env", seed, float(score))
    for seed, score in enumerate(pair.candidate[:3]):
        put_run(own_store, "v2", "env", seed, float(score))
    asked = policy(two_stage=True)
    suspected = check(own_store, asked)
    assert (suspected.verdict, suspected.exit_code) == (Verdict.INCONCLUSIVE, 3)
    assert "suspected, not confirmed" in suspected.headlines[0]
    (lacking,) = suspected.next_runs
    assert (lacking.env_id, lacking.seeds) == ("env", (3, 4, 5, 6, 7))
    lines = next_commands(own_store, suspected.next_runs)
    assert lines[1] == (
        "orbench record --project demo --exp-name ppo --env-id env --seed 3 --tag v2 --"
        " python train.py --seed 3"
    )
    for seed, score in enumerate(pair.candidate[3:], start=3):
        put_run(own_store, "v2", "env", seed, float(score))
    confirmed = check(own_store, asked)
    assert confirmed.verdict is Verdict.REGRESSED
    # The fresh runs alone are judged.
    assert confirmed.gated[0].judgement.tasks[0].candidate_runs == 5


def test_an_alarm_of_the_first_stage_that_fresh_runs_do_not_bear_out_is_none(own_store, put_run):
    for seed in range(10):
        put_run(own_store, "v1", "env", seed, 100.0 + seed)
    for seed in range(8):
        put_run(own_store, "v2", "env", seed, 50.0 + seed if seed < 3 else 103.0 + seed % 3)
    result = check(own_store, policy(two_stage=True))
    assert result.verdict is Verdict.PASS
    assert "suspected" in " ".join(result.gated[0].notes)


def test_what_is_not_suspected_needs_no_second_stage(gated_store):
    result = check(gated_store, policy(two_stage=True))
    assert result.next_runs == ()
    assert "not suspected" in " ".join(result.gated[0].notes)


def test_runs_that_cannot_decide_say_which_seeds_would(own_store, put_run):
    for seed in range(2):
        put_run(own_store, "v1", "env", seed, 100.0 + seed)
        put_run(own_store, "v2", "env", seed, 100.0 + seed)
    result = check(own_store, policy())
    assert result.verdict is Verdict.INCONCLUSIVE
    assert [one.seeds for one in result.next_runs] == [(2, 3, 4)]


@pytest.mark.parametrize(
    ("argv", "again"),
    [
        (["t.py", "--seed", "3"], ["t.py", "--seed", "9"]),
        (["t.py", "--seed=3", "--lr", "3"], ["t.py", "--seed=9", "--lr", "3"]),
        (["t.py", "env.seed=3"], ["t.py", "env.seed=9"]),
        (["t.py", "+train_seed=3"], ["t.py", "+train_seed=9"]),
        (["t.py", "--env-seed", "3"], ["t.py", "--env-seed", "9"]),
        (["t.py", "-s", "3"], ["t.py", "-s", "9"]),
        (["t.py", "3"], None),
        (["t.py", "--seed", "4"], None),
        (["t.py", "--seed", "3; rm -rf x"], None),
    ],
)
def test_the_seed_of_a_command_is_replaced_and_nothing_else(argv, again):
    assert with_seed(argv, 3, 9) == again


def test_what_cannot_be_repeated_is_a_comment(own_store, put_run):
    for seed in range(2):
        put_run(own_store, "v1", "env", seed, 1.0 + seed)
        put_run(own_store, "v2", "a\nrm b", seed, 1.0 + seed, argv=["t.py"])
        put_run(own_store, "v1", "a\nrm b", seed, 1.0 + seed)
        put_run(own_store, "v2", "env", seed, 1.0 + seed, argv=[])
    drops = replace(DROPS, alpha=0.001)
    lines = next_commands(own_store, check(own_store, policy(drops=drops)).next_runs)
    assert len(lines) == 2
    assert all(line.startswith("# ") and "\n" not in line for line in lines)
    assert any("does not name its seed" in line for line in lines)
    assert any("no recorded command line" in line for line in lines)


# -- reports


def test_reports_tell_the_same(gated_store):
    result = check(gated_store, policy("tag:bad"))
    document = json.loads(json.dumps(check_document(result), allow_nan=False))
    assert (document["verdict"], document["exit_code"]) == ("REGRESSED", 1)
    (measure,) = document["measures"]
    assert [one["env_id"] for one in measure["envs"]] == ["env0", "env1", "env2"]
    assert measure["envs"][1]["verdict"] == "REGRESSED"
    assert len(measure["candidate"]["runs"]) == 15

    text = check_markdown(result, "figures/check it.png")
    assert text.startswith("<!-- orbench check -->\n### ❌ orbench check: REGRESSED\n")
    assert "| env1 | 8 v 5 |" in text
    assert "(figures/check%20it.png)" in text

    root = ElementTree.fromstring(check_junit(result))
    failed = {
        case.get("name") for case in root.iter("testcase") if case.find("failure") is not None
    }
    assert failed == {"all envs", "env1"}
    assert root.find("testsuite").get("failures") == "2"

    (annotation,) = check_annotations(result)
    assert annotation.startswith("::error title=REGRESSED%3A charts/return::")


def test_names_cannot_break_out_of_a_report(own_store, put_run):
    nasty = "a|b\n::error::<x>&\x1b[1m%"
    for seed in range(5):
        put_run(own_store, "v1", nasty, seed, 100.0 + seed)
        put_run(own_store, "v2", nasty, seed, 50.0 + seed)
    result = check(own_store, policy(drops=DROPS))
    assert len(check_annotations(result)) == len("\n".join(check_annotations(result)).splitlines())
    ElementTree.fromstring(check_junit(result))
    rows = [line for line in check_markdown(result).splitlines() if line.startswith("| a")]
    assert len(rows) == 1
    assert "<x>" not in rows[0].replace("\\<x\\>", "")


# -- bad input: one line each


def test_the_same_runs_on_both_sides_are_refused(gated_store):
    with pytest.raises(NoRunsError, match="candidate and baseline are the same runs"):
        check(gated_store, policy("tag:v1"))
    with pytest.raises(NoRunsError, match="24 runs are in baseline and candidate alike"):
        check(gated_store, policy("tag:v1,v2"))


def test_no_baseline_runs_are_told(gated_store):
    with pytest.raises(NoRunsError, match="fulfils tag"):
        check(gated_store, policy(baseline="tag:v0"))
    with pytest.raises(BaselineNotFoundError, match="no baseline 'v0'; none is saved yet"):
        check(gated_store, policy(baseline="v0"))


def test_other_envs_are_named_unless_only_the_shared_are_asked_for(own_store, put_run):
    for seed in range(5):
        put_run(own_store, "v1", "env", seed, 100.0 + seed)
        put_run(own_store, "v1", "old", seed, 100.0 + seed)
        put_run(own_store, "v2", "env", seed, 100.5 + seed)
        put_run(own_store, "v2", "new", seed, 100.5 + seed)
    with pytest.raises(ScoreError, match="only the baseline has old; only the candidate has new"):
        check(own_store, policy())
    result = check(own_store, policy(shared_envs=True))
    assert [task.task for task in result.gated[0].judgement.tasks] == ["env"]
    assert any("Not judged: only the baseline has old" in note for note in result.gated[0].notes)


def test_runs_that_did_not_finish_are_left_out_and_counted(own_store, put_run):
    for seed in range(5):
        put_run(own_store, "v1", "env", seed, 100.0 + seed)
        put_run(own_store, "v2", "env", seed, 100.5 + seed)
    crashed = put_run(own_store, "v2", "env", 9, 0.0, status="failed")
    running = put_run(own_store, "v2", "env", 10, 0.0, status="running")
    result = check(own_store, policy())
    assert result.gated[0].judgement.tasks[0].candidate_runs == 5
    said = " ".join(result.gated[0].notes)
    assert f"1 failed run ({crashed}); 1 running run ({running})" in said
    counted = check(own_store, policy(include=("failed",)))
    assert counted.gated[0].judgement.tasks[0].candidate_runs == 6


def test_only_unfinished_runs_are_told(own_store, put_run):
    put_run(own_store, "v1", "env", 1, 1.0)
    put_run(own_store, "v2", "env", 1, 1.0, status="failed")
    with pytest.raises(NoRunsError, match=r"Left out: 1 failed run .* Use --include"):
        check(own_store, policy())


def test_runs_without_a_source_are_noted(own_store, put_run):
    for seed in range(5):
        put_run(own_store, "v1", "env", seed, 100.0 + seed)
        put_run(own_store, "v2", "env", seed, 100.5 + seed, commit="")
    said = " ".join(check(own_store, policy()).gated[0].notes)
    assert "No source is recorded of 5 of the candidate's runs" in said


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (policy(measures=[GatedMeasure()]), UsageError, "no metric: give --metric"),
        (policy(candidate=""), UsageError, "no candidate: give a filter"),
        (policy(baseline=""), UsageError, "no baseline: give --baseline"),
        (policy(measures=[GatedMeasure("charts/retrun")]), MetricNotFoundError, "did you mean"),
        (policy(measures=[GatedMeasure("run.tme")]), UsageError, "nothing of a run is called"),
        (policy(measures=[GatedMeasure(METRIC, "lst")]), UsageError, "did you mean last"),
    ],
)
def test_what_is_not_told_or_mistyped_is_one_line(gated_store, asked, error, said):
    with pytest.raises(error, match=said) as caught:
        check(gated_store, asked)
    assert "\n" not in str(caught.value)


def test_margins_belong_to_their_measure(gated_store):
    tight = GatedMeasure(metric=METRIC, margin=parse_margin("0.01"))
    assert check(gated_store, policy(measures=[tight])).verdict is not Verdict.PASS
