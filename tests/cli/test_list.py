"""`orbench list`: which runs, which columns, in which order."""

import csv
import io

import pytest

CONFIG = "config.optim.lr"


def ids(done):
    assert done.code == 0, done.err
    return [run["run_id"] for run in done.json]


def test_all_runs_newest_first(recorded):
    done = recorded("list", "--format", "json")
    assert len(ids(done)) == 13
    assert done.json[0]["exp_name"] == "broken"
    started = [run["started"] for run in done.json]
    assert started == sorted(started, reverse=True)


def test_words_are_joined_to_one_filter(recorded):
    done = recorded("list", "exp_name=ppo", "seed>=2", "tag:v1.2", "--format", "json")
    assert [(run["exp_name"], run["seed"], run["tags"]) for run in done.json] == [
        ("ppo", 3, ["v1.2"]),
        ("ppo", 2, ["v1.2"]),
        ("ppo", 3, ["v1.2"]),
        ("ppo", 2, ["v1.2"]),
    ]


def test_columns_of_config_summary_and_metrics(recorded):
    names = f"seed,{CONFIG},summary.best,metric:charts/return,min(loss),nans(loss),config.optim"
    done = recorded("list", "exp_name=dqn env_id=Acrobot-v1", "-c", names, "-f", "json")
    assert done.json[0] == {
        "seed": 3,
        CONFIG: 1e-3,
        "summary.best": 69.0,
        "metric:charts/return": 69.0,
        "min(loss)": 1 / 40,
        "nans(loss)": 1,
        "config.optim": {"lr": 1e-3, "betas": [0.9, 0.99]},
    }


def test_a_last_value_that_is_nan_is_a_string_in_json(recorded):
    done = recorded("list", "exp_name=dqn seed=1", "-c", "metric:loss", "-f", "json")
    assert done.json == [{"metric:loss": "NaN"}] * 2


def test_sorting_by_several_columns_up_and_down(recorded):
    done = recorded(
        *("list", "exp_name=ppo,dqn", "-s", f"{CONFIG},-metric:charts/return,env_id"),
        *("-c", f"{CONFIG},seed,env_id", "-f", "csv"),
    )
    rows = [(float(lr), int(seed), env) for lr, seed, env in list(csv.reader(done.out.split()))[1:]]
    assert rows == sorted(rows, key=lambda row: (row[0], -row[1], row[2]))
    assert len(rows) == 12


def test_a_limit_says_how_many_are_not_shown(recorded):
    done = recorded("list", "--limit", 5)
    assert len(done.out.splitlines()) == 1 + 5
    assert done.err == "8 more not shown; --limit 0 shows all\n"


def test_a_table_leaves_out_columns_that_are_empty_unless_they_were_asked_for(recorded):
    assert "tags" not in recorded("list", "exp_name=dqn").out
    assert "tags" in recorded("list", "exp_name=dqn", "-c", "run_id,tags").out


def test_csv_holds_exact_numbers_and_lists_as_json(recorded):
    done = recorded("list", "exp_name=ppo", "-c", "run_id,config.optim.betas,tags", "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert {(row["config.optim.betas"], row["tags"]) for row in rows} == {
        ("[0.9, 0.99]", '["v1.2"]')
    }


@pytest.mark.parametrize(("fmt", "said"), [("markdown", "a\\|b & c_d"), ("latex", "a|b \\& c\\_d")])
def test_signs_of_the_format_are_escaped(recorded, fmt, said):
    assert said in recorded("list", "exp_name=ppo", "-c", "config.note", "-f", fmt).out


def test_no_run_is_no_error_of_list(recorded):
    done = recorded("list", "seed=99", "--format", "json")
    assert (done.code, done.json) == (0, [])
    assert "13 runs" in done.err
    assert "seed=99" in done.err


def test_a_config_column_that_no_run_has_is_told(recorded):
    done = recorded("list", "exp_name=ppo", "-c", "run_id,config.optim.rl")
    assert done.code == 0
    assert "no run listed has config.optim.rl; did you mean config.optim.lr" in done.err
