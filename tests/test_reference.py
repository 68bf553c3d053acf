import json
import re

import pandas as pd
import pytest
import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from scripts.judge_reference import BASELINES, judge
from scripts.publish_reference import publish
from scripts.reference_tables import BEGIN, COLUMNS, END, PAGE, RESULTS, means, score_table, with_scores, write_tables
from scripts.write_recipe_tables import RECIPES
from srgan_lib.files import sha256_file, write_atomic
from srgan_lib.layout import project_root
from srgan_lib.metrics.measure import METRICS
from srgan_lib.models.files import load_model, save_model
from srgan_lib.models.generators import build_generator
from srgan_lib.models.shipped import FOLDER, NAMES, SCORES, reference_models, shipped_models
from srgan_lib.params.shared import Shared
from srgan_report.cli.networks import check_models
from srgan_report.exhibits.published import published

ROOT = project_root()
README = (ROOT / "README.md").read_text(encoding="utf-8")
PHOTOGRAPHS = (ROOT / "docs/photographs.md").read_text(encoding="utf-8")
DOCUMENT = PAGE.read_text(encoding="utf-8")
TRAINING = (ROOT / "docs/reference_training.md").read_text(encoding="utf-8")
CONFIGS = {
    "srcnn": {"architecture": "srcnn", "scale": 4, "global_skip": "bicubic"},
    "srresnet": {"architecture": "srresnet", "scale": 4, "channels": 4, "blocks": 1, "global_skip": "bicubic"},
}
FIRST = {"srcnn": "srcnn", "warmup": "srresnet", "srgan": "srgan"}


@pytest.fixture
def run(tmp_path):
    """A finished run of the reference recipe, as far as shipping reads it, with small networks."""
    folder = tmp_path / "run"
    files = {"srcnn": "srcnn.safetensors", "warmup": "generator.safetensors", "adversarial": "generator.safetensors"}
    for stage, file in files.items():
        config = CONFIGS["srcnn" if stage == "srcnn" else "srresnet"]
        save_model(folder / stage / file, build_generator(config), config)
        write_atomic(folder / stage / "speed.json", json.dumps({"steps": 5, "seconds": 540}))
        write_atomic(folder / stage / "loss_curve.csv", "step,loss\n1,2\n")
        write_atomic(folder / stage / "trained_on.csv", "image\na\n")
        write_atomic(folder / stage / "figures" / "learning_curve.png", stage)
    for number in range(5):
        write_atomic(folder / "evaluation" / "figures" / f"grid_builtin_{number}.png", "grid")
    stages = {stage: {"steps": 7, "batch": 8} for stage in ("srcnn", "warmup", "adversarial")}
    shared = {"scale": 4, "crop": 96, "dataset": "bsds400", "degradation": "bicubic", "dtype": "float32", "seed": 3}
    manifest = {
        "command": "srgan run params/reference.yaml --run run",
        "machine": {"cpu": "a processor", "cores": 2, "memory": 8, "gpu": 0},
        "parameters": {"shared": shared, **stages},
    }
    write_atomic(folder / "manifest.json", json.dumps(manifest))
    return folder


@pytest.fixture
def judged(tmp_path):
    """A folder with scores of small networks, and a page for their table."""
    rows = [
        {"dataset": dataset, "image": f"image{number}", "method": method, "psnr_y": 28 + place + number,
         "ssim_y": 0.8 + place / 100, "lpips_alex": 0.3 - place / 20, "grid_artefact": 1.0}
        for dataset in ("Set5", "builtin")
        for number in range(4)
        for place, method in enumerate(("bicubic", "srcnn", "srresnet", "srgan"))
    ]  # fmt: skip
    write_atomic(tmp_path / "results/metrics.csv", pd.DataFrame(rows).to_csv(index=False))
    write_atomic(tmp_path / "page.md", f"Before\n{BEGIN}old\n{END}after\n")
    return tmp_path / "results"


