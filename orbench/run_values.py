"""Config and summary of a run that is being recorded: nested values that tell the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from copy import deepcopy

from .run import Document, JsonValue

__all__ = ["RecordedValues"]

Record = Callable[[object], dict[str, JsonValue]]


class RecordedValues(MutableMapping[str, JsonValue]):
    """A mapping whose every change is written to the journal; nested values merge.

    Reading gives the values as they were kept (redacted, and as JSON can hold them).
    """

    def __init__(self, record: Record, what: str) -> None:
        """`record` writes an update to the journal and returns it as it was kept."""
        self._record = record
        self._what = what
        self._values: dict[str, JsonValue] = {}

    def begin_with(self, values: Document) -> None:
        """Have what the run is known to hold already; nothing is written."""
        from .config import merge

        self._values = merge(values, self._values)

    def update(self, values: object = None, /, **more: object) -> None:
        """Merge nested values over what is there and write them to the journal.

        `values` is a mapping, or a dataclass, Namespace or the like.
        """
        from .config import merge

        for given in (values, more):
            if given is not None and given != {}:
                self._values = merge(self._values, self._record(given))

    def __setitem__(self, key: str, value: object) -> None:
        self.update({key: value})

    def __getitem__(self, key: str) -> JsonValue:
        return deepcopy(self._values[key])

    def __delitem__(self, key: str) -> None:
        raise TypeError(f"a recorded {self._what} value is not removed; set it to None")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"{self._what}({self._values!r})"
