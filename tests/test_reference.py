import json

import pandas as pd
import pytest

from scripts.model_index import with_head
from scripts.publish_reference import publish
from srgan_lib.evaluation.reference import check_models
from srgan_lib.evaluation.statistics import summarise
from srgan_lib.files import sha256_file, write_atomic
from srgan_lib.layout import project_root
from srgan_lib.methods import TRAINED
from srgan_lib.models.files import load_model, save_model
from srgan_lib.models.generators import build_generator
from srgan_lib.weights import NAMES, SCORES, reference_models, shipped_models

CONFIGS = {
    "srcnn": {"architecture": "srcnn", "scale": 4, "global_skip": "bicubic"},
    "srresnet": {"architecture": "srresnet", "scale": 4, "channels": 4, "blocks": 1, "global_skip": "bicubic"},
}


@pytest.fixture
def run(tmp_path):
    """A finished run of the reference recipe, as far as shipping reads it, with small networks."""
    folder = tmp_path / "run"
    rows = [
        {"dataset": dataset, "image": f"image{number}", "method": method, "psnr_y": 28 + place + number,
         "ssim_y": 0.8 + place / 100, "lpips_alex": 0.3 - place / 20, "grid_artefact": 1.0}
        for dataset in ("Set5", "builtin")
        for number in range(2)
        for place, method in enumerate(("bicubic", "srcnn", "warmup", "srgan", "srgan_ensemble"))
    ]  # fmt: skip
    metrics = pd.DataFrame(rows)
    files = {"srcnn": "srcnn.safetensors", "warmup": "generator.safetensors", "adversarial": "generator.safetensors"}
    for stage, file in files.items():
        config = CONFIGS["srcnn" if stage == "srcnn" else "srresnet"]
        save_model(folder / stage / file, build_generator(config), config)
        write_atomic(folder / stage / "speed.json", json.dumps({"steps": 5, "seconds": 540}))
        write_atomic(folder / stage / "loss_curve.csv", "step,loss\n1,2\n")
        write_atomic(folder / stage / "figures" / "learning_curve.png", stage)
    for number in range(5):
        write_atomic(folder / "evaluation" / "figures" / f"grid_builtin_{number}.png", "grid")
    stages = {stage: {"steps": 7, "batch": 8} for stage in ("srcnn", "warmup", "adversarial")}
    shared = {"scale": 4, "crop": 96, "dataset": "bsds400", "dtype": "float32"}
    manifest = {
        "command": "srgan run params/reference.yaml --run run",
        "machine": {"cpu": "a processor", "cores": 2, "memory": 8, "gpu": 0},
        "parameters": {"shared": shared, **stages},
    }
    write_atomic(folder / "manifest.json", json.dumps(manifest))
    for name, frame in (("metrics", metrics), ("metrics_summary", summarise(metrics))):
        write_atomic(folder / f"{name}.csv", frame.to_csv(index=False))
    return folder


def test_a_run_becomes_weights_cards_and_results(run, tmp_path):
    weights, results = tmp_path / "weights", tmp_path / "results"
    publish(run, weights, results)
    models = shipped_models(4, weights)
    assert tuple(models) == tuple(reference_models()) and not shipped_models(2, weights)
    assert models["srresnet"].read_bytes() == (run / "warmup" / "generator.safetensors").read_bytes()
    assert load_model(models["srcnn"])[1]["config"] == CONFIGS["srcnn"]
    card = models["srgan"].with_suffix(".md").read_text()
    assert "7 steps of 8 crops of 96×96 pixels, about 13 minutes on a processor, 2 cores" in card
    assert "| Set5 | srgan | 31.50 | 0.830 | 0.150 |" in card and "| builtin | bicubic | 28.50 |" in card
    assert "| Set5 | srgan, self-ensemble | 32.50 |" in card
    assert "self-ensemble" not in models["srcnn"].with_suffix(".md").read_text()
    assert (weights / SCORES).read_text().splitlines()[2] == "srresnet,30.5000,0.8200,0.2000,1.0000"
    names = {path.name for path in results.iterdir()}
    assert len([name for name in names if name.startswith("grid_")]) == 4
    assert names >= {"metrics.csv", "metrics_summary.csv", "warmup_loss_curve.csv", "adversarial_learning_curve.png"}


def test_one_network_of_another_run_joins_those_that_are_shipped(run, tmp_path):
    weights, results = tmp_path / "weights", tmp_path / "results"
    publish(run, weights, results)
    before = (weights / SCORES).read_text().splitlines()
    publish(run, weights, results / "small", {"warmup": "compact"})
    assert tuple(shipped_models(4, weights)) == NAMES
    assert (weights / SCORES).read_text().splitlines() == [
        *before[:2],
        before[2].replace("srresnet", "compact"),
        *before[2:],
    ]
    assert "# compact_x4" in (weights / "compact_x4.md").read_text()
    assert (results / "metrics.csv").exists() and (results / "small" / "metrics.csv").exists()
    assert "compact" not in reference_models(), "reports judge what a run trains"


@pytest.mark.slow
def test_models_are_checked_against_their_figures(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path))
    weights = tmp_path / "weights"
    publish(run, weights, tmp_path / "results")
    found = check_models(4, weights)
    assert (
        list(found.model.unique()) == list(reference_models()) and not found.agrees.any()
    )  # the figures of the run are made up
    measured = found.pivot(index="model", columns="metric", values="measured")
    measured.to_csv(weights / SCORES)
    again = check_models(4, weights)
    assert again[again.metric != "lpips_alex"].agrees.all()
    assert again.measured.equals(found.measured)


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_model_is_the_one_its_card_describes(name):
    path = shipped_models()[name]
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert sha256_file(path) in card
    assert load_model(path)[1]["config"]["scale"] == 4
    assert path.stat().st_size < 10 * 2**20


@pytest.mark.parametrize("name", NAMES)
def test_hugging_face_reads_the_figures_of_a_card(name):
    hub = pytest.importorskip("huggingface_hub")
    text = shipped_models()[name].with_suffix(".md").read_text(encoding="utf-8")
    assert with_head(text) == text, "python -m scripts.model_index writes it"
    results = hub.ModelCard(text).data.eval_results
    method = {"compact": "warmup"}.get(name) or next(m for m, network in TRAINED.items() if network.reference == name)
    folder = project_root() / "results/reference" / (name if name in ("compact", "srgan") else "")
    summary = pd.read_csv(folder / "metrics_summary.csv")
    means = summary[summary.method == method].set_index(["dataset", "metric"])["mean"]
    ours = {"psnr": "psnr_y", "ssim": "ssim_y", "lpips": "lpips_alex"}
    found = {(result.dataset_name, ours[result.metric_type]): result.metric_value for result in results}
    assert len(found) == 9 and {dataset for dataset, _ in found} == {"Set5", "BSD100", "builtin"}
    for where, value in found.items():
        assert value == pytest.approx(means[where], abs=0.0051 if where[1] == "psnr_y" else 0.00051)


def test_a_card_without_figures_has_no_head():
    with pytest.raises(ValueError, match="no row of srgan"):
        with_head("# srgan_x4\n\n| set | method | PSNR-Y |\n|---|---|---|\n| Set5 | bicubic | 28.43 |\n")
    with pytest.raises(ValueError, match="name"):
        with_head("A card")


@pytest.mark.slow
def test_the_reference_models_have_their_figures():
    found = check_models()
    assert list(found.model.unique()) == list(NAMES)
    assert found[found.measured.notna()].agrees.all(), found
