"""Trackers: W&B and MLflow, as places that runs are pushed to and pulled from.

tracker = open_tracker("mlflow://localhost:5000/cartpole")
push(store, tracker, store.runs())
"""

from .pace import Pace
from .places import Place, open_tracker, parse_place
from .record_file import RECORD_NAME, RecordFile, imported_run, read_record, write_record
from .sync import RunSync, RunSyncStatus, SyncState, pull, push, status
from .tracker import Progress, PushReport, RemoteRun, RunSource, Tracker

__all__ = [
    "RECORD_NAME",
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
    "read_record",
    "status",
    "write_record",
]
