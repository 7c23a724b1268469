"""`orbench compare`: all tables and figures at once, and a page opened in a real browser."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from orbench.run_store import Points, open_store

METRIC = "charts/return"
HOSTILE = "<script>document.title='taken'</script>--!>\"'&"
FIGURES = {
    *("intervals", "scores", "curves", "efficiency", "profiles", "improvement", "ranks"),
    *("walltime", "walltime_efficiency"),
}
QUICK = ("--reps", "500", "--curve-reps", "200")
WORDS = (
    *("compare", "-m", METRIC, "--store", "store.db", *QUICK, "--normalise", "maxmin"),
    *("--out", "all", "--html", "report.html", "-f", "svg"),
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Nothing the browser does of its own accord may leave the machine either.
ALONE = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
# Asks the page, in a frame of this width, what a reader would see; the page itself has no script.
LOOK = """<!DOCTYPE html><iframe srcdoc="{page}" style="width: {width}px; height: 900px"></iframe>
<pre></pre><script>
document.querySelector("iframe").onload = (event) => {{
  const page = event.target.contentDocument;
  const drawings = [...page.querySelectorAll("figure svg")];
  const line = page.querySelector("#curves path[style*='--line-1']");
  document.querySelector("pre").textContent = JSON.stringify({{
    title: page.title,
    drawn: drawings.filter((one) => one.getBoundingClientRect().height > 20).length,
    paths: Math.min(...drawings.map((one) => one.querySelectorAll("path, use").length)),
    colour: getComputedStyle(line).stroke,
    width: page.documentElement.scrollWidth,
  }});
}};
</script>"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory, orbench_in, stored_run):
    """A folder with a store of two run sets, one of a hostile name, compared into files."""
    folder = tmp_path_factory.mktemp("compared")
    orbench = orbench_in(folder)
    random = np.random.default_rng(0)
    with open_store(f"sqlite:///{folder / 'store.db'}", create=True) as store:
        for level, exp_name in enumerate((HOSTILE, "sac"), start=1):
            for env_id in ("CartPole-v1", f"Hopper {HOSTILE}"):
                for seed in range(3):
                    steps = np.arange(0, 3000, 100, dtype=np.int64)
                    values = level * (1 - np.exp(-steps / 800)) + random.normal(0, 0.05, 30)
                    points = Points(steps, values, 1.7e9 + steps / 10)
                    stored_run(
                        *(store, "demo", exp_name, env_id, seed),
                        points={METRIC: points},
                        config={"lr": 0.001 * level, "note": HOSTILE, "gamma": 0.99},
                    )
        stored_run(
            *(store, "demo", "sac", "CartPole-v1", 9),
            points={METRIC: points},
            status="failed",
        )
    done = orbench(*WORDS)
    assert done.code == 0, done.err
    return orbench, done


def test_every_figure_comes_with_its_caption_and_its_numbers(compared):
    orbench, done = compared
    written = {Path(line) for line in done.out.splitlines()}
    names = {path.name for path in written}
    for figure in FIGURES:
        assert {f"{figure}.{suffix}" for suffix in ("svg", "txt", "csv", "json")} <= names
        assert json.loads((orbench.folder / "all" / f"{figure}.json").read_text())
    for table in ("score_table", "score_table_by_env", "runs"):
        assert {f"{table}.{suffix}" for suffix in ("csv", "json", "md", "tex")} <= names
    on_disk = {path.relative_to(orbench.folder) for path in (orbench.folder / "all").iterdir()}
    assert written == on_disk | {Path("report.html")}


def test_captions_say_how_numbers_were_made_and_what_was_left_out(compared):
    orbench, done = compared
    for figure in FIGURES:
        caption = (orbench.folder / "all" / f"{figure}.txt").read_text()
        assert "95%" in caption
        assert "seed 0" in caption
        assert "1 failed run" in caption
    assert "1 failed run" in done.err


def test_figures_and_tables_show_the_same_numbers(compared):
    folder = compared[0].folder / "all"
    table = {
        (row["run_set"], row["statistic"]): row["score"]
        for row in json.loads((folder / "score_table.json").read_text())
        if row["env_id"] is None
    }
    shown = {
        (row["run_set"], row["statistic"]): row["score"]
        for row in json.loads((folder / "intervals.json").read_text())
    }
    assert shown == table
    assert len(shown) == 2 * 4


@pytest.mark.slow
def test_repeated_every_file_is_the_same_byte_for_byte(compared, orbench_in, tmp_path):
    orbench, _ = compared
    shutil.copy(orbench.folder / "store.db", tmp_path)
    again = orbench_in(tmp_path)(*WORDS)
    assert again.code == 0, again.err
    first, second = (
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in (*(folder / "all").iterdir(), folder / "report.html")
        }
        for folder in (orbench.folder, tmp_path)
    )
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []
    assert "orbench compare -m charts/return" in first["report.html"].decode()


