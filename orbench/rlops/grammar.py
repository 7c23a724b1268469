r"""The strings of `--filters`: where runs come from, and which experiments are compared.

```ebnf
source      = "?" [ pair { "&" pair } ] ;                  (* we, wpn, ceik, cen, xaxis, metric *)
experiment  = name [ "?" pair { "&" pair } ] ;             (* tag, user, cl, or a config key *)
pair        = key "=" value ;
```

A name is everything before the first `?`, a value everything up to the next `&`; both are taken as
they stand, with any `+`, `:`, `#` and `;` in them. In keys and values `%26` stands for `&`, and so
on for every other character. `\n` in `cl` breaks the line of a legend.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from ..errors import UsageError, near
from .literals import Literal, literal

__all__ = ["SOURCE_KEYS", "Experiment", "Source", "parse_experiment", "parse_source"]

SOURCE_KEYS = {
    "we": "the entity that the project belongs to",
    "wpn": "the project",
    "ceik": "the config key of the env id",
    "cen": "the config key of the experiment name",
    "xaxis": "the metric that steps are taken from",
    "metric": "the metric that is compared",
    "metrics": "one of several metrics, repeatable",
}
"""The keys of a source string, and what each of them names."""

_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Source:
    """Where the runs of a group come from, and how they name what they are."""

    project: str = "cleanrl"
    entity: str = ""
    env_key: str = "env_id"
    exp_key: str = "exp_name"
    x_axis: str = "global_step"
    metrics: tuple[str, ...] = ("charts/episodic_return",)


@dataclass(frozen=True, slots=True)
class Experiment:
    """Which runs of a source make one run set; `text` is the string as it was written.

    Each of `config` is a key with the values that it may have; all of them must hold, and so must
    every tag.
    """

    text: str
    name: str
    tags: tuple[str, ...] = ()
    user: str = ""
    legend: str = ""
    config: tuple[tuple[str, tuple[Literal, ...]], ...] = ()


def parse_source(text: str, project: str = "cleanrl") -> Source:
    """The source that a string such as `?we=me&wpn=atari&metric=loss` names.

    Of a key given twice the first counts, except for `metrics`; `project` is meant where there is
    no `wpn`. Raises UsageError for a key that there is not, listing those there are.
    """
    if not text.startswith("?"):
        raise UsageError(
            f"--filters begins with a source, like '?wpn=cleanrl&metric=charts/episodic_return', "
            f"not with '{_short(text)}'"
        )
    values: dict[str, list[str]] = {}
    for key, value in _pairs(text, text[1:]):
        if key not in SOURCE_KEYS:
            raise UsageError(
                f"a source has no key '{key}'{near(key, SOURCE_KEYS)}; there are "
                f"{', '.join(SOURCE_KEYS)}"
            )
        values.setdefault(key, []).append(value)
    first = {key: found[0] for key, found in values.items()}
    metrics = values.get("metrics") or [first.get("metric", Source().metrics[0])]
    return Source(
        project=first.get("wpn", project),
        entity=first.get("we", ""),
        env_key=first.get("ceik", Source().env_key),
        exp_key=first.get("cen", Source().exp_key),
        x_axis=first.get("xaxis", Source().x_axis),
        metrics=tuple(dict.fromkeys(metrics)),
    )


def parse_experiment(text: str) -> Experiment:
    """The experiment that a string such as `ppo?tag=v1&lr=3e-4&cl=PPO` names.

    Raises UsageError for a string without a name, for a pair without key or value, and for a value
    that cannot be compared.
    """
    name, mark, query = text.partition("?")
    if not name:
        raise UsageError(
            f"'{_short(text)}' names no experiment; write one like 'ppo?tag=v1.0', and the source "
            "once, as the first string of its --filters"
        )
    values: dict[str, list[str]] = {}
    for key, value in _pairs(text, query) if mark else ():
        values.setdefault(key, []).append(value)
    tags, users, legends = (values.pop(key, []) for key in ("tag", "user", "cl"))
    return Experiment(
        text=text,
        name=name,
        tags=tuple(dict.fromkeys(tags)),
        user=users[0] if users else "",
        legend=legends[0].replace("\\n", "\n") if legends else "",
        config=tuple(
            (key, tuple(literal(key, value) for value in found)) for key, found in values.items()
        ),
    )


def _pairs(text: str, query: str) -> list[tuple[str, str]]:
    if len(text) > _LONGEST:
        raise UsageError(f"a string of --filters has at most {_LONGEST} characters")
    pairs = []
    for piece in re.split("&+", query.strip("&")) if query.strip("&") else ():
        key, sign, value = piece.partition("=")
        if not (key and sign and value):
            raise UsageError(f"'{_short(piece)}' in '{_short(text)}' is no KEY=VALUE")
        pairs.append((unquote(key), unquote(value)))
    return pairs


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
