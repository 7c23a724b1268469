"""The normaliser: scores on scales of their own become scores on one scale, env by env."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..errors import ScoreError, near
from .env_names import EnvNames

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..score import ScoreMatrix, TaskScores

__all__ = ["Normaliser", "Reference"]

# Returns are sums of floats: a thousand rewards of 1 may be a little more than 1,000.
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Reference:
    """The scores of one env that become 0 (`low`) and 1 (`high`), in the units logged.

    `low` is the greater one where less is better. `versions` has the versions of the env that
    the reference holds for, none for all; `source` is where it differs from the normaliser's.
    """

    low: float
    high: float
    versions: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Makes `(score - low) / (high - low)` of scores, by the references of their envs.

    `meaning` says what 0 and 1 are. `references` has the references by the name of the env, of
    which `names` says what else it may be called. With `closed`, no score lies outside. `scored`
    says how a run got the score of which the references are the range, where they are one.
    """

    name: str
    meaning: str
    source: str
    version: str
    references: Mapping[str, Reference]
    names: EnvNames = field(default_factory=EnvNames)
    closed: bool = False
    scored: str = ""

    @property
    def caption(self) -> str:
        """How the scores were normalised, as a caption says it."""
        version = f" (version {self.version})" if self.version else ""
        return f"by {self.name}{version}: {self.meaning}. Source: {self.source}"

    def reference(self, env_id: str) -> Reference:
        """The reference of an env; raises ScoreError with near names if there is none."""
        wanted, version = self.names.key(env_id), self.names.version(env_id)
        for name, reference in self.references.items():
            if self.names.key(name) != wanted:
                continue
            if version and reference.versions and version not in reference.versions:
                raise ScoreError(
                    f"'{self.name}' has a reference for {name} {' and '.join(reference.versions)},"
                    f" none for {env_id}; give your own in a file"
                )
            return reference
        raise ScoreError(
            f"'{self.name}' has no reference for the env '{env_id}'"
            f"{near(env_id, self.references) or near(wanted, self.references)}"
            " (a reference of your own comes from a CSV, JSON or TOML file)"
        )

    def scaled(self, env_id: str, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores of one env, of any shape, normalised; raises ScoreError without a reference.

        A score outside a closed range is refused: it is not what the reference is for.
        """
        found = self.reference(env_id)
        ends = sorted((found.low, found.high))
        slack = _SLACK * (ends[1] - ends[0])
        outside = (scores < ends[0] - slack) | (scores > ends[1] + slack)
        if self.closed and outside.any():
            raise ScoreError(
                f"a score on {env_id} is {scores[outside].flat[0]:g}, but '{self.name}' is for"
                f" scores from {ends[0]:g} to {ends[1]:g}: choose another metric or reference"
            )
        normalised: NDArray[np.float64] = (scores - found.low) / (found.high - found.low)
        return normalised

    def normalise(self, matrix: ScoreMatrix) -> ScoreMatrix:
        """The matrix with normalised scores, which says how in `normalisation`.

        Raises ScoreError for an env without a reference, and for scores normalised before.
        """
        if matrix.normalisation:
            raise ScoreError(
                f"the scores of {matrix.label} are normalised already, {matrix.normalisation}"
            )
        columns = tuple(self._normalised(column) for column in matrix.tasks)
        return replace(matrix, tasks=columns, normalisation=self.caption)

    def _normalised(self, column: TaskScores) -> TaskScores:
        return replace(column, scores=self.scaled(column.task, column.scores))
