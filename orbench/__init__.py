"""orbench records reinforcement-learning runs, keeps them, finds them and compares them.

```python
import orbench

with orbench.start_run(project="demo", exp_name="ppo", env_id="CartPole-v1", seed=1) as run:
    run.log({"charts/episodic_return": 21.0}, step=100)

table = orbench.fetch("exp_name=ppo", metric="charts/episodic_return")
```

Importing this package imports nothing else: each name below loads its module when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import OrbenchError
    from .fetching import SeriesTable, fetch
    from .filters import Filter, parse
    from .recorder import Run
    from .run import RunRecord, RunStatus
    from .run_store import RunStore, open_store
    from .seeding import seed_everything
    from .starting import attach_run, start_run

__version__ = "0.1.0"

__all__ = [
    "Filter",
    "OrbenchError",
    "Run",
    "RunRecord",
    "RunStatus",
    "RunStore",
    "SeriesTable",
    "__version__",
    "attach_run",
    "fetch",
    "open_store",
    "parse",
    "seed_everything",
    "start_run",
]

_MODULE_OF = {
    "Filter": "filters",
    "OrbenchError": "errors",
    "Run": "recorder",
    "RunRecord": "run",
    "RunStatus": "run",
    "RunStore": "run_store",
    "SeriesTable": "fetching",
    "attach_run": "starting",
    "fetch": "fetching",
    "open_store": "run_store",
    "parse": "filters",
    "seed_everything": "seeding",
    "start_run": "starting",
}


def __getattr__(name: str) -> object:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'orbench' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"orbench.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
