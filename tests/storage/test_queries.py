"""Filters in SQL: on both back ends they select what a plain reading of the language selects.

`fulfils` is that reading, in Python, of what the store tells about each run. Runs and filters are
drawn from small pools of awkward values, so that conditions hit, miss and are missing.
"""

from __future__ import annotations

import fnmatch
import json
import math
import random
import re
import secrets
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from orbench.config import flatten
from orbench.errors import FilterError, UsageError
from orbench.events import (
    ConfigUpdated,
    FactsCaptured,
    RunEnded,
    RunStarted,
    SummaryUpdated,
    TagsChanged,
)
from orbench.filter_fields import LONGEST_TEXT
from orbench.filter_values import CONSTANTS, as_number, as_period, as_seconds
from orbench.filters import (
    MOST_CONDITIONS,
    MOST_NESTED,
    And,
    Compare,
    Field,
    Filter,
    Has,
    Not,
    Or,
    Value,
    parse,
    where,
)
from orbench.run import RunStatus
from orbench.run_store import Points, RunDetails, Shipment
from orbench.storage import open_store
from orbench.storage.queries import condition
from orbench.storage.sorting import ordering
from orbench.storage.tables import SEARCHABLE_TEXT, runs

DAY = 86_400
NOON = 1_736_424_000.0  # 2025-01-09T12:00:00Z

# -- the pools

NAMES = ["ppo", "ppo_v2", "PPO", "sac", "a b", "ä*[x]", "line\nbreak", 'it\'s "q"\\']
SEEDS = [None, -1, 0, 1, 2, 3, 2**53 + 1]
STARTS = [NOON, NOON - 2 * DAY, NOON - DAY / 2, NOON + DAY / 2, NOON + 30, NOON - 0.5]
LONG = "long" * 60
CONFIG = [
    *(None, True, False, 0, 1, -1, 3, 3.0, 2.5, 1e-3, 2**53, 2**53 + 1, 10**30, 10**400),
    *(math.nan, math.inf, -math.inf, 0.1 + 0.2),
    *("3", "3.0", "true", "null", "nan", "", "abc", "a*c", "ABC", "ä", "a\nb", LONG, LONG + "x"),
    *([1, 2.5], ["abc"], []),
]
CONFIG_KEYS = ["x", "optim.lr", "no where", r"dot\.ted"]
TAGS = ["v1", "v1.2", "best", "a b"]
METRICS = ["charts/return", "loss", "a b", "nan only"]
VALUES = [0.0, 1.0, -1.0, 3.0, 2.5, math.nan, math.inf, -math.inf, 0.1 + 0.2]
PACKAGES = {"Torch": ["2.1.0", "2.10.0", "2.1.0+cu121"], "Scikit_Learn": ["1.5", "1.5.post1"]}


def nested(flat: dict[str, object]) -> dict[str, object]:
    document: dict[str, object] = {}
    for key, value in flat.items():
        head, _, rest = key.partition(".") if "\\" not in key else (key.replace("\\", ""), "", "")
        if rest:
            document.setdefault(head, {})[rest] = value
        else:
            document[head] = value
    return document


def some_config(chance: random.Random) -> dict[str, object]:
    keys = [key for key in CONFIG_KEYS if chance.random() < 0.8]
    return nested({key: chance.choice(CONFIG) for key in keys})


def some_points(chance: random.Random) -> dict[str, Points]:
    found = {}
    for metric in METRICS:
        n = chance.choice([0, 0, 1, 3])
        values = [math.nan if metric == "nan only" else chance.choice(VALUES) for _ in range(n)]
        steps = [chance.choice([0, 10, 1_000_000]) for _ in range(n)]
        if n:
            found[metric] = Points(np.array(steps), np.array(values), np.full(n, NOON))
    return found


