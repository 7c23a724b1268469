"""`orbench rlops` and `rlops-hns`, as openrlbenchmark's users type them, on a store alone."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from orbench.cli.rlops_arguments import regrouped
from orbench.errors import UsageError
from orbench.run_store import Points, open_store

METRIC = "charts/episodic_return"
ENVS = ("HalfCheetah-v2", "Hopper-v2", "Walker2d-v2")

# The example of openrlbenchmark's README, flag by flag.
README = [
    *("--filters", f"?we=openrlbenchmark&wpn=cleanrl&ceik=env_id&cen=exp_name&metric={METRIC}"),
    "ppo_continuous_action?tag=v1.0.0-27-gde3f410&cl=CleanRL PPO",
    *("--filters", f"?we=openrlbenchmark&wpn=baselines&ceik=env&cen=exp_name&metric={METRIC}"),
    "baselines-ppo2-mlp?cl=openai/baselines PPO2",
    *("--env-ids", *ENVS, "--env-ids", *ENVS, "--no-check-empty-runs"),
    *("--pc.ncols", "3", "--pc.ncols-legend", "3", "--rliable"),
    *("--rc.score_normalization_method", "maxmin", "--rc.normalized_score_threshold", "1.0"),
    "--rc.sample_efficiency_plots",
    *("--rc.sample_efficiency_and_walltime_efficiency_method", "Median"),
    *("--rc.performance_profile_plots", "--rc.aggregate_metrics_plots"),
    *("--rc.sample_efficiency_num_bootstrap_reps", "10"),
    *("--rc.performance_profile_num_bootstrap_reps", "10"),
    *("--rc.interval_estimates_num_bootstrap_reps", "10"),
    *("--output-filename", "compare", "--scan-history"),
]
FILES = {
    *("compare.md", "compare.csv", "compare_runtimes.md", "compare_runtimes.csv"),
    *(f"compare{name}.{form}" for name in ("", "-time") for form in ("png", "pdf", "svg", "txt")),
    *(f"compare{name}.{form}" for name in ("_curves", "-time") for form in ("csv", "json")),
    *(
        f"compare_{name}.{form}"
        for name in (
            "sample_efficiency",
            "sample_walltime_efficiency",
            "performance_profile",
            "aggregate",
        )
        for form in ("png", "pdf", "txt", "csv", "json")
    ),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory, stored_run, orbench_in):
    """A folder with a store of what a tracker left: two projects of an entity, three envs."""
    folder = tmp_path_factory.mktemp("bench")
    random = np.random.default_rng(0)
    sources = (
        ("openrlbenchmark/cleanrl", "ppo_continuous_action", "env_id", ["v1.0.0-27-gde3f410"], 100),
        ("openrlbenchmark/baselines", "baselines-ppo2-mlp", "env", [], 80),
    )
    with open_store(f"sqlite:///{folder / 'store.db'}", create=True) as store:
        for project, name, key, tags, best in sources:
            for place, env in enumerate(ENVS):
                for seed in (1, 2, 3):
                    steps = np.arange(1, 201) * 500
                    values = best * (place + 1) * steps / 1e5 + random.normal(0, 5, 200)
                    stored_run(
                        *(store, project, name, env, seed),
                        points={METRIC: Points(steps, values, 1.7e9 + steps / 100 * (1 + place))},
                        config={key: env, "exp_name": name, "lr": 3e-4},
                        tags=tags,
                    )
    return orbench_in(folder)


def rlops(bench, *arguments: str):
    """Run the command on the store of a folder."""
    return bench("rlops", *arguments, "--store", f"sqlite:///{bench.folder / 'store.db'}")


@pytest.fixture(scope="module")
def compared(bench) -> Path:
    """The folder with the files of the README's example."""
    done = rlops(bench, *README)
    assert done.code == 0, done.err
    assert set(done.out.split()) == FILES
    return bench.folder


def test_the_readme_example_writes_all_its_files(compared) -> None:
    assert {path.name for path in compared.iterdir() if path.name.startswith("compare")} == FILES


