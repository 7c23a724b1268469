"""`orbench check`: the gate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .check_output import print_check, write_reports
from .command_help import OrbenchCommand
from .gate_options import GateScoring
from .opening import opened_store
from .option_groups import with_groups
from .options import StoreOption, examples, new_app, split_names
from .output import note, print_text

if TYPE_CHECKING:
    from orbench.gate import CheckResult, Policy
    from orbench.run import JsonValue
    from orbench.run_store import RunStore

__all__ = ["app"]

app = new_app()


class CheckFormat(StrEnum):
    """How a check is printed on stdout."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"


@dataclass(frozen=True, slots=True)
class _Judging:
    """How drops are judged; what is left out is as the policy says."""

    margin: Annotated[
        str,
        typer.Option(
            "--margin",
            metavar="DROP",
            help="The largest drop that does not matter: 10% of the baseline's mean (default), "
            "0.5sd, or 12 units of the score.",
        ),
    ] = ""
    every_env: Annotated[
        bool,
        typer.Option("--every-env", help="PASS only if each env by itself is within the margin."),
    ] = False
    alpha: Annotated[
        float | None,
        typer.Option("--alpha", metavar="P", help="The chance of a false alarm; 0.05 by default."),
    ] = None
    looks: Annotated[
        int | None,
        typer.Option(
            "--looks",
            metavar="N",
            help="How often this will be looked at as runs come in: alpha is split over the looks.",
        ),
    ] = None
    two_stage: Annotated[
        bool,
        typer.Option(
            "--two-stage",
            help="Suspect by 3 runs on each env at alpha 0.10, confirm by 5 fresh ones.",
        ),
    ] = False
    shared_envs: Annotated[
        bool,
        typer.Option("--shared-envs", help="Judge the envs that both sides have, and name others."),
    ] = False
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="STATUS",
            help="Count runs of this status besides finished ones; repeatable.",
        ),
    ] = None
    allow_inconclusive: Annotated[
        bool,
        typer.Option("--allow-inconclusive", help="Exit with 0, not 3, if nothing is shown."),
    ] = False
    permutations: Annotated[
        int | None,
        typer.Option("--permutations", metavar="N", help="Random permutations; 20000 by default."),
    ] = None
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="The seed of the permutations.")
    ] = None

    def over(self, policy: Policy) -> Policy:
        """The policy with what was given here in its place."""
        from orbench.gate import parse_margin

        drops: dict[str, JsonValue] = {
            "alpha": self.alpha,
            "looks": self.looks,
            "relabellings": self.permutations,
            "seed": self.seed,
        }
        first, *others = policy.measures
        if self.margin:
            first = replace(first, margin=parse_margin(self.margin))
        if self.every_env:
            first = replace(first, every_env=True)
        given = {name: value for name, value in drops.items() if value is not None}
        return replace(
            policy,
            measures=(first, *others),
            drops=replace(policy.drops, **given),
            include=tuple(split_names(self.include)) or policy.include,
            two_stage=self.two_stage or policy.two_stage,
            shared_envs=self.shared_envs or policy.shared_envs,
            allow_inconclusive=self.allow_inconclusive or policy.allow_inconclusive,
        )


@dataclass(frozen=True, slots=True)
class _Reports:
    """Files to write besides what is printed."""

    markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write the comment for a pull request."),
    ] = None
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")
    ] = None
    json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON.")
    ] = None
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Write the figure: .png, .svg or .pdf."),
    ] = None
    figure_url: Annotated[
        str,
        typer.Option(
            "--figure-url",
            metavar="URL",
            help="Where the comment finds the figure; by default its file.",
        ),
    ] = ""


_Candidate = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="CANDIDATE",
        help="The runs to judge: a filter, the name of a saved baseline, or its file; by default "
        "that of the policy.",
    ),
]
_Baseline = Annotated[
    str,
    typer.Option(
        "--baseline",
        "-b",
        metavar="BASELINE",
        help="What they are judged against: the name of a saved baseline, its file, or a filter.",
    ),
]
_PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="The policy; by default [check] of orbench.toml or [tool.orbench.check] of "
        "pyproject.toml here.",
    ),
]
_EmitMissing = Annotated[
    bool,
    typer.Option(
        "--emit-missing", help="Print the commands that run the missing seeds, and nothing else."
    ),
]
_Format = Annotated[
    CheckFormat,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="table, markdown (a comment), json, junit or github (annotations).",
    ),
]


@app.command(
    cls=OrbenchCommand,
    epilog=examples(
        "orbench check exp_name=ppo tag:pr --baseline baselines/ppo.jsonl",
        "orbench check tag:v2 -b tag:v1 -m charts/episodic_return --margin 5%",
        "orbench check tag:pr -b v1.2 --two-stage --emit-missing",
        "orbench check --markdown check.md --junit check.xml --figure check.png",
    ),
)
@with_groups
def check(
    scoring: GateScoring,
    judging: _Judging,
    reports: _Reports,
    candidate: _Candidate = None,
    baseline: _Baseline = "",
    policy_file: _PolicyFile = None,
    emit_missing: _EmitMissing = False,
    fmt: _Format = CheckFormat.TABLE,
    store_url: StoreOption = None,
) -> None:
    """Judge whether a candidate is worse than a baseline: the gate.

    REGRESSED: a drop is shown. PASS: the drop is shown to be within the margin. INCONCLUSIVE:
    neither is. Exit codes: 0 PASS, 1 REGRESSED, 3 INCONCLUSIVE, 2 wrong usage.
    """
    from orbench.gate import check as checked
    from orbench.gate import needs_store

    policy = judging.over(_policy(policy_file, scoring, candidate, baseline))
    sides = [policy.candidate, policy.baseline, *(one.baseline for one in policy.measures)]
    if needs_store(sides):
        with opened_store(store_url) as store:
            result = checked(store, policy)
            commands = _commands(store, result) if emit_missing else []
    else:
        result = checked(None, policy)
        commands = []
    write_reports(result, reports)
    if emit_missing:
        _print_commands(result, commands)
    else:
        print_check(result, fmt.value, reports)
    raise typer.Exit(result.exit_code)


def _policy(
    path: Path | None, scoring: GateScoring, candidate: list[str] | None, baseline: str
) -> Policy:
    """The policy of a file, or an empty one, with what the command line says in its place."""
    from orbench.gate import Policy, found_policy, read_policy

    policy = read_policy(path) if path else found_policy(Path.cwd()) or Policy()
    first, *others = policy.measures
    return replace(
        policy,
        candidate=" ".join(candidate or ()) or policy.candidate,
        baseline=baseline or policy.baseline,
        measures=(replace(scoring.over(first), baseline=""), *others),
    )


def _commands(store: RunStore, result: CheckResult) -> list[str]:
    from orbench.gate import next_commands

    return next_commands(store, result.next_runs)


def _print_commands(result: CheckResult, commands: list[str]) -> None:
    for line in result.headlines:
        note(line)
    if not commands:
        note("no seeds are missing that would decide this")
    print_text(commands)
