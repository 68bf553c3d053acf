"""What a sweep file may say, and what its runs are."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from srgan_lib.params.section import ParameterError
from srgan_report.cli import main
from srgan_report.params_file import read
from srgan_report.sweep.definition import read_sweep
from srgan_report.sweep.expansion import expand, single_command

from .conftest import write_sweep

ROOT = Path(__file__).parents[2]


def runs_of(root, **content):
    return expand(read_sweep(write_sweep(root, **content)))[1]


def test_grid_zip_cases_and_seeds_multiply(project):
    runs = runs_of(
        project,
        cases={"plain": {}, "narrow": {"warmup.generator_channels": 8}},
        zip={"adversarial.learning_rate": [1e-4, 2e-4], "adversarial.discriminator_learning_rate": [1e-5, 2e-5]},
        grid={"adversarial.adversarial_weight": [1e-3, "1e-2"], "adversarial.steps": [1, 2, 3]},
        seeds=[0, 7],
    )
    assert len(runs) == len({run.name for run in runs}) == 2 * 2 * 2 * 3 * 2
    last = runs[-1].params
    assert (last.warmup.generator_channels, last.adversarial.steps, last.shared.seed) == (8, 3, 7)
    assert last.adversarial.adversarial_weight == 0.01, "YAML reads 1e-2 as text; the schema as a number"
    rates = {(r.params.adversarial.learning_rate, r.params.adversarial.discriminator_learning_rate) for r in runs}
    assert rates == {(1e-4, 1e-5), (2e-4, 2e-5)}, "zipped lists vary in parallel"


def test_a_run_keeps_its_name_when_the_sweep_is_extended(project):
    before = {run.name for run in runs_of(project, grid={"adversarial.steps": [1, 2]}, seeds=[0])}
    after = {run.name for run in runs_of(project, grid={"adversarial.steps": [3, 2, 1]}, seeds=[0, 1])}
    assert before < after


def test_a_bare_name_varies_in_every_stage_that_has_it(project):
    run = runs_of(project, grid={"batch": [3]})[0]
    assert {run.params.srcnn.batch, run.params.warmup.batch, run.params.adversarial.batch} == {3}


@pytest.mark.parametrize(("name", "values"), [("dataset", ["builtin", "bsds400"]), ("seed", [0, 1])])
def test_a_bare_name_of_one_section_becomes_that_section_s(name, values, project):
    """Tables of runs have columns of their own called dataset and seed."""
    factors, runs = expand(read_sweep(write_sweep(project, grid={name: values})))
    assert [factor.name for factor in factors] == [f"shared.{name}"] and factors[0].short == name
    assert [list(run.levels) for run in runs] == [[f"shared.{name}"]] * 2
    assert runs[0].name == f"{name}-{values[0]}"


def test_the_command_of_a_run_gives_the_same_parameters(project):
    import shlex

    source = read_sweep(write_sweep(project, cases={"a b": {"adversarial.content_layers": {"relu1_2": 2}}}, seeds=[5]))
    run = expand(source)[1][0]
    words = shlex.split(single_command(source, run, project))
    assert words[:3] == ["srgan", "run", "params/demo.yaml"]
    overrides = tuple(word for before, word in itertools.pairwise(words) if before == "-p")
    assert read(Path(words[2]), overrides).model_copy(update={"title": run.params.title}) == run.params


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"grid": {"adversarial.adversarial_weigth": [1]}}, ["adversarial_weigth", "unknown", "'adversarial_weight'"]),
        (
            {"grid": {"adversarial.adversarial_weight": [1e-3, -1]}},
            ["adversarial_weight", "-1", "greater than or equal"],
        ),
        ({"grid": {"adverserial.steps": [1]}}, ["adverserial", "unknown section", "'adversarial'"]),
        ({"grid": {"stepz": [1]}}, ["'stepz'", "'steps'"]),
        ({"grid": {"shared.crop": [96, 97]}}, ["shared.crop", "97", "multiple"]),
        ({"grid": {"adversarial.steps": []}}, ["grid.adversarial.steps", "at least 1"]),
        ({"grid": {"adversarial.steps": [1, 1]}}, ["'1' and '1' are one run"]),
        ({"cases": {"comparison": {"adversarial.steps": 1}}}, ["'comparison'", "own folder"]),
        ({"zip": {"warmup.steps": [1, 2], "srcnn.steps": [1]}}, ["zip", "warmup.steps has 2, srcnn.steps has 1"]),
        ({"grid": {"steps": [1]}, "zip": {"srcnn.steps": [2]}}, ["srcnn.steps", "varied twice", "grid", "zip"]),
        ({"grid": {"shared.seed": [1]}, "seeds": [2]}, ["shared.seed", "varied twice"]),
        ({"seeds": [1, 1]}, ["seeds", "twice"]),
        ({"seeds": [-1]}, ["seeds", "-1"]),
        ({}, ["nothing is varied"]),
        ({"gird": {"steps": [1]}, "seeds": [1]}, ["gird", "unknown section", "'grid'"]),
        ({"seeds": [1], "base": "nothing.yaml"}, ["nothing.yaml", "no such params file"]),
        ({"seeds": [1], "base": {"params": "../demo.yaml", "set": {"warmup.stepz": 1}}}, ["warmup.stepz", "unknown"]),
        ({"seeds": [1], "winner": {"by": ["lpips_alex"]}}, ["lpips_alex", "independent judge", "lpips_squeeze"]),
        ({"seeds": [1], "winner": {"by": ["beauty"]}}, ["winner.by", "beauty", "psnr_y"]),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(project, content, words):
    path = write_sweep(project, **content)
    done = CliRunner().invoke(main, ["sweep", str(path)])
    assert done.exit_code == 2
    for word in words:
        assert word in done.output.replace("\n", " "), done.output
    assert not (project / "results").exists()


def test_a_sweep_repeats_by_its_seeds_alone(project):
    with pytest.raises(ParameterError) as caught:
        runs_of(project, grid={"evaluation.repeats": [1, 3]})
    assert (caught.value.parameter, caught.value.allowed) == ("evaluation.repeats", ("1",))


def test_every_run_is_scored_on_the_validation_images_which_choose(project):
    runs = runs_of(project, base={"params": "../demo.yaml", "set": {"test_sets": ["Set5"]}}, seeds=[0, 1])
    assert [run.params.evaluation.test_sets for run in runs] == [["Set5", "validation"]] * 2


@pytest.mark.parametrize("path", sorted((ROOT / "params" / "sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_ready_sweeps_are_valid(path):
    factors, runs = expand(read_sweep(path))
    assert len(runs) > 1
    assert all(len(factor.levels) > 1 for factor in factors)


def test_a_dry_run_imports_no_torch_and_writes_nothing(project):
    path = write_sweep(project, grid={"adversarial.adversarial_weight": [1e-3, 1e-2]}, seeds=[0, 1])
    code = (
        f"import sys\nfrom srgan_report.cli import main\ntry:\n    main(['sweep', {str(path)!r}, '--dry-run'])\n"
        "finally:\n    print('torch' in sys.modules, 'distributed' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False False", done.stdout + done.stderr
    assert "4 runs; stages: 14 to compute, 6 to reuse from another run, 0 done already" in done.stdout
    assert not (project / "results").exists()


def test_the_base_s_own_error_is_told_of_the_base(project):
    (project / "params" / "demo.yaml").write_text("warmup: {steps: 0}")
    with pytest.raises(ParameterError, match=r"demo\.yaml, line 1: warmup\.steps"):
        runs_of(project, seeds=[1, 2])
