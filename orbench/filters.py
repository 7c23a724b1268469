r"""The filter language: which runs, in one line, for Python and the command line alike.

`exp_name=ppo env_id=CartPole-v1 seed>=3 config.optim.lr<1e-3 tag:v1.2 status=finished`

```ebnf
filter    = every { "or" every } ;
every     = term { [ "and" ] term } ;                        (* side by side means and *)
term      = ( "not" | "!" ) term | "(" filter ")" | "all" | condition ;
condition = field operator value
          | field ( "=" | "!=" ) value { "," value }         (* any of these, none of these *)
          | field [ "not" ] "in" "(" value { "," value } ")"
          | "tag:" value { "," value }
          | "metric:" value { "," value }
          | "metric:" name order value                       (* the same as last(name) *)
          | "has:" field ;
operator  = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" ;
order     = "=" | "!=" | "<" | "<=" | ">" | ">=" ;
field     = run-field
          | ( "config" | "summary" | "package" ) "." name
          | ( "last" | "min" | "max" | "count" | "nans" | "step" ) "(" name ")" ;
name      = bare-name | quoted ;
value     = bare-value | quoted ;
quoted    = '"' { character | '\"' | '\\' } '"' | "'" { character | "\'" | "\\" } "'" ;
```

A bare name is any characters but white space and `( ) = ! < > ~ , " '`; a bare value any but white
space and `( ) = < > , " '`. A bare value with `*`, `?` or `[...]` is a glob; the value of `~` is a
regular expression and ends at white space or at a parenthesis it did not open. The words and, or,
not and in are reserved, in capitals too. `==` is read as `=`.

Fields, kinds of value, globs, regular expressions and times: `docs/filters.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from .errors import FilterError, UsageError
from .filter_fields import FieldKind, kind_of, value_problem
from .filter_parser import LONGEST_FILTER, MOST_CONDITIONS, MOST_NESTED, FilterParser
from .filter_tree import ALL, And, Compare, Field, Filter, Has, Not, Or, Value

__all__ = [
    "ALL",
    "LONGEST_FILTER",
    "MOST_CONDITIONS",
    "MOST_NESTED",
    "And",
    "Compare",
    "Field",
    "Filter",
    "Has",
    "Not",
    "Or",
    "Value",
    "parse",
    "parse_field",
    "where",
]


def parse(text: str) -> Filter:
    """The filter that a text spells; raises FilterError, which points at the column."""
    return FilterParser(text).whole_filter()


def parse_field(text: str) -> Field:
    """The field that a text names, such as seed, config.lr or last(loss); raises FilterError."""
    return FilterParser(text).whole_field()


def where(**fields: object) -> Filter:
    """The filter of runs whose fields have these values; several in a list mean any of them.

    `where(project="atari", seed=(1, 2), **{"config.optim.lr": 1e-3})`. Texts are meant literally,
    None means that a run lacks the field (in config and summary: null), times are UTC unless
    they have a zone. Raises FilterError for a field or value that there cannot be.
    """
    return Filter.all_of(*(_equals(parse_field(word), wanted) for word, wanted in fields.items()))


def _equals(field: Field, wanted: object) -> Filter:
    if wanted is None and kind_of(field) is not FieldKind.ANY:
        return ~Has(field)
    several = isinstance(wanted, Iterable) and not isinstance(wanted, str | bytes)
    values = tuple(map(_literal, wanted if several else (wanted,)))  # type: ignore[call-overload]
    for value in values:
        if problem := value_problem(field, "=", value):
            raise FilterError(problem[0])
    return Compare(field, "=", values) if values else ~ALL


def _literal(value: object) -> Value:
    item = getattr(value, "item", None)
    value = item() if callable(item) else value  # the scalars of NumPy, without importing it
    if value is None:
        return Value("null")
    if isinstance(value, bool):
        return Value("true" if value else "false")
    if isinstance(value, int | float):
        return Value(repr(value))
    if isinstance(value, str):
        return Value(str(value), quoted=True)
    if isinstance(value, datetime):
        return Value((value.astimezone(UTC) if value.tzinfo else value).isoformat(), quoted=True)
    if isinstance(value, date):
        return Value(value.isoformat(), quoted=True)
    raise UsageError(f"a filter cannot compare with {value!r}; give a text, number, time or None")
