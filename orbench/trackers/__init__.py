"""Trackers: W&B and MLflow, as places that runs are pushed to and pulled from."""

from .cached import Cached
from .reading import read_filtered, read_sets
from .tracker import Progress, PushReport, RemoteRun, RunSource, Tracker

__all__ = [
    "Cached",
    "Progress",
    "PushReport",
    "RemoteRun",
    "RunSource",
    "Tracker",
    "read_filtered",
    "read_sets",
]
