"""The recipes: every value has its mark, overlays change no more than they may, and all of them run."""

import json
import os
import re
from pathlib import Path

import pandas
import pytest
import yaml
from click.testing import CliRunner

from scripts.write_recipe_tables import BEGIN, END, rows, tables
from srgan_lib.layout import STAGES
from srgan_report import params_file
from srgan_report.cli import main
from srgan_report.cli.options import QUICK
from srgan_report.exhibits.published import compare_recipe, published
from srgan_report.pipeline.resolve_auto import resolve
from tests.project import execute_here

ROOT = Path(__file__).parents[1]
PARAMS, OVERLAYS = ROOT / "params", ROOT / "params" / "overlays"
RECIPES = ("ledig2017", "two_stage_div2k", "celeba_lsgan", "small_tanh", "face_patches", "esrgan", "real_esrgan")
MARK = r"#[^#]*\b(published|inferred|changed)\b"
#: What overlays may change: steps and what happens every so many of them, counts of images, and data.
STEPS = {"steps", "log_every", "validate_every", "checkpoint_every", "keep_networks_every", "keep_checkpoints"}
COUNTS = {"train_images", "validation_images", "test_images", "montage_frames", "grids", "patches"}
DATA = {"dataset", "image_folder", "test_sets", "content_weights", "run_dir"}


@pytest.fixture(autouse=True)
def no_weights(monkeypatch, tmp_path):
    """No VGG-19 on this disk and no way to get it."""
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


def values(params):
    """All parameters of a run, flat."""
    return {f"{part}.{name}": value for part in ("shared", *STAGES) for name, value in getattr(params, part)}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_value_has_its_mark(recipe):
    lines = (PARAMS / f"{recipe}.yaml").read_text(encoding="utf-8").split("\npublished:")[0].splitlines()
    given = [line for line in lines if re.match(r"\s*\w+: ", line) and not re.match(r"\w+: #", line)]
    document = yaml.safe_load("\n".join(lines))
    assert len(given) == 1 + sum(len(section) for name, section in document.items() if name != "title")
    unmarked = [line for line in given if not re.search(MARK, line)]
    assert not unmarked


def test_the_tables_of_the_readme_are_those_of_the_recipes():
    text = (PARAMS / "README.md").read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip() == tables(PARAMS).strip(), "python -m scripts.write_recipe_tables"


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_s_table_has_each_value_once(recipe):
    text = (PARAMS / f"{recipe}.yaml").read_text(encoding="utf-8")
    found = list(rows(text))
    assert len({name for name, *_ in found}) == len(found)
    stages = yaml.safe_load(text.split("\npublished:")[0])
    given = {f"{stage}.{name}" for stage, values in stages.items() if stage != "title" for name in values}
    assert {name for name, *_ in found} == given - silent(text)
    assert '"' in text.split("\npublished:")[0].partition("\nshared:")[2], "the source is quoted"


def silent(text):
    """The values that change no weight."""
    section, names = "", set()
    for line in text.splitlines():
        section = line.partition(":")[0] if re.match(r"\w+:", line) else section
        names |= {f"{section}.{line.split(':')[0].strip()}"} if "changes no weight" in line else set()
    return names


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_names_its_source_and_has_its_figures(recipe):
    source = params_file.read(PARAMS / f"{recipe}.yaml").published
    assert source.title
    listed = published()[published().source.isin(source.sources)]
    assert len(source.metrics) + len(source.curves) + len(listed) >= 2
    empty = published().head(0).reindex(columns=["dataset", "method", "metric", "mean"])
    assert len(compare_recipe(empty, source, {})) == len(source.metrics) + len(listed)


@pytest.mark.parametrize("recipe", RECIPES)
def test_quick_changes_only_steps_counts_and_data(recipe):
    whole = values(params_file.read(PARAMS / f"{recipe}.yaml"))
    quick = values(resolve(params_file.read(PARAMS / f"{recipe}.yaml", (), (OVERLAYS / "quick.yaml",))))
    changed = {name.split(".")[1] for name in whole if whole[name] != quick[name] and whole[name] != "auto"}
    assert changed <= STEPS | COUNTS | DATA, changed
    assert "steps" in changed and "dataset" in changed


