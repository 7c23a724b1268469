"""What `log` takes: metric names, steps, and scalars of any library, told by what they can do."""

from __future__ import annotations

from .errors import MetricValueError, StepError

__all__ = ["MAX_METRIC_NAME", "as_float", "check_metric_name", "checked_step", "step_error"]

MAX_METRIC_NAME = 500


def check_metric_name(name: object) -> None:
    """Raise MetricValueError for a name that no store could keep."""
    if not isinstance(name, str) or not name:
        raise MetricValueError(f"a metric's name is a string with something in it, not {name!r}")
    if len(name) > MAX_METRIC_NAME or "\x00" in name or not _encodable(name):
        raise MetricValueError(
            f"metric name {name[:40]!r} has {len(name)} characters or one that text cannot hold; "
            f"at most {MAX_METRIC_NAME} are allowed, none of them NUL"
        )


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_float(name: str, value: object) -> float:
    """The float64 of a scalar of any library, told by what it can do."""
    if not isinstance(value, (str, bytes, bytearray)) and not _is_complex(value):
        for convert in (float, _item):
            try:
                return convert(value)  # type: ignore[arg-type]
            except OverflowError:
                raise MetricValueError(f"'{name}' is {value!r:.60}, beyond float64") from None
            except Exception:  # noqa: S112 - a foreign type may raise anything here
                continue
    raise MetricValueError(
        f"'{name}' is {_short(value)}, not a number; log numbers, and keep others in run.summary"
    )


def _is_complex(value: object) -> bool:
    """Whether a numpy, JAX or torch scalar has an imaginary part, which its float would lose."""
    return str(getattr(value, "dtype", "")).removeprefix("torch.").startswith("complex")


def _item(value: object) -> float:
    return float(value.item())  # type: ignore[attr-defined]


def _short(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # a foreign __repr__ may raise anything
        text = "?"
    return f"{text[:60]} ({type(value).__name__})"


def checked_step(step: object) -> int:
    """The step as an int, whatever integer type it has; raises StepError."""
    index = getattr(type(step), "__index__", None)
    if index is None:
        raise step_error(step)
    try:
        number = int(index(step))
    except Exception:  # arrays have __index__ and refuse
        raise step_error(step) from None
    if number >> 63:
        raise step_error(step)
    return number


def step_error(step: object) -> StepError:
    """The error for a step that is none."""
    return StepError(f"step is {_short(step)}; a step is an integer from 0 to 2**63 - 1")
