"""Capture as a whole: every document, no failure, no secret in anything."""

import json
import os
import subprocess
import sys

from orbench.capture import Redactor, capture_at_start, capture_in_background, capture_inside
from orbench.events import FACT_KINDS, FactsCaptured, decode_event, encode_event

SHAPED = "ghp_" + "a1B2" * 9
KNOWN = "open-sesame-42"


def in_background(redactor=None, **options):
    documents = {}
    capture_in_background(
        lambda kind, document: documents.__setitem__(kind, document),
        redactor or Redactor(),
        **{"seed": 1, **options},
    )
    return documents


def test_every_kind_is_captured_and_fits_into_a_journal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    documents = {**capture_at_start(Redactor()), **in_background()}
    assert set(documents) == set(FACT_KINDS)
    for kind, document in documents.items():
        event = FactsCaptured(kind=kind, document=document)
        assert decode_event(encode_event(event)) == event


def test_of_a_program_recorded_from_outside_its_own_command_is_captured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("x = 1\n")
    program = ["python3", "train.py", "--token", "abc"]
    assert capture_at_start(Redactor(), program)["command"]["argv"][1:] == [
        "train.py",
        "--token",
        "***",
    ]
    documents = in_background(program=program)
    assert documents["source"]["script"] == "train.py"
    assert documents["seeds"] == {"declared": 1}


def test_a_process_that_joined_a_run_tells_its_own_environment_and_seeds():
    documents = {}
    capture_inside(documents.__setitem__, Redactor(), seed=3)
    assert set(documents) == {"environment", "seeds"}
    assert documents["seeds"]["declared"] == 3


def test_no_planted_token_is_in_anything_emitted(tmp_path):
    """Tokens in the environment, argv, remote, diff, untracked files, lock file and packages."""
    root = tmp_path / "project"
    root.mkdir()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    (root / "train.py").write_text(
        "import json, os, sys\n"
        "from orbench.capture import Redactor, capture_at_start, capture_in_background\n"
        "from orbench.config import normalise\n"
        "redactor = Redactor.from_environment(os.environ)\n"
        "told = dict(capture_at_start(redactor))\n"
        "capture_in_background(told.__setitem__, redactor, seed=1)\n"
        "config = normalise({'api_key': '-'.join('key'), 'n': sys.argv})[0]\n"
        "told['config'] = redactor.document(config)\n"
        "print(json.dumps(told))\n"
    )
    (root / "requirements.txt").write_text("a\n")
    subprocess.run([*git, "init", "-q"], cwd=root, check=True)
    subprocess.run([*git, "add", "."], cwd=root, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], cwd=root, check=True)
    remote = f"https://me:{KNOWN}@example.org/x.git"
    subprocess.run([*git, "remote", "add", "origin", remote], cwd=root, check=True)
    with (root / "train.py").open("a") as file:
        file.write(f"# {SHAPED} {KNOWN}\n")
    (root / "notes.txt").write_text(f"{SHAPED} {KNOWN}\n")
    (root / "requirements.txt").write_text(f"a @ git+https://{SHAPED}@example.org/a\n")
    (root / ".env").write_text(f"X={KNOWN}\n")
    site = root / "a-1.dist-info"
    site.mkdir()
    (site / "METADATA").write_text("Name: a\nVersion: 1\n\n")
    url = {"url": f"https://u:{SHAPED}@example.org/a", "vcs_info": {"vcs": "git", "commit_id": "1"}}
    (site / "direct_url.json").write_text(json.dumps(url))
    environ = {
        **os.environ,
        "MY_TOKEN": KNOWN,
        "ORBENCH_CAPTURE_ENV": "*",
        "PLAIN": f"has {SHAPED} in it",
        "PYTHONPATH": os.pathsep.join([str(root), *sys.path]),
    }
    done = subprocess.run(
        [sys.executable, "train.py", "--password", "p-a-s-s", f"--url={remote}", KNOWN, SHAPED],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert set(FACT_KINDS) <= set(told)
    for secret in (SHAPED, KNOWN, "p-a-s-s", "k-e-y"):
        assert secret not in done.stdout
    # They were there to be found, and what is around them has been kept.
    assert told["command"]["argv"][-3:] == ["--url=https://***@example.org/x.git", "***", "***"]
    assert told["source"]["remote"] == "https://***@example.org/x.git"
    assert "+# *** ***" in told["source"]["diff"]
    assert told["source"]["redacted"] is True
    assert told["variables"]["PLAIN"] == "has *** in it"
    package = next(p for p in told["environment"]["packages"] if p["name"] == "a")
    assert package["origin"]["url"] == "https://***@example.org/a"


def test_a_piece_that_fails_costs_nothing_else_and_is_told(monkeypatch):
    def broken():
        raise RuntimeError(f"with a token {SHAPED}")

    monkeypatch.setattr("orbench.capture.machine.capture_machine", broken)
    documents = in_background()
    assert "machine" not in documents
    assert {"source", "environment", "seeds"} <= set(documents)
    sentence = "machine could not be captured: RuntimeError: with a token ***"
    assert sentence in documents["capture"]["left_out"]


def test_sentences_from_the_start_are_carried_on():
    documents = in_background(left_out=["variables could not be captured: x"])
    assert documents["capture"]["left_out"][0] == "variables could not be captured: x"


def test_an_emit_that_fails_raises_nothing():
    def emit(kind, document):
        raise OSError("the journal is gone")

    capture_in_background(emit, Redactor(), seed=1)


def test_a_folder_that_is_gone_raises_nothing(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    code = (
        "import shutil, sys; shutil.rmtree(sys.argv[1])\n"
        "from orbench.capture import *\n"
        "told = capture_at_start(Redactor())\n"
        "capture_in_background(told.__setitem__, Redactor(), seed=1)\n"
        "print(sorted(told))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['capture', 'machine', 'seeds', 'variables']"


def test_the_start_imports_nothing_heavy():
    heavy = ["numpy", "psutil", "subprocess", "platform", "argparse", "importlib.metadata"]
    code = (
        "import sys, os; from orbench.capture import *; "
        "capture_at_start(Redactor.from_environment(os.environ));"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    assert done.stdout.strip() == "[]"
