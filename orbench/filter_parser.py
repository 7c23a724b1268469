"""The parser of the filter language; its grammar stands in `filters`."""

from __future__ import annotations

import re

from .filter_fields import (
    SERIES_FIELDS,
    field_named,
    field_problem,
    operator_problem,
    value_problem,
)
from .filter_scanner import OPERATOR, FilterScanner
from .filter_tree import ALL, Compare, Field, Filter, Has, Value

__all__ = ["LONGEST_FILTER", "MOST_CONDITIONS", "MOST_NESTED", "FilterParser"]

LONGEST_FILTER = 10_000
"""A filter has at most this many characters."""

MOST_NESTED = 20
"""Parentheses and negations stand in each other at most this deep: SQLite fails at about 30."""

MOST_CONDITIONS = 500
"""A filter has at most this many conditions: databases limit the size of an expression."""

_NAMED_SETS = {"tag:": "tag", "tags:": "tag", "metric:": "metric"}
_BEHIND_A_FIELD = re.compile(r"""\s*(?:[=!<>~("']|(?:not\s+)?in\b)|(?<=\.)""", re.IGNORECASE)
_SHOWN = 40


class FilterParser(FilterScanner):
    """Reads one filter; a method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.nested = 0
        self.conditions = 0
        if len(text) > LONGEST_FILTER:
            self.fail(
                f"{len(text)} characters are too many; a filter has at most {LONGEST_FILTER}",
                at=LONGEST_FILTER,
            )

    def whole_filter(self) -> Filter:
        """The filter that the text spells; raises FilterError."""
        if not self.next_sign():
            self.fail("there is no condition; the filter of every run is: all")
        found = self._filter()
        if self.next_sign():
            self.fail("nothing opens this )")
        return found

    def whole_field(self) -> Field:
        """The field that the text names; raises FilterError."""
        field = self._field()
        if self.next_sign():
            self.fail("the name of a field ends here; quote a key that has such signs")
        return field

    # -- conditions put together

    def _filter(self) -> Filter:
        parts = [self._every()]
        while self.takes_word("or"):
            parts.append(self._every())
        return Filter.any_of(*parts)

    def _every(self) -> Filter:
        parts = [self._term()]
        while self.takes_word("and") or (
            self.next_sign() not in ("", ")") and not self.is_word("or")
        ):
            parts.append(self._term())
        return Filter.all_of(*parts)

    def _term(self) -> Filter:
        self.nested += 1
        if self.nested > MOST_NESTED:
            self.fail(f"nested too deep; parentheses and negations go at most {MOST_NESTED} deep")
        found = self._parenthesis() or self._negation() or self._condition()
        self.nested -= 1
        return found

    def _parenthesis(self) -> Filter | None:
        if self.next_sign() != "(":
            return None
        start, self.at = self.at, self.at + 1
        found = self._filter()
        if not self.takes(")"):
            self.fail("no ) closes this (", start)
        return found

    def _negation(self) -> Filter | None:
        is_operator = self.text.startswith(("!=", "!~"), self.at)
        if self.takes_word("not") or (not is_operator and self.takes("!")):
            return ~self._term()
        return None

    # -- one condition

    def _condition(self) -> Filter:
        self.conditions += 1
        if self.conditions > MOST_CONDITIONS:
            self.fail(f"a filter has at most {MOST_CONDITIONS} conditions")
        if self.takes("has:"):
            return Has(self._field())
        for prefix, space in _NAMED_SETS.items():
            if self.takes(prefix):
                return self._named_set(Field(space), prefix)
        start, word = self.at, self.next_name()
        if word == "all":
            self.at += len(word)
            return ALL
        if word and not self._looks_like_condition(word):
            self.fail(f"'{_short(word)}' is no condition; write one like exp_name=ppo or tag:v1")
        return self._comparison(self._field(), start)

    def _looks_like_condition(self, word: str) -> bool:
        """Whether behind a word stands what may stand behind a field."""
        return bool(_BEHIND_A_FIELD.match(self.text, self.at + len(word)))

    def _named_set(self, field: Field, prefix: str) -> Filter:
        """What stands behind `tag:` and `metric:`."""
        start = self.at
        if self.text[start : start + 1].isspace():
            self.fail(f"a name is missing behind {prefix}")
        values = self._values(field, "=", prefix)
        self.next_sign()
        if field.space == "metric" and OPERATOR.match(self.text, self.at):
            if len(values) > 1 or values[0].is_glob:
                self.fail("only one metric, named in full, is compared with a number", start)
            return self._comparison(Field("last", values[0].text), start)
        return Compare(field, "=", values)

    def _comparison(self, field: Field, start: int) -> Filter:
        self.next_sign()
        place = self.at
        found = OPERATOR.match(self.text, self.at)
        if found:
            self.at = found.end()
            operator = "=" if found[0] == "==" else found[0]
            if problem := operator_problem(field, operator):
                self.fail(problem, place)
            return Compare(field, operator, self._values(field, operator, found[0]))
        operator = "!=" if self.takes_word("not") else "="
        if not self.takes_word("in"):
            self.fail(f"an operator is missing behind {field}, as in {field}=VALUE", place)
        if problem := operator_problem(field, operator):
            self.fail(problem, start)
        return Compare(field, operator, self._members(field, operator))

    # -- fields

    def _field(self) -> Field:
        word, start = self.next_name(), self.at
        if not word:
            self.fail(self._what_is_missing())
        self.at += len(word)
        follows = self.text[self.at : self.at + 1]
        if word in SERIES_FIELDS and self.next_sign() == "(":
            return Field(word, self._name_in_parentheses())
        if word.endswith(".") and follows and follows in "\"'":
            word += self.quoted()
        elif follows == "(":
            forms = ", ".join(f"{name}(METRIC)" for name in SERIES_FIELDS)
            self.fail(f"there is no '{_short(word)}( )'; there are {forms}", start)
        field = field_named(word)
        if field is None:
            self.fail(field_problem(_short(word)), start)
        return field

    def _name_in_parentheses(self) -> str:
        start, self.at = self.at, self.at + 1
        if self.is_quote():
            name = self.quoted()
        else:
            name = self._next_word()
            self.at += len(name)
        if not name:
            self.fail("the name of a metric is missing", start + 1)
        if not self.takes(")"):
            self.fail("no ) closes this (; quote a name that has spaces or signs", start)
        return name

    # -- values

    def _members(self, field: Field, operator: str) -> tuple[Value, ...]:
        """The values of a membership, parentheses included."""
        if self.next_sign() != "(":
            self.fail("a list in parentheses is missing, as in seed in (1, 2, 3)")
        start, self.at = self.at, self.at + 1
        values = self._values(field, operator, "(")
        if not self.takes(")"):
            self.fail("no ) closes this (", start)
        return values

    def _values(self, field: Field, operator: str, behind: str) -> tuple[Value, ...]:
        """One value, or several with commas between them; `behind` is what stands before."""
        values = [self._value(field, operator, behind)]
        while self.next_sign() == ",":
            if operator not in ("=", "!="):
                self.fail(f"several values go with = and !=, not with {operator}")
            self.at += 1
            values.append(self._value(field, operator, ","))
        return tuple(values)

    def _value(self, field: Field, operator: str, behind: str) -> Value:
        is_quoted = self.is_quote()
        start = self.at
        if is_quoted:
            value = Value(self.quoted(), quoted=True)
        elif operator in ("~", "!~"):
            value = Value(self.bare_regex())
        else:
            value = Value(self.bare_value(behind))
        if not value.text and not value.quoted:
            self.fail(f"a value is missing behind {behind}")
        if problem := value_problem(field, operator, value):
            message, offset = problem
            self.fail(message, min(start + offset + value.quoted, len(self.text)))
        return value

    def _what_is_missing(self) -> str:
        """What to say where a condition should begin and does not."""
        found = OPERATOR.match(self.text, self.at)
        sign = found[0] if found else self._next_word() or self.next_sign()
        where = f"before '{sign}'" if sign else "at the end"
        return f"a condition is missing {where}; write one like exp_name=ppo or tag:v1"


def _short(word: str) -> str:
    return word if len(word) <= _SHOWN else f"{word[:_SHOWN]}..."
