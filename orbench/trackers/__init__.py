"""Trackers: W&B and MLflow, as places that runs are pushed to and pulled from.

tracker = open_tracker("mlflow://localhost:5000/cartpole")
push(store, tracker, store.runs())
"""

from .cached import Cached
from .pace import Pace
from .places import Place, open_tracker, parse_place
from .reading import read_filtered, read_sets
from .record_file import RECORD_NAME, RecordFile, imported_run, read_record, write_record
from .sync import RunSync, RunSyncStatus, SyncState, pull, push, status
from .tracker import Progress, PushReport, RemoteRun, RunSource, Tracker

__all__ = [
    "RECORD_NAME",
    "Cached",
    "Pace",
    "Place",
    "Progress",
    "PushReport",
    "RecordFile",
    "RemoteRun",
    "RunSource",
    "RunSync",
    "RunSyncStatus",
    "SyncState",
    "Tracker",
    "imported_run",
    "open_tracker",
    "parse_place",
    "pull",
    "push",
    "read_filtered",
    "read_record",
    "read_sets",
    "status",
    "write_record",
]