def some_run(chance: random.Random, number: int, now: float) -> Shipment:
    """A run with all that a filter can ask for, much of it missing; its heartbeat may be old."""
    run_id = f"run{number}{chance.choice('abc')}"
    started = chance.choice([*STARTS, now - 8 * DAY, now - 3_600])
    events = [
        RunStarted(
            started=started,
            project=chance.choice(["", *NAMES]),
            exp_name=chance.choice(NAMES),
            env_id=chance.choice(["", "CartPole-v1", "ALE/Pong-v5"]),
            seed=chance.choice(SEEDS),
            host=chance.choice(["", "node1", "node2"]),
            parent_id=chance.choice([None, "run1a", "run2b"]),
        ),
        ConfigUpdated(values=some_config(chance)),
        SummaryUpdated(values=some_config(chance)),
        TagsChanged(added=tuple(chance.sample(TAGS, chance.choice([0, 1, 3])))),
    ]
    if chance.random() < 0.6:
        packages = [{"name": n, "version": chance.choice(v)} for n, v in PACKAGES.items()]
        events.append(FactsCaptured(kind="environment", document={"packages": packages[:1]}))
        if chance.random() < 0.5:
            events[-1] = FactsCaptured(kind="environment", document={"packages": packages})
    if chance.random() < 0.6:
        events.append(
            RunEnded(
                status=chance.choice(["finished", "failed", "killed"]),
                ended=started + chance.choice([-5.0, 0.0, 90.0, 3_600.0]),
                exit_code=chance.choice([None, 0, 1]),
                signal=chance.choice([None, 9, 15]),
                error=chance.choice([None, "", "CUDA out of memory"]),
            )
        )
    heartbeat = chance.choice([None, now, started + 10])
    return Shipment(
        f"{run_id}/a", run_id, 0, 10, tuple(events), some_points(chance), heartbeat=heartbeat
    )


@dataclass(frozen=True)
class Population:
    """A store and all that it tells about its runs."""

    store: object
    details: dict[str, RunDetails]
    packages: dict[str, dict[str, str]]

    def selected(self, where: Filter) -> list[str]:
        return sorted(self.store.run_ids(where))

    def expected(self, where: Filter) -> list[str]:
        return sorted(run_id for run_id in self.details if self.fulfils(where, run_id))

    def fulfils(self, where: Filter, run_id: str) -> bool:
        return fulfils(where, self.details[run_id], self.packages[run_id])


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def population(request, tmp_path_factory) -> Iterator[Population]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('queries') / 'store.db'}"
    else:
        import psycopg

        server = request.getfixturevalue("postgres_server")
        name = f"queries_{secrets.token_hex(6)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = urlsplit(server)._replace(path=f"/{name}").geturl()
    chance = random.Random(20_250_109)
    now = time.time()
    with open_store(url, create=True) as store:
        for number in range(240):
            assert store.ship(some_run(chance, number, now))
        details = {run_id: store.details(run_id) for run_id in store.run_ids()}
        packages = {run_id: packages_of(found) for run_id, found in details.items()}
        yield Population(store, details, packages)


def packages_of(details: RunDetails) -> dict[str, str]:
    listed = details.facts.get("environment", {}).get("packages", ())
    return {p["name"].lower().replace("_", "-"): p["version"] for p in listed}


# -- the plain reading of the language


def fulfils(where: Filter, run: RunDetails, packages: dict[str, str]) -> bool:
    match where:
        case And(parts):
            return all(fulfils(part, run, packages) for part in parts)
        case Or(parts):
            return any(fulfils(part, run, packages) for part in parts)
        case Not(part):
            return not fulfils(part, run, packages)
        case Has(field):
            return has(field, run, packages)
        case Compare(field, operator, values):
            return compares(field, operator, values, run, packages)


def has(field: Field, run: RunDetails, packages: dict[str, str]) -> bool:
    match field.space:
        case "config" | "summary":
            return field.name in flatten(getattr(run.record, field.space))
        case "package":
            return field.name in packages
        case "tag":
            return bool(run.record.tags)
        case "metric":
            return bool(run.metrics)
        case "last" | "min" | "max" | "count" | "nans" | "step":
            return any(one.metric == field.name for one in run.metrics)
    return getattr(run.record, field.space) not in (None, "")


