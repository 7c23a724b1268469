"""Installed distributions: the ones that import would find, with where they came from."""

import importlib.metadata
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.capture.distributions import canonical_name, installed_distributions


def install(folder, name, version, kind="dist-info", **files):
    """Write a distribution's metadata as an installer does."""
    place = folder / f"{name}-{version}.{kind}"
    place.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nlong text\nName: other\n"
    (place / ("METADATA" if kind == "dist-info" else "PKG-INFO")).write_text(text)
    for file, content in files.items():
        (place / file).write_text(content)
    return place


def listed(*path):
    return installed_distributions([str(entry) for entry in path], lambda: None)


def test_it_finds_in_this_environment_what_importlib_metadata_finds():
    packages, _ = listed(*sys.path)
    expected = {}
    for found in importlib.metadata.distributions():
        expected.setdefault(canonical_name(found.metadata["Name"]), found.version)
    assert {canonical_name(p["name"]): p["version"] for p in packages} == expected


def test_they_are_sorted_by_name_with_their_installer(tmp_path):
    install(tmp_path, "zeta", "1", INSTALLER="uv\n")
    install(tmp_path, "Alpha_Beta", "2.0")
    packages, problems = listed(tmp_path)
    assert packages == [
        {"name": "Alpha_Beta", "version": "2.0"},
        {"name": "zeta", "version": "1", "installer": "uv"},
    ]
    assert problems == []


@pytest.mark.parametrize(
    ("direct_url", "origin"),
    [
        (
            {
                "url": "https://example.org/a.git",
                "vcs_info": {"vcs": "git", "commit_id": "0a1b", "requested_revision": "main"},
                "subdirectory": "python",
            },
            {
                "kind": "vcs",
                "url": "https://example.org/a.git",
                "vcs": "git",
                "commit": "0a1b",
                "requested": "main",
                "subdirectory": "python",
            },
        ),
        (
            {"url": "file:///home/me/with%20space", "dir_info": {"editable": True}},
            {"kind": "local", "path": "/home/me/with space", "editable": True},
        ),
        (
            {"url": "file:///home/me/x", "dir_info": {}},
            {"kind": "local", "path": "/home/me/x", "editable": False},
        ),
        (
            {"url": "https://x/a.whl", "archive_info": {"hashes": {"sha256": "ff"}}},
            {"kind": "archive", "url": "https://x/a.whl", "hashes": {"sha256": "ff"}},
        ),
    ],
    ids=["git", "editable", "folder", "archive"],
)
def test_the_origin_of_what_came_from_no_index_is_told(tmp_path, direct_url, origin):
    install(tmp_path, "a", "1", **{"direct_url.json": json.dumps(direct_url)})
    packages, _ = listed(tmp_path)
    assert packages[0]["origin"] == origin


def test_the_first_on_the_path_is_the_one_and_the_hidden_are_told(tmp_path):
    install(tmp_path / "first", "pack_age", "2")
    install(tmp_path / "second", "Pack-Age", "1")
    packages, problems = listed(tmp_path / "first", tmp_path / "second", tmp_path / "first")
    assert packages == [{"name": "pack_age", "version": "2"}]
    assert problems == [
        f"Pack-Age 1 in {tmp_path / 'second'} is hidden by 2 in {tmp_path / 'first'}"
    ]


def test_broken_metadata_is_told_and_costs_nothing_else(tmp_path):
    install(tmp_path, "good", "1", **{"direct_url.json": "{broken"})
    (tmp_path / "empty-1.dist-info").mkdir()
    (tmp_path / "odd-1.dist-info").mkdir()
    (tmp_path / "odd-1.dist-info" / "METADATA").write_bytes(b"\xff\x00 nothing here")
    packages, problems = listed(tmp_path, tmp_path / "absent")
    assert packages == [{"name": "good", "version": "1", "origin": {"kind": "unknown"}}]
    assert len(problems) == 2


def test_egg_info_of_either_kind_and_egg_links_are_read(tmp_path):
    install(tmp_path, "old", "1", kind="egg-info")
    (tmp_path / "flat-2.egg-info").write_text("Metadata-Version: 1.1\nName: flat\nVersion: 2\n")
    install(tmp_path / "checkout", "linked", "3", kind="egg-info")
    (tmp_path / "linked.egg-link").write_text(f"{tmp_path / 'checkout'}\n.\n")
    packages, problems = listed(tmp_path)
    assert [(p["name"], p["version"]) for p in packages] == [
        ("flat", "2"),
        ("linked", "3"),
        ("old", "1"),
    ]
    assert packages[1]["origin"]["editable"] is True
    assert problems == []


@given(st.integers(0, 12_000), st.booleans())
def test_a_header_of_any_length_is_read(tmp_path_factory, length, windows):
    folder = tmp_path_factory.mktemp("site")
    place = folder / "a-1.dist-info"
    place.mkdir()
    text = f"Metadata-Version: 2.1\nLicense: {'x' * length}\nName: a\nVersion: 1.2.3\n\nText\n"
    (place / "METADATA").write_bytes(text.replace("\n", "\r\n" if windows else "\n").encode())
    packages, _ = listed(folder)
    assert packages == [{"name": "a", "version": "1.2.3"}]
