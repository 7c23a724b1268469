"""W&B: runs pushed to a project, pulled from one, and written for `wandb sync` to send later."""

from .tracker import WandbTracker

__all__ = ["WandbTracker"]
