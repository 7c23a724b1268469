"""The tree of errors: what the module's docstring draws is what the code does."""

from __future__ import annotations

import inspect
import re

import pytest

from orbench import errors

LINE = re.compile(r"^(?P<indent>[│├└─ ]*)(?P<name>\w+Error)\s+(?P<code>\d+)\b", re.MULTILINE)


def drawn_tree() -> list[tuple[str, str, int]]:
    """(name, name of the parent, exit code) of every line of the drawn tree."""
    found: list[tuple[str, str, int]] = []
    above: list[str] = []
    for line in LINE.finditer(errors.__doc__ or ""):
        depth = len(line["indent"]) // 4
        above[depth:] = [line["name"]]
        found.append((line["name"], above[depth - 1] if depth else "Exception", int(line["code"])))
    return found


def error_classes() -> dict[str, type[errors.OrbenchError]]:
    """Every error class that the module defines."""
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.OrbenchError)
    }


def test_the_drawn_tree_has_every_error_once() -> None:
    assert sorted(name for name, _, _ in drawn_tree()) == sorted(error_classes())


@pytest.mark.parametrize(("name", "parent", "code"), drawn_tree())
def test_the_drawn_tree_is_true(name: str, parent: str, code: int) -> None:
    error = error_classes()[name]
    assert error.__bases__[0].__name__ == parent
    assert made(error).exit_code == code


def made(error: type[errors.OrbenchError]) -> errors.OrbenchError:
    """An error of this class."""
    return error("a mistake", "extra") if error is errors.MissingExtraError else error("a mistake")


def test_all_names_every_error_and_what_makes_messages() -> None:
    assert errors.__all__ == sorted([*error_classes(), "near"])


@pytest.mark.parametrize("error", error_classes().values())
def test_every_error_says_what_it_means(error: type[errors.OrbenchError]) -> None:
    assert error.__doc__
    assert "a mistake" in str(made(error))


def test_a_missing_extra_says_what_to_install() -> None:
    said = str(errors.MissingExtraError("PostgreSQL", "postgres"))
    assert said == "PostgreSQL needs the extra 'postgres': pip install 'orbench[postgres]'"


def test_a_filter_error_points_at_the_column() -> None:
    error = errors.FilterError("a value is missing", text="seed>=", column=7)
    assert str(error) == "filter at column 7: a value is missing"
    assert error.pointer == "seed>=\n      ^"


def test_a_filter_error_without_a_place_points_nowhere() -> None:
    assert errors.FilterError("is empty").pointer == ""


def test_a_program_that_is_not_executable_ends_as_in_a_shell() -> None:
    assert errors.CommandNotFoundError("x: permission denied", exit_code=126).exit_code == 126


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ppp", "; did you mean ppo?"),
        ("PPO", "; did you mean ppo?"),
        ("CartPole-v0", "; did you mean CartPole-v1?"),
        ("zzzzz", ""),
    ],
)
def test_near_names_what_may_have_been_meant(typed: str, said: str) -> None:
    assert errors.near(typed, ["ppo", "sac", "CartPole-v1"]) == said


def test_near_names_at_most_as_many_as_asked() -> None:
    assert errors.near("run", ["run1", "run2", "run3"], at_most=2).count("run") == 2
