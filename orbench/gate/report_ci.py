"""A check for CI systems: JUnit XML and the annotations of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from .checking import CheckResult, Gated
from .judgement import Judgement, TaskJudgement, Verdict

__all__ = ["check_annotations", "check_junit"]

_LEVELS = {Verdict.PASS: "notice", Verdict.REGRESSED: "error", Verdict.INCONCLUSIVE: "warning"}


def check_junit(result: CheckResult) -> str:
    """JUnit XML: a suite for each measure, a case for each env and the suite, one for each rule.

    REGRESSED is a failure. INCONCLUSIVE of the whole is one too, unless the policy allows it; of
    a single env it is a skipped case: the whole decides.
    """
    root = ElementTree.Element("testsuites", name="orbench check")
    for gated in result.gated:
        _suite(root, gated, allowed=result.policy.allow_inconclusive)
    if result.broken:
        suite = ElementTree.SubElement(root, "testsuite", name="rules")
        for rule in result.broken:
            case = ElementTree.SubElement(suite, "testcase", classname="rules", name=rule.name)
            fails = rule.verdict is Verdict.REGRESSED or not result.policy.allow_inconclusive
            kind = "failure" if fails else "skipped"
            ElementTree.SubElement(case, kind, message=_printable(rule.why))
        _count(suite)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def check_annotations(result: CheckResult) -> list[str]:
    """Workflow commands of GitHub Actions, one a line: error, warning or notice."""
    lines = []
    for gated in result.gated:
        why = gated.judgement.refusal or gated.judgement.why
        lines.append(_command(gated.judgement.verdict, gated.name, why))
    lines += [_command(one.verdict, one.name, one.why) for one in result.broken]
    return lines


def _suite(root: ElementTree.Element, gated: Gated, *, allowed: bool) -> None:
    name = _printable(gated.name)
    suite = ElementTree.SubElement(root, "testsuite", name=name)
    judgement = gated.judgement
    whole = ElementTree.SubElement(suite, "testcase", classname=name, name="all envs")
    why = _printable(judgement.refusal or judgement.why)
    if judgement.verdict is Verdict.REGRESSED:
        ElementTree.SubElement(whole, "failure", type="REGRESSED", message=why)
    elif judgement.verdict is Verdict.INCONCLUSIVE and allowed:
        ElementTree.SubElement(whole, "skipped", message=why)
    elif judgement.verdict is Verdict.INCONCLUSIVE:
        ElementTree.SubElement(whole, "failure", type="INCONCLUSIVE", message=why)
    for task in judgement.tasks if len(judgement.tasks) > 1 else ():
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=_printable(task.task))
        message = "; ".join(_told(task, judgement))
        if task.verdict is Verdict.REGRESSED:
            ElementTree.SubElement(case, "failure", type="REGRESSED", message=message)
        elif task.verdict is Verdict.INCONCLUSIVE:
            ElementTree.SubElement(case, "skipped", message=message)
    ElementTree.SubElement(suite, "system-out").text = _printable("\n".join(gated.notes))
    _count(suite)


def _told(task: TaskJudgement, judgement: Judgement) -> Iterator[str]:
    margin = judgement.settings.margin
    yield f"drop {margin.in_words(task.drop)}"
    if task.bound is not None:
        yield f"at most {margin.in_words(task.bound)}"
    if task.p_value is not None:
        yield f"p = {task.p_value:.2g}"


def _count(suite: ElementTree.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("errors", "0")


def _command(verdict: Verdict, title: str, message: str) -> str:
    return f"::{_LEVELS[verdict]} title={_property(f'{verdict}: {title}')}::{_data(message)}"


def _data(text: str) -> str:
    """A message as workflow commands escape it: it cannot begin a command of its own."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _printable(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return "".join(one if one.isprintable() or one in "\n\t" else "?" for one in text)
