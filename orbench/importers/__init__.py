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
from .row_plan import Reading, RowPlan, ValueColumn
from .table import TableImporter

__all__ = [
    "TARGETS",
    "Delivery",
    "FoundPath",
    "ImportedArtifact",
    "ImportedRun",
    "Importer",
    "Outcome",
    "Reading",
    "RowCounts",
    "RowPlan",
    "Source",
    "TableImporter",
    "TableMapping",
    "ValueColumn",
    "deliver",
    "parse_mapping",
    "plan_delivery",
]