@pytest.mark.parametrize("file", sorted(path.name for path in PARAMS.glob("*.yaml")))
def test_the_option_quick_lowers_steps_and_counts_of_any_params_file_and_changes_nothing_else(file):
    whole = values(params_file.read(PARAMS / file))
    quick = values(params_file.read(PARAMS / file, limits=ROOT / QUICK))
    lower = {name for name in whole if whole[name] != quick[name]}
    assert {name.split(".")[1] for name in lower} <= STEPS | COUNTS
    assert all(quick[name] < whole[name] for name in lower)
    assert quick["adversarial.steps"] == min(15, whole["adversarial.steps"])


def test_the_option_quick_raises_nothing_and_gives_way_to_single_values(tmp_path):
    few = tmp_path / "few.yaml"
    few.write_text("shared: {test_images: 2}\nwarmup: {steps: 8, validate_every: 2}\n")
    params = params_file.read(few, ("adversarial.steps=20",), limits=ROOT / QUICK)
    assert (params.shared.test_images, params.warmup.steps, params.adversarial.steps) == (2, 8, 20)
    assert (params.warmup.validate_every, params.srcnn.steps) == (2, 15)


def test_realworld_changes_the_degradation_alone():
    plain = values(params_file.read(PARAMS / "demo.yaml"))
    real = values(params_file.read(PARAMS / "demo.yaml", (), (OVERLAYS / "realworld.yaml",)))
    assert {name for name in plain if plain[name] != real[name]} == {
        "shared.degradation",
        "warmup.lr_consistency",
        "adversarial.lr_consistency",
    }


@pytest.mark.parametrize("overlay", sorted(path.name for path in OVERLAYS.glob("*.yaml")))
@pytest.mark.parametrize("recipe", [*RECIPES, "demo", "reference"])
def test_overlays_go_over_every_recipe(recipe, overlay):
    params_file.read(PARAMS / f"{recipe}.yaml", (), (OVERLAYS / overlay,))


@pytest.mark.parametrize(
    ("overlays", "images"), [((), 1000), ((OVERLAYS / "lsgan_div2k.yaml",), 800)], ids=["CelebA", "DIV2K"]
)
def test_both_datasets_of_the_lsgan_recipe_train_for_120_epochs_and_keep_networks_every_40(overlays, images):
    params = params_file.read(PARAMS / "celeba_lsgan.yaml", (), overlays)
    assert (params.shared.train_images or 800) == images
    epoch = images / params.adversarial.batch
    assert (params.adversarial.steps, params.adversarial.keep_networks_every) == (120 * epoch, 40 * epoch)
    assert params.srcnn.steps == 10 * epoch


def test_the_stabilisers_sweep_takes_each_away_alone():
    sweep = yaml.safe_load((PARAMS / "sweeps" / "two_stage_stabilisers.yaml").read_text(encoding="utf-8"))
    base = values(params_file.read(PARAMS / "two_stage_div2k.yaml"))
    changed = {name for case in sweep["cases"].values() for name, value in case.items() if base[name] != value}
    assert {name.partition(".")[2] for name in changed} == {
        *("discriminator_every", "steps", "learning_rate", "pixel_weight"),
        *("adversarial_weight", "gradient_clip", "clamp_in_training"),
    }


def run_tiny(recipe, results):
    """Run a recipe with narrow networks for three steps; its real notebooks, but without kernels."""
    words = [word for name in ("quick", "tiny") for word in ("--overlay", f"params/overlays/{name}.yaml")]
    command = ["run", f"params/{recipe}.yaml", *words, "--results", str(results), "-p", "threads=1"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    return results / recipe


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_runs_and_has_its_table_of_published_figures(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    run = run_tiny(recipe, tmp_path)
    source = params_file.read(PARAMS / f"{recipe}.yaml").published
    report = (run / "report.html").read_text(encoding="utf-8")
    assert ("tab-published_1" in report) == bool(source.metrics or source.sources)
    assert ("tab-published_curves" in report) == bool(source.curves)
    assert json.loads((run / "manifest.json").read_text(encoding="utf-8"))["parameters"]["published"]["title"] in report
    shares = params_file.read(PARAMS / f"{recipe}.yaml").evaluation.interpolations
    if shares:
        along = pandas.read_csv(run / "evaluation" / "interpolation.csv")
        assert along.share.tolist() == [0, *shares, 1]
    for name in ("srgan_final.safetensors", "metrics.txt", "metrics.csv", "srgan_results.zip"):
        assert (run / name).stat().st_size > 100, name
    assert os.path.getsize(run / "srgan_final.safetensors") == os.path.getsize(
        run / "adversarial/generator.safetensors"
    )
