"""The fields a filter knows, and which operators and values go with each."""

from __future__ import annotations

import math
import re
from enum import Enum

from .errors import near
from .filter_patterns import Problem, glob_problem, glob_regex, regex_problem
from .filter_tree import Field, Value
from .filter_values import as_integer, as_number, as_period, as_seconds
from .run import RunStatus

__all__ = [
    "LONGEST_TEXT",
    "OPERATORS",
    "SERIES_FIELDS",
    "FieldKind",
    "field_named",
    "field_problem",
    "kind_of",
    "operator_problem",
    "package_name",
    "text_fulfils",
    "value_problem",
]

LONGEST_TEXT = 199
"""Stores search config and summary texts by their first characters; a longer one would not be
found exactly."""


class FieldKind(Enum):
    """What the values of a field are; the value says it in a message."""

    TEXT = "a text"
    NAMES = "a set of names"
    STATUS = "a state"
    VERSION = "a version"
    INTEGER = "an integer"
    NUMBER = "a number"
    SECONDS = "a length of time"
    TIME = "a time"
    ANY = "a config value"


OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "~", "!~")

_PATTERNS = ("=", "!=", "~", "!~")
_ORDER = ("=", "!=", "<", "<=", ">", ">=")
_ALLOWED = {
    FieldKind.TEXT: _PATTERNS,
    FieldKind.NAMES: _PATTERNS,
    FieldKind.STATUS: _PATTERNS,
    FieldKind.VERSION: _PATTERNS,
    FieldKind.INTEGER: _ORDER,
    FieldKind.NUMBER: _ORDER,
    FieldKind.SECONDS: _ORDER,
    FieldKind.TIME: _ORDER,
    FieldKind.ANY: OPERATORS,
}

_RUN_FIELDS = {
    "run_id": FieldKind.TEXT,
    "project": FieldKind.TEXT,
    "exp_name": FieldKind.TEXT,
    "env_id": FieldKind.TEXT,
    "seed": FieldKind.INTEGER,
    "status": FieldKind.STATUS,
    "started": FieldKind.TIME,
    "ended": FieldKind.TIME,
    "heartbeat": FieldKind.TIME,
    "duration": FieldKind.SECONDS,
    "exit_code": FieldKind.INTEGER,
    "signal": FieldKind.INTEGER,
    "starts": FieldKind.INTEGER,
    "error": FieldKind.TEXT,
    "host": FieldKind.TEXT,
    "parent_id": FieldKind.TEXT,
    "tag": FieldKind.NAMES,
    "metric": FieldKind.NAMES,
}
_ALIASES = {"id": "run_id", "parent": "parent_id", "tags": "tag"}
_DOCUMENTS = {
    "config": FieldKind.ANY,
    "summary": FieldKind.ANY,
    "package": FieldKind.VERSION,
}

SERIES_FIELDS = ("last", "min", "max", "count", "nans", "step")
"""Numbers known of a metric of a run, written last(METRIC): its last value, its smallest and
largest, how many points and how many NaN it has, and its largest step."""

_INTEGER_BITS = {"seed": 64}


def field_named(word: str) -> Field | None:
    """The field that a word such as seed, id or config.lr names, None for an unknown one."""
    space, dot, name = word.partition(".")
    if dot and name and space in _DOCUMENTS:
        return Field(space, package_name(name) if space == "package" else name)
    word = _ALIASES.get(word, word)
    return Field(word) if word in _RUN_FIELDS else None


def field_problem(word: str) -> str:
    """What to say about a word that names no field."""
    head = word.partition(".")[0]
    if head in _DOCUMENTS:
        return f"'{word}' needs a key, like {head}.NAME"
    if word in SERIES_FIELDS:
        return f"'{word}' needs a metric, like {word}(METRIC)"
    known = [*_RUN_FIELDS, *_DOCUMENTS]
    all_of_them = [*_RUN_FIELDS, *(f"{name}.NAME" for name in _DOCUMENTS), "last(METRIC)"]
    hint = near(head, known) or f"; there are {', '.join(all_of_them)}"
    return f"there is no field '{word}'{hint}"


