"""The registry: every table has a source, and files and other packages bring their own."""

from __future__ import annotations

import json
import re
import sys

import pytest

from orbench.errors import ScoreError, UsageError
from orbench.normalisation import Reference, normaliser, normaliser_names

TABLES = [name for name in normaliser_names() if name != "maxmin"]


def test_the_names():
    assert normaliser_names() == (
        "atari", "d4rl", "dmc", "maxmin", "metaworld", "minatar", "procgen-easy", "procgen-hard",
    )  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_its_source_and_version(name):
    one = normaliser(name)
    assert one.name == name
    assert one.version
    assert re.search(r"[A-Z]\w+ (et al\.|& [A-Z]\w+) 20\d\d", one.source)
    assert one.source in one.caption
    assert one.meaning in one.caption


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("atari", 57),
        ("dmc", 61),
        ("metaworld", 50),
        ("minatar", 4),
        ("procgen-easy", 16),
        ("procgen-hard", 16),
    ],
)
def test_every_suite_is_whole(name, count):
    assert len(normaliser(name).references) == count


@pytest.mark.parametrize(
    ("name", "env_id", "low", "high"),
    [
        ("atari", "ALE/Pong-v5", -20.7, 14.6),
        ("atari", "VideoPinballNoFrameskip-v4", 16256.9, 17667.9),
        ("d4rl", "halfcheetah-medium-expert-v2", -280.178953, 12135.0),
        ("d4rl", "kitchen-partial-v0", 0.0, 4.0),
        ("d4rl", "door-cloned-v1", -56.512833, 2880.5693087298737),
        ("dmc", "cheetah-run", 0.0, 1000.0),
        ("dmc", "dm_control/ball_in_cup-catch-v0", 0.0, 1000.0),
        ("dmc", "dmc_finger_turn_hard", 0.0, 1000.0),
        ("dmc", "walker-run-backwards", 0.0, 1000.0),
        ("metaworld", "mw-reach", 0.0, 1.0),
        ("metaworld", "Meta-World/peg-insert-side-v3", 0.0, 1.0),
        ("minatar", "MinAtar/Breakout-v1", 0.39, 28.0),
        ("minatar", "SpaceInvaders-MinAtar", 4.13, 131.0),
        ("minatar", "minatar-space_invaders", 4.13, 131.0),
        ("procgen-easy", "procgen:procgen-starpilot-v0", 2.5, 64.0),
        ("procgen-easy", "LeaperEasy-v0", 3.0, 10.0),
        ("procgen-hard", "starpilot", 1.5, 35.0),
    ],
)
def test_references_by_the_names_that_people_log(name, env_id, low, high):
    found = normaliser(name).reference(env_id)
    assert (found.low, found.high) == (low, high)


def test_a_family_may_have_a_source_of_its_own():
    assert "TD-MPC2" in normaliser("dmc").reference("cup-spin").source
    assert normaliser("dmc").reference("cup-catch").source == ""


@pytest.mark.parametrize(
    ("name", "env_id", "message"),
    [
        ("atari", "Pongg-v5", "did you mean Pong"),
        ("atari", "MinAtar/Breakout-v1", "no reference for the env 'MinAtar/Breakout-v1'"),
        ("d4rl", "hoper-medium-v2", "did you mean hopper-medium"),
        ("d4rl", "maze2d-umaze-v0", "a reference for maze2d-umaze v1, none for"),
        ("dmc", "lqr-lqr_2_1", "no reference"),
        ("procgen-hard", "LeaperEasy-v0", "did you mean leaper"),
        ("minatar", "Seaquest-MinAtar", "no reference for the env 'Seaquest-MinAtar'"),
        ("minatar", "ALE/Breakout-v5", "no reference for the env 'ALE/Breakout-v5'"),
    ],
)
def test_an_env_that_a_table_does_not_have(name, env_id, message):
    with pytest.raises(ScoreError, match=message):
        normaliser(name).reference(env_id)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("atri", "did you mean atari"),
        ("procgen", "use procgen-easy or procgen-hard"),
        ("scores.xlsx", "there is no normaliser 'scores.xlsx'"),
    ],
)
def test_a_name_that_is_not_known(name, message):
    with pytest.raises(UsageError, match=message):
        normaliser(name)


def test_a_path_is_as_good_as_a_name(tmp_path):
    path = tmp_path / "grid.json"
    path.write_text(json.dumps({"Maze": [-10, 30]}))
    assert normaliser(str(path)).reference("Maze-v0") == Reference(-10.0, 30.0)


# -- other packages

PACKAGE = """
from orbench.normalisation import Normaliser, Reference

OURS = Normaliser("lab", "0 is low, 1 is high", "our lab", "1", {"Maze": Reference(0.0, 2.0)})
NUMBERS = [1, 2]

def make():
    return OURS
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a package `lab` that brings one normaliser: `installed(its name, what it is)`."""

    def install(name, value):
        (tmp_path / "lab_normalisers.py").write_text(PACKAGE)
        about = tmp_path / "lab-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: lab\nVersion: 1.0\n")
        points = f"[orbench.normalisers]\n{name} = lab_normalisers:{value}\n"
        (about / "entry_points.txt").write_text(points)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "lab_normalisers", raising=False)

    return install


@pytest.mark.parametrize("value", ["OURS", "make"])
def test_a_package_brings_a_normaliser(installed, value):
    installed("lab", value)
    assert normaliser("lab").reference("Maze") == Reference(0.0, 2.0)
    assert "lab" in normaliser_names()


def test_a_package_that_brings_something_else_is_refused(installed):
    installed("lab", "NUMBERS")
    with pytest.raises(UsageError, match=r"must name an orbench\.normalisation\.Normaliser"):
        normaliser("lab")


@pytest.mark.parametrize("name", ["atari", "maxmin"])
def test_a_package_does_not_take_the_place_of_a_table(installed, name):
    installed(name, "OURS")
    with pytest.raises(UsageError, match="has a name that is taken"):
        normaliser_names()
