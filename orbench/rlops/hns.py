"""Human-normalised scores of result tables: the CSV files that `rlops` writes, theirs and ours."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UsageError
from ..normalisation import normaliser
from ..stats import Mean, Median, as_tasks

__all__ = ["HumanNormalised", "human_normalised", "read_result_table"]

_SPREAD = "±"
_LARGEST_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class HumanNormalised:
    """One column of a result table on the human-normalised scale, over the envs with a number.

    `missing` names the envs whose cell is empty or nan.
    """

    label: str
    envs: int
    median: float
    mean: float
    missing: tuple[str, ...] = ()


def human_normalised(paths: Sequence[Path]) -> list[HumanNormalised]:
    """Median and mean over games of every column of these tables; of one name the first counts.

    0 is random play and 1 a human player, see the normaliser `atari`. Raises UsageError for a file
    that is no result table, ScoreError for an env that is no Atari game that has a reference.
    """
    if not paths:
        raise UsageError("--files names no file; give the CSV tables that rlops writes")
    columns: dict[str, Mapping[str, float]] = {}
    for path in paths:
        for label, scores in read_result_table(path).items():
            columns.setdefault(label, scores)
    return [_normalised(label, scores) for label, scores in columns.items()]


def read_result_table(path: Path) -> dict[str, dict[str, float]]:
    """The scores by column and env, NaN for a cell without a number; spreads are left aside.

    Raises UsageError, naming the file and the line, for what is no such table.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise UsageError(f"{path}: a result table has at most {_LARGEST_BYTES:,} bytes")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: cannot be read as a CSV table: {reason}") from error
    if len(rows) < 2 or len(rows[0]) < 2:
        raise UsageError(
            f"{path}: is no result table; it needs a column for envs and one of scores"
        )
    labels = rows[0][1:]
    found: dict[str, dict[str, float]] = {label: {} for label in labels}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            raise UsageError(f"{path}, line {line}: has {len(row)} cells, not {len(rows[0])}")
        for label, cell in zip(labels, row[1:], strict=True):
            found[label][row[0]] = _score(cell, f"{path}, line {line}")
    return found


def _score(cell: str, place: str) -> float:
    text = cell.partition(_SPREAD)[0].strip()
    try:
        return float(text) if text else math.nan
    except ValueError:
        raise UsageError(
            f"{place}: '{cell}' is no score; write one like 1705.80 {_SPREAD} 439.74"
        ) from None


def _normalised(label: str, scores: Mapping[str, float]) -> HumanNormalised:
    atari = normaliser("atari")
    present = {env: score for env, score in scores.items() if math.isfinite(score)}
    if not present:
        raise UsageError(f"'{label}' has no score at all; leave its table out")
    columns = as_tasks([atari.scaled(env, np.array([score])) for env, score in present.items()])
    return HumanNormalised(
        label=label,
        envs=len(present),
        median=Median()(columns),
        mean=Mean()(columns),
        missing=tuple(env for env in scores if env not in present),
    )