def test_a_cell_is_the_mean_of_the_last_rows_with_their_std(compared) -> None:
    first, *rows = csv.reader((compared / "compare.csv").read_text().splitlines())
    assert first == ["", "CleanRL PPO", "openai/baselines PPO2"]
    assert [row[0] for row in rows] == list(ENVS)
    mean, _, std = rows[0][1].partition(" ± ")
    assert float(mean) == pytest.approx(75, abs=2)
    assert 0 < float(std) < 2


def test_the_table_and_the_aggregate_are_of_the_same_scores(compared) -> None:
    table = list(csv.DictReader((compared / "compare.csv").read_text().splitlines()))
    aggregate = json.loads((compared / "compare_aggregate.json").read_text())
    means = {
        label: np.mean([float(row[label].split(" ")[0]) for row in table])
        for label in ("CleanRL PPO", "openai/baselines PPO2")
    }
    normalised = {row["run_set"]: row["score"] for row in aggregate if row["statistic"] == "mean"}
    assert max(means, key=means.get) == max(normalised, key=normalised.get)


def test_the_run_times_are_in_minutes(compared) -> None:
    rows = list(csv.DictReader((compared / "compare_runtimes.csv").read_text().splitlines()))
    assert float(rows[1]["CleanRL PPO"]) == pytest.approx(99_500 / 100 * 2 / 60)


def test_captions_say_how_every_number_was_made(compared) -> None:
    curves = (compared / "compare.txt").read_text()
    assert "Lines and bands end where the first run of a set ends" in curves
    assert "one standard deviation over runs (n - 1)" in curves
    aggregate = (compared / "compare_aggregate.txt").read_text()
    assert "the mean of the last 100 rows of a run" in aggregate
    assert "95% percentile bootstrap" in aggregate
    assert "50,000 replicates, seed 0" in aggregate
    assert "maxmin" in aggregate


def test_a_figure_of_lines_is_small_as_svg(compared) -> None:
    assert (compared / "compare.svg").stat().st_size < 1_000_000


@pytest.fixture(scope="module")
def again(bench, compared):
    """The same command a second time: the digests of its files before and after, and its words."""

    def digests() -> dict[str, str]:
        found = (path for path in compared.iterdir() if path.name in FILES)
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}

    before = digests()
    done = rlops(bench, *README)
    assert done.code == 0, done.err
    return before, digests(), done


@pytest.mark.slow
def test_the_same_command_again_gives_the_same_bytes(again) -> None:
    before, after, _ = again
    assert before == after


@pytest.mark.slow
def test_too_few_replicates_are_told_and_not_used(again) -> None:
    _, _, done = again
    for reps in ("2,000", "50,000"):
        assert f"10 bootstrap replicates make no interval; {reps} are drawn" in done.err


def test_offline_and_scan_history_change_nothing(bench, tmp_path) -> None:
    few = ["--env-ids", ENVS[0], "--filters", "?wpn=cleanrl", "ppo_continuous_action?lr=3e-4&cl=P"]
    made = []
    for more in ([], ["--offline", "--scan-history"]):
        assert rlops(bench, *few, *more, "--output-filename", str(tmp_path / "out")).code == 0
        made.append((tmp_path / "out.csv").read_bytes())
    assert len(set(made)) == 1


def test_several_metrics_make_files_of_their_own(bench, tmp_path) -> None:
    # One metric twice under another name would be one metric: this store has only one.
    done = rlops(
        *(bench, "--filters", f"?wpn=cleanrl&metrics={METRIC}&metrics=loss"),
        *("ppo_continuous_action", "--env-ids", ENVS[0], "--output-filename", str(tmp_path / "o")),
    )
    assert done.code == 2
    assert "no selected run has the metric 'loss'" in done.err


