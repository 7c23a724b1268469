"""Trackers: W&B and MLflow, as places that runs are pushed to and pulled from."""

from .tracker import Progress, PushReport, RemoteRun, RunSource, Tracker

__all__ = ["Progress", "PushReport", "RemoteRun", "RunSource", "Tracker"]
