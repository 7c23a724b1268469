"""Environment variables: those that change results, never those that are secret."""

from orbench.capture import Redactor
from orbench.capture.variables import capture_variables


def captured(**environ):
    return capture_variables(Redactor.from_environment(environ), environ)


def test_only_allowed_variables_are_recorded_and_sorted():
    document = captured(
        XLA_FLAGS="--x", OMP_NUM_THREADS="2", HOME="/home/me", PYTHONHASHSEED="0", USER="me"
    )
    assert list(document.items()) == [
        ("OMP_NUM_THREADS", "2"),
        ("PYTHONHASHSEED", "0"),
        ("XLA_FLAGS", "--x"),
    ]


def test_more_may_be_asked_for_by_name_and_pattern():
    document = captured(ORBENCH_CAPTURE_ENV="MY_RUN, EXP_*,", MY_RUN="1", EXP_A="2", OTHER="3")
    assert document == {"EXP_A": "2", "MY_RUN": "1"}


def test_no_secret_is_recorded_even_if_asked_for():
    document = captured(
        ORBENCH_CAPTURE_ENV="*", HF_TOKEN="abcdefghij", JAX_API_KEY="k", NOTE="it is abcdefghij"
    )
    assert document == {"NOTE": "it is ***", "ORBENCH_CAPTURE_ENV": "*"}


def test_credentials_in_an_allowed_variable_are_masked():
    assert captured(JAX_CACHE="https://me:pw@host/x") == {"JAX_CACHE": "https://***@host/x"}
