"""The store on SQLite and PostgreSQL: fulfils `orbench.run_store.RunStore`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from orbench.metric import Series, SeriesSummary
from orbench.run import Document, RunRecord
from orbench.run_store import (
    ConsolePiece,
    Removal,
    RunDetails,
    Shipment,
    StoreInfo,
    TrackerLink,
)

from . import (
    about,
    artifacts,
    baselines,
    fact_reading,
    reading,
    resolving,
    tagging,
    tracker_links,
)
from .engine import Database

if TYPE_CHECKING:
    from orbench.filters import Filter

__all__ = ["SqlStore"]


class SqlStore:
    """A store in a SQL database; what its methods promise stands at `RunStore`.

    The work is in the modules named in each method; this class gives them the database. Those
    that read or write points are imported when called: they need numpy, and to find runs does not.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def location(self) -> str:
        """The store's URL without a password."""
        return self._database.location

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release connections; the object is of no use afterwards."""
        self._database.close()

    def watermark(self, segment_id: str) -> int:
        """How many bytes of a journal segment are in the store already (0: none)."""
        from . import ingest

        with self._database.read() as connection:
            return ingest.watermark(connection, segment_id)

    def ship(self, shipment: Shipment) -> bool:
        """Store a shipment if the watermark stands at its start; False if it does not."""
        from . import ingest

        return ingest.ship(self._database, shipment)

    def heartbeat(self, run_id: str, time: float) -> None:
        """Say that a run is alive; never moves its heartbeat back."""
        from . import ingest

        ingest.heartbeat(self._database, run_id, time)

    def compact(self, run_id: str) -> int:
        """Merge the small chunks of a run into full ones; returns how many chunks went away."""
        from . import ingest

        return ingest.compact(self._database, run_id)

    def change_tags(
        self, run_ids: Sequence[str], *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> int:
        """Put tags on runs and take tags off; returns how many runs changed."""
        return tagging.change_tags(self._database, run_ids, add, remove)

    def remove(self, run_ids: Sequence[str]) -> Removal:
        """Remove runs with their series, and the artifacts that no other run holds."""
        from . import removal

        return removal.remove_runs(self._database, run_ids)

    def link_tracker(self, link: TrackerLink) -> None:
        """Keep a run's link to a tracker, in place of the one there is."""
        tracker_links.put_link(self._database, link)

    def unlink_tracker(self, run_id: str, tracker: str) -> bool:
        """Forget a run's link to a tracker; False if there is none."""
        return tracker_links.forget_link(self._database, run_id, tracker)

    def save_baseline(self, name: str, document: Document) -> bool:
        """Keep a baseline under a name; True if it replaces one."""
        return baselines.save_baseline(self._database, name, dict(document))

    def remove_baseline(self, name: str) -> None:
        """Forget a baseline; raises BaselineNotFoundError."""
        baselines.remove_baseline(self._database, name)

    def resolve(self, prefix: str) -> str:
        """The one run id that starts with `prefix`."""
        return resolving.resolve(self._database, prefix)

    def runs(
        self,
        where: Filter | None = None,
        *,
        order_by: Sequence[str] = ("started",),
        limit: int | None = None,
    ) -> list[RunRecord]:
        """The runs a filter selects. `order_by` has field names, `-` before one to descend."""
        return reading.found_runs(self._database, where, order_by, limit)

    def run_ids(self, where: Filter | None = None) -> list[str]:
        """The ids of the runs a filter selects, oldest first; cheaper than `runs`."""
        return reading.found_run_ids(self._database, where)

    def details(self, run_id: str) -> RunDetails:
        """Everything about one run; raises RunNotFoundError."""
        return reading.run_details(self._database, run_id)

    def facts(self, run_ids: Sequence[str], kind: str) -> dict[str, Document]:
        """The facts of one kind of these runs, by run id."""
        return fact_reading.read_facts(self._database, run_ids, kind)

    def projects(self) -> list[str]:
        """The names of all projects, sorted."""
        return reading.project_names(self._database)

    def metric_names(self, where: Filter | None = None) -> dict[str, int]:
        """Metric names of the selected runs, with the number of runs that have each, sorted."""
        return reading.metric_counts(self._database, where)

    def summaries(self, run_ids: Sequence[str], metrics: Sequence[str]) -> list[SeriesSummary]:
        """Summaries of these metrics of these runs, without decoding a chunk."""
        from . import series_reading

        return series_reading.read_summaries(self._database, run_ids, metrics)

    def series(self, run_ids: Sequence[str], metric: str) -> list[Series]:
        """One metric of these runs, in the order of `run_ids`; runs without it are left out."""
        from . import series_reading

        return series_reading.read_series(self._database, run_ids, metric)

    def console(self, run_id: str, stream: str | None = None) -> Iterator[ConsolePiece]:
        """Console output in order of arrival, of one stream or both."""
        return reading.console_pieces(self._database, run_id, stream)

    def read_artifact(self, sha256: str, out: BinaryIO) -> int:
        """Write an artifact's bytes to `out`, verified; returns the size."""
        return artifacts.read_blob(self._database, sha256, out)

    def tracker_links(
        self, run_ids: Sequence[str] | None = None, tracker: str | None = None
    ) -> list[TrackerLink]:
        """The links of these runs (None: of all) to one tracker or to all."""
        return tracker_links.read_links(self._database, run_ids, tracker)

    def baselines(self) -> dict[str, float]:
        """The names of all baselines, with the time each was saved."""
        return baselines.baseline_names(self._database)

    def baseline(self, name: str) -> Document:
        """The document of a baseline; raises BaselineNotFoundError."""
        return baselines.read_baseline(self._database, name)

    def info(self) -> StoreInfo:
        """What the store is and holds."""
        return about.about_store(self._database)