def compares(field, operator, values, run, packages) -> bool:
    record, space = run.record, field.space
    if space in ("config", "summary"):
        flat = flatten(getattr(record, space))
        return field.name in flat and flat_value_compares(flat[field.name], operator, values)
    if space in ("tag", "metric"):
        names = record.tags if space == "tag" else [one.metric for one in run.metrics]
        positive = operator.removeprefix("!") if operator != "!=" else "="
        found = any(text_compares(name, positive, values) for name in names)
        return found != operator.startswith("!")
    if space == "package":
        return field.name in packages and text_compares(packages[field.name], operator, values)
    if space in ("last", "min", "max", "count", "nans", "step"):
        attribute = {"min": "minimum", "max": "maximum", "count": "n", "nans": "nan_count"}
        attribute |= {"step": "max_step", "last": "last"}
        found = [getattr(s, attribute[space]) for s in run.metrics if s.metric == field.name]
        numbers = [float(as_number(value.text)) for value in values]
        return bool(found) and number_compares(found[0], operator, numbers)
    value = getattr(record, space)
    if value is None:
        return False
    if space in ("started", "ended", "heartbeat"):
        return time_compares(value, operator, [as_period(v.text, time.time()) for v in values])
    if space == "duration":
        return number_compares(value, operator, [as_seconds(v.text) for v in values])
    if isinstance(value, int):
        return number_compares(value, operator, [int(v.text) for v in values])
    return text_compares(value, operator, values)


def text_compares(text: str, operator: str, values) -> bool:
    if operator in ("~", "!~"):
        found = re.search(values[0].text, text) is not None
    else:
        found = any(
            fnmatch.fnmatchcase(text, value.text) if value.is_glob else text == value.text
            for value in values
        )
    return found != operator.startswith("!")


def number_compares(number: float, operator: str, literals) -> bool:
    if operator in ("=", "!="):
        found = any(number == x or (math.isnan(number) and math.isnan(x)) for x in literals)
        return found != (operator == "!=")
    other = literals[0]
    return {
        "<": number < other,
        "<=": number <= other,
        ">": number > other,
        ">=": number >= other,
    }[operator]


def time_compares(moment: float, operator: str, periods) -> bool:
    begin, end = periods[0]
    if operator in ("=", "!="):
        return any(b <= moment < e for b, e in periods) != (operator == "!=")
    before, after = moment < begin, moment >= end if end > begin else moment > end
    return {"<": before, "<=": not after, ">": after, ">=": not before}[operator]


def flat_value_compares(value: object, operator: str, values) -> bool:
    if operator in ("~", "!~"):
        text = text_of(value)
        return text is not None and text_compares(text, operator, values)
    if operator in ("=", "!="):
        return any(equals(value, literal) for literal in values) != (operator == "!=")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return number_compares(nearest(value), operator, [nearest(as_number(values[0].text))])


def equals(value: object, literal: Value) -> bool:
    if literal.is_glob:
        text = text_of(value)
        return text is not None and fnmatch.fnmatchcase(text, literal.text)
    if isinstance(value, str):
        return value == literal.text
    if literal.quoted:
        return False
    if value is None or isinstance(value, bool):
        return literal.text in CONSTANTS and CONSTANTS[literal.text] is value
    number = as_number(literal.text)
    if number is None or isinstance(value, list):
        return False
    if isinstance(value, int) and isinstance(number, int):
        return value == number
    if isinstance(value, int):
        return nearest(value) == number
    return number_compares(value, "=", [nearest(number)])


