"""The folder of a sweep as it is when all runs have ended, made in a second: nothing is trained.

Scores follow from the parameters by :func:`scores_of`, so that a test can tell what a comparison must say. Run as a
script it writes a folder, executes notebook 06 on it and renders the report: ``python -m tests.sweep_example FOLDER``.
"""

import csv
import io
import itertools
import json
import math
import sys
from pathlib import Path

from tests.report_example import photographs, png, versions_of

WEIGHTS = ("0.0001", "0.001", "0.01", "0.1")
BATCHES = ("4", "16")
SEEDS = (0, 1, 2)
FAILED = ("0.1", "16", 2)
DATASET = "Set5"
VALIDATION = {"psnr_y": -0.3, "ssim_y": -0.01, "lpips_alex": 0.01, "lpips_squeeze": 0.01}  #: these images are harder
FACTORS = [
    {"name": "adversarial.adversarial_weight", "levels": WEIGHTS, "numbers": [float(weight) for weight in WEIGHTS]},
    {"name": "adversarial.batch", "levels": BATCHES, "numbers": [float(batch) for batch in BATCHES]},
]


def scores_of(weight: str, batch: str, seed: int) -> dict[str, float]:
    """Mean scores of one run: more adversarial loss costs PSNR and gains LPIPS, up to a point."""
    strength = math.log10(float(weight)) + 4  # 0 to 3
    noise = (0.0, 0.07, -0.05)[seed] * (1 + strength / 3)
    psnr = 28.0 - 0.45 * strength**1.5 + 0.12 * (batch == "16") + noise
    lpips = 0.30 - 0.07 * strength + 0.022 * strength**2 * (1.25 if batch == "4" else 1) - 0.05 * noise
    return {
        "psnr_y": psnr,
        "ssim_y": 0.80 - 0.02 * strength + 0.1 * noise / 5,
        "lpips_alex": lpips,
        "lpips_squeeze": 0.75 * lpips + 0.02 * noise,
    }


BASELINES = {
    "bicubic": {"psnr_y": 26.0, "ssim_y": 0.74, "lpips_alex": 0.39, "lpips_squeeze": 0.30},
    "warmup": {"psnr_y": 28.2, "ssim_y": 0.81, "lpips_alex": 0.31, "lpips_squeeze": 0.24},
}


def make_sweep(folder: Path) -> Path:
    """Write the sweep's folder."""
    images = {name: versions_of(hr) for name, hr in photographs().items()}
    runs, rows = {}, []
    for weight, batch, seed in itertools.product(WEIGHTS, BATCHES, SEEDS):
        name = f"adversarial_weight-{weight}.batch-{batch}.seed-{seed}"
        failed = (weight, batch, seed) == FAILED
        levels = dict(zip((factor["name"] for factor in FACTORS), (weight, batch), strict=True))
        about = {"setting": f"adversarial_weight {weight}, batch {batch}", **levels, "seed": seed}
        outcome = {
            "state": "failed" if failed else "finished",
            "cause": "04_adversarial, cell In [5]: Diverged: the loss is not a number at step 210" if failed else "",
        }
        command = f"srgan run params/demo.yaml -p adversarial.adversarial_weight={weight} -p adversarial.batch={batch}"
        runs[name] = {**outcome, **about, "command": f"{command} -p shared.seed={seed} --run {name}"}
        if failed:
            rows.append({"run": name, **about, **outcome})
            continue
        for dataset, count in ((DATASET, len(images)), ("validation", 2)):
            scores = _on(dataset, scores_of(weight, batch, seed))
            rows.append({"run": name, **about, **outcome, "dataset": dataset, "n": count, **scores})
        _write_run(folder / name, scores_of(weight, batch, seed), images, float(weight))
    _write(folder / "runs.csv", _csv(rows))
    manifest = {
        "name": folder.name,
        "title": "How much adversarial loss, and in which batches?",
        "command": "srgan sweep params/sweeps/example.yaml",
        "commit": "0123456789ab",
        "machine": {"cpu": "Intel Xeon", "cores": 2, "gpu": 0, "memory": 7.8},
        "started": "2026-03-01",
        "files": {"sweep": "example.yaml", "params": "demo.yaml", "overlays": ["quick.yaml"]},
        "factors": FACTORS,
        "seeds": SEEDS,
        "method": "srgan",
        "winner_by": ["lpips_squeeze", "psnr_y"],
        "runs": runs,
    }
    _write(folder / "sweep.json", json.dumps(manifest))
    return folder


def _write_run(folder: Path, scores: dict[str, float], images: dict, weight: float) -> None:
    """What the comparison reads of one run."""
    methods = {**BASELINES, "srgan": scores}
    metrics = [
        {"dataset": dataset, "image": image, "method": method, **_on(dataset, values)}
        for dataset, names in ((DATASET, images), ("validation", ("one", "two")))
        for image in names
        for method, values in methods.items()
    ]
    _write(folder / "metrics.csv", _csv(metrics))
    curve = []
    for step in range(0, 401, 50):
        psnr = scores["psnr_y"] - 1.5 * math.exp(-step / 90) + 40 * weight * math.sin(step / 30) / 8
        curve.append(
            {"step": step, "psnr_y": psnr, "ssim_y": psnr / 35, "psnr_y_bicubic": 25.9, "ssim_y_bicubic": 0.74}
        )
    _write(folder / "adversarial" / "validation.csv", _csv(curve))
    _write(folder / "report.html", "<p>a run's own report</p>")
    index = []
    for image, made in images.items():
        files = {method: f"{image}_{method}.png" for method in ("bicubic", "srgan", "hr")}
        for method, file in files.items():
            _write(folder / "evaluation/viewer" / file, png(made[method]))
        index.append({"dataset": DATASET, "image": image, "methods": files})
    _write(folder / "evaluation/viewer/index.json", json.dumps(index))


def _on(dataset: str, scores: dict[str, float]) -> dict[str, float]:
    return scores if dataset == DATASET else {name: value + VALIDATION[name] for name, value in scores.items()}


def _csv(rows: list[dict]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


if __name__ == "__main__":
    from srgan_report.sweep.report import compare_runs

    for file in compare_runs(make_sweep(Path(sys.argv[1]).resolve()), Path.cwd()):
        print(file)
