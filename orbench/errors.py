"""Every deliberate error of orbench, and the exit code each one ends a command with.

```
OrbenchError                     2   base: the message is one line and says what to do next
├── UsageError                   2   an argument or option is wrong
│   ├── FilterError              2   a filter does not parse (points at the column)
│   └── MissingExtraError        2   an optional package is needed (names the extra)
├── RecordingError               2   a run cannot be recorded as asked
│   ├── MetricValueError         2   a logged value is not a number (names the key)
│   ├── StepError                2   a step is negative or not an integer
│   └── RunEndedError            2   something was logged to a run that has ended
├── NotFoundError                2   what was asked for is not in the store (near names)
│   ├── RunNotFoundError         2
│   ├── ProjectNotFoundError     2
│   ├── MetricNotFoundError      2   lists the metrics there are
│   ├── ArtifactNotFoundError    2
│   └── BaselineNotFoundError    2
├── AmbiguousRunError            2   a run id prefix fits several runs
├── NoRunsError                  2   a filter selects no run
├── StoreError                   2   the store cannot be used
│   ├── StoreUrlError            2   not a store URL orbench can open
│   ├── StoreMissingError        2   there is no store at that place
│   ├── StoreUnavailableError    2   locked, down, unwritable or full: try again later
│   ├── NotAStoreError           2   a database that is not an orbench store
│   ├── StoreTooNewError         2   written by a newer orbench
│   ├── StoreTooOldError         2   needs `orbench store upgrade`
│   └── StoreDamagedError        2   a chunk, document or artifact does not match its checksum
├── JournalError                 2   a journal cannot be written or read
│   └── JournalFullError         2   the disk under the journal is full
├── ScoreError                   2   scores do not allow the statistic asked for
├── BaselineError                2   a saved baseline cannot be used: edited, damaged, no baseline
├── FigureError                  2   a figure cannot be drawn or written as asked
├── ImportFileError              2   a file cannot be imported (names the file and the place)
├── ReproductionError            2   a run cannot be built again from its record (says what)
├── TrackerError                 2   W&B or MLflow cannot do what was asked (says what to do)
│   └── TrackerUnavailableError  2   down, slow or refusing for now: try again later
└── CommandNotFoundError       127   `orbench record`: no such program (126: not executable)
```
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "AmbiguousRunError",
    "ArtifactNotFoundError",
    "BaselineError",
    "BaselineNotFoundError",
    "CommandNotFoundError",
    "FigureError",
    "FilterError",
    "ImportFileError",
    "JournalError",
    "JournalFullError",
    "MetricNotFoundError",
    "MetricValueError",
    "MissingExtraError",
    "NoRunsError",
    "NotAStoreError",
    "NotFoundError",
    "OrbenchError",
    "ProjectNotFoundError",
    "RecordingError",
    "ReproductionError",
    "RunEndedError",
    "RunNotFoundError",
    "ScoreError",
    "StepError",
    "StoreDamagedError",
    "StoreError",
    "StoreMissingError",
    "StoreTooNewError",
    "StoreTooOldError",
    "StoreUnavailableError",
    "StoreUrlError",
    "TrackerError",
    "TrackerUnavailableError",
    "UsageError",
    "near",
]


def near(name: str, known: Iterable[str], *, at_most: int = 3) -> str:
    """The part of a message that names what the user may have meant, or an empty string.

    >>> near("ppp", ["ppo", "sac"])
    '; did you mean ppo?'
    """
    names = list(dict.fromkeys(known))
    folded = {candidate.lower(): candidate for candidate in reversed(names)}
    matches = difflib.get_close_matches(name.lower(), list(folded), n=at_most, cutoff=0.6)
    return f"; did you mean {' or '.join(folded[match] for match in matches)}?" if matches else ""


class OrbenchError(Exception):
    """Base of every deliberate error: one line, what is wrong and what to do next."""

    exit_code = 2


class UsageError(OrbenchError):
    """An argument or option is wrong."""


class FilterError(UsageError):
    """A filter does not parse.

    `text` is the filter, `column` the 1-based place of the mistake; `pointer` draws both.
    """

    def __init__(self, message: str, *, text: str = "", column: int = 0) -> None:
        where = f" at column {column}" if column else ""
        super().__init__(f"filter{where}: {message}")
        self.text = text
        self.column = column

    @property
    def pointer(self) -> str:
        """The filter and, below it, a caret under the mistake; empty when no place is known."""
        return f"{self.text}\n{' ' * (self.column - 1)}^" if self.column else ""


class MissingExtraError(UsageError):
    """An optional package is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'orbench[{extra}]'")
        self.extra = extra


class RecordingError(OrbenchError):
    """A run cannot be recorded as asked."""


class MetricValueError(RecordingError, TypeError):
    """A logged value is not a number."""


class StepError(RecordingError, ValueError):
    """A step is negative or not an integer."""


class RunEndedError(RecordingError):
    """Something was logged to a run that has ended."""


class NotFoundError(OrbenchError, LookupError):
    """What was asked for is not in the store."""


class RunNotFoundError(NotFoundError):
    """No run has this id or prefix."""


class ProjectNotFoundError(NotFoundError):
    """No run belongs to this project."""


class MetricNotFoundError(NotFoundError):
    """None of the runs has this metric."""


class ArtifactNotFoundError(NotFoundError):
    """The run has no artifact of this name."""


class BaselineNotFoundError(NotFoundError):
    """No baseline has this name."""


class AmbiguousRunError(OrbenchError):
    """A run id prefix fits several runs."""


class NoRunsError(OrbenchError):
    """A filter selects no run."""


class StoreError(OrbenchError):
    """The store cannot be used."""


class StoreUrlError(StoreError):
    """Not a store URL that orbench can open."""


class StoreMissingError(StoreError):
    """There is no store at that place."""


class StoreUnavailableError(StoreError):
    """The store is locked, down, unwritable or full; the same call may succeed later."""


class NotAStoreError(StoreError):
    """The database holds something that orbench did not make; it was not touched."""


class StoreTooNewError(StoreError):
    """The store was written by a newer orbench; it was not touched."""


class StoreTooOldError(StoreError):
    """The store needs `orbench store upgrade`."""


class StoreDamagedError(StoreError):
    """A chunk, document or artifact does not match its checksum."""


class JournalError(OrbenchError):
    """A journal cannot be written or read."""


class JournalFullError(JournalError):
    """The disk under the journal is full."""


class ScoreError(OrbenchError):
    """The scores do not allow the statistic that was asked for."""


class BaselineError(OrbenchError):
    """A saved baseline cannot be used: it was edited, is damaged, or is none."""


class FigureError(OrbenchError):
    """A figure cannot be drawn or written as asked."""


class ImportFileError(OrbenchError):
    """A file cannot be imported: it is not what it should be, or holds what cannot be read."""


class ReproductionError(OrbenchError):
    """A run cannot be built again: its record lacks something, or something cannot be had."""


class TrackerError(OrbenchError):
    """A tracker cannot do what was asked: unknown place, no access, a name it refuses."""


class TrackerUnavailableError(TrackerError):
    """The tracker is down, too slow or refuses for now; the same call may succeed later.

    `retry_after` is how many seconds the tracker asks to wait, None where it does not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CommandNotFoundError(OrbenchError):
    """The program to record does not exist (127) or is not executable (126), as in a shell."""

    def __init__(self, message: str, *, exit_code: int = 127) -> None:
        super().__init__(message)
        self.exit_code = exit_code
