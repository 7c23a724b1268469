"""Importers: runs out of what other tools wrote, into a store.

An importer is an `Importer`: it finds what there is at some paths and reads the runs in it. It does
not know of a store; `deliver` puts a run into one, each once, whichever importer read it.

    importer = TableImporter(parse_mapping(["env_id=task", "step=frames*1e6"]))
    for found in importer.find([Path("results")]):
        for run in importer.read(found):
            deliver(store, run)

Other packages bring kinds by an `ImporterKind`. An importer says of a run what its source says, a
`SourceRun`, and `named` gives it the names that the options, its source and its config have for it.
"""

from ..importer_kinds import ENTRY_POINTS, ImporterKind
from .brought import BroughtImporter
from .delivery import Delivery, Outcome, deliver, imported_run_id, plan_delivery
from .found_files import find_files, find_folders
from .imported import FoundPath, ImportedArtifact, ImportedRun, Importer, RowCounts
from .mapping import TARGETS, Source, TableMapping, parse_mapping
from .marl_eval import MarlEvalImporter
from .mlflow_files import MlflowImporter
from .name_pattern import parse_pattern
from .naming import Naming, RunNames, parse_naming
from .openrlbenchmark import OpenrlbenchmarkImporter
from .reading import ReadSource, read_sources
from .row_plan import Reading, RowPlan, ValueColumn
from .sb3 import Sb3Importer
from .source_run import SourceRun, named
from .spinningup import SpinningUpImporter
from .table import TableImporter
from .tensorboard import TensorboardImporter
from .wandb_facts import wandb_facts, wandb_metadata
from .wandb_files import WandbImporter

__all__ = [
    "ENTRY_POINTS",
    "TARGETS",
    "BroughtImporter",
    "Delivery",
    "FoundPath",
    "ImportedArtifact",
    "ImportedRun",
    "Importer",
    "ImporterKind",
    "MarlEvalImporter",
    "MlflowImporter",
    "Naming",
    "OpenrlbenchmarkImporter",
    "Outcome",
    "ReadSource",
    "Reading",
    "RowCounts",
    "RowPlan",
    "RunNames",
    "Sb3Importer",
    "Source",
    "SourceRun",
    "SpinningUpImporter",
    "TableImporter",
    "TableMapping",
    "TensorboardImporter",
    "ValueColumn",
    "WandbImporter",
    "deliver",
    "find_files",
    "find_folders",
    "imported_run_id",
    "named",
    "parse_mapping",
    "parse_naming",
    "parse_pattern",
    "plan_delivery",
    "read_sources",
    "wandb_facts",
    "wandb_metadata",
]