def test_a_run_becomes_weights_cards_and_curves(run, tmp_path):
    weights, results = tmp_path / "weights", tmp_path / "results"
    publish(run, weights, results, FIRST)
    models = shipped_models(4, weights)
    assert tuple(models) == tuple(reference_models()) and not shipped_models(2, weights)
    assert models["srresnet"].read_bytes() == (run / "warmup" / "generator.safetensors").read_bytes()
    assert load_model(models["srcnn"])[1]["config"] == CONFIGS["srcnn"]
    card = models["srgan"].with_suffix(".md").read_text()
    assert "7 steps of 8 crops of 96×96 pixels, about 13 minutes on a processor, 2 cores" in card
    assert "One seed (3)" in card
    files = {name: {path.name for path in (results / name).iterdir()} for name in FIRST.values()}
    assert files["srcnn"] == files["srresnet"] == {"loss_curve.csv", "learning_curve.png"}
    assert files["srgan"] - files["srcnn"] == {f"grid_builtin_{number}.png" for number in range(4)}


def test_one_network_of_another_run_joins_those_that_are_shipped(run, tmp_path):
    weights, results = tmp_path / "weights", tmp_path / "results"
    publish(run, weights, results, FIRST)
    publish(run, weights, results, {"warmup": "compact", "srgan": "photo"})
    assert tuple(shipped_models(4, weights)) == NAMES
    assert (weights / "compact_x4.md").read_text().startswith("# compact_x4\n")
    assert "compact" not in reference_models(), "reports judge what a run trains"


def test_scores_go_into_cards_checks_and_page(run, judged, tmp_path):
    weights, page = tmp_path / "weights", tmp_path / "page.md"
    publish(run, weights, tmp_path / "curves", FIRST)
    write_tables(judged, weights, page)
    card = (weights / "srgan_x4.md").read_text()
    assert "| Set5 | srgan | 32.50 | 0.830 | 0.150 |" in card and "| builtin | bicubic | 29.50 |" in card
    assert "| srresnet |" not in card and "value: 32.5\n" in card
    assert (weights / SCORES).read_text().splitlines()[2] == "srresnet,31.5000,0.8200,0.2000,1.0000"
    assert page.read_text().startswith("Before\n") and page.read_text().endswith("after\n")
    assert "| builtin | srcnn | 30.50 |" in page.read_text() and "old" not in page.read_text()
    write_tables(judged, weights, page)
    assert (weights / "srgan_x4.md").read_text() == card, "the text of a card stays"


@pytest.mark.slow
def test_networks_are_judged_under_their_names_and_hashes(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    weights, results = tmp_path / "weights", tmp_path / "judged"
    publish(run, weights, tmp_path / "curves", FIRST)
    judge(results, ("builtin",), (), weights)
    metrics, hashes = pd.read_csv(results / "metrics.csv"), pd.read_csv(results / "weights.csv")
    assert list(metrics.method.unique()) == ["nearest", "bicubic", *FIRST.values()]
    assert dict(hashes.values) == {name: sha256_file(path) for name, path in shipped_models(4, weights).items()}


@pytest.mark.slow
def test_models_are_checked_against_their_figures(run, judged, tmp_path, monkeypatch):
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path))
    weights = tmp_path / "weights"
    publish(run, weights, tmp_path / "curves", FIRST)
    write_tables(judged, weights, tmp_path / "page.md")
    found = check_models(4, weights)
    assert list(found.model.unique()) == list(reference_models())
    assert not found.agrees.any(), "the figures of the run are made up"
    measured = found.pivot(index="model", columns="metric", values="measured")
    measured.to_csv(weights / SCORES)
    again = check_models(4, weights)
    assert again[again.metric != "lpips_alex"].agrees.all()
    assert again.measured.equals(found.measured)


def test_a_card_without_scores_is_refused():
    table = means(pd.read_csv(RESULTS / "metrics_summary.csv"))
    with pytest.raises(ValueError, match="no scores of other"):
        with_scores("# other_x4\n", "other", table)
    with pytest.raises(ValueError, match="name"):
        with_scores("A card", "srgan", table)


# What is published: README, docs and cards against results/reference/.


