"""Importers: runs out of what other tools wrote, into a store.

An importer is an `Importer`: it finds what there is at some paths and reads the runs in it. It does
not know of a store; `deliver` puts a run into one, each once, whichever importer read it.

    importer = TableImporter(parse_mapping(["env_id=task", "step=frames*1e6"]))
    for found in importer.find([Path("results")]):
        for run in importer.read(found):
            deliver(store, run)
"""

from .delivery import Delivery, Outcome, deliver, imported_run_id, plan_delivery
from .imported import FoundPath, ImportedArtifact, ImportedRun, Importer, RowCounts
from .mapping import TARGETS, Source, TableMapping, parse_mapping
from .marl_eval import MarlEvalImporter
from .mlflow_files import MlflowImporter
from .naming import Naming, RunNames, parse_naming
from .row_plan import Reading, RowPlan, ValueColumn
from .sb3 import Sb3Importer
from .spinningup import SpinningUpImporter
from .table import TableImporter
from .tensorboard import TensorboardImporter, parse_pattern
from .wandb_facts import wandb_facts, wandb_metadata
from .wandb_files import WandbImporter

__all__ = [
    "TARGETS",
    "Delivery",
    "FoundPath",
    "ImportedArtifact",
    "ImportedRun",
    "Importer",
    "MarlEvalImporter",
    "MlflowImporter",
    "Naming",
    "Outcome",
    "Reading",
    "RowCounts",
    "RowPlan",
    "RunNames",
    "Sb3Importer",
    "Source",
    "SpinningUpImporter",
    "TableImporter",
    "TableMapping",
    "TensorboardImporter",
    "ValueColumn",
    "WandbImporter",
    "deliver",
    "imported_run_id",
    "parse_mapping",
    "parse_naming",
    "parse_pattern",
    "plan_delivery",
    "wandb_facts",
    "wandb_metadata",
]
