"""The pytest plugin: the fixture `orbench_check`, which fails a test where an agent got worse.

```python
def test_ppo_did_not_regress(orbench_check):
    orbench_check("exp_name=ppo tag:nightly", baseline="baselines/ppo.jsonl", margin="5%")
```

It is loaded by every pytest of an environment that has orbench, so it imports nothing but pytest
until the fixture is called, and adds no option.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .gate import CheckResult, Policy

__all__ = ["orbench_check"]

_INCONCLUSIVE = ("fail", "skip", "pass")


@pytest.fixture
def orbench_check(pytestconfig: pytest.Config) -> Callable[..., CheckResult]:
    """Judges a candidate against a baseline as `orbench check` does, and fails if it is worse.

    `orbench_check(candidate, baseline=, metric=, margin=, select=, better=, alpha=, every_env=,
    two_stage=, store=, policy=, inconclusive="fail")`; what is left out is as the policy says:
    the file `policy`, else [check] of orbench.toml or [tool.orbench.check] of pyproject.toml in
    pytest's root. Files of baselines are found from the root too. `inconclusive` says what a test
    does that shows nothing: "fail", "skip" (with the reason) or "pass". Returns the result.
    """
    root = pytestconfig.rootpath

    def run(
        candidate: str = "",
        *,
        store: str | None = None,
        inconclusive: str = "fail",
        policy: str | Path | None = None,
        **asked: object,
    ) -> CheckResult:
        __tracebackhide__ = True
        result = _checked(root, candidate, store, policy, asked)
        return _told(result, inconclusive)

    return run


def _checked(
    root: Path,
    candidate: str,
    store: str | None,
    policy: str | Path | None,
    asked: dict[str, object],
) -> CheckResult:
    from .gate import Policy as NoPolicy
    from .gate import check, found_policy, needs_store, read_policy
    from .run_store import open_store

    given = read_policy(root / policy) if policy else found_policy(root) or NoPolicy()
    wanted = _with(given, root, candidate, asked)
    sides = [wanted.candidate, wanted.baseline, *(one.baseline for one in wanted.measures)]
    if not needs_store(sides):
        return check(None, wanted)
    with open_store(store) as opened:
        return check(opened, wanted)


def _with(policy: Policy, root: Path, candidate: str, asked: dict[str, object]) -> Policy:
    """The policy with what a test asks for in its place."""
    from dataclasses import replace

    from .errors import UsageError, near
    from .gate import is_baseline_file, parse_margin

    known = ("metric", "select", "repeats", "better", "margin", "every_env")
    others = ("baseline", "alpha", "two_stage", "shared_envs")
    for name in asked:
        if name not in (*known, *others):
            hint = near(name, (*known, *others))
            raise UsageError(f"orbench_check takes no '{name}'{hint}")
    values = {name: asked[name] for name in known if name in asked}
    if "margin" in values:
        values["margin"] = parse_margin(str(values["margin"]))
    first, *more = policy.measures
    changes: dict[str, object] = {name: asked[name] for name in others[2:] if name in asked}
    if "alpha" in asked:
        changes["drops"] = replace(policy.drops, alpha=float(str(asked["alpha"])))
    sides = {"candidate": candidate, "baseline": str(asked.get("baseline", ""))}
    for side, text in sides.items():
        chosen = text or getattr(policy, side)
        changes[side] = str(root / chosen) if is_baseline_file(chosen) else chosen
    measures = (replace(first, **{"baseline": "", **values}), *more)  # type: ignore[arg-type]
    return replace(policy, measures=measures, **changes)  # type: ignore[arg-type]


def _told(result: CheckResult, inconclusive: str) -> CheckResult:
    from .errors import UsageError
    from .gate import Verdict

    __tracebackhide__ = True
    if inconclusive not in _INCONCLUSIVE:
        raise UsageError(f"inconclusive is one of {', '.join(_INCONCLUSIVE)}, not '{inconclusive}'")
    said = "\n".join((*result.headlines, *(note for one in result.gated for note in one.notes)))
    allowed = result.policy.allow_inconclusive or inconclusive == "pass"
    if result.verdict is Verdict.REGRESSED:
        pytest.fail(said, pytrace=False)
    if result.verdict is Verdict.INCONCLUSIVE and not allowed:
        if inconclusive == "skip":
            pytest.skip(said)
        pytest.fail(said, pytrace=False)
    return result
