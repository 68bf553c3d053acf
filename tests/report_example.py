"""A realistic run folder, made in seconds without training: executed notebooks, CSVs, manifests, viewer crops.

Run as a script it writes one to look at: ``python tests/report_example.py FOLDER``.
"""

import base64
import csv
import hashlib
import html
import io
import json
import sys
from pathlib import Path

import nbformat.v4 as nb
import numpy as np
from matplotlib.figure import Figure
from nbformat import NotebookNode
from PIL import Image, ImageFilter

from srgan_lib.layout import STAGES
from srgan_lib.params import Params
from srgan_lib.pipeline.assemble import TOP_LEVEL
from srgan_lib.pipeline.manifests import file_hashes, output_files, write_manifest

IMAGES = ("astronaut", "chelsea", "coffee")
FINDING = "On 3 held-out photographs enlarged 4×, SRGAN comes 27% closer to the originals than bicubic by LPIPS."
METHODS = ("nearest", "bilinear", "lanczos", "bicubic", "srcnn", "warmup", "srgan")
PSNR_GAIN = {
    "nearest": -1.6,
    "bilinear": -0.7,
    "lanczos": 0.1,
    "bicubic": 0.0,
    "srcnn": 0.4,
    "warmup": 0.9,
    "srgan": -0.3,
}
LPIPS_RATIO = {
    "nearest": 1.1,
    "bilinear": 1.2,
    "lanczos": 0.99,
    "bicubic": 1.0,
    "srcnn": 0.9,
    "warmup": 0.8,
    "srgan": 0.62,
}
NOTEBOOKS = dict(
    zip(
        STAGES,
        ("01_data_exploration", "02_srcnn_baseline", "03_warmup", "04_adversarial", "05_evaluation"),
        strict=True,
    )
)
WARNING = "broken.png was skipped: the file ends early; replace it or delete it"

LOSSES = r"""# 4. Adversarial training

The generator $G$ meets a discriminator $D$, and the photograph **stops being an average**. With $I^{LR}$ the small
image and $\phi_j$ the activations of layer $j$ of VGG-19, the generator minimises

$$
\begin{aligned}
\mathcal{L}_G &= \lambda_\text{pix}\,\lVert G(I^{LR}) - I^{HR} \rVert_1
  + \sum_j \frac{w_j}{N_j} \lVert \phi_j(G(I^{LR})) - \phi_j(I^{HR}) \rVert_2^2 \\
&\quad + \lambda_\text{adv}\, \mathbb{E}_{x \sim p_{LR}}\left[-\log D(G(x))\right]
\end{aligned}
$$

and every $k$-th step the discriminator learns to tell the two apart (Goodfellow et al., equation 1;
[Ledig et al. 2017](https://arxiv.org/abs/1609.04802)). A price of \$5 is not mathematics, nor is `$x$` in code.

| term | weight | gradient reaches |
|---|---:|---|
| pixel | 1 | $G$ |
| content | 1 | $G$, through $\phi$ |
| adversarial | $5 \times 10^{-3}$ | $G$, through $D$ |

## What to look for

Next: [05_evaluation](05_evaluation.ipynb)."""

PROSE = {
    "data": """# 1. Data exploration

![Open in Colab](https://colab.example/badge.svg) What super-resolution has to **restore** is what bicubic lacks.

## The photographs""",
    "srcnn": "# 2. SRCNN baseline\n\nThree convolutions on the bicubic enlargement.\n\n## Learning curve",
    "warmup": r"""# 3. Warm-up

The generator alone, on pixel and content loss: $\text{PSNR} = 10 \log_{10} \frac{255^2}{\text{MSE}}$.

## Learning curve

The pale line is raw, the dark one smoothed.""",
    "adversarial": LOSSES,
    "evaluation": "# 5. Evaluation\n\nNow the held-out photographs.\n\n## Every image and method",
}


def photographs() -> dict[str, Image.Image]:
    """HR crops 256×256 of three photographs that scikit-image ships."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    crops = {}
    for name in IMAGES:
        file = next(folder.glob(f"{name}.*"))
        image = Image.open(file).convert("RGB")
        left, top = (image.width - 256) // 2, (image.height - 256) // 3
        crops[name] = image.crop((left, top, left + 256, top + 256))
    return crops


def versions_of(hr: Image.Image) -> dict[str, Image.Image]:
    """What each method would make of one photograph, roughly."""
    lr = hr.resize((64, 64), Image.Resampling.BICUBIC)
    bicubic = lr.resize(hr.size, Image.Resampling.BICUBIC)
    sharp = bicubic.filter(ImageFilter.UnsharpMask(2, 80, 0))
    warmup = Image.blend(sharp, hr, 0.3)
    noise = np.random.default_rng(0).normal(0, 6, (256, 256, 3))
    srgan = Image.fromarray(np.clip(np.asarray(Image.blend(sharp, hr, 0.55)) + noise, 0, 255).astype(np.uint8))
    return {"lr": lr, "bicubic": bicubic, "srcnn": sharp, "warmup": warmup, "srgan": srgan, "hr": hr}


def png(image: Image.Image) -> bytes:
    """The image as PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def figure(name: str, stage: str, source: str, caption: str, alt: str, data: bytes, mime: str) -> NotebookNode:
    """One figure as the pipeline shows it: one text/html output."""
    src = f"data:{mime};base64,{base64.b64encode(data).decode()}"
    return _output(
        f'<figure class="srgan" id="fig-{name}" data-stage="{stage}" data-source="{source}">'
        f'<img alt="{html.escape(alt)}" src="{src}"><figcaption>{html.escape(caption)}</figcaption></figure>',
        caption,
    )