def kind_of(field: Field) -> FieldKind:
    """What the values of a field are."""
    if field.space in SERIES_FIELDS:
        return FieldKind.NUMBER
    return _RUN_FIELDS.get(field.space) or _DOCUMENTS[field.space]


def operator_problem(field: Field, operator: str) -> str:
    """Why an operator does not go with a field, an empty text if it does."""
    kind = kind_of(field)
    if operator in _ALLOWED[kind]:
        return ""
    if kind is FieldKind.VERSION:
        return (
            f"versions are texts to a store, without an order; use = with a pattern, like "
            f"{field}=2.*, or ~"
        )
    return f"{field} is {kind.value}: it goes with {' '.join(_ALLOWED[kind])}, not with {operator}"


def value_problem(field: Field, operator: str, value: Value) -> Problem | None:
    """What is wrong with a value beside this field and operator, and where in it."""
    kind = kind_of(field)
    if operator in ("~", "!~"):
        return regex_problem(value.text)
    if value.is_glob and "~" in _ALLOWED[kind] and operator in ("=", "!="):
        return glob_problem(value.text)
    message = _literal_problem(field, kind, operator, value)
    return (message, 0) if message else None


def _literal_problem(field: Field, kind: FieldKind, operator: str, value: Value) -> str:
    text = value.text
    is_order = operator not in ("=", "!=")
    match kind:
        case FieldKind.STATUS if text not in list(RunStatus):
            states = [str(status) for status in RunStatus]
            return (
                f"'{text}' is no state of a run; there are {', '.join(states)}{near(text, states)}"
            )
        case FieldKind.INTEGER:
            return _integer_problem(field, text)
        case FieldKind.SECONDS if as_seconds(text) is None:
            return f"'{text}' is no length of time; write seconds, or 90s, 5m, 2h, 7d, 1w"
        case FieldKind.TIME:
            return _time_problem(text, is_order)
        case FieldKind.NUMBER:
            return _number_problem(field, text, is_order)
        case FieldKind.ANY if is_order:
            return _number_problem(field, text, is_order)
        case FieldKind.ANY if len(text) > LONGEST_TEXT:
            return (
                f"the text has {len(text)} characters, but texts are searched by their first "
                f"{LONGEST_TEXT}; give its beginning and a *, like {field}={text[:8]}*"
            )
    return ""


def _integer_problem(field: Field, text: str) -> str:
    number = as_integer(text)
    bits = _INTEGER_BITS.get(field.space, 32)
    if number is None:
        return f"'{text}' is no integer, as {field} is{_without(field, text)}"
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        return f"{field} is an integer of {bits} bits; {text} has more"
    return ""


def _number_problem(field: Field, text: str, is_order: bool) -> str:
    number = as_number(text)
    if number is None:
        return f"'{text}' is no number{_without(field, text)}"
    if is_order and math.isnan(number):
        return f"nan is neither more nor less than a number; write {field}=nan or {field}!=nan"
    return ""


def _time_problem(text: str, is_order: bool) -> str:
    period = as_period(text, 0.0)
    if period is None:
        return (
            f"'{text}' is no time; write 2026-01-31, 2026-01-31T18:30, 2026-01-31T18:30:00+02:00 "
            "or, before now, -90s, -5m, -2h, -7d, -1w"
        )
    if period[0] == period[1] and not is_order:
        return "a time before now is an instant that no run hits; compare it with < or >"
    return ""


def _without(field: Field, text: str) -> str:
    """The hint for those who look for runs that lack a value."""
    return f"; runs without it are found by: not has:{field}" if text in ("null", "None") else ""


def text_fulfils(text: str, operator: str, values: tuple[Value, ...]) -> bool:
    """Whether a text fulfils a condition of texts (`=`, `!=`, `~` or `!~`)."""
    if operator in ("~", "!~"):
        found = re.search(values[0].text, text) is not None
    else:
        globs = [value.text for value in values if value.is_glob]
        exact = any(value.text == text for value in values if not value.is_glob)
        found = exact or (bool(globs) and re.search(glob_regex(globs), text) is not None)
    return found != operator.startswith("!")


def package_name(name: str) -> str:
    """The name under which a distribution is stored and found: Scikit_Learn is scikit-learn."""
    return re.sub(r"[-_.]+", "-", name).lower()