@pytest.fixture(scope="module")
def table():
    """The means of the shipped models: a row per dataset and method."""
    return means(pd.read_csv(RESULTS / "metrics_summary.csv"))


@pytest.fixture(scope="module")
def images():
    """The scores of every image: a row per dataset, image and method."""
    return pd.read_csv(RESULTS / "metrics.csv", index_col=["dataset", "image", "method"])


def plain(text: str) -> str:
    """Join the lines of a text."""
    return " ".join(text.split())


def markdown_rows(text: str) -> list[dict[str, str]]:
    """Read every row of a text's tables: its cells by heading, the first cell as ''."""
    rows, heading = [], []
    for line in [*text.splitlines(), ""]:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] if line.startswith("|") else []
        if cells and not heading:
            heading = ["", *cells[1:]]
        elif cells and not cells[0].startswith("---"):
            rows.append(dict(zip(heading, cells, strict=True)))
        heading = heading if cells else []
    return rows


def written(value: float, metric: str) -> str:
    """Write a score as these texts do, without the zero before the point."""
    return METRICS[metric].text(value).removeprefix("0")


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_network_is_the_one_that_was_judged_and_that_its_card_describes(name):
    path = shipped_models()[name]
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert pd.read_csv(RESULTS / "weights.csv", index_col="model").sha256[name] == sha256_file(path)
    assert f"`{sha256_file(path)}`" in card
    assert "**Settings:** " in card and "One seed (" in card, "the card says what chose the settings"
    assert load_model(path)[1]["config"]["scale"] == 4
    assert path.stat().st_size < 10 * 2**20


@pytest.mark.parametrize("name", NAMES)
def test_the_scores_of_a_card_are_those_of_the_table(name, table):
    text = shipped_models()[name].with_suffix(".md").read_text(encoding="utf-8")
    assert with_scores(text, name, table) == text, "python -m scripts.reference_tables writes it"
    hub = pytest.importorskip("huggingface_hub")
    results = hub.ModelCard(text).data.eval_results
    ours = {"psnr": "psnr_y", "ssim": "ssim_y", "lpips": "lpips_alex"}
    found = {(result.dataset_name, ours[result.metric_type]): result.metric_value for result in results}
    assert len(found) == 9 and {dataset for dataset, _ in found} == {"Set5", "BSD100", "builtin"}
    for (dataset, metric), value in found.items():
        assert value == pytest.approx(table[metric][dataset, name], abs=0.5001 * 10 ** -METRICS[metric].digits)


def test_the_judged_images_give_the_summary_the_check_and_the_page(table, images):
    again = images.groupby(["dataset", "method"], sort=False).mean()
    assert images.index.get_level_values("dataset").value_counts().to_dict() == {
        dataset: count * (len(NAMES) + len(BASELINES))
        for dataset, count in {"BSD100": 100, "Set5": 5, "builtin": 5}.items()
    }
    pd.testing.assert_frame_equal(table, again.loc[table.index, table.columns], rtol=1e-4, atol=1e-5, check_names=False)
    shipped = pd.read_csv(shipped_models()["srgan"].with_name(SCORES), index_col="model")
    expected = table.loc["builtin"].loc[list(NAMES), list(shipped)]
    pd.testing.assert_frame_equal(shipped, expected, atol=2e-4, rtol=0, check_names=False)
    assert DOCUMENT.split(BEGIN)[1].split(END)[0].strip() == score_table(table, COLUMNS).strip()


PUBLISHED = {
    "SRCNN (Ledig et al.)": ("ledig2017", "SRCNN"),
    "SRResNet (Ledig et al.)": ("ledig2017", "SRResNet"),
    "SRGAN (Ledig et al.)": ("ledig2017", "SRGAN"),
    "TensorLayer's SRGAN (as measured by Ma et al., SPSR)": ("spsr", "TensorLayer SRGAN"),
    "ESRGAN (as measured by Ma et al.)": ("spsr", "ESRGAN"),
}


