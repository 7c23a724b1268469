"""What names a run whose files say so in their own ways: a folder, a header, a config, a person.

Of what is said, a person's word (`--set`, `--map`, `--path`) comes first, then what the name of the
folder or file says by `--pattern`, for kinds that have it, then the source's own word, then a
config value of a usual name. Nothing is guessed: what nobody says is asked for.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..config import flatten, merge, unflatten
from ..errors import ImportFileError, UsageError, near
from ..run import Document, JsonValue
from .cells import CellError, as_config_value, as_name, as_seed
from .mapping import IDENTITY, TableMapping, parse_mapping
from .name_pattern import parse_pattern
from .row_plan import DEFAULT_PROJECT, USUAL_NAMES
from .table_file import Cell

__all__ = ["Naming", "RunNames", "parse_naming", "told_names"]

_KEYS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class RunNames:
    """What names a run."""

    project: str
    exp_name: str
    env_id: str
    seed: int | None


@dataclass(frozen=True, slots=True)
class Naming:
    """How runs get their names where a source leaves it open; see `parse_naming`."""

    mapping: TableMapping = field(default_factory=TableMapping)
    pattern: re.Pattern[str] | None = None

    def document(self) -> Document:
        """How names were asked for, as the provenance of a run has it; only what was said."""
        said = self.mapping.document()
        return {**said, "pattern": self.pattern.pattern} if self.pattern else said

    def names(self, file: str, told: Mapping[str, JsonValue], config: Document) -> RunNames:
        """The names of a run: `told` is what its source says by target, `config` its config.

        Raises UsageError for what nothing says, and ImportFileError for what cannot be a name.
        """
        keys = flatten(config)
        groups = self._groups(file)
        told = {**told, **self._by_pattern(file)}
        said = {target: self._said(target, file, groups, told, keys) for target in IDENTITY}
        try:
            seed = said["seed"]
            return RunNames(
                project=as_name(said["project"], "project"),
                exp_name=as_name(said["exp_name"], "exp_name"),
                env_id=as_name(said["env_id"], "env_id"),
                seed=None if seed is None else as_seed(seed),
            )
        except CellError as error:
            raise ImportFileError(f"{file}: {error}") from error

    def config(self, file: str, config: Document) -> dict[str, JsonValue]:
        """A config with what `--set config.KEY=` and groups of `--path` add to it."""
        groups = self._groups(file)
        added = {
            target.removeprefix("config."): value
            for target, value in self.mapping.constants.items()
            if target.startswith("config.")
        } | {
            target.removeprefix("config."): as_config_value(self._group(source, file, groups))
            for target, source in self.mapping.sources
            if target.startswith("config.")
        }
        return merge(config, unflatten(added)) if added else dict(config)

    def _said(
        self,
        target: str,
        file: str,
        groups: Mapping[str, str],
        told: Mapping[str, JsonValue],
        keys: Mapping[str, JsonValue],
    ) -> Cell:
        source = dict(self.mapping.sources).get(target)
        if source is not None:
            return self._mapped(source, file, groups, keys)
        if target in self.mapping.constants:
            return _cell(self.mapping.constants[target])
        if groups.get(target):
            return groups[target]
        usual = _told_or_usual(target, told, keys)
        if usual is not None:
            return usual
        if target == "project":
            return DEFAULT_PROJECT
        none = ", or --set seed=none" if target == "seed" else ""
        known = f", or --map {target}=KEY of its config ({_shown(keys)})" if keys else ""
        raise UsageError(
            f"{file}: nothing says the {target} of the run: --set {target}=..., a group "
            f"(?P<{target}>...) of --path{known}{none}"
        )

    def _mapped(
        self, source: str, file: str, groups: Mapping[str, str], keys: Mapping[str, JsonValue]
    ) -> Cell:
        if source.startswith("@"):
            return self._group(source, file, groups)
        if source not in keys:
            raise UsageError(
                f"{file}: its config has no '{source}'{near(source, keys)}; it has {_shown(keys)}"
            )
        return _cell(keys[source])

    def _group(self, source: str, file: str, groups: Mapping[str, str]) -> str:
        name = source.removeprefix("@")
        if not source.startswith("@") or name not in groups:
            raise UsageError(
                f"'{source}' is no group of --path{near(name, groups)}; there are "
                f"{', '.join(f'@{one}' for one in groups)}"
            )
        return groups[name]

    def _by_pattern(self, file: str) -> dict[str, str]:
        """What the name of a folder or file says, of a file without its suffixes too."""
        if self.pattern is None:
            return {}
        name = file.rpartition("/")[2]
        fitted = self.pattern.fullmatch(name) or self.pattern.fullmatch(name.partition(".")[0])
        said = fitted.groupdict() if fitted is not None else {}
        return {target: text for target, text in said.items() if target in IDENTITY}

    def _groups(self, file: str) -> dict[str, str]:
        *above, name = file.split("/")
        told = {"file": name.partition(".")[0], "folder": above[-1] if above else ""}
        pattern = self.mapping.path
        if pattern is None:
            return told
        fitted = pattern.search(file)
        if fitted is None:
            raise ImportFileError(f"{file}: --path '{pattern.pattern}' does not fit this name")
        return told | {key: text or "" for key, text in fitted.groupdict().items()}


def parse_naming(
    maps: Sequence[str] = (),
    constants: Sequence[str] = (),
    path: str | None = None,
    pattern: str = "",
) -> Naming:
    """How runs are named, by `--map TARGET=KEY`, `--set TARGET=TEXT` and `--path REGEX`.

    A KEY is one of the run's config, or `@GROUP` of the path. `pattern` is as in `parse_pattern`.
    Raises UsageError.
    """
    mapping = parse_mapping(maps, constants, path)
    for target in (*dict(mapping.sources), *mapping.constants):
        if target not in IDENTITY and not target.startswith("config."):
            raise UsageError(
                f"'{target}' is known of these files; what can be said is {', '.join(IDENTITY)} "
                "and config.KEY"
            )
    return Naming(mapping, parse_pattern(pattern) if pattern else None)


def told_names(told: Mapping[str, JsonValue], config: Document) -> RunNames:
    """What a source says of the names of its run, itself or by config keys of usual names.

    A name is empty, the seed None, where nothing says it or it cannot be one.
    """
    keys = flatten(config)
    said = {target: _told_or_usual(target, told, keys) for target in IDENTITY}
    names = dict.fromkeys(IDENTITY, "")
    for target in ("project", "exp_name", "env_id"):
        with contextlib.suppress(CellError):
            names[target] = as_name(said[target], target)
    seed = None
    if said["seed"] is not None:
        with contextlib.suppress(CellError):
            seed = as_seed(said["seed"])
    return RunNames(names["project"], names["exp_name"], names["env_id"], seed)


def _told_or_usual(
    target: str, told: Mapping[str, JsonValue], keys: Mapping[str, JsonValue]
) -> Cell:
    """What a source says of a target, else what a config key of a usual name does."""
    if told.get(target) not in (None, ""):
        return _cell(told[target])
    for name in USUAL_NAMES[target]:
        if keys.get(name) not in (None, ""):
            return _cell(keys[name])
    return None


def _shown(keys: Mapping[str, JsonValue]) -> str:
    names = list(keys)
    more = f" and {len(names) - _KEYS_SHOWN} more" if len(names) > _KEYS_SHOWN else ""
    return ", ".join(re.sub(r"[^\x20-\x7e]", "?", name)[:40] for name in names[:_KEYS_SHOWN]) + more


def _cell(value: JsonValue) -> Cell:
    return None if isinstance(value, dict) else value
