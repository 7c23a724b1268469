"""The table importer: from rows to runs, as the mapping says and as nothing else is known."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench.errors import ImportFileError, UsageError
from orbench.importers import RowCounts, table_rows
from orbench.importers.mapping import Source, parse_source

LONG = "algo,env,seed,step,score\nppo,A-v1,1,0,0.5\nppo,A-v1,1,10,1.5\nppo,A-v1,2,0,2.5\n"


def named(runs):
    """What names each run."""
    return [(run.project, run.exp_name, run.env_id, run.seed) for run in runs]


def rows(run, metric):
    """The steps and values of a metric."""
    points = run.points[metric]
    return points.steps.tolist(), points.values.tolist()


# -- what is found without being said


def test_usual_names_of_columns_are_found(folder):
    folder.write("scores.csv", LONG)
    runs = folder.runs("scores.csv")
    assert named(runs) == [("imported", "ppo", "A-v1", 1), ("imported", "ppo", "A-v1", 2)]
    assert rows(runs[0], "score") == ([0, 10], [0.5, 1.5])


def test_rows_are_counted_where_nothing_is_a_step(folder):
    folder.write("scores.csv", "algo,env,seed,score\nppo,A,1,5\nppo,A,2,6\nppo,A,1,7\n")
    runs = folder.runs("scores.csv")
    assert [rows(run, "score") for run in runs] == [([0, 1], [5.0, 7.0]), ([0], [6.0])]


def test_long_form_has_a_row_for_each_metric(folder):
    text = (
        "algo,env,seed,step,metric,value\nppo,A,1,0,loss,3\nppo,A,1,0,return,4\nppo,A,1,1,loss,2\n"
    )
    folder.write("long.csv", text)
    (run,) = folder.runs("long.csv")
    assert (rows(run, "loss"), rows(run, "return")) == (([0, 1], [3.0, 2.0]), ([0], [4.0]))


@pytest.mark.parametrize(
    ("header", "missing"),
    [("algo,seed,score", "env_id"), ("algo,env,score", "seed"), ("env,seed,score", "exp_name")],
)
def test_what_nothing_says_is_asked_for(folder, header, missing):
    folder.write("scores.csv", f"{header}\na,1,2\n")
    with pytest.raises(UsageError, match=f"nothing says the {missing} .*--map {missing}=COLUMN"):
        folder.runs("scores.csv")


def test_without_a_value_the_columns_are_listed(folder):
    folder.write("scores.csv", "algo,env,seed,fitness\nppo,A,1,2\n")
    with pytest.raises(UsageError, match=r"--map value=COLUMN.*algo, env, seed, fitness"):
        folder.runs("scores.csv")


# -- what the mapping says


def test_columns_are_mapped_and_scaled(folder):
    folder.write("scores.csv", "who,task,run,Mframes,points\ndqn,Pong,3,0.1,210\n")
    maps = ["exp_name=who", "env_id=task", "seed=run", "step=Mframes*1e6", "value=points/10"]
    (run,) = folder.runs("scores.csv", maps)
    assert named([run]) == [("imported", "dqn", "Pong", 3)]
    assert rows(run, "points") == ([100_000], [21.0])


def test_constants_path_groups_and_row_numbers(folder):
    folder.write("td3/Ant-v1/7.csv", "x\n1.5\n2.5\n")
    (run,) = folder.runs(
        "td3",
        ["value=x", "step=@row*5000", "exp_name=@algo"],
        ["project=paper", "metric=return"],
        r"(?P<algo>\w+)/(?P<env_id>[^/]+)/(?P<seed>\d+)[.]csv",
    )
    assert named([run]) == [("paper", "td3", "Ant-v1", 7)]
    assert rows(run, "return") == ([0, 5000], [1.5, 2.5])


def test_the_name_of_a_file_and_its_folder_are_groups(folder):
    folder.write("sac/walker.csv", "step,reward,seed\n0,1,4\n")
    (run,) = folder.runs("sac/walker.csv", ["exp_name=@folder", "env_id=@file"], ())
    assert named([run]) == [("imported", "sac", "walker", 4)]


def test_a_running_sum_is_within_a_run_and_counts_empty_rows(folder):
    text = "algo,env,seed,r,l\nppo,A,1,5,10\nppo,A,2,6,7\nppo,A,1,,3\nppo,A,1,7,10\n"
    folder.write("episodes.csv", text)
    runs = folder.runs("episodes.csv", ["value=r", "value=l", "step=cumsum(l)"])
    assert rows(runs[0], "r") == ([10, 23], [5.0, 7.0])
    assert rows(runs[0], "l") == ([10, 13, 23], [10.0, 3.0, 10.0])
    assert rows(runs[1], "r") == ([7], [6.0])
    assert runs[0].rows == RowCounts(repeated=0, restarts=0, empty=1)


def test_metrics_get_names_of_their_own(folder):
    folder.write("episodes.csv", "algo,env,seed,r,l\nppo,A,1,5,10\n")
    (run,) = folder.runs("episodes.csv", ["metric:charts/return=r", "metric:charts/length=l"])
    assert list(run.points) == ["charts/return", "charts/length"]


def test_a_star_takes_every_column_of_numbers(folder):
    folder.write("progress.csv", "algo,env,seed,step,loss,fps,note\nppo,A,1,0,0.5,,fine\n")
    (run,) = folder.runs("progress.csv", ["value=*"])
    assert list(run.points) == ["loss"]
    assert run.rows.empty == 1  # fps


def test_config_values_are_typed_and_tell_runs_apart(folder):
    text = "algo,env,seed,score,lr,wide\nppo,A,1,5,0.1,true\nppo,A,1,6,0.2,true\n"
    folder.write("sweep.csv", text)
    runs = folder.runs("sweep.csv", ["config.optim.lr=lr", "config.wide=wide"], ["config.n=[1]"])
    assert [run.config for run in runs] == [
        {"optim": {"lr": 0.1}, "wide": True, "n": [1]},
        {"optim": {"lr": 0.2}, "wide": True, "n": [1]},
    ]


def test_a_config_value_in_the_path_is_typed_and_a_set_one_is_as_written(folder):
    folder.write("lr-0.1/scores.csv", LONG)
    run = folder.runs("lr-0.1", ["config.lr=@rate"], ['config.name="0.1"'], "lr-(?P<rate>[^/]+)")[0]
    assert run.config == {"lr": 0.1, "name": "0.1"}


def test_wide_tables_have_a_run_in_each_column(folder):
    folder.write("wide.csv", "step,seed_1,seed_2\n0,1.0,2.0\n10,3.0,\n")
    runs = folder.runs("wide.csv", (), ["exp_name=ppo", "env_id=A"], wide=r"seed_(?P<seed>\d+)")
    assert [(run.seed, rows(run, "value")) for run in runs] == [
        (1, ([0, 10], [1.0, 3.0])),
        (2, ([0], [2.0])),
    ]
    assert runs[1].rows.empty == 1


def test_a_cell_with_a_spread_gives_two_metrics(folder):
    text = ",ppo,dqn\nPong-v4,20.5 ± 0.8,nan ± nan\n"
    folder.write("table.csv", text)
    constants = ["seed=none", "metric=return"]
    ppo, dqn = folder.runs("table.csv", ["env_id=0"], constants, wide="(?P<exp_name>.+)")
    assert (rows(ppo, "return")[1], rows(ppo, "return/std")[1]) == ([20.5], [0.8])
    assert ppo.seed is None
    assert math.isnan(rows(dqn, "return")[1][0])


@pytest.mark.parametrize(
    ("column", "times", "started"),
    [
        ("wall_time=t", ["1700000000", "1700000060.5"], 1_700_000_000.0),
        ("wall_time=t", ["2023-11-14T22:13:20Z", "2023-11-14 22:14:20.5"], 1_700_000_000.0),
        ("elapsed=t", ["0", "60.5"], 1_800_000_000.0 - 60.5),
        ("elapsed=t/1000", ["0", "60500"], 1_800_000_000.0 - 60.5),
    ],
)
def test_times_are_of_the_clock_or_since_the_start(folder, column, times, started):
    import os

    text = "algo,env,seed,score,t\n" + "".join(f"ppo,A,1,0,{time}\n" for time in times)
    path = folder.write("timed.csv", text)
    os.utime(path, (1_800_000_000, 1_800_000_000))
    (run,) = folder.runs("timed.csv", [column])
    assert run.points["score"].wall_times.tolist() == [started, started + 60.5]
    assert (run.started, run.ended) == (started, started + 60.5)


def test_repeats_and_restarts_are_kept_and_counted(folder):
    steps = [0, 1, 2, 2, 0, 1]
    text = "algo,env,seed,step,score\n" + "".join(f"ppo,A,1,{step},{step}\n" for step in steps)
    folder.write("dirty.csv", text)
    (run,) = folder.runs("dirty.csv")
    assert rows(run, "score")[0] == steps
    assert run.rows == RowCounts(repeated=3, restarts=1, empty=0)


def test_a_run_says_where_it_came_from(folder):
    import hashlib

    path = folder.write("results/scores.csv", LONG)
    run = folder.runs("results", ["step=step*2"], ["project=p"])[0]
    told = run.provenance
    assert told["importer"] == "table"
    assert told["file"] == "results/scores.csv"
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["mapping"] == {"map": ["step=step*2"], "set": {"project": "p"}}
    assert told["read_as"]["seed"] == "seed"
    assert str(folder.path) not in json.dumps(told)


# -- forms of files

RECORDS = [
    {"algo": "ppo", "env": "A", "seed": 1, "step": 0, "score": 0.5, "config": {"lr": 0.1}},
    {"algo": "ppo", "env": "A", "seed": 1, "step": 9, "score": None},
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps(RECORDS)),
        ("a.jsonl", "".join(f"{json.dumps(record)}\n\n" for record in RECORDS)),
        (
            "a.json",
            '{"algo": "ppo", "env": "A", "seed": 1, "step": [0, 9], "score": [0.5, null]}',
        ),
        ("a.tsv", "algo\tenv\tseed\tstep\tscore\nppo\tA\t1\t0\t0.5\nppo\tA\t1\t9\t\n"),
        ("a.csv", "algo;env;seed;step;score\nppo;A;1;0;0.5\nppo;A;1;9;\n"),
        (
            "a.csv",
            "\ufeff# made by a tool\n\nalgo,env,seed,step,score\nppo,A,1,0,0.5\nppo,A,1,9,\n",
        ),
    ],
)
def test_one_table_in_many_forms(folder, name, text):
    folder.write(name, text)
    (run,) = folder.runs(name)
    assert named([run]) == [("imported", "ppo", "A", 1)]
    assert rows(run, "score") == ([0], [0.5])
    assert run.rows.empty == 1


def test_a_table_without_names_has_columns_by_place(folder):
    folder.write("bare.csv", "0,1.5\n10,2.5\n")
    constants = ["exp_name=ppo", "env_id=A", "seed=1", "metric=return"]
    (run,) = folder.runs("bare.csv", ["step=0", "value=1"], constants)
    assert rows(run, "return") == ([0, 10], [1.5, 2.5])


@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_every_float_of_json_comes_through(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("floats") / "a.json"
    path.write_text(json.dumps([{"value": value} for value in values]))
    from orbench.importers import TableImporter, parse_mapping

    importer = TableImporter(parse_mapping((), ["exp_name=a", "env_id=b", "seed=1"]))
    (run,) = importer.read(importer.find([path])[0])
    read = run.points["value"].values.tolist()
    assert [repr(value) for value in read] == [repr(value) for value in values]


# -- bad input, one line each


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("# only\n# comments\n", "is empty"),
        (f"{LONG}ppo,A-v1,1,20\n", "row 4 has 4 cells and the header 5"),
        (LONG.replace("1.5", "fast"), r"row 2: column 'score': 'fast' is not a number"),
        (LONG.replace(",10,", ",1_0,"), r"row 2: column 'step': '1_0' is not a number"),
        (LONG.replace(",10,", ",0.5,"), r"row 2: step 0.5 is not a whole number; scale it"),
        (LONG.replace(",10,", ",-1,"), r"row 2: step -1 is not from 0"),
        (LONG.replace(",10,", ",nan,"), r"row 2: step nan is not a whole number"),
        (LONG.replace(",10,", ",,"), r"row 2: an empty cell is no step"),
        (LONG.replace("v1,1,10", "v1,one,10"), r"row 2: 'one' is not a number"),
        (LONG.replace("v1,1,10", "v1,1.5,10"), r"row 2: '1.5' is no seed"),
        (LONG.replace("v1,1,10", "v1,,10"), r"row 2: an empty cell is no seed"),
        (LONG.replace("ppo,A-v1,1,10", ",A-v1,1,10"), r"row 2: an empty cell is no exp_name"),
        ("a,a\n1,2\n", "two columns called 'a'"),
    ],
)
def test_what_is_wrong_is_named_by_its_row(folder, text, said):
    folder.write("bad.csv", text)
    with pytest.raises((ImportFileError, UsageError), match=rf"bad\.csv: .*{said}") as caught:
        folder.runs("bad.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "maps", [["step=frames*10"], ["wall_time=frames/10"], ["elapsed=frames"], ["value=frames*2"]]
)
def test_a_whole_number_beyond_float64_is_one_line(folder, maps):
    row = {"algo": "ppo", "env": "A", "seed": 1, "frames": 10**400, "score": 1}
    folder.write("a.jsonl", json.dumps(row))
    with pytest.raises(ImportFileError, match=r"a\.jsonl: row 1: .* is beyond float64"):
        folder.runs("a.jsonl", maps)


@pytest.mark.parametrize(
    ("cells", "mean"), [("inf,-inf", "nan"), ("1e308,1e308", "1e+308"), ("inf,1", "inf")]
)
def test_a_mean_of_infinities_is_as_ieee_754_adds(folder, cells, mean):
    folder.write("a.csv", f"algo,env,seed,r.0,r.1\nppo,A,1,{cells}\n")
    (run,) = folder.runs("a.csv", ["value=mean(r)"])
    assert repr(run.points["r"].values.tolist()) == f"[{mean}]"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", b"algo,env\n\xff\xfe,1\n", "not UTF-8"),
        ("a.csv", b"x" * 17 * 2**20, "a line of more than"),
        ("a.csv", b'env,value\n"' + b"x\n" * 100_000, "field larger than field limit"),
        ("a.json", b"[" * 100_000, "is not JSON"),
        ("a.json", b"[1, 2]", "row 1 is int, not an object"),
        ("a.json", b'"text"', "neither a list"),
        ("a.json", b'{"a": [1], "b": [1, 2]}', "2 different lengths"),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "line 2: is not JSON"),
        ("a.csv", ",".join(f"c{n}" for n in range(10_001)).encode(), "10,001 columns"),
    ],
)
def test_a_file_that_is_no_table_is_one_line(folder, name, text, said):
    folder.write(name, text)
    with pytest.raises(ImportFileError, match=said) as caught:
        folder.runs(name, (), ["exp_name=ppo", "env_id=A", "seed=1"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "whole", "cut"),
    [
        ("a.csv", LONG, "ppo,A-v1,2,1"),
        ("a.jsonl", "".join(f"{json.dumps(record)}\n" for record in RECORDS), '{"algo": "pp'),
    ],
)
def test_of_a_file_that_was_cut_off_what_is_whole_is_read_and_the_rest_told(
    folder, name, whole, cut
):
    folder.write(f"whole/{name}", whole)
    folder.write(name, whole + cut)
    runs = folder.runs(name)
    assert [rows(run, "score") for run in runs] == [
        rows(run, "score") for run in folder.runs(f"whole/{name}")
    ]
    said = f"data/{name}: its last line is cut off, {len(cut)} characters left out"
    assert [run.notes for run in runs] == [*[()] * (len(runs) - 1), (said,)]
    folder.write(name, f"{whole}{cut}\n")
    with pytest.raises(ImportFileError):
        folder.runs(name)


def test_points_and_series_have_a_limit(folder, monkeypatch):
    folder.write("scores.csv", LONG)
    monkeypatch.setattr(table_rows, "MOST_POINTS", 2)
    with pytest.raises(ImportFileError, match=r"more than 2 points .*split it"):
        folder.runs("scores.csv")


@pytest.mark.parametrize(
    ("maps", "constants", "path", "wide", "said"),
    [
        (["sed=seed"], [], None, None, "a run has no 'sed'; did you mean seed or elapsed?"),
        (["seed"], [], None, None, "not of the form TARGET=COLUMN"),
        (["seed=sead"], [], None, None, "no such column; did you mean seed?"),
        (["step=cumsum(steps)"], [], None, None, "no such column"),
        (["step=step*0"], [], None, None, "0 is no number to scale by"),
        (["seed=@number"], [], None, None, "no group 'number'; there are @row, @file, @folder"),
        (["seed=seed", "seed=step"], [], None, None, "'seed' is mapped twice"),
        (["seed=seed"], ["seed=1"], None, None, "'seed' is mapped twice"),
        ([], ["seed=one"], None, None, "a seed is a whole number, or none"),
        ([], ["value=1"], None, None, "a value comes from a column"),
        ([], [], "(", None, "is no regular expression"),
        ([], [], "scores", None, "names no group"),
        ([], [], None, "(?P<sed>.)", "the group 'sed' is none of"),
        ([], [], None, "x(?P<seed>.)", "fits no column"),
        (["elapsed=step", "wall_time=step"], [], None, None, "map one of them"),
        (["value=score", "value=step"], ["metric=m"], None, None, "metric:NAME=COLUMN"),
    ],
)
def test_a_mapping_that_cannot_be_is_one_line(folder, maps, constants, path, wide, said):
    folder.write("scores.csv", LONG)
    with pytest.raises(UsageError) as caught:
        folder.runs("scores.csv", maps, constants, path, wide)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_text_of_the_path_that_is_no_number_is_one_line(folder):
    folder.write("scores.csv", LONG)
    with pytest.raises(ImportFileError, match=r"scores\.csv: 'scores' is not a number"):
        folder.runs("scores.csv", ["step=@file"])


def test_a_path_that_does_not_fit_names_the_file(folder):
    folder.write("scores.csv", LONG)
    with pytest.raises(ImportFileError, match=r"scores\.csv: --path .* does not fit"):
        folder.runs("scores.csv", path=r"(?P<seed>\d+)[.]npy")


# -- finding files


def test_a_folder_gives_its_tables_in_order(folder):
    for name in ("b/2.csv", "b/1.csv", "a.jsonl", "notes.md"):
        folder.write(name, "{}" if name.endswith("l") else LONG)
    from orbench.importers import TableImporter

    found = TableImporter().find([folder.path, folder.path / "a.jsonl"])
    assert [one.name for one in found] == ["data/a.jsonl", "data/b/1.csv", "data/b/2.csv"]
    only = TableImporter(glob="b/*.csv").find([folder.path])
    assert [one.name for one in only] == ["data/b/1.csv", "data/b/2.csv"]


def test_links_to_folders_are_not_followed(folder, tmp_path):
    folder.write("in.csv", LONG)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "out.csv").write_text(LONG)
    (folder.path / "link").symlink_to(outside)
    from orbench.importers import TableImporter

    assert [one.name for one in TableImporter().find([folder.path])] == ["data/in.csv"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scors.csv", "no such file; did you mean scores.csv?"),
        ("notes.md", "is no table"),
        ("empty", "the folder has no table"),
    ],
)
def test_a_path_with_nothing_to_import_is_one_line(folder, name, said):
    folder.write("scores.csv", LONG)
    folder.write("notes.md", "")
    (folder.path / "empty").mkdir()
    with pytest.raises(ImportFileError) as caught:
        folder.runs(name)
    assert said in str(caught.value)


# -- sources


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("frames", Source("column", "frames")),
        ("a/2", Source("column", "a/2")),  # a column of this very name
        ("a/4", Source("column", "a", divisor=4.0)),
        ("frames * 1e6", Source("column", "frames", scale=1e6)),
        ("cumsum(a)/2", Source("cumsum", "a", divisor=2.0)),
        ("mean(eval)", Source("mean", "eval")),
        ("@row*5000", Source("group", "row", scale=5000.0)),
        ("@seed", Source("group", "seed")),
        ("nothing", None),
        ("mean(nothing)", None),
    ],
)
def test_sources(text, source):
    assert parse_source(text, ["frames", "a", "a/2", "eval.0", "eval.1"]) == source
