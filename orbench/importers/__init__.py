"""Importers: runs out of what other tools wrote, into a store.

An importer is an `Importer`: it finds what there is at some paths and reads the runs in it. It does
not know of a store; `deliver` puts a run into one, each once, whichever importer read it.

    importer = TableImporter(parse_mapping(["env_id=task", "step=frames*1e6"]))
    for found in importer.find([Path("results")]):
        for run in importer.read(found):
            deliver(store, run)
"""

from .delivery import Delivery, Outcome, deliver, plan_delivery
from .imported import FoundPath, ImportedArtifact, ImportedRun, Importer, RowCounts
from .mapping import TARGETS, Source, TableMapping, parse_mapping
from .naming import Naming, RunNames, parse_naming
from .row_plan import Reading, RowPlan, ValueColumn
from .sb3 import Sb3Importer
from .table import TableImporter
from .tensorboard import TensorboardImporter, parse_pattern

__all__ = [
    "TARGETS",
    "Delivery",
    "FoundPath",
    "ImportedArtifact",
    "ImportedRun",
    "Importer",
    "Naming",
    "Outcome",
    "Reading",
    "RowCounts",
    "RowPlan",
    "RunNames",
    "Sb3Importer",
    "Source",
    "TableImporter",
    "TableMapping",
    "TensorboardImporter",
    "ValueColumn",
    "deliver",
    "parse_mapping",
    "parse_naming",
    "parse_pattern",
    "plan_delivery",
]