def text_of(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return (repr(value) if isinstance(value, float) else text)[:SEARCHABLE_TEXT]


def nearest(number: float) -> float:
    """As float64; an integer beyond its range compares with nothing."""
    try:
        return float(number)
    except OverflowError:
        return math.nan


# -- random filters

QUOTED = [
    Value(text, quoted=True) for text in [*NAMES, *TAGS, "", "3", "true", "abc", "a*c", "2.1.0"]
]
BARE = [Value(t) for t in ["ppo", "sac", "abc", "v1", "3", "3.0", "true", "node1", "run1a", "1.5"]]
GLOBS = [
    Value(t)
    for t in ["*", "?*", "ppo*", "*o*", "[pa]*", "[!p]*", "v1.?", "2.1*", "run?a", "long*", "*1*"]
]
REGEXES = [
    Value(text, quoted=True)
    for text in [
        "o",
        "^ppo$",
        r"^[^a]",
        "(?i)PPO",
        r"\d",
        r"v1\.",
        "^$",
        "a|s",
        r"\bb\b",
        "(a)b?",
        "n{1,2}",
    ]
]
NUMBERS = [
    Value(text)
    for text in [
        *("0", "-0.0", "1", "3", "3.0", "2.5", "1e-3", "nan", "inf", "-inf", "0.30000000000000004"),
        *("9007199254740992", "9007199254740993", "9007199254740993.0", "1e30", str(10**30)),
    ]
]
ANYTHING = [
    *QUOTED,
    *BARE,
    *GLOBS,
    *NUMBERS,
    *(Value(t) for t in ("true", "False", "null", "None")),
]
INTEGERS = [Value(str(n)) for n in (-1, 0, 1, 2, 9, 2**31 - 1)]
TIMES = [
    Value(text)
    for text in [
        "2025-01-09",
        "2025-01-10",
        "2025-01-09T12:00",
        "2025-01-09T12:00:00",
        "2025-01-09T14:00:00+02:00",
    ]
]
AGO = [Value("-7d"), Value("-2h"), Value("-30s")]
LENGTHS = [Value(text) for text in ("0", "90", "1.5m", "1h", "2w")]

ORDER = st.sampled_from(["<", "<=", ">", ">="])
EQUAL = st.sampled_from(["=", "!="])
MATCH = st.sampled_from(["~", "!~"])


def fields(*spaces: str):
    return st.sampled_from(spaces).map(Field)


def keyed(spaces, names):
    return st.builds(Field, st.sampled_from(spaces), st.sampled_from(names))


def some(pool, most: int = 3):
    return st.lists(st.sampled_from(pool), min_size=1, max_size=most).map(tuple)


def compare(field, operator, values):
    return st.builds(Compare, field, operator, values)


TEXT_FIELDS = fields("run_id", "project", "exp_name", "env_id", "host", "parent_id", "error")
DOCUMENTS = keyed(["config", "summary"], CONFIG_KEYS)
SERIES = keyed(["last", "min", "max", "count", "nans", "step"], [*METRICS, "missing"])
INTEGER_FIELDS = fields("seed", "exit_code", "signal", "starts")
TIME_FIELDS = fields("started", "ended", "heartbeat")
STATES = [Value(str(state)) for state in RunStatus] + [Value("*ed"), Value("[!l]*")]
VERSIONS = keyed(["package"], ["torch", "scikit-learn", "numpy"])
NAMED = fields("tag", "metric")
ORDERED_NUMBERS = [value for value in NUMBERS if value.text != "nan"]

CONDITIONS = st.one_of(
    compare(TEXT_FIELDS, EQUAL, some([*QUOTED, *BARE, *GLOBS])),
    compare(NAMED, EQUAL, some([*QUOTED, *BARE, *GLOBS, *(Value(m, True) for m in METRICS)])),
    compare(VERSIONS, EQUAL, some([*QUOTED, *BARE, *GLOBS])),
    compare(st.one_of(TEXT_FIELDS, NAMED, VERSIONS, DOCUMENTS), MATCH, some(REGEXES, 1)),
    compare(DOCUMENTS, EQUAL, some(ANYTHING)),
    compare(DOCUMENTS, EQUAL, some(ANYTHING)),
    compare(DOCUMENTS, ORDER, some(ORDERED_NUMBERS, 1)),
    compare(SERIES, EQUAL, some(NUMBERS)),
    compare(SERIES, ORDER, some(ORDERED_NUMBERS, 1)),
    compare(INTEGER_FIELDS, EQUAL, some(INTEGERS)),
    compare(INTEGER_FIELDS, ORDER, some(INTEGERS, 1)),
    compare(TIME_FIELDS, EQUAL, some(TIMES)),
    compare(TIME_FIELDS, ORDER, some([*TIMES, *AGO], 1)),
    compare(fields("duration"), EQUAL, some(LENGTHS)),
    compare(fields("duration"), ORDER, some(LENGTHS, 1)),
    compare(fields("status"), EQUAL, some(STATES)),
    compare(fields("status"), MATCH, some([Value("^f"), Value("n")], 1)),
    st.builds(
        Has,
        st.one_of(
            *(TEXT_FIELDS, NAMED, VERSIONS, DOCUMENTS, SERIES, INTEGER_FIELDS, TIME_FIELDS),
            fields("duration", "status"),
        ),
    ),
)
FILTERS = st.recursive(
    CONDITIONS,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda found: Filter.all_of(*found)),
        st.lists(parts, max_size=3).map(lambda found: Filter.any_of(*found)),
        parts.map(lambda part: ~part),
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("examples", [50, pytest.param(250, marks=pytest.mark.slow)])
@pytest.mark.parametrize("filters", [CONDITIONS, FILTERS], ids=["conditions", "filters"])
def test_filters_select_what_they_say(population, filters, examples):
    @settings(max_examples=examples)
    @given(a_filter=filters)
    def selects_what_it_says(a_filter):
        assert population.selected(a_filter) == population.expected(a_filter)

    selects_what_it_says()


@pytest.mark.parametrize(
    "text",
    [
        *("seed!=1", "not seed=1", "seed in (1, 2)", "has:seed", "not has:seed", "all", "not all"),
        *("config.x=3", 'config.x="3"', "config.x!=3", "not config.x=3", "config.x=3,abc"),
        *("config.x=true", "config.x=null", "config.x=nan", "config.x!=nan", "config.x<=inf"),
        *("config.x=9007199254740993", "config.x=9007199254740992", "config.x=long*"),
        *("config.x~abc", "config.x~^.1,", r"config.dot\.ted=1", 'config."no where"=1'),
        *(
            "last(loss)=nan",
            "last(loss)!=nan",
            "metric:loss>=1",
            'max("a b")<inf',
            "count(loss)>2.5",
        ),
        *("step(loss)>=1e6", "tag:v1*", "tag!=v1", "tag~^v", "metric:l*", "has:metric", "has:tag"),
        *("status=lost", "status=running", "status=lost,running", "status!=lost", "status~^f"),
        *("started>2025-01-09", "started>=2025-01-09", "started<-7d", "started>-7d"),
        *("started=2025-01-09,2025-01-10", "started!=2025-01-09T12:00", "duration>=1m"),
        *("package.Torch=2.1.*", "package.scikit_learn!=1.5", "has:package.numpy", "error~CUDA"),
        *("exp_name=p*", "exp_name='ppo'", "exp_name~(?i)^PPO", "parent_id!=run1a", "id=run1*"),
    ],
)
def test_the_forms_of_the_documentation_select_what_they_say(population, text):
    expected = population.expected(parse(text))
    assert population.selected(parse(text)) == expected
    is_constant = text in ("all", "not all", "has:package.numpy")
    assert is_constant or 0 < len(expected) < len(population.details)


def test_a_run_that_lacks_a_value_fulfils_no_comparison_with_it(population):
    for field in ("seed", "config.x", "summary.x", "package.torch", "last(loss)", "exit_code"):
        value = "3"
        both = parse(f"{field}={value} or {field}!={value}")
        assert population.selected(both) == population.selected(parse(f"has:{field}"))
        assert population.selected(~parse(f"{field}={value}")) != population.selected(
            parse(f"{field}!={value}")
        )


def test_texts_are_parameters_never_sql(population):
    nasty = "'; DROP TABLE runs; --\" %(x)s :x ? \\ %"
    for one in (
        where(exp_name=nasty, tag=nasty, metric=nasty, **{"config.x": nasty}),
        Compare(Field("config", nasty), "=", (Value(nasty, quoted=True),)),
        Compare(Field("exp_name"), "~", (Value(re.escape(nasty), quoted=True),)),
        Compare(Field("exp_name"), "=", (Value(f"*{nasty}?"),)),
        where(exp_name="nul\0 and half a pair \ud800"),
    ):
        assert population.selected(one) == []
    assert len(population.selected(parse("all"))) == len(population.details)


@pytest.mark.parametrize("every", [16, pytest.param(1, marks=pytest.mark.slow)])
def test_the_largest_filters_there_may_be_are_answered(population, every):
    """The plain reading takes long for these, so that it reads every 16th run, or all."""
    looked_at = sorted(population.details)[::every]
    negated, turns = "seed=1", "config.x=1"
    for _ in range(MOST_NESTED // 2 - 1):
        negated = f"not (tag:a or {negated})"
        turns = f"(config.x=1 (last(loss)>0 or {turns}))"
    for text in (
        negated,
        turns,
        " or ".join(f"seed={n}" for n in range(MOST_CONDITIONS)),
        " ".join(f"config.x!={n}" for n in range(MOST_CONDITIONS)),
        "seed=" + ",".join(map(str, range(2_000))),
        "config.x=" + ",".join(f"{n}" for n in range(2_000)),
        "exp_name=" + ",".join(["*x*"] * 2_000),
    ):
        a_filter = parse(text)
        selected = set(population.selected(a_filter))
        expected = [run_id for run_id in looked_at if population.fulfils(a_filter, run_id)]
        assert [run_id for run_id in looked_at if run_id in selected] == expected


def test_filters_that_no_database_can_answer_are_refused(population):
    deep = parse("seed=1")
    for _ in range(MOST_NESTED):
        deep = ~(parse("tag:a") | deep)
    with pytest.raises(FilterError, match="nested too deep"):
        population.selected(deep)
    with pytest.raises(FilterError, match="at most 500"):
        population.selected(Filter.any_of(*[parse("tag:a")] * (MOST_CONDITIONS + 1)))


def test_many_runs_are_named_by_their_ids(population):
    ids = [*population.details, *(f"none{n}" for n in range(20_000))]
    assert population.selected(where(run_id=ids)) == sorted(population.details)


def test_a_text_that_the_store_cut_is_never_taken_for_an_equal_one():
    assert LONGEST_TEXT == SEARCHABLE_TEXT - 1


# -- sort orders


def order(population: Population, *names: str) -> list[object]:
    return population.store.runs(order_by=names)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("exp_name", lambda run: run.exp_name),
        ("seed", lambda run: run.seed),
        ("started", lambda run: run.started),
        ("duration", lambda run: run.duration),
        ("status", lambda run: str(run.status)),
        ("id", lambda run: run.run_id),
        ("parent", lambda run: run.parent_id),
    ],
)
def test_runs_are_sorted_by_a_field_those_without_it_last(population, name, key):
    for sign in ("", "-"):
        keys = [key(run) for run in order(population, f"{sign}{name}")]
        there = [k for k in keys if k is not None]
        assert keys == there + [None] * (len(keys) - len(there))
        assert there == sorted(there, reverse=bool(sign))


