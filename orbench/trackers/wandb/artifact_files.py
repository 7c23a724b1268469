"""Where the artifacts of a run lie among its files in W&B."""

from __future__ import annotations

from collections.abc import Sequence

from ...run_store import ArtifactRecord

__all__ = ["artifact_paths"]

_CURRENT, _EARLIER = "artifacts", "orbench/earlier"


def artifact_paths(artifacts: Sequence[ArtifactRecord]) -> list[tuple[str, ArtifactRecord]]:
    """The file of each artifact: of several with one name the last is the current one."""
    current = {one.name: place for place, one in enumerate(artifacts)}
    return [
        (
            f"{_CURRENT}/{one.name}"
            if current[one.name] == place
            else f"{_EARLIER}/{one.sha256}/{one.name}",
            one,
        )
        for place, one in enumerate(artifacts)
    ]
