"""The filter language: what parses, what it means as a tree, and where each mistake is."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import FilterError, UsageError
from orbench.filter_fields import LONGEST_TEXT, SERIES_FIELDS, text_fulfils
from orbench.filter_patterns import glob_problem, glob_regex, postgres_regex, regex_problem
from orbench.filter_values import as_number, as_period, as_seconds
from orbench.filters import (
    ALL,
    LONGEST_FILTER,
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


def compare(field: str, operator: str, *values: str, name: str = "", quoted: bool = False):
    return Compare(Field(field, name), operator, tuple(Value(text, quoted) for text in values))


PPO, SEED_1, TAG_X = compare("exp_name", "=", "ppo"), compare("seed", "=", "1"), parse("tag:x")


def test_the_example_of_the_documentation_is_eight_conditions():
    found = parse(
        "exp_name=ppo env_id=CartPole-v1 seed>=3 config.optim.lr<1e-3 tag:v1.2 status=finished "
        "started>2026-01-01 metric:charts/episodic_return"
    )
    assert found == Filter.all_of(
        PPO,
        compare("env_id", "=", "CartPole-v1"),
        compare("seed", ">=", "3"),
        compare("config", "<", "1e-3", name="optim.lr"),
        compare("tag", "=", "v1.2"),
        compare("status", "=", "finished"),
        compare("started", ">", "2026-01-01"),
        compare("metric", "=", "charts/episodic_return"),
    )


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("exp_name=ppo seed=1", And((PPO, SEED_1))),
        ("exp_name=ppo and seed=1", And((PPO, SEED_1))),
        ("exp_name=ppo AND seed=1", And((PPO, SEED_1))),
        ("exp_name=ppo or seed=1", Or((PPO, SEED_1))),
        ("exp_name=ppo or seed=1 tag:x", Or((PPO, And((SEED_1, TAG_X))))),
        ("(exp_name=ppo or seed=1) tag:x", And((Or((PPO, SEED_1)), TAG_X))),
        ("(exp_name=ppo seed=1) tag:x", And((PPO, SEED_1, TAG_X))),
        ("not exp_name=ppo seed=1", And((Not(PPO), SEED_1))),
        ("not (exp_name=ppo seed=1)", Not(And((PPO, SEED_1)))),
        ("!tag:x", Not(TAG_X)),
        ("! exp_name=ppo", Not(PPO)),
        ("not not exp_name=ppo", PPO),
        ("  exp_name = ppo  ", PPO),
        ("exp_name==ppo", PPO),
        ("((((exp_name=ppo))))", PPO),
        ("all", ALL),
        ("all exp_name=ppo", PPO),
        ("not all", Not(ALL)),
    ],
)
def test_conditions_are_put_together(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("seed=1,2,3", compare("seed", "=", "1", "2", "3")),
        ("seed = 1, 2 ,3", compare("seed", "=", "1", "2", "3")),
        ("seed in (1, 2, 3)", compare("seed", "=", "1", "2", "3")),
        ("seed not in (1,2)", compare("seed", "!=", "1", "2")),
        ("seed!=1,2", compare("seed", "!=", "1", "2")),
        ("seed in (1)", SEED_1),
        ("exp_name!=ppo", compare("exp_name", "!=", "ppo")),
        ("exp_name=ppo*", compare("exp_name", "=", "ppo*")),
        ('exp_name="ppo*"', compare("exp_name", "=", "ppo*", quoted=True)),
        ("exp_name='a b'", compare("exp_name", "=", "a b", quoted=True)),
        (r'exp_name="a\"b\\c\d"', compare("exp_name", "=", r'a"b\c\d', quoted=True)),
        (r"exp_name='it\'s'", compare("exp_name", "=", "it's", quoted=True)),
        ("exp_name=''", compare("exp_name", "=", "", quoted=True)),
        ("exp_name~^(ppo|sac)$", compare("exp_name", "~", "^(ppo|sac)$")),
        ("(exp_name~ppo)", compare("exp_name", "~", "ppo")),
        (r"(exp_name~ppo\) )", compare("exp_name", "~", r"ppo\)")),
        ("(exp_name~[)] )", compare("exp_name", "~", "[)]")),
        ("exp_name~a{1,2},=", compare("exp_name", "~", "a{1,2},=")),
        ('exp_name!~"a b"', compare("exp_name", "!~", "a b", quoted=True)),
        ("id=3f9k*", compare("run_id", "=", "3f9k*")),
        ("parent=3f9k", compare("parent_id", "=", "3f9k")),
        ("tag:v1*,best", compare("tag", "=", "v1*", "best")),
        ('tag:"a b"', compare("tag", "=", "a b", quoted=True)),
        ("tags:x", TAG_X),
        ("tag!=x", compare("tag", "!=", "x")),
        ("metric:charts/*", compare("metric", "=", "charts/*")),
        ("metric:charts/x>=100", compare("last", ">=", "100", name="charts/x")),
        ("metric:charts/x != 100", compare("last", "!=", "100", name="charts/x")),
        ("last(charts/x)>=100", compare("last", ">=", "100", name="charts/x")),
        ('max("train loss (ema)")<0', compare("max", "<", "0", name="train loss (ema)")),
        ("count( loss ) > 1e3", compare("count", ">", "1e3", name="loss")),
        ("config.a:b/c=1", compare("config", "=", "1", name="a:b/c")),
        ('config."a b"=1', compare("config", "=", "1", name="a b")),
        ("summary.best>-inf", compare("summary", ">", "-inf", name="best")),
        ("package.Scikit_Learn=1.*", compare("package", "=", "1.*", name="scikit-learn")),
        ("has:config.lr", Has(Field("config", "lr"))),
        ("has:seed", Has(Field("seed"))),
        ("has:tag", Has(Field("tag"))),
        ("started>-7d", compare("started", ">", "-7d")),
        ("started=2026-01-31T18:30:00+02:00", compare("started", "=", "2026-01-31T18:30:00+02:00")),
        ("duration>=1.5h", compare("duration", ">=", "1.5h")),
        ("config.x=null,true,nan", compare("config", "=", "null", "true", "nan", name="x")),
        ("exp_name=ä*", compare("exp_name", "=", "ä*")),
    ],
)
def test_conditions(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "the filter of every run is: all"),
        ("   ", 4, "no condition"),
        ("ppo", 1, "'ppo' is no condition"),
        ("seed=1 ppo", 8, "'ppo' is no condition"),
        ("exp_nam=ppo", 1, "there is no field 'exp_nam'; did you mean exp_name?"),
        ("seed=1 confg.lr=3", 8, "did you mean config?"),
        ("zzz=1", 1, "there are run_id, project"),
        ("has:sead", 5, "did you mean seed?"),
        ("config.=1", 1, "needs a key"),
        ("last>3", 1, "needs a metric"),
        ("mean(loss)>3", 1, "there is no 'mean( )'"),
        ("last(loss>3", 5, "no ) closes this ("),
        ("last()>3", 6, "name of a metric is missing"),
        ("last(loss)", 11, "an operator is missing"),
        ("seed", 1, "is no condition"),
        ("seed>=", 7, "a value is missing behind >="),
        ("seed=", 6, "a value is missing behind ="),
        ("seed= or seed=1", 7, "quote 'or' if it is the value"),
        ("seed=1,", 8, "a value is missing behind ,"),
        ("seed=,1", 6, "a value is missing behind ="),
        ("seed in 3", 9, "list in parentheses is missing"),
        ("seed in (", 10, "a value is missing behind ("),
        ("seed in ()", 10, "a value is missing behind ("),
        ("seed in (1,2", 9, "no ) closes this ("),
        ("seed not 3", 1, "is no condition"),
        ("seed<1,2", 7, "several values go with = and !="),
        ("exp_name='ppo", 10, "no quote closes"),
        ('seed=1 exp_name="a\\"', 17, "no quote closes"),
        ("(seed=1", 1, "no ) closes this ("),
        ("seed=1 (exp_name=ppo (tag:x)", 8, "no ) closes this ("),
        ("seed=1)", 7, "nothing opens this )"),
        (")", 1, "a condition is missing before ')'"),
        ("()", 2, "a condition is missing before ')'"),
        ("or seed=1", 1, "a condition is missing before 'or'"),
        ("seed=1 or", 10, "a condition is missing at the end"),
        ("seed=1 and and seed=2", 12, "a condition is missing before 'and'"),
        ("not", 4, "a condition is missing at the end"),
        ("!=3", 1, "a condition is missing before '!='"),
        ("exp_name=a=b", 11, "a condition is missing before '='"),
        ("seed=abc", 6, "'abc' is no integer"),
        ("seed=1,x", 8, "'x' is no integer"),
        ("seed=1.5", 6, "'1.5' is no integer"),
        ("seed=1*", 6, "'1*' is no integer"),
        ("seed=null", 6, "not has:seed"),
        ("seed=9223372036854775808", 6, "64 bits"),
        ("exit_code=2147483648", 11, "32 bits"),
        ("seed~1", 5, "seed is an integer: it goes with = != < <= > >="),
        ("exp_name<ppo", 9, "exp_name is a text: it goes with = != ~ !~"),
        ("status=runing", 8, "did you mean running?"),
        ("started>2026-13-01", 9, "is no time"),
        ("started>yesterday", 9, "is no time"),
        ("started>2026", 9, "is no time"),
        ("started>-7y", 9, "is no time"),
        ("started=-7d", 9, "compare it with < or >"),
        ("duration>long", 10, "is no length of time"),
        ("config.lr<high", 11, "'high' is no number"),
        ("config.lr<nan", 11, "config.lr=nan"),
        ("last(loss)=low", 12, "'low' is no number"),
        ("last(loss)~low", 11, "it goes with"),
        ("last(loss)>1e999", 12, "is no number"),
        ("config.x=" + "a" * 200, 10, "200 characters"),
        ("config.x=[abc", 10, "no ] closes this ["),
        ("exp_name=a[z-a]", 11, "the range z-a is empty"),
        ("exp_name=~ppo", 10, "by ~ alone"),
        ("exp_name~(", 10, "not a regular expression"),
        ('exp_name~"ab[c"', 13, "not a regular expression"),
        ("exp_name~[[:alpha:]]", 10, "not a clear regular expression"),
        ("exp_name~ab(?P<n>c)", 12, "groups are"),
        ("exp_name~a++", 11, "is not supported"),
        (r"exp_name~ab\x41", 12, r"the escape \x is not supported"),
        ("exp_name~a{300}", 11, "at most 255"),
        ("exp_name~a{300,}", 11, "at most 255"),
        ("exp_name~a{,3}", 11, "like {0,3}"),
        ("package.torch>=2.1", 14, "package.torch=2.*"),
        ("tag:", 5, "a value is missing behind tag:"),
        ("tag: x", 5, "a name is missing behind tag:"),
        ("tag:x>3", 6, "a condition is missing before '>'"),
        ("metric:a,b>3", 8, "only one metric"),
        ("metric:a*>3", 8, "only one metric"),
        ("seed=1 'ppo'", 8, "a condition is missing before"),
    ],
)
def test_a_mistake_is_pointed_at(text, column, says):
    with pytest.raises(FilterError, match=re.escape(says)) as raised:
        parse(text)
    assert raised.value.column == column
    assert raised.value.pointer == f"{text}\n{' ' * (column - 1)}^"


def test_hostile_filters_are_refused_before_they_cost_anything():
    deep = "(" * MOST_NESTED + "seed=1" + ")" * MOST_NESTED
    for text, says in [
        ("x" * (LONGEST_FILTER + 1), "at most 10000"),
        (deep, "nested too deep"),
        ("not " * 2_000 + "seed=1", "nested too deep"),
        ("!" * 9_000 + "seed=1", "nested too deep"),
        ("(" * 9_999, "nested too deep"),
        ("id=1 " * (MOST_CONDITIONS + 1), "at most 500 conditions"),
        ("exp_name~" + "(" * 4_000 + ")" * 4_000, "too large"),
        ("exp_name~" + "(" * 500 + ")" * 500, "too large"),
        ("exp_name~a{" + "9" * 900 + "}", "too large"),
    ]:
        with pytest.raises(FilterError, match=says):
            parse(text)
    assert parse(deep[1:-1]) == SEED_1
    assert len(parse("id=1 " * MOST_CONDITIONS).parts) == MOST_CONDITIONS


# -- writing and composing

BARE = st.text("abcäß019._/-:*?", min_size=1, max_size=8).filter(
    lambda text: text.lower() not in ("and", "or", "not", "in") and as_number(text) is None
)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
TEXTS = st.builds(Value, st.text(st.characters(codec="utf-8"), max_size=12), st.just(True)) | (
    st.builds(Value, BARE)
)
INTEGERS = st.builds(lambda n: Value(str(n)), st.integers(-(2**31), 2**31 - 1))
NUMBERS = st.builds(lambda x: Value(repr(x)), st.floats() | st.integers())
NOT_NAN = st.builds(lambda x: Value(repr(x)), st.floats(allow_nan=False))
REGEXES = st.builds(
    lambda text: Value(re.escape(text), True), st.text("ab ()[]\"'\\=,", min_size=1, max_size=8)
) | st.builds(Value, st.sampled_from(["^(a|b)$", r"\bppo\d+", "a{1,2}", "[(]", r"\(x"]))


def one(field, operators, values):
    return st.builds(lambda f, o, v: Compare(f, o, (v,)), field, st.sampled_from(operators), values)


def several(field, values):
    return st.builds(
        lambda f, o, v: Compare(f, o, tuple(v)),
        field,
        st.sampled_from(["=", "!="]),
        st.lists(values, min_size=1, max_size=4),
    )


TEXT_FIELDS = st.sampled_from(["run_id", "project", "exp_name", "env_id", "host", "tag", "metric"])
KEYED = st.builds(Field, st.sampled_from(["config", "summary"]), NAMES)
OF_SERIES = st.builds(Field, st.sampled_from(SERIES_FIELDS), NAMES)
ORDER = ["<", "<=", ">", ">="]
CONDITIONS = st.one_of(
    several(TEXT_FIELDS.map(Field), TEXTS),
    several(KEYED, TEXTS | NUMBERS),
    several(OF_SERIES, NUMBERS),
    several(st.just(Field("seed")), INTEGERS),
    one(st.just(Field("seed")), ORDER, INTEGERS),
    one(KEYED | OF_SERIES, ORDER, NOT_NAN),
    one(TEXT_FIELDS.map(Field) | KEYED, ["~", "!~"], REGEXES),
    st.builds(Has, KEYED | OF_SERIES | TEXT_FIELDS.map(Field)),
    st.just(ALL),
)
FILTERS = st.recursive(
    CONDITIONS,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda some: Filter.all_of(*some)),
        st.lists(parts, max_size=3).map(lambda some: Filter.any_of(*some)),
        parts.map(lambda part: ~part),
    ),
    max_leaves=8,
)


@given(FILTERS)
def test_a_filter_is_read_back_from_its_text(a_filter):
    assert parse(str(a_filter)) == a_filter
    assert parse(a_filter.text).text == a_filter.text


@given(
    st.text(
        "seed=<>!~()\"'\\,.:*[]{}?+ andornotin tag:metric:has:config.x last(m) 019-T", max_size=60
    )
)
def test_whatever_is_typed_parses_or_is_pointed_at(text):
    column, found = read(text)
    assert 1 <= column <= len(text) + 1
    assert found is None or parse(str(found)) == found


def read(text):
    try:
        return 1, parse(text)
    except FilterError as error:
        return error.column, None


def test_filters_compose():
    assert parse("exp_name=ppo seed=1") == PPO & SEED_1
    assert parse("exp_name=ppo or seed=1") == PPO | SEED_1
    assert parse("not exp_name=ppo") == ~PPO
    assert ~~PPO == PPO
    assert (PPO & SEED_1) & TAG_X == PPO & (SEED_1 & TAG_X)
    assert parse("(exp_name=ppo or seed=1) tag:x") == (PPO | SEED_1) & TAG_X
    assert Filter.all_of() == ALL
    assert Filter.all_of(PPO) == PPO
    assert Filter.any_of() == ~ALL
    assert len({PPO, parse("exp_name = ppo")}) == 1


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"project": "x", "seed": (1, 2)}, 'project="x" seed=1,2'),
        ({"exp_name": "ppo*"}, 'exp_name="ppo*"'),
        ({"config.lr": 1e-3}, "config.lr=0.001"),
        ({"config.lr": np.float32(0.5), "seed": np.int64(3)}, "config.lr=0.5 seed=3"),
        ({"config.x": float("nan")}, "config.x=nan"),
        ({"config.x": None}, "config.x=null"),
        ({"config.x": True}, "config.x=true"),
        ({"seed": None}, "not has:seed"),
        ({"seed": range(3)}, "seed=0,1,2"),
        ({"seed": ()}, "not all"),
        ({"tag": ["a", "b"]}, 'tag:"a","b"'),
        ({"last(loss)": 3}, "last(loss)=3"),
        ({"started": date(2026, 1, 2)}, 'started="2026-01-02"'),
        (
            {"started": datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))},
            'started="2026-01-02T01:00:00+00:00"',
        ),
        ({}, "all"),
    ],
)
def test_where_builds_filters_from_values(fields, text):
    assert str(where(**fields)) == text
    assert parse(text) == where(**fields)


def test_where_refuses_what_cannot_be():
    with pytest.raises(FilterError, match="did you mean seed"):
        where(sead=3)
    with pytest.raises(FilterError, match="'x' is no integer"):
        where(seed="x")
    with pytest.raises(UsageError, match="cannot compare with"):
        where(exp_name=object())
    with pytest.raises(FilterError, match=f"first {LONGEST_TEXT}"):
        where(**{"config.x": "a" * 300})


# -- values

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "begin", "length"),
    [
        ("2026-01-31", NOON - 43_200, 86_400),
        ("2026-01-31T12:00", NOON, 60),
        ("2026-01-31 12:00", NOON, 60),
        ("2026-01-31T12:00:00", NOON, 1),
        ("2026-01-31T12:00:00Z", NOON, 1),
        ("2026-01-31T14:00+02:00", NOON, 60),
        ("2026-01-31T14:00:00+0200", NOON, 1),
        ("-90s", NOON - 90, 0),
        ("-1.5h", NOON - 5_400, 0),
        ("-7d", NOON - 7 * 86_400, 0),
        ("-2w", NOON - 14 * 86_400, 0),
    ],
)
def test_a_time_is_the_period_that_it_names(text, begin, length):
    assert as_period(text, NOON) == (begin, begin + length)


@pytest.mark.parametrize("text", ["2026-02-30", "2026-01-31T25:00", "20260131", "-7", "7d", "-d"])
def test_what_is_no_time(text):
    is_seconds = text == "-7"
    assert (
        (as_period(text, NOON) == (NOON - 7, NOON - 7))
        if is_seconds
        else (as_period(text, NOON) is None)
    )


def test_lengths_of_time_and_numbers():
    assert [as_seconds(t) for t in ("90", "90s", "5m", "1.5h", "2d", "1w", "x", "-1")] == [
        *(90, 90, 300, 5_400, 172_800, 604_800, None, None)
    ]
    assert [
        as_number(t) for t in ("3", "-3", "1e-3", ".5", "5.", "inf", "1e999", "0x1", "1_0")
    ] == [*(3, -3, 0.001, 0.5, 5.0, float("inf"), None, None, None)]
    assert isinstance(as_number("3"), int)


# -- patterns


@pytest.mark.parametrize(
    ("glob", "fits", "fits_not"),
    [
        ("ppo*", ["ppo", "ppo_v2", "ppo\nx"], ["PPO", "xppo"]),
        ("ppo-?", ["ppo-1"], ["ppo-", "ppo-12"]),
        ("[ps]*", ["ppo", "sac"], ["dqn"]),
        ("[!ps]*", ["dqn"], ["ppo", ""]),
        ("v[0-9].[0-9]", ["v1.2"], ["v1x2", "va.1"]),
        ("a[]]b", ["a]b"], ["ab"]),
        ("a[--0]b", ["a-b", "a.b"], ["a1b"]),
        ("a[^b]*", ["abx", "a^"], ["acx"]),
        ("a+(b)|c*", ["a+(b)|c", "a+(b)|cd"], ["aab"]),
        ("*a*a*", ["aa", "xaxax"], ["a"]),
    ],
)
def test_globs(glob, fits, fits_not):
    assert glob_problem(glob) is None
    pattern = re.compile(glob_regex([glob]))
    assert [text for text in fits + fits_not if pattern.search(text)] == fits


@given(st.text("ab-]^!\\&|~.", min_size=1, max_size=6), st.text("ab-]^!\\&|~.x", max_size=3))
def test_a_glob_without_signs_is_the_text_itself(text, other):
    pattern = re.compile(glob_regex([text]))
    assert pattern.search(text)
    assert bool(pattern.search(other)) == (text == other)


def test_several_globs_are_one_pattern():
    pattern = re.compile(glob_regex(["a*", "b?"]))
    assert [text for text in ("ax", "b1", "b", "xa") if pattern.search(text)] == ["ax", "b1"]


def test_word_boundaries_are_spelled_for_postgresql():
    assert postgres_regex(r"\bppo\B\\b[\b]") == r"\yppo\Y\\b[\b]"
    assert regex_problem(r"(?i)^\bppo\d{1,3}(?:a|b)(?=c)\Z") is None


def test_text_conditions():
    values = (Value("a*"), Value("b"), Value("*", quoted=True))
    assert [t for t in ("a", "ax", "b", "*", "bx") if text_fulfils(t, "=", values)] == [
        *("a", "ax", "b", "*")
    ]
    assert [t for t in ("a", "bx") if text_fulfils(t, "!=", values)] == ["bx"]
    assert text_fulfils("ppo", "~", (Value("p+"),))
    assert text_fulfils("ppo", "!~", (Value("x"),))


def test_the_examples_of_the_documentation_parse():
    page = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")
    examples = re.findall(r"```text\n(.*?)```", page, re.DOTALL)[0].splitlines()
    assert len(examples) >= 15
    for example in examples:
        assert parse(str(parse(example))) == parse(example)
