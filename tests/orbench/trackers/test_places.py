"""Places in trackers: what is understood, and what is said of what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import TrackerError
from orbench.trackers import open_tracker, parse_place


@pytest.mark.parametrize(
    ("text", "kind", "url", "path"),
    [
        ("mlflow://localhost:5000/cartpole", "mlflow", "http://localhost:5000", ("cartpole",)),
        ("mlflow+http://h/e", "mlflow", "http://h", ("e",)),
        ("mlflow+https://h/ml/flow/a b", "mlflow", "https://h/ml/flow", ("a b",)),
        ("mlflow://h:1/a%2Fb", "mlflow", "http://h:1", ("a/b",)),
        ("wandb://Team/proj", "wandb", "", ("Team", "proj")),
        ("wandb://h:8080/team/proj", "wandb", "https://h:8080", ("team", "proj")),
        ("wandb+http://h:8080/team/proj", "wandb", "http://h:8080", ("team", "proj")),
    ],
)
def test_a_place_names_a_server_and_what_is_on_it(text, kind, url, path) -> None:
    place = parse_place(text)
    assert (place.kind, place.url, place.path) == (kind, url, path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mlflwo://h/e", "did you mean mlflow"),
        ("comet://h/e", "no tracker 'comet'"),
        ("h:5000/e", "no place in a tracker"),
        ("mlflow://h:5000", "names no experiment"),
        ("mlflow:///e", "names no server"),
        ("mlflow://h:port/e", "is no place"),
        ("mlflow+sqlite:///mlflow.db", "--backend-store-uri sqlite://"),
        ("wandb://team", "names no W&B project"),
        ("wandb://a/b/c/d", "names no W&B project"),
        ("mlflow://h/e?x=1", "no ? or #"),
    ],
)
def test_what_is_no_place_is_told_in_one_line(text: str, said: str) -> None:
    with pytest.raises(TrackerError) as raised:
        parse_place(text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["mlflow://me:hunter2@h/e", "wandb://me:hunter2@h/a/b"])
def test_a_password_in_a_place_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(TrackerError, match="leave user and password out") as raised:
        open_tracker(text)
    assert "hunter2" not in str(raised.value)


_NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda name: name.strip() == name
)


@given(experiment=_NAMES)
def test_a_place_reads_as_it_writes_itself(experiment: str) -> None:
    from urllib.parse import quote

    place = parse_place(f"mlflow://h:5000/{quote(experiment, safe='')}")
    assert place.path == (experiment,)
    assert parse_place(place.text) == place