def test_config_values_sort_as_numbers_then_as_texts(population):
    flat = [flatten(run.config).get("x", ...) for run in order(population, "config.x")]
    kinds = [
        "number"
        if isinstance(x, int | float) and x == x and x != 10**400
        else "text"
        if isinstance(x, str)
        else "rest"
        for x in flat
    ]
    numbers = [float(x) for x, kind in zip(flat, kinds, strict=True) if kind == "number"]
    assert numbers == sorted(numbers)
    assert kinds[: len(numbers)] == ["number"] * len(numbers)
    texts = [x[:SEARCHABLE_TEXT] for x in flat if isinstance(x, str)]
    assert texts == sorted(texts)
    assert flat[-1] is None or flat[-1] is ...


@pytest.mark.parametrize("name", ["metric:loss", "last(loss)", "metric:a b"])
def test_runs_sort_by_the_last_value_of_a_metric(population, name):
    metric = "a b" if "a b" in name else "loss"
    lasts = [
        next((s.last for s in population.details[run.run_id].metrics if s.metric == metric), None)
        for run in order(population, f"-{name}")
    ]
    there = [last for last in lasts if last is not None and not math.isnan(last)]
    assert there == sorted(there, reverse=True)
    assert there == lasts[: len(there)]


def test_runs_of_one_key_sort_by_the_next(population):
    keys = [(run.exp_name, -run.started) for run in order(population, "exp_name", "-started")]
    assert keys == sorted(keys)


