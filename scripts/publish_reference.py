"""Shipping trained networks: ``python -m scripts.publish_reference RUN [METHOD=NAME …]`` (``make reproduce-reference``).

A finished run of ``params/reference.yaml`` becomes ``srgan_lib/weights/`` (networks, model cards, the figures they must
reach) and ``results/reference/`` (tables, learning curves and comparison grids). Of another run, methods are named that are
shipped, and as what: ``compact warmup=compact``; its results go to ``results/reference/RUN/``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from scripts.model_index import with_head
from srgan_lib.evaluation.reference import BUILTIN, TOLERANCES
from srgan_lib.files import sha256_file, write_atomic
from srgan_lib.formatting import machine_text
from srgan_lib.layout import TRAINING_STAGES, project_root
from srgan_lib.methods import TRAINED
from srgan_lib.metrics.registry import HEADLINE, METRICS
from srgan_lib.pipeline.integrity import checked_stages
from srgan_lib.weights import FOLDER, NAMES, SCORES

REFERENCES = {method: network.reference for method, network in TRAINED.items()}
GRIDS = 4
#: What a card says of the photographs that a network has seen.
TERMS = {
    "bsds400": "training and test images of BSDS500, Berkeley Segmentation Dataset, without 302003, of which Set5 has a "
    "copy; non-commercial research",
    "imagenet1000": "one photograph of each of ImageNet's classes, at half size; ImageNet's terms: non-commercial "
    "research and education, and the photographs belong to their owners",
}


def publish(run_dir: Path, weights: Path, results: Path, names: Mapping[str, str] = REFERENCES) -> None:
    """Take over a finished run's networks, and write their cards and figures.

    Parameters
    ----------
    run_dir : judged on the built-in photographs among others.
    weights : ``srgan_lib/weights``.
    results : folder for its results.
    names : of the shipped networks, by the run's methods.
    """
    manifest = json.loads((run_dir / "manifest.json").read_text(encoding="utf-8"))
    scale = manifest["parameters"]["shared"]["scale"]
    summary = pd.read_csv(run_dir / "metrics_summary.csv")
    for method, name in names.items():
        target = weights / f"{name}_x{scale}.safetensors"
        write_atomic(target, TRAINED[method].path(run_dir).read_bytes())
        write_atomic(target.with_suffix(".md"), with_head(model_card(method, name, run_dir, manifest, summary)))
    own = summary[(summary.dataset == BUILTIN) & summary.metric.isin(TOLERANCES)]
    means = own.pivot(index="method", columns="metric", values="mean")
    table = pd.DataFrame({name: means.loc[method] for method, name in names.items()}).T[list(TOLERANCES)]
    if (weights / SCORES).exists():
        table = table.combine_first(pd.read_csv(weights / SCORES, index_col="model"))[list(TOLERANCES)]
    table = table.reindex([name for name in NAMES if name in table.index])
    write_atomic(weights / SCORES, table.to_csv(index_label="model", float_format="%.4f", lineterminator="\n"))

    for path in results.glob("*.*"):
        path.unlink()
    for name in ("metrics.csv", "metrics_summary.csv"):
        write_atomic(results / name, (run_dir / name).read_bytes())
    stages = [stage for stage in TRAINING_STAGES if stage in {TRAINED[method].stage for method in names}]
    curves = [path for stage in stages for path in (run_dir / stage).glob("*.csv") if path.name != "trained_on.csv"]
    for path in curves:
        write_atomic(results / f"{path.parent.name}_{path.name}", path.read_bytes())
    grids = sorted((run_dir / "evaluation" / "figures").glob(f"grid_{BUILTIN}_*.png"))[:GRIDS]
    charts = [run_dir / stage / "figures" / "learning_curve.png" for stage in stages]
    for path in (*grids, *charts):
        stage = "" if path in grids else f"{path.parents[1].name}_"
        write_atomic(results / f"{stage}{path.name}", path.read_bytes())


def model_card(method: str, name: str, run_dir: Path, manifest: dict[str, Any], summary: pd.DataFrame) -> str:
    """Write what users should know before using a shipped model, as Markdown."""
    network = TRAINED[method]
    stage = network.stage
    recipe = next(word for word in manifest["command"].split() if word.endswith(".yaml"))
    parameters = manifest["parameters"]
    shared, own = parameters["shared"], parameters[stage]
    speed = json.loads((run_dir / stage / "speed.json").read_text(encoding="utf-8"))
    minutes = own["steps"] * speed["seconds"] / speed["steps"] / 60  # an interrupted training has timed its last part
    labels = {"bicubic": "bicubic", method: name, f"{method}_ensemble": f"{name}, self-ensemble"}
    rows = summary[summary.method.isin(labels) & summary.metric.isin(HEADLINE)]
    means = rows.pivot(index=["dataset", "method"], columns="metric", values="mean")
    shown = [metric for metric in HEADLINE if metric in means]
    table = [
        f"| {dataset} | {label} | "
        + " | ".join(METRICS[metric].text(means[metric][dataset, who]) for metric in shown)
        + " |"
        for dataset in rows.dataset.unique()
        for who, label in labels.items()
        if (dataset, who) in means.index
    ]
    before = f", starting from `srresnet_x{shared['scale']}`" if name == "srgan" else ""
    return "\n".join(
        [
            f"# {name}_x{shared['scale']}",
            "",
            f"Enlarges photographs ×{shared['scale']}. Trained with `{recipe}`, stage `{stage}`{before}.",
            "",
            f"- **Data:** {data_text(shared['dataset'])}. Set5, BSD100 and the built-in photographs were never seen.",
            f"- **Training:** {own['steps']} steps of {own['batch']} crops of {shared['crop']}×{shared['crop']} pixels, "
            f"about {minutes:.0f} minutes on {machine_text(manifest['machine'])}, {shared['dtype']}.",
            "- **Degradation:** MATLAB bicubic. Photographs that are noisy, blurred or compressed are outside of what it "
            "has learned: it sharpens their faults.",
            "- **Limits:** detail is plausible, not true; do not use it where a pixel can matter (medicine, evidence).",
            f"- **SHA-256:** `{sha256_file(network.path(run_dir))}`",
            "",
            "Means of per-image values; PSNR and SSIM (Wang) on Y with a border of "
            f"{shared['scale']} pixels removed, LPIPS(alex) on whole images:",
            "",
            "| set | method | " + " | ".join(METRICS[metric].label for metric in shown) + " |",
            "|---" * (2 + len(shown)) + "|",
            *table,
            "",
        ]
    )


def data_text(dataset: str) -> str:
    """Name the sets that a network has seen, with their terms."""
    return "; ".join(f"`{name}` ({TERMS[name]})" if name in TERMS else f"`{name}`" for name in dataset.split("+"))


if __name__ == "__main__":
    root = project_root()
    run = root / "results" / sys.argv[1]
    checked_stages(run, check=True)
    chosen = dict(argument.split("=") for argument in sys.argv[2:])
    target = root / "results" / "reference"
    publish(run, FOLDER, target / run.name if chosen else target, chosen or REFERENCES)