@pytest.mark.parametrize(("text", "count"), [(README, 5 + len(NAMES)), (DOCUMENT, 5 + len(NAMES))])
def test_the_table_of_shipped_and_published_networks_has_their_scores(text, count, table):
    columns = {
        f"{title} {label}": (dataset, metric)
        for title, dataset in {"Set5": "Set5", "BSD100": "BSD100", "built-in": "builtin"}.items()
        for label, metric in {"PSNR": "psnr_y", "LPIPS": "lpips_alex"}.items()
    }
    rows = {row[""].strip("`"): row for row in markdown_rows(text) if "Set5 PSNR" in row}
    former = [name for name in rows if "`" in name]
    assert len(rows) - len(former) == count and set(NAMES) < set(rows)
    for name, row in rows.items():
        for heading in columns.keys() & row.keys():
            dataset, metric = columns[heading]
            if name.startswith("*published:* "):
                source, method = PUBLISHED[name.removeprefix("*published:* ")]
                known = published(dataset=dataset, metric=metric, source=source, scale=4).set_index("method").value
                assert row[heading] == (written(known[method], metric) if method in known else ""), (name, heading)
            elif name not in former:
                assert row[heading] == written(table[metric][dataset, name], metric), (name, heading)


def test_limits_are_compared_with_what_was_measured(table):
    names = {metric.label: name for name, metric in METRICS.items()}
    rows = [row for row in markdown_rows(TRAINING) if "limit" in row]
    assert len(rows) > 10 and {row["reached"] for row in rows} == {"yes", "no"}
    for row in rows:
        name = names[row["measure"]]
        value, (sign, limit) = table[name][row["set"], row[""].strip("`")], row["limit"].split()
        assert row["measured"] == written(value, name), row
        assert (row["reached"] == "yes") == (value >= float(limit) if sign == "≥" else value <= float(limit)), row


def test_sentences_that_count_images_count_right(images):
    sentence = r"(\S+) of `(\w+)` is (higher|lower) than that of `(\w+)` on ([^.:,]*)"
    metrics = {metric.label: name for name, metric in METRICS.items()}
    claims = re.findall(sentence, plain(DOCUMENT))
    assert len(claims) == 3
    for label, first, direction, second, rest in claims:
        counts = re.findall(r"(\d+) of (\d+) images of (\w+)", rest)
        assert counts
        for count, total, dataset in counts:
            scores = images[metrics[label]][dataset].unstack("method")
            difference = (scores[first] - scores[second]) * (1 if direction == "higher" else -1)
            assert (int(count), int(total)) == ((difference > 0).sum(), len(difference))


def test_superlatives_are_true(table):
    assert "On BSD100 `compact` has the highest mean PSNR" in DOCUMENT
    assert table["psnr_y"]["BSD100"].idxmax() == "compact"
    assert "by SRGAN: sharper, lowest LPIPS" in README and "by Compact: smoother, higher PSNR" in README
    for dataset in ("Set5", "BSD100", "builtin"):
        assert table["lpips_alex"][dataset].idxmin() == "srgan"
        assert table["psnr_y"][dataset, "compact"] > table["psnr_y"][dataset, "srgan"]
    assert "`srgan`'s grid artefact was to be within ±1 dB, which holds on all three" in plain(TRAINING)
    assert table["grid_artefact"].xs("srgan", level="method").abs().max() < 1


def test_operations_are_those_of_the_table():
    rows = {row[""].strip("`"): row for row in markdown_rows(DOCUMENT) if "multiply–adds per LR pixel" in row}
    counts = {}
    for name in NAMES:
        model = load_model(shipped_models()[name])[0].eval()
        with FlopCounterMode(display=False) as counter:
            model(torch.rand(1, 3, 24, 24))
        counts[name] = counter.get_total_flops() / 2 / 24**2 / 1e6
    told = {name.removesuffix("` (default)"): row["multiply–adds per LR pixel"] for name, row in rows.items()}
    assert told == {name: f"{count:.1f} million".removeprefix("0") for name, count in counts.items()}
    assert "a third of the operations" in README and 0.2 < counts["compact"] / counts["srresnet"] < 1 / 3


