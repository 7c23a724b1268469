"""openrlbenchmark's `rlops` in an environment of its own, with the training in its cache.

Its plain install fails at import on Python 3.11 and later (a newer pandas), so what it needs is
held back. It reads runs from W&B or from what an earlier call cached; the cache is made here: the
history of each run (`run_df.csv`), what W&B said of it (`run.json`), and the runs in a database by
its own models.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orbench.run_store import Points

__all__ = ["ENTITY", "Peer", "Training"]

ENTITY = "made-up"
REQUIREMENTS = ("openrlbenchmark==0.3.1", "arch<7", "matplotlib<3.10", "numpy<2", "pandas<2.3")

_MAKE_DATABASE = """
import json, sys
import peewee
from openrlbenchmark.offline_db import OfflineRun, OfflineRunTag, Tag, database_proxy

database = peewee.SqliteDatabase(sys.argv[1])
database_proxy.initialize(database)
database.create_tables([OfflineRun, Tag, OfflineRunTag])
with database.atomic():
    for run in json.load(sys.stdin):
        OfflineRun.create(**run)
"""


@dataclass(frozen=True)
class Training:
    """One run that was made up."""

    exp_name: str
    env_id: str
    seed: int
    points: Points

    @property
    def name(self) -> str:
        """A name of its own."""
        return f"{self.exp_name}-{self.env_id}-{self.seed}"


@dataclass(frozen=True)
class Peer:
    """An interpreter that has openrlbenchmark, and the folder that this caches in."""

    python: Path
    dataset: Path

    @classmethod
    def installed(cls, folder: Path) -> Peer:
        """Install it in a folder, unless it is there; needs uv and PyPI."""
        python = folder / "bin" / "python"
        if not python.exists():
            subprocess.run(["uv", "venv", "--quiet", folder], check=True)
            install = ("uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python)
            subprocess.run([*install, *REQUIREMENTS], check=True)
        code = "import openrlbenchmark; print(openrlbenchmark.__path__[0])"
        package = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
        return cls(python, Path(package.stdout.strip()) / "dataset")

    def cache(self, project: str, metric: str, trainings: Iterable[Training]) -> None:
        """Put the runs of a project into its cache, unless they are there."""
        folder = self.dataset / ENTITY / project
        database = folder / "offline.sqlite"
        if database.exists():
            return
        rows = []
        for training in trainings:
            run = _as_wandb_says(project, training)
            place = folder / training.name
            place.mkdir(parents=True)
            _write_history(place / "run_df.csv", metric, training.points)
            user = {"username": ENTITY, "name": ENTITY}
            (place / "run.json").write_text(json.dumps(run | {"user": user, "tags": []}))
            rows.append(run | {"username": ENTITY})
        make = [self.python, "-c", _MAKE_DATABASE, database]
        subprocess.run(make, check=True, input=json.dumps(rows), text=True)

    def words(
        self,
        project: str,
        metric: str,
        exp_names: Sequence[str],
        env_ids: Sequence[str],
        reps: tuple[int, int] | None,
        out: Path,
    ) -> list[str]:
        """The command that makes all its files; `reps` are those of scores and of curves."""
        words = [
            *(str(self.python), "-m", "openrlbenchmark.rlops", "--offline", "--scan-history"),
            *("--filters", f"?we={ENTITY}&wpn={project}&ceik=env_id&cen=exp_name&metric={metric}"),
            *(*exp_names, "--env-ids", *env_ids),
            *("--rliable", "--rc.score_normalization_method", "maxmin"),
            *("--rc.normalized_score_threshold", "1.0", "--rc.sample_efficiency_plots"),
            *("--rc.performance_profile_plots", "--rc.aggregate_metrics_plots"),
            *("--output-filename", str(out / "compare")),
        ]
        if reps is not None:
            of_scores, of_curves = map(str, reps)
            words += ["--rc.interval_estimates_num_bootstrap_reps", of_scores]
            words += ["--rc.performance_profile_num_bootstrap_reps", of_curves]
            words += ["--rc.sample_efficiency_num_bootstrap_reps", of_curves]
        return words


def _as_wandb_says(project: str, training: Training) -> dict[str, object]:
    path = [ENTITY, project, training.name]
    return {
        "id": training.name,
        "name": training.name,
        "state": "finished",
        "url": f"https://wandb.invalid/{'/'.join(path)}",
        "path": path,
        "project": project,
        "entity": ENTITY,
        "config": {
            "exp_name": training.exp_name,
            "env_id": training.env_id,
            "seed": training.seed,
        },
    }


def _write_history(path: Path, metric: str, points: Points) -> None:
    """A run's history as pandas writes it, with an index."""
    names = ["", "global_step", "_runtime", "_timestamp", metric]
    runtime = points.wall_times - points.wall_times[0]
    rows = np.arange(len(points.steps))
    columns = [rows, points.steps, runtime, points.wall_times, points.values]
    lines = zip(*(map(repr, column.tolist()) for column in columns), strict=True)
    text = "\n".join(map(",".join, [names, *lines]))
    path.write_text(text + "\n", newline=os.linesep)
