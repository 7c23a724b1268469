"""W&B: runs pushed to a project, pulled from one, and written for `wandb sync` to send later."""

from .caching import cache_runs, check_metrics
from .filters import api_filter, may_fulfil, set_filter
from .place import place_of
from .tracker import WandbTracker

__all__ = [
    "WandbTracker",
    "api_filter",
    "cache_runs",
    "check_metrics",
    "may_fulfil",
    "place_of",
    "set_filter",
]
