"""Places and credentials: from wandb's own settings, never asked for, never shown."""

from __future__ import annotations

import pytest

from orbench.errors import TrackerError
from orbench.trackers import parse_place
from orbench.trackers.wandb.credentials import api_key, base_url
from orbench.trackers.wandb.place import WandbPlace, place_of, wandb_place

KEY = "0123456789abcdef0123456789abcdef01234567"
CLOUD = "https://api.wandb.ai"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, wandb):
    """An empty home, and no settings in the environment."""
    monkeypatch.delenv("WANDB_API_KEY")
    monkeypatch.delenv("WANDB_BASE_URL")
    monkeypatch.delenv("WANDB_CONFIG_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def place(text: str) -> WandbPlace:
    """The project that a text names."""
    return wandb_place(parse_place(text))


def test_a_place_is_at_the_public_cloud_unless_settings_say_otherwise(monkeypatch, home):
    assert str(place("wandb://team/demo")) == "wandb://api.wandb.ai/team/demo"
    settings = home / ".config" / "wandb"
    settings.mkdir(parents=True)
    (settings / "settings").write_text("[default]\nbase_url = https://wandb.example.org/\n")
    assert str(place("wandb://team/demo")) == "wandb://wandb.example.org/team/demo"
    monkeypatch.setenv("WANDB_BASE_URL", "http://10.0.0.5:8080")
    assert place("wandb://team/demo").url == "http://10.0.0.5:8080"
    assert place("wandb://10.0.0.5:8080/team/demo").url == "http://10.0.0.5:8080"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("wandb://wandb.example.org/team/demo", "https://wandb.example.org"),
        ("wandb://127.0.0.1:8080/team/demo", "http://127.0.0.1:8080"),
        ("wandb://localhost/team/demo", "http://localhost"),
    ],
)
def test_a_server_of_ones_own(text, url):
    found = place(text)
    assert (found.url, found.name) == (url, "team/demo")
    assert str(found) == text


def test_names_with_odd_characters_come_back():
    found = place(place_of("", "my team", "a b#c"))
    assert (found.entity, found.project) == ("my team", "a b#c")
    assert place(str(found)) == found


def test_the_key_comes_from_the_environment_then_from_netrc(monkeypatch, home):
    (home / ".netrc").write_text(
        f"machine api.wandb.ai\n  login user\n  password {KEY}\n"
        f"machine wandb.example.org\n  login user\n  password {KEY[::-1]}\n"
    )
    assert api_key(CLOUD) == KEY
    assert api_key("https://wandb.example.org") == KEY[::-1]
    monkeypatch.setenv("WANDB_API_KEY", "e" * 40)
    assert api_key(CLOUD) == "e" * 40


def test_netrc_may_lie_elsewhere(monkeypatch, home):
    (home / "mine").write_text(f"machine api.wandb.ai login user password {KEY}\n")
    monkeypatch.setenv("NETRC", str(home / "mine"))
    assert api_key(CLOUD) == KEY


def test_without_a_key_it_says_what_to_do():
    with pytest.raises(TrackerError, match=r"no key for W&B at api\.wandb\.ai: run `wandb login`"):
        api_key(CLOUD)
    with pytest.raises(TrackerError, match=r"`wandb login --host http://10\.0\.0\.5`"):
        api_key("http://10.0.0.5")


@pytest.mark.parametrize("key", ["short", "x" * 39, "é" * 40, "a" * 40 + "\n" + "b" * 3])
def test_what_is_no_key_is_not_sent(monkeypatch, key):
    monkeypatch.setenv("WANDB_API_KEY", key)
    with pytest.raises(TrackerError, match="is no key") as caught:
        api_key(CLOUD)
    assert key not in str(caught.value)


def test_a_netrc_that_cannot_be_read_is_named_and_not_quoted(home):
    (home / ".netrc").write_text("machine api.wandb.ai passwrd hunter2\n")
    with pytest.raises(TrackerError, match=r"\.netrc cannot be read") as caught:
        api_key(CLOUD)
    assert "hunter2" not in str(caught.value)


def test_an_address_that_is_none(monkeypatch):
    monkeypatch.setenv("WANDB_BASE_URL", "wandb.example.org")
    with pytest.raises(TrackerError, match="WANDB_BASE_URL is no address"):
        base_url()
