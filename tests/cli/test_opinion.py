"""``srgan opinion``: a study made, answered by simulated raters, collected."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from srgan_report.cli import main
from srgan_report.opinion.study import KEY, PAGE
from tests.opinion_example import make_example, make_light_run

DOCUMENTED = Path(__file__).parents[2] / "docs/opinion_study.md"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    run_dir = make_light_run(tmp_path_factory.mktemp("cli") / "demo")
    make_example(run_dir)
    return run_dir


def srgan(*words):
    return CliRunner().invoke(main, ["opinion", *map(str, words)])


def test_a_study_is_simulated_and_says_so(run_dir):
    result = srgan("simulate", run_dir, "--careless", 0.1)
    assert result.exit_code == 0 and "SIMULATED" in result.output
    folder = run_dir / "opinion/simulated"
    assert all((folder / f"opinion_{name}").exists() for name in ("scores.csv", "rehearsal.html", "slide.html"))


def test_collecting_only_bad_files_is_wrong_input(run_dir, tmp_path):
    (tmp_path / "bad.json").write_text("{")
    result = srgan("collect", run_dir, tmp_path / "bad.json")
    assert result.exit_code == 2 and "bad.json" in result.output


def test_another_study_is_not_replaced(run_dir):
    before = (run_dir / KEY).read_bytes()
    result = srgan("make", run_dir, "--raters", 3)
    assert result.exit_code == 2 and (run_dir / KEY).read_bytes() == before and (run_dir / PAGE).exists()


@pytest.mark.parametrize(
    "words",
    [
        ["make", "nowhere"],
        ["make", "{run}", "--methods", "mine"],
        ["make", "{run}", "--size", "9"],
        ["make", "{run}", "--raters", "nowhere.txt"],
        ["make", "{run}", "--raters", "0"],
        ["plan", "--raters", "x"],
        ["plan", "--images", "1"],
    ],
)
def test_wrong_input_has_its_code(run_dir, words):
    assert srgan(*[word.format(run=run_dir) for word in words]).exit_code == 2


def test_a_plan_finds_what_the_documentation_says():
    lines = srgan("plan").output.splitlines()
    found = {tuple(map(int, cells[1:3])): cells[3:5] for line in lines if len(cells := line.split("│")) == 6}
    rows = [line.split("|")[1:-1] for line in DOCUMENTED.read_text(encoding="utf-8").splitlines()]
    table = [row for row in rows if len(row) == 5 and row[0].strip().isdecimal()]
    documented = {
        (int(raters), images): re.findall(r"[\d.]+", cell)[::-1]
        for raters, *cells in table
        for images, cell in zip((5, 10, 20, 40), cells, strict=True)
    }
    assert len(documented) == 24
    assert {key: [gap.strip() for gap in gaps] for key, gaps in found.items()} == documented
