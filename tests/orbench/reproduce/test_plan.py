"""The plan: what a record gives back, and a sentence for everything that it does not."""

from __future__ import annotations

import pytest

from orbench.errors import ReproductionError, UsageError
from orbench.reproduce import plan_reproduction
from orbench.run import RunStatus


def test_a_whole_record_is_a_plan_without_losses(record):
    plan = plan_reproduction(record())
    assert plan.requirements == ("numpy==2.1.0", "six==1.16.0")
    assert (plan.python, plan.folder, plan.runs_python) == ("3.11.7", "agents", True)
    assert plan.command[1:] == ("train.py", "--name", "a b")
    assert plan.variables == {"OMP_NUM_THREADS": "1"}
    assert (plan.losses, plan.unseeded) == ((), ())
    assert plan.lock_files == ("uv.lock",)


@pytest.mark.parametrize("kind", ["command", "source", "environment"])
def test_a_run_without_a_part_of_its_record_is_refused(record, kind):
    with pytest.raises(ReproductionError, match=f"run run123 has no {kind} record"):
        plan_reproduction(record(**{kind: None}))


def test_a_run_that_goes_on_is_refused(record):
    with pytest.raises(ReproductionError, match="still running; wait"):
        plan_reproduction(record(RunStatus.RUNNING))


@pytest.mark.parametrize(
    ("origin", "requirement", "lost"),
    [
        (None, "pkg==1.0", ""),
        (
            {"kind": "vcs", "vcs": "git", "url": "https://h/p.git", "commit": "b" * 40},
            f"pkg @ git+https://h/p.git@{'b' * 40}",
            "",
        ),
        (
            {
                **{"kind": "vcs", "vcs": "git", "url": "https://h/p.git", "commit": "b" * 40},
                "subdirectory": "py",
            },
            f"pkg @ git+https://h/p.git@{'b' * 40}#subdirectory=py",
            "",
        ),
        (
            {"kind": "archive", "url": "https://h/p.whl", "hashes": {"sha256": "c" * 64}},
            f"pkg @ https://h/p.whl#sha256={'c' * 64}",
            "",
        ),
        ({"kind": "local", "path": "/home/a/p"}, "pkg==1.0", "not part of the source"),
        ({"kind": "unknown"}, "pkg==1.0", "not installed from an index"),
        ({"kind": "vcs", "vcs": "git", "url": "--upload-pack=x"}, "", "repository"),
    ],
)
def test_a_package_comes_from_where_it_came_from(record, origin, requirement, lost):
    row = {"name": "pkg", "version": "1.0"} | ({"origin": origin} if origin else {})
    plan = plan_reproduction(record(environment={"packages": [row]}))
    assert plan.packages[0].requirement == requirement
    assert [lost in sentence for sentence in plan.losses] == [True] * bool(lost)


def test_a_package_of_the_source_itself_is_installed_from_there(record):
    origin = {"kind": "local", "path": "lib", "editable": True, "in_repository": True}
    row = {"name": "mine", "version": "0.1", "origin": origin}
    plan = plan_reproduction(record(environment={"packages": [row]}))
    (package,) = plan.local_packages
    assert (package.in_source, package.editable, plan.requirements) == ("lib", True, ())


@pytest.mark.parametrize(
    "row",
    [
        {"name": "--index-url=http://evil", "version": "1"},
        {"name": "six", "version": "1.16 --hash=x"},
        {"name": "six\n-e /etc", "version": "1"},
    ],
)
def test_a_name_that_would_be_an_option_is_refused(record, row):
    with pytest.raises(ReproductionError, match="which cannot be one"):
        plan_reproduction(record(environment={"packages": [row]}))


def test_a_package_may_be_left_out_and_that_is_said(record):
    plan = plan_reproduction(record(), without=["Six"])
    assert plan.requirements == ("numpy==2.1.0",)
    assert plan.losses == ("six 1.16.0 is left out, as asked for",)
    with pytest.raises(UsageError, match="did you mean numpy"):
        plan_reproduction(record(), without=["nunpy"])


def test_a_hidden_word_of_the_command_line_is_asked_for(record):
    details = record(command={"argv": ["python", "train.py", "--token", "***"]})
    with pytest.raises(ReproductionError, match=r"word 3 .* held a secret"):
        plan_reproduction(details)
    plan = plan_reproduction(details, command=["python", "train.py"])
    assert plan.command == ("python", "train.py")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"left_out": ["diff: more than 1048576 bytes"]}, "diff: more than 1048576 bytes"),
        ({"untracked": [{"path": "big.py", "left_out": "larger"}]}, "big.py is not restored"),
        ({"redacted": True}, "a secret was replaced"),
    ],
)
def test_what_was_cut_from_the_source_is_said(record, source, words):
    (sentence,) = plan_reproduction(record(source=source)).losses
    assert words in sentence


def test_variables_that_load_code_or_name_places_are_not_set(record):
    variables = {
        "LD_PRELOAD": "/tmp/x.so",
        "VIRTUAL_ENV": "/v",
        "OMP_NUM_THREADS": "2",
        "TZ": "***",
    }
    plan = plan_reproduction(record(variables=variables))
    assert plan.variables == {"OMP_NUM_THREADS": "2"}
    assert len(plan.losses) == 2


def test_a_commit_that_cannot_be_one_is_refused(record):
    with pytest.raises(ReproductionError, match="cannot be one"):
        plan_reproduction(record(source={"commit": "--upload-pack=touch /tmp/x"}))


def test_generators_that_nobody_seeded_are_told(record):
    generators = {"numpy": {"verdict": "not seeded", "detail": "as it began"}}
    seeds = {"declared": None, "generators": generators}
    assert plan_reproduction(record(seeds=seeds)).unseeded == (
        "the run declared no seed",
        "numpy: not seeded (as it began)",
    )