def test_the_table_of_trainings_is_that_of_the_params_files():
    def steps(recipe: str, stage: str) -> tuple[int, int]:
        section = yaml.safe_load((ROOT / f"params/{recipe}.yaml").read_text(encoding="utf-8"))[stage]
        return section["steps"], section["batch"]

    trained = {
        "srcnn": [steps("reference", "srcnn")],
        "srresnet": [steps("reference", "warmup"), steps("reference_further", "warmup")],
        "compact": [steps("compact", "warmup")],
        "photo": [steps("reference_photo", "warmup"), steps("reference_photo", "adversarial"), (800, 8)],
        "srgan": [steps("reference_srgan", "warmup"), (600, 8)],
    }
    rows = {row[""].strip("`"): row for row in markdown_rows(TRAINING) if "steps × crops" in row}
    assert set(rows) == set(NAMES)
    for name, parts in ((name, trained[name]) for name in NAMES):
        assert re.findall(r"([\d,]+) × (\d+)", rows[name]["steps × crops"]) == [(f"{a:,}", str(b)) for a, b in parts]
        told = [int(number.replace(",", "")) for number in rows[name]["crops"].split(" + ")]
        assert sum(told) == sum(a * b for a, b in parts)
        card = shipped_models()[name].with_suffix(".md").read_text(encoding="utf-8").replace(",", "")
        assert f"{parts[-1][0]} " in card.partition("**Training:**")[2].partition("\n")[0]
    kept = yaml.safe_load((ROOT / "params/reference_srgan.yaml").read_text(encoding="utf-8"))["adversarial"]
    assert 600 % kept["keep_networks_every"] == 0 and kept["batch"] == 8 and f"of {kept['steps']:,} steps" in TRAINING


def test_counts_in_the_readme_and_of_photographs_are_those_of_the_library():
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    default = Shared()
    assert f"contains {words[len(NAMES)]} networks" in plain(README) and f"{words[len(NAMES)]} networks in" in DOCUMENT
    assert f"{words[len(RECIPES)]} recipes" in plain(README)
    text = plain(PHOTOGRAPHS)
    needed = default.test_images + default.validation_images + 1
    assert f"at least {words[needed]} photographs of {default.crop}×{default.crop} pixels" in text
    assert f"({words[default.test_images]} for testing, {words[default.validation_images]} for validation" in text
    assert f"with {words[4 + default.validation_images + 1]}, set `-p test_images=4`" in text


def test_ratios_in_the_readme_are_those_that_performance_md_measured():
    measured = re.findall(r"\| (\d+\.\d+)× \(", (ROOT / "docs/performance.md").read_text(encoding="utf-8"))
    told = re.findall(r"(\d+\.\d+) times as fast", README)
    assert len(told) == 2 and set(told) <= set(measured)


def test_photographs_and_the_trials_tell_the_same_of_fine_tuning():
    trials = plain((ROOT / "docs/reference_trials.md").read_text(encoding="utf-8")).partition("## Fine-tuning")[2]
    told = re.search(
        r"printed pages, (\d+) steps .*? raised PSNR by (\S+) dB and lowered LPIPS .*? by (\S+); .*? by (\S+)\. ",
        plain(PHOTOGRAPHS),
    )
    steps, psnr, alex, squeeze = told.groups()
    for part in (f"{steps} steps", f"(by {psnr})", f"(by {alex})", f"(by {squeeze})"):
        assert part in trials


def test_nobody_is_said_to_have_judged_who_was_not_asked():
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *FOLDER.glob("*.md"), *(ROOT / "params").glob("*.yaml")]
    for path in texts:
        text = plain(path.read_text(encoding="utf-8"))
        found = re.findall(r"\b(?:people|viewers|observers|raters) (?:do|see|saw|like|liked|prefer|preferred)\b", text)
        assert not found, path


@pytest.mark.slow
def test_the_reference_models_have_their_figures():
    found = check_models()
    assert list(found.model.unique()) == list(NAMES)
    assert found[found.measured.notna()].agrees.all(), found
