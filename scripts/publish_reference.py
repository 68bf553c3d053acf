"""Ship trained networks: ``python -m scripts.publish_reference RUN METHOD=NAME …`` (``make reproduce-reference``).

Methods of a finished run are named, and as what they are shipped: ``reference_run srcnn=srcnn warmup=srresnet``. Their
networks and cards go into ``srgan_lib/weights/``, their learning curves into ``results/reference/NAME/``.
:mod:`scripts.judge_reference` judges them afterwards and adds their scores.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srgan_lib.files import sha256_file, write_atomic
from srgan_lib.layout import project_root
from srgan_lib.methods import OURS, TRAINED
from srgan_lib.models.shipped import FOLDER, NAMES
from srgan_report.cli.networks import BUILTIN
from srgan_report.hardware import machine_text
from srgan_report.pipeline.manifests import checked_stages

GRIDS = 4
#: What a card says of the LR images that a network has learned from.
DEGRADATIONS = {
    "bicubic": "MATLAB bicubic. Photographs that are noisy, blurred or compressed are outside of what it has learned: "
    "it sharpens their faults.",
    "mild": "what photographs mostly have been through that people bring: blur of up to 1.6 HR pixels (40 % of crops), "
    "reduction by a bicubic, Lanczos, bilinear or box filter, noise of up to 8 levels (50 %), unsharp masking of 30 to "
    "120 % (30 %), JPEG of quality 40 to 95 (90 %); 15 % of crops are MATLAB's bicubic reduction alone.",
}
#: What a card says of the photographs that a network has seen.
TERMS = {
    "bsds400": "training and test images of BSDS500, Berkeley Segmentation Dataset, without 302003, of which Set5 has "
    "a copy; non-commercial research",
    "imagenet1000": "one photograph of each of ImageNet's classes, at half size; ImageNet's terms: non-commercial "
    "research and education, and the photographs belong to their owners",
}


def publish(run_dir: Path, weights: Path, results: Path, names: Mapping[str, str]) -> None:
    """Take over networks of a finished run with their learning curves, and write their cards.

    Parameters
    ----------
    run_dir : the run.
    weights : ``srgan_lib/weights``.
    results : ``results/reference``.
    names : of the shipped networks, by the run's methods.
    """
    manifest = json.loads((run_dir / "manifest.json").read_text(encoding="utf-8"))
    scale = manifest["parameters"]["shared"]["scale"]
    for method, name in names.items():
        target = weights / f"{name}_x{scale}.safetensors"
        write_atomic(target, TRAINED[method].path(run_dir).read_bytes())
        write_atomic(target.with_suffix(".md"), model_card(method, name, run_dir, manifest))
        folder = results / name
        for path in folder.glob("*.*"):
            path.unlink()
        stage = run_dir / TRAINED[method].stage
        curves = [path for path in stage.glob("*.csv") if path.name != "trained_on.csv"]
        grids = sorted((run_dir / "evaluation" / "figures").glob(f"grid_{BUILTIN}_*.png"))[:GRIDS]
        # A run's grids show its SRGAN and no other network.
        for path in (*curves, stage / "figures" / "learning_curve.png", *(grids if method == OURS else [])):
            write_atomic(folder / path.name, path.read_bytes())


def model_card(method: str, name: str, run_dir: Path, manifest: dict[str, Any]) -> str:
    """Write what users should know before using a shipped model, as Markdown without its scores."""
    network = TRAINED[method]
    stage = network.stage
    recipe = next(word for word in manifest["command"].split() if word.endswith(".yaml"))
    parameters = manifest["parameters"]
    shared, own = parameters["shared"], parameters[stage]
    speed = json.loads((run_dir / stage / "speed.json").read_text(encoding="utf-8"))
    minutes = own["steps"] * speed["seconds"] / speed["steps"] / 60  # an interrupted training has timed its last part
    start = parameters["warmup"].get("start") if stage != "srcnn" else None
    before = f", starting from `{start}_x{shared['scale']}`" if start in NAMES else ""
    return "\n".join(
        [
            f"# {name}_x{shared['scale']}",
            "",
            f"Enlarges photographs ×{shared['scale']}. Trained with `{recipe}`, stage `{stage}`{before}.",
            "",
            f"- **Data:** {data_text(shared['dataset'])}. Set5, BSD100 and the built-in photographs were never seen.",
            f"- **Training:** {own['steps']} steps of {own['batch']} crops of {shared['crop']}×{shared['crop']} "
            f"pixels, about {minutes:.0f} minutes on {machine_text(manifest['machine'])}, {shared['dtype']}. One seed "
            f"({shared['seed']}): how much another one would change is not known.",
            f"- **Degradation:** {DEGRADATIONS[shared['degradation']]}",
            "- **Limits:** detail is plausible, not true; do not use it where a pixel can matter (medicine, evidence).",
            f"- **SHA-256:** `{sha256_file(network.path(run_dir))}`",
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
    publish(run, FOLDER, root / "results" / "reference", dict(argument.split("=") for argument in sys.argv[2:]))
