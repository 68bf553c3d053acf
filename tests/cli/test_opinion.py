"""``srgan opinion``: a study made, answered by simulated raters, collected."""

import pytest
from click.testing import CliRunner

from srgan_lib.cli import main
from srgan_lib.opinion.study import KEY, PAGE
from tests.opinion_example import make_example, make_light_run


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
    assert (run_dir / "opinion/simulated/opinion_scores.csv").exists()


def test_collecting_only_bad_files_is_wrong_input(run_dir, tmp_path):
    (tmp_path / "bad.json").write_text("{")
    result = srgan("collect", run_dir, tmp_path / "bad.json")
    assert result.exit_code == 2 and "bad.json" in result.output


def test_another_study_is_not_replaced(run_dir):
    before = (run_dir / KEY).read_bytes()
    result = srgan("make", run_dir, "--raters", 3)
    assert result.exit_code == 2 and (run_dir / KEY).read_bytes() == before and (run_dir / PAGE).exists()


@pytest.mark.parametrize("words", [["make", "nowhere"], ["make", "{run}", "--methods", "mine"], ["make", "{run}", "--size", "9"], ["plan", "--raters", "x"], ["plan", "--images", "1"]])  # fmt: skip
def test_wrong_input_has_its_code(run_dir, words):
    assert srgan(*[word.format(run=run_dir) for word in words]).exit_code == 2


@pytest.mark.slow
def test_more_raters_detect_a_smaller_difference():
    result = srgan("plan", "--raters", "4,30", "--images", "12", "--studies", "30")
    few, many = (float(line.split("│")[3]) for line in result.output.splitlines() if "│ 12" in line)
    assert result.exit_code == 0 and many < few
