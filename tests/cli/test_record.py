"""`orbench record`: the program as it is, the run beside it."""

import json
import signal
import sys

import pytest

from orbench.cli.record import config_from
from orbench.errors import UsageError

PRINTS = "import sys; print('data', sys.argv[1:]); print('note', file=sys.stderr)"


def the_run(orbench):
    runs = orbench("list", "-f", "json").json
    assert len(runs) == 1
    return orbench("show", runs[0]["run_id"], "-f", "json").json


def test_stdout_is_the_programs_alone_and_the_run_id_is_told_on_stderr(fresh):
    done = fresh.apart("record", "--", sys.executable, "-c", PRINTS, "--seed", "9", "--", "-h")
    assert done.out == "data ['--seed', '9', '--', '-h']\n"
    run = the_run(fresh)
    assert done.err.splitlines()[0] == f"orbench: recording run {run['run_id']}"
    assert "note" in done.err.splitlines()
    assert (run["status"], run["exit_code"], run["seed"]) == ("finished", 0, None)


def test_names_config_and_tags_come_from_the_options(fresh):
    (fresh.folder / "base.toml").write_text("[optim]\nlr = 1\nname = 'adam'\n")
    done = fresh.apart(
        *("record", "-p", "demo", "-e", "ppo", "--env-id", "CartPole-v1", "--seed", "4"),
        *("--config-file", "base.toml", "--config", "optim.lr=3e-4", "--config", "on=True"),
        *("--tag", "a,b", "-t", "c", "--", "true"),
    )
    assert done.code == 0, done.err
    run = the_run(fresh)
    assert [run[name] for name in ("project", "exp_name", "env_id", "seed")] == [
        *("demo", "ppo", "CartPole-v1", 4)
    ]
    assert run["config"] == {"optim": {"lr": 3e-4, "name": "adam"}, "on": True}
    assert sorted(run["tags"]) == ["a", "b", "c"]


def test_what_the_program_logs_goes_into_the_same_run(fresh):
    code = (
        "import orbench\n"
        "with orbench.start_run(config={'lr': 1}) as run: run.log({'loss': 0.5}, step=3)"
    )
    assert fresh.apart("record", "--exp-name", "outer", "--", sys.executable, "-c", code).code == 0
    run = the_run(fresh)
    assert (run["exp_name"], run["config"]) == ("outer", {"lr": 1})
    assert [(metric["metric"], metric["n"]) for metric in run["metrics"]] == [("loss", 1)]


@pytest.mark.slow
def test_names_that_the_program_gives_stand_however_short_it_is(fresh):
    code = "import orbench\nwith orbench.start_run(project='demo', exp_name='walk', seed=3): pass"
    assert fresh.apart("record", "--", sys.executable, "-c", code).code == 0
    run = the_run(fresh)
    assert [run[name] for name in ("project", "exp_name", "seed")] == ["demo", "walk", 3]


@pytest.mark.slow
def test_names_that_nobody_gives_are_the_default_project_and_the_programs(fresh):
    code = "import orbench\nwith orbench.start_run(env_id='A-v1'): pass"
    (fresh.folder / "train.py").write_text(code)
    assert fresh.apart("record", "--", sys.executable, "train.py").code == 0
    run = the_run(fresh)
    assert [run[name] for name in ("project", "exp_name", "env_id")] == ["default", "train", "A-v1"]


@pytest.mark.parametrize(
    "code", [3, *(pytest.param(code, marks=pytest.mark.slow) for code in (0, 1, 70, 255))]
)
def test_the_exit_code_is_the_programs(fresh, code):
    done = fresh.apart("record", "--", sys.executable, "-c", f"import sys; sys.exit({code})")
    assert done.code == code
    assert the_run(fresh)["exit_code"] == code


def test_a_program_that_a_signal_ends_ends_us_by_the_same(fresh):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    done = fresh.apart("record", "--", sys.executable, "-c", code)
    assert done.code == -signal.SIGTERM
    run = the_run(fresh)
    assert (run["status"], run["signal"]) == ("killed", signal.SIGTERM)


def test_a_program_that_is_not_there_is_127_and_leaves_no_run(fresh):
    done = fresh.apart("record", "--", "pyhton3", "train.py")
    assert (done.code, done.out) == (127, "")
    assert done.err.startswith("orbench: error: no program 'pyhton3' on the PATH; did you mean ")
    assert done.err.count("\n") == 1
    assert not (fresh.folder / "runs").exists()


def test_a_program_that_is_not_executable_is_126(fresh):
    (fresh.folder / "train.sh").write_text("echo\n")
    done = fresh.apart("record", "--", "./train.sh")
    assert done.code == 126
    assert "is not executable; chmod +x it" in done.err


def test_stdin_is_the_programs(fresh):
    assert fresh.apart("record", "--", "cat", stdin=b"from stdin").out == "from stdin"


def test_an_ended_run_is_resumed(fresh):
    log = "import orbench\nwith orbench.start_run() as run: run.log({'x': 1.0})"
    assert fresh.apart("record", "--", sys.executable, "-c", log).code == 0
    run = the_run(fresh)["run_id"]
    assert fresh.apart("record", "--resume", run[:8], "--", sys.executable, "-c", log).code == 0
    resumed = the_run(fresh)
    assert (resumed["starts"], resumed["metrics"][0]["n"]) == (2, 2)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1e-3", 1e-3),
        ("true", True),
        ("False", False),
        ("None", None),
        ("[1, 2]", [1, 2]),
        ('"1"', "1"),
        ("adam", "adam"),
        ("01", "01"),
        ("", ""),
        ("a=b", "a=b"),
    ],
)
def test_config_values_are_typed_as_in_json_else_text(text, value):
    assert config_from([f"key={text}"], None) == {"key": value}


def test_config_keys_nest_at_dots_and_later_values_win():
    assert config_from(["a.b=1", "a.c=2", "a.b=3"], None) == {"a": {"b": 3, "c": 2}}


@pytest.mark.parametrize("wrong", ["lr", "=3", ".lr=3", "a..b=1"])
def test_what_is_not_key_value_is_refused(wrong):
    with pytest.raises(UsageError, match="is not KEY=VALUE"):
        config_from([wrong], None)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("config.json", json.dumps([1]), "holds no JSON object"),
        ("config.json", "{", "does not parse"),
        ("config.toml", "x =", "does not parse"),
        ("config.yaml", "x: 1", "neither .json nor .toml"),
    ],
)
def test_a_config_file_that_cannot_be_read_leaves_no_run(fresh, name, text, said):
    (fresh.folder / name).write_text(text)
    done = fresh.apart("record", "--config-file", name, "--", "true")
    assert done.code == 2
    assert said in done.err
    assert [path.name for path in fresh.folder.iterdir()] == [name]