def table(name: str, stage: str, source: str, caption: str, rows: list[dict[str, str]]) -> NotebookNode:
    """One table as the pipeline shows it."""
    head = "".join(f"<th>{key}</th>" for key in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{value}</td>" for value in row.values()) + "</tr>" for row in rows)
    return _output(
        f'<figure class="srgan srgan-table" id="tab-{name}" data-stage="{stage}" data-source="{source}">'
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"<figcaption>{caption}</figcaption></figure>",
        caption,
    )


def _output(markup: str, text: str) -> NotebookNode:
    return nb.new_output("display_data", {"text/html": markup, "text/plain": text})


def chart(title: str, seed: int) -> bytes:
    """A loss curve, raw and smoothed, as SVG."""
    rng = np.random.default_rng(seed)
    steps = np.arange(10, 410, 10)
    values = 0.08 * np.exp(-steps / 120) + 0.03 + rng.normal(0, 0.002, steps.size)
    fig = Figure(figsize=(6.4, 3.4), layout="constrained")
    axes = fig.add_subplot()
    axes.plot(steps, values, color="#9ecae1", label="raw")
    axes.plot(steps, np.convolve(np.pad(values, 3, "edge"), np.ones(7) / 7, "valid"), color="#08519c", label="smoothed")
    axes.set(xlabel="step", ylabel=title)
    axes.legend(frameon=False)
    buffer = io.BytesIO()
    fig.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def grid(images: dict[str, Image.Image]) -> bytes:
    """A four-panel comparison grid as PNG."""
    fig = Figure(figsize=(6.4, 1.9), layout="constrained", dpi=150)
    for axes, name in zip(fig.subplots(1, 4), ("lr", "bicubic", "srgan", "hr"), strict=True):
        axes.imshow(images[name])
        axes.set_title(name, fontsize=9)
        axes.set_axis_off()
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    return buffer.getvalue()


def metric_rows(lpips: bool) -> list[dict[str, str]]:
    """metrics.csv: one row per image and method."""
    rows = []
    for index, image in enumerate(IMAGES):
        for method in METHODS:
            distance = (0.30 + 0.06 * index) * LPIPS_RATIO[method] * (1.45 if (index, method) == (2, "srgan") else 1)
            rows.append(
                {
                    "dataset": "builtin",
                    "image": image,
                    "method": method,
                    "psnr_y": f"{25.5 + 2 * index + PSNR_GAIN[method]:.6f}",
                    "ssim_y": f"{0.74 + 0.03 * index + 0.02 * PSNR_GAIN[method]:.6f}",
                    "lpips_alex": f"{distance:.6f}" if lpips else "",
                    "lpips_squeeze": f"{0.8 * distance:.6f}",
                    "ssim_y_daala": f"{0.75 + 0.03 * index:.6f}",
                    "psnr_rgb": f"{24.1 + 2 * index + PSNR_GAIN[method]:.6f}",
                    "log_spectral_distance": "4.210000",
                }
            )
    return rows


def summary_rows(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """metrics_summary.csv in its long form."""
    summary = []
    for method in METHODS:
        for metric in list(rows[0])[3:]:

            def column(name: str, metric: str = metric) -> np.ndarray:
                return np.array([float(r[metric] or "nan") for r in rows if r["method"] == name])

            values, difference = column(method), column(method) - column("bicubic")
            half = 1.96 * difference.std() / len(IMAGES) ** 0.5
            figures = {
                "mean": values.mean(),
                "std": values.std(ddof=1),
                "median": np.median(values),
                "iqr": np.subtract(*np.percentile(values, [75, 25])),
                "ci_low": values.min(),
                "ci_high": values.max(),
                "difference": difference.mean(),
                "difference_low": difference.mean() - half,
                "difference_high": difference.mean() + half,
                "p_value": 0.25,
                "effect_size": 0.5,
            }
            summary.append(
                {
                    "dataset": "builtin",
                    "method": method,
                    "metric": metric,
                    "n": str(0 if np.isnan(values).any() else len(values)),
                    **{k: "" if np.isnan(v) else f"{v:.6f}" for k, v in figures.items()},
                }
            )
    return summary


def cells(stage: str, rows: list[dict[str, str]], images: dict[str, dict[str, Image.Image]]) -> list[NotebookNode]:
    """The executed cells of one notebook."""
    defaults = "\n".join(f"{name} = {value!r}" for name, value in Params().stage(stage).items())
    opened = nb.new_code_cell(
        f"from srgan_lib.pipeline.stages import open_stage\n\nstage = open_stage('{stage}', globals())",
        execution_count=2,
    )
    if stage == "evaluation":
        shown = [table("metrics", stage, "evaluation/metrics.csv", "All figures, one row per image and method.", rows)]
        shown += [
            figure(
                f"grid_builtin_{image}",
                stage,
                "evaluation/metrics.csv",
                f"{image}: LR, bicubic, SRGAN and HR.",
                f"Four panels of {image}",
                grid(made),
                "image/png",
            )
            for image, made in images.items()
        ]
    else:
        shown = [
            figure(
                "loss_curve",
                stage,
                f"{stage}/loss_curve.csv",
                "Loss over the steps, raw and smoothed.",
                "The loss falls from 0.10 to 0.03 within 300 steps",
                chart("pixel loss", len(stage)),
                "image/svg+xml",
            )
        ]
    opened.outputs = [
        nb.new_output("stream", name="stdout", text="step 1/400\rstep 400/400: done\n"),
        _output('<script src="https://cdn.example/widget.js"></script><p>All is well.</p>', "All is well."),
    ]
    result = nb.new_code_cell(
        f"stage.figure(curves(stage.input('{stage}', 'loss_curve.csv')), 'loss_curve')",
        outputs=shown,
        execution_count=3,
    )
    parameters = nb.new_code_cell(defaults, metadata={"tags": ["parameters"]}, execution_count=1)
    colab = nb.new_code_cell("%pip install hidden-from-the-report", metadata={"tags": ["colab"]})
    written = nb.new_markdown_cell("## What was written\n\nEverything lies in the run's folder.")
    return [colab, nb.new_markdown_cell(PROSE[stage]), parameters, opened, result, written]


def write_scores(folder: Path, lpips: bool = True) -> list[dict[str, str]]:
    """Write both CSVs; ``lpips=False``: as on a machine without AlexNet weights."""
    rows = metric_rows(lpips)
    for name, table_rows in (("metrics", rows), ("metrics_summary", summary_rows(rows))):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(table_rows[0]))
        writer.writeheader()
        writer.writerows(table_rows)
        _write(folder / f"{name}.csv", text.getvalue())
    return rows


def make_run(folder: Path) -> Path:
    """Write the run folder."""
    params = Params()
    images = {name: versions_of(hr) for name, hr in photographs().items()}
    rows = write_scores(folder)
    _write(folder / "metrics.txt", "scores")
    _write(folder / "srgan_final.safetensors", "weights")
    for name, origin in TOP_LEVEL.items():
        _write(folder / origin, (folder / name).read_bytes())
    index, whole = [], []
    for image, made in images.items():
        files = {method: f"builtin__{image}__{method}.png" for method in made}
        for method, file in files.items():
            _write(folder / "evaluation/viewer" / file, png(made[method]))
        index.append({"dataset": "builtin", "image": image, "methods": files})
        whole.append({**index[-1], "methods": {method: f"{method}/builtin/{image}.png" for method in made}})
        for method, file in whole[-1]["methods"].items():
            _write(folder / "evaluation/images" / file, png(made[method]))
    _write(folder / "evaluation/viewer/index.json", json.dumps(index))
    _write(folder / "evaluation/images/index.json", json.dumps(whole))
    _write(folder / "evaluation/conclusion.txt", f"{FINDING}\n\nBy SSIM-Y the most faithful is warm-up.\n")
    versions = {"python": "3.11.2", "torch": "2.11.0", "numpy": "2.4.6", "srgan_lib": "1.0.0"}
    for number, stage in enumerate(STAGES):
        notebook = nb.new_notebook(cells=cells(stage, rows, images), metadata={"language_info": {"name": "python"}})
        _write(folder / stage / f"{NOTEBOOKS[stage]}.ipynb", json.dumps(notebook))
        write_manifest(
            folder / stage,
            {
                "stage": stage,
                "fingerprint": hashlib.sha256(stage.encode()).hexdigest(),
                "components": {},
                "started": "2026-03-01T10:00:00+00:00",
                "seconds": 12.5 + 40 * number,
                "outputs": file_hashes(folder / stage, output_files(folder / stage)),
                "warnings": [WARNING] if stage == "data" else [],
                "summary": {},
            },
        )
    parameters = {section: getattr(params, section).model_dump() for section in ("shared", *STAGES)}
    parameters["adversarial"]["adversarial_weight"] = 1e-3
    write_manifest(
        folder,
        {
            "name": folder.name,
            "title": params.title,
            "command": "srgan run params/demo.yaml -p adversarial.adversarial_weight=1e-3",
            "stages": list(STAGES),
            "machine": {"cpu": "Intel Xeon", "cores": 2, "gpu": 0, "memory": 7.8},
            "versions": versions,
            "commit": "0123456789abcdef",
            "parameters": parameters,
            "changed": ["adversarial.adversarial_weight"],
            "seconds": 462.0,
        },
    )
    return folder


def _write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


if __name__ == "__main__":
    make_run(Path(sys.argv[1]))