def test_the_page_lists_every_run_with_its_config_and_source(compared):
    page = (compared[0].folder / "report.html").read_text()
    assert "Every run (13 rows)" in page
    assert "12 of 13 runs are counted" in page
    assert html.escape("orbench compare -m charts/return --store store.db") in page
    assert "<td>not known</td>" in page
    assert re.search(r"Config that all runs share|<td>0.002</td>", page)


def test_a_secret_in_the_command_is_not_on_the_page(compared):
    orbench, _ = compared
    secret = "4f1c8a7be1d84c3a9d02"
    words = ("compare", "-m", METRIC, "--store", "store.db", *QUICK, "--html", "secret.html")
    done = orbench(*words, f"exp_name=sac,{secret}", MY_API_TOKEN=secret)
    assert done.code == 0, done.err
    page = (orbench.folder / "secret.html").read_text()
    assert "exp_name=sac" in page
    assert secret not in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reps", "50"), "use at least 100"),
        (("--normalise", "atarri"), "did you mean atari"),
        (("--format", "gif"), "not written as 'gif'"),
        (("--interval", "magic"), "no interval 'magic'"),
        (("--engine", "scipy"), "scipy"),
        (("--repeats", "first"), "use keep, average, last-pass, longest-pass"),
        (("--best", "middle"), "the best are"),
        (("--theme", "pink"), "no theme 'pink'"),
        (("--statistic", "maen"), "did you mean mean"),
        (("--by", "config.leraning"), "config.leraning"),
        (("exp_name=nobody",), "nobody"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_nothing_is_written(compared, tmp_path, words, said):
    orbench, _ = compared
    out = tmp_path / "none"
    done = orbench("compare", "-m", METRIC, "--store", "store.db", "--out", out, *words)
    assert done.code == 2
    (line,) = [one for one in done.err.splitlines() if one.startswith("orbench: error:")]
    assert said in line
    assert not out.exists()


def test_where_less_is_better_the_lowest_has_rank_one_and_is_marked(compared, tmp_path):
    orbench, _ = compared
    words = ("compare", "-m", METRIC, "--store", "store.db", *QUICK, "--select", "lowest")
    done = orbench(*words, "--out", tmp_path / "low", "-f", "svg")
    assert done.code == 0, done.err
    assert "Rank 1 has the lowest mean score" in (tmp_path / "low" / "ranks.txt").read_text()
    assert "the lowest of the same env" in (tmp_path / "low" / "score_table.md").read_text()


def test_one_run_set_is_compared_as_far_as_that_goes(compared, tmp_path):
    orbench, _ = compared
    words = ("compare", "exp_name=sac", "-m", METRIC, "--store", "store.db", *QUICK)
    done = orbench(*words, "--out", tmp_path / "one", "-f", "svg")
    assert done.code == 0, done.err
    drawn = {path.stem for path in (tmp_path / "one").glob("*.svg")}
    assert drawn == FIGURES - {"improvement", "ranks"}


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH to open the page with")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("dark", "colour"), [(False, "rgb(0, 114, 178)"), (True, "rgb(78, 168, 245)")]
)
def test_a_browser_shows_every_figure_on_a_phone_and_a_desk(
    compared, tmp_path, width, dark, colour
):
    page = (compared[0].folder / "report.html").read_text()
    look = tmp_path / "look.html"
    look.write_text(LOOK.format(page=html.escape(page), width=width))
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    dom = browse(tmp_path, look, "--dump-dom", "--virtual-time-budget=20000", *scheme)
    seen = json.loads(html.unescape(re.search(r"<pre>(.*?)</pre>", dom, re.DOTALL)[1]))
    assert seen["drawn"] == len(FIGURES)
    assert seen["paths"] > 5
    assert seen["colour"] == colour
    assert seen["width"] <= width
    assert seen["title"].startswith("Return: <script>")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH to open the page with")
def test_a_browser_fetches_nothing_for_the_page(compared, tmp_path):
    control = tmp_path / "control.html"
    control.write_text('<img src="http://elsewhere.invalid/x.png">')
    assert fetched(tmp_path, control) == {"http://elsewhere.invalid/x.png"}
    assert fetched(tmp_path, compared[0].folder / "report.html") == set()


def fetched(folder: Path, page: Path) -> set[str]:
    """The addresses that a page makes the browser ask for; its own errands are not the page's."""
    log = folder / "net.json"
    browse(folder, page, "--dump-dom", f"--log-net-log={log}")
    started = [event.get("params", {}) for event in json.loads(log.read_text())["events"]]
    return {
        one["url"]
        for one in started
        if "url" in one and one.get("initiator", "not an origin") != "not an origin"
    }


def browse(folder: Path, page: Path, *flags: str) -> str:
    """Open a page in a fresh browser and return what it prints."""
    profile = folder / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    command = [CHROMIUM, *ALONE, f"--user-data-dir={profile}", *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout
