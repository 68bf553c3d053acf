"""The recipes: every value has its mark, overlays change no more than they may, and all of them run."""

import re
from pathlib import Path

import pandas
import pytest
import yaml

from scripts.write_recipe_tables import BEGIN, END, rows, tables
from srgan_lib.layout import STAGES
from srgan_report import params_file
from srgan_report.cli.options import QUICK, read_run
from srgan_report.exhibits.published import compare_recipe, published
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.planning import plan_run
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


#: The recipe with published figures of each kind has a report of its own, see ``tests/pipeline/test_demo.py``.
REPORTED = "two_stage_div2k"


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [name for name in RECIPES if name != REPORTED])
def test_every_recipe_runs_and_has_its_tables_of_published_figures(recipe, tmp_path, monkeypatch):
    """Its real notebooks, but without kernels: narrow networks for three steps."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    overlays = tuple(OVERLAYS / f"{name}.yaml" for name in ("quick", "tiny"))
    run = read_run(PARAMS / f"{recipe}.yaml", None, ("threads=1",), overlays, False, tmp_path)
    execute(plan_run(run), run)
    folder, source = run.directory / "evaluation", run.params.published
    assert (folder / "published_recipe.csv").exists() == bool(source.metrics or source.sources)
    assert (folder / "published_curves.csv").exists() == bool(source.curves)
    if shares := run.params.evaluation.interpolations:
        assert pandas.read_csv(folder / "interpolation.csv").share.tolist() == [0, *shares, 1]
    assert {"warmup", "srgan"} <= set(pandas.read_csv(folder / "metrics.csv").method)
