"""The report: one verdict, its exit code, and what may be behind a difference."""

from __future__ import annotations

import json

import pytest

from orbench.reproduce import (
    Comparison,
    MetricVerdict,
    Reproduction,
    Sense,
    markdown_report,
    report_document,
)


def found(sense, **more):
    metric = MetricVerdict("loss", sense, 10, 3, 0.5, "parts at step 3 (1 was, 2 is)")
    return Reproduction(
        "run1", "ppo on A-v1, seed 3", "run2", Comparison((metric,), (), ()), **more
    )


@pytest.mark.parametrize(
    ("sense", "weakest", "verdict", "code"),
    [
        (Sense.EXACT, Sense.EXACT, "reproduced", 0),
        (Sense.TOLERANCE, Sense.EXACT, "different", 1),
        (Sense.TOLERANCE, Sense.TOLERANCE, "reproduced", 0),
        (Sense.COMPATIBLE, Sense.TOLERANCE, "different", 1),
        (Sense.COMPATIBLE, Sense.COMPATIBLE, "reproduced", 0),
        (Sense.DIFFERENT, Sense.COMPATIBLE, "different", 1),
    ],
)
def test_the_weakest_sense_that_counts_decides(sense, weakest, verdict, code):
    one = found(sense, weakest=weakest)
    assert (one.verdict, one.exit_code) == (verdict, code)


def test_a_run_that_did_not_come_to_be_cannot_be_told():
    one = Reproduction("run1", "ppo", problem="Python 2.7 is not at hand")
    assert (one.verdict, one.exit_code) == ("cannot tell", 3)
    assert "Python 2.7 is not at hand" in one.sentence


def test_runs_without_a_metric_to_compare_cannot_be_told():
    one = Reproduction("run1", "ppo", "run2", Comparison((), ("charts/SPS",), ()))
    assert one.exit_code == 3


def test_packages_are_named_first_among_what_may_be_behind_it():
    one = found(
        Sense.DIFFERENT,
        differences=("machine cpu.model was A, is B", "package six was 1.16.0, is 1.17.0"),
        unseeded=("random: not seeded",),
    )
    assert one.reasons == [
        "package six was 1.16.0, is 1.17.0",
        "not known to be seeded: random: not seeded",
        "machine cpu.model was A, is B",
    ]
    assert found(Sense.EXACT, unseeded=("random: not seeded",)).reasons == []


def test_the_document_is_strict_json_and_the_markdown_has_a_table():
    one = found(Sense.DIFFERENT, losses=("six is left out",))
    document = json.loads(json.dumps(report_document(one), allow_nan=False))
    assert (document["verdict"], document["metrics"][0]["first_different_step"]) == ("different", 3)
    assert "| `loss` | 10 | different | parts at step 3" in markdown_report(one)
    assert "- six is left out" in markdown_report(one)