@pytest.mark.parametrize("name", ["sead", "-sead", "tag", "package.torch", "config.", "a b", ""])
def test_what_runs_cannot_be_sorted_by(population, name):
    with pytest.raises(UsageError, match="runs cannot be sorted by"):
        population.store.runs(order_by=[name])


# -- plans


@pytest.fixture(scope="module")
def tables_only() -> Iterator[sqlite3.Connection]:
    from sqlalchemy.schema import CreateIndex, CreateTable

    from orbench.storage.tables import metadata

    connection = sqlite3.connect(":memory:")
    for table in metadata.sorted_tables:
        connection.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))
        for index in table.indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=sqlite.dialect())))
    connection.create_function("regexp", 2, lambda pattern, text: True)
    yield connection
    connection.close()


def plan(connection: sqlite3.Connection, query: object) -> list[str]:
    compiled = query.compile(
        dialect=sqlite.dialect(paramstyle="named"), compile_kwargs={"render_postcompile": True}
    )
    rows = connection.execute(f"EXPLAIN QUERY PLAN {compiled}", compiled.params)
    return [row[-1] for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        *("config.lr<1e-3", "config.lr=3,abc", "config.lr!=3", "summary.best>3", "has:config.lr"),
        *("tag:v1", "tag!=v1", "has:tag", "metric:loss", "has:metric", "metric:charts/*"),
        *("last(loss)>=3", "count(loss)>1e6", "package.torch=2.*", "has:package.torch"),
        "config.lr<1 tag:x last(loss)>3 or not (metric:m summary.x=1)",
    ],
)
def test_indices_answer_what_other_tables_hold(tables_only, text):
    steps = plan(tables_only, select(runs.c.run_id).where(condition(parse(text), "sqlite", 0.0)))
    large = ("params", "summary_values", "tags", "series", "packages", "documents")
    assert not [step for step in steps if re.match(rf"SCAN (?:{'|'.join(large)})\b", step)], steps
    assert [step for step in steps if re.match(rf"SEARCH (?:{'|'.join(large)})\b", step)]


@pytest.mark.parametrize(
    "text", ["project=x", "exp_name=ppo", "env_id=x", "id=x", "started>-1d", "parent=x"]
)
def test_indices_answer_what_the_row_of_a_run_holds(tables_only, text):
    steps = plan(tables_only, select(runs.c.run_id).where(condition(parse(text), "sqlite", 0.0)))
    assert all(step.startswith("SEARCH runs") for step in steps), steps


@pytest.mark.parametrize("name", ["config.lr", "metric:loss"])
def test_indices_answer_sort_orders(tables_only, name):
    steps = plan(tables_only, select(runs.c.run_id).order_by(*ordering([name], "sqlite", 0.0)))
    assert not [step for step in steps if re.match(r"SCAN (?:params|series)\b", step)], steps


def test_postgresql_gets_its_own_spelling():
    where_clause = condition(parse(r"exp_name~\bppo\b"), "postgresql", 0.0)
    compiled = where_clause.compile(dialect=postgresql.dialect())
    assert r"\yppo\y" in compiled.params.values()