def test_one_run_in_a_cell_has_no_spread(tmp_path, stored_run, orbench_in) -> None:
    steps = np.arange(10)
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", create=True) as store:
        points = {METRIC: Points(steps, steps * 1.0, 1.7e9 + steps)}
        stored_run(store, "cleanrl", "ppo", "X", 1, points=points)
    done = rlops(orbench_in(tmp_path), "--filters", "?", "ppo", "--env-ids", "X")
    assert done.code == 0, done.err
    assert "4.50 ± n/a (n=1)" in (tmp_path / "compare.md").read_text()
    assert "n = 1, hence no spread: ppo on X." in (tmp_path / "compare.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--filters is missing"),
        (["--filters", "?wpn=cleanrl", "ppo"], "--env-ids is missing"),
        (
            ["--filters", "?wpnn=cleanrl", "ppo", "--env-ids", "X"],
            "no key 'wpnn'; did you mean wpn",
        ),
        (["--filters", "?wpn=cleanrl", "nope", "--env-ids", "X"], "experiment name 'nope'"),
        (["--filters", "?wpn=nope", "ppo", "--env-ids", "X"], "no project 'nope'"),
        ([*README, "--rc.score-normalization-method", "ataro"], "did you mean atari"),
        ([*README, "--rc.score-normalization-method", "atari"], "no reference for the env"),
        (
            [*README, "--rc.sample-efficiency-and-walltime-efficiency-method", "Med"],
            "one of Median",
        ),
        ([*README, "--rc.sample-efficiency-figsize", "3"], "a width and a height in inches"),
        ([*README, "--rc.normalized-score-threshold", "-1"], "a score above 0, not -1"),
        ([*README, "--rc.interval", "exact"], "'exact'"),
        ([*README, "--rc.interval-estimates-num-bootstrap-reps", "0"], "1 or more, not 0"),
        ([*README, "--pc.cm", "0"], "inches above 0"),
        ([*README, "--pc.time-unit", "d"], "one of s, m, h"),
        ([*README, "--pc.ncol", "2"], "no option '--pc.ncol'"),
        ([*README, "--output-filename", "store.db/compare"], "cannot write"),
    ],
)
def test_bad_input_is_one_clear_line(bench, arguments, message) -> None:
    done = rlops(bench, *arguments)
    assert done.code == 2
    (line,) = [line for line in done.err.splitlines() if "orbench: note:" not in line]
    assert message in line


def test_flags_are_spelled_with_either_sign_and_take_several_values() -> None:
    typed = ["--env_ids", "A", "B", "--pc.ncols_legend=2", "--env-ids=C", "D", "-h"]
    assert regrouped(typed) == [
        *("--env-ids", '["A", "B"]', "--pc.ncols-legend=2", "--env-ids", '["C", "D"]', "-h")
    ]
    with pytest.raises(UsageError, match="no use here"):
        regrouped(["--", "A"])


def test_hns_reads_what_rlops_writes(bench, compared, tmp_path) -> None:
    (tmp_path / "games.csv").write_text(
        "\ufeff,ours,theirs\nPongNoFrameskip-v4,14.60 ± n/a (n=1),-20.70 ± 0.10\n"
        "Breakout-v5,1.70 ± 0.00,nan ± nan\n",
        encoding="utf-8",
    )
    shutil.copy(tmp_path / "games.csv", tmp_path / "again.csv")
    done = bench(
        "rlops-hns", "--files", tmp_path / "games.csv", tmp_path / "again.csv", "--format", "json"
    )
    assert done.json == [
        {"run_set": "ours", "envs": 2, "median": 0.5, "mean": 0.5},
        {"run_set": "theirs", "envs": 1, "median": 0.0, "mean": 0.0},
    ]
    assert "theirs has no score on Breakout-v5" in done.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        ("", "is no result table"),
        (",ppo\nPong-v5,a lot\n", "line 2: 'a lot' is no score"),
        (",ppo\nPong-v5,1 ± 1,2\n", "line 2: has 3 cells, not 2"),
        (",ppo\nPingPong-v5,1.0 ± 1.0\n", "no reference for the env 'PingPong-v5'"),
        (",ppo\nPong-v5,nan ± nan\n", "'ppo' has no score at all"),
    ],
)
def test_hns_says_what_is_no_result_table(fresh, content, message) -> None:
    if content is not None:
        (fresh.folder / "table.csv").write_text(content)
    done = fresh("rlops-hns", "--files", "table.csv")
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_hns_without_files_says_so(fresh) -> None:
    assert "--files names no file" in fresh("rlops-hns").err
