"""Random scores and curves against which sentences are read: few rows or many, ties, and judges that need not agree."""

import numpy as np
import pandas as pd


def scores(seed: int) -> pd.DataFrame:
    """A random ``metrics.csv`` of one dataset: few images or many, ties, and judges that need not agree."""
    rng = np.random.default_rng(seed)
    images = int(rng.choice([1, 2, 3, 4, 5, 6, 8, 12, 20]))
    methods = ["nearest", "bicubic", "srcnn", "warmup", "srgan"][int(rng.integers(2)) :]
    spread = {"psnr_y": 2.0, "ssim_y": 0.05, "lpips_alex": 0.06, "lpips_squeeze": 0.06, "log_spectral_distance": 2.0}
    base = {"psnr_y": 27.0, "ssim_y": 0.8, "lpips_alex": 0.35, "lpips_squeeze": 0.3, "log_spectral_distance": 12.0}
    closeness = rng.choice([0.0, 0.01, 0.2, 1.0])  # how much methods differ: not at all, hardly, clearly
    effects = {(method, metric): closeness * spread[metric] * rng.normal() for method in methods for metric in base}
    noise = rng.choice([0.0, 0.02, 0.1])
    if rng.random() < 0.2:  # ties
        effects |= {("srgan", metric): effects["warmup", metric] for metric in base}
    weave = {method: rng.uniform(-2, 8) for method in methods}
    speckle = np.random.default_rng([seed, 1])
    speckled = speckle.uniform(-6, 4)
    rows = []
    for number in range(images):
        level = {metric: base[metric] + spread[metric] * rng.normal() * 0.5 for metric in base}
        for method in methods:
            values = {
                metric: max(0.01, level[metric] + effects[method, metric] + noise * spread[metric] * rng.normal())
                for metric in base
            }
            values["grid_artefact"] = weave[method] + noise * rng.normal()
            values["flat_noise"] = speckled + speckle.normal()
            rows.append({"dataset": "set", "image": f"i{number}", "method": method, **values})
    return pd.DataFrame(rows)


def curve(seed: int) -> pd.DataFrame:
    """A random ``loss_curve.csv``: up to five terms that rise or fall, and a discriminator that wins, loses or not."""
    rng = np.random.default_rng([seed, 2])
    rows = int(rng.choice([1, 2, 5, 16, 40, 200]))
    steps = np.arange(1, rows + 1) * int(rng.choice([1, 5, 10]))
    table = pd.DataFrame({"step": steps})
    names = ["pixel", "content", "adversarial", "grid", "Own"][: int(rng.integers(1, 6))]
    for name in names:
        course = np.exp(
            rng.normal(0, 3)
            + rng.choice([0, 1, 3]) * rng.normal() * np.linspace(0, 1, rows)
            + 0.02 * rng.normal(size=rows)
        )
        table[f"{name}_weighted"] = course
    table["loss"] = table[[f"{name}_weighted" for name in names]].sum(axis=1)
    level = rng.choice([0.5, 0.75, 0.92, 0.99]) + rng.choice([0.0, 0.1]) * rng.normal(size=rows)
    for side in ("real", "fake"):
        table[f"d_accuracy_{side}"] = (level + 0.02 * rng.normal(size=rows)).clip(0, 1)
    if rows > 2:  # steps without an update of the discriminator
        table.loc[rng.random(rows) < rng.choice([0.0, 0.4]), ["d_accuracy_real", "d_accuracy_fake"]] = np.nan
        table.loc[rows - 1, ["d_accuracy_real", "d_accuracy_fake"]] = 0.9
    return table


def validation(seed: int) -> pd.DataFrame:
    """A random ``validation.csv``: above bicubic or below, rising, falling or both."""
    rng = np.random.default_rng([seed, 3])
    rows = int(rng.choice([1, 2, 9, 30]))
    course = rng.choice([0.0, 0.5, 3.0]) * rng.normal(size=3)
    psnr = 27 + course @ [np.ones(rows), np.linspace(0, 1, rows), np.linspace(-1, 1, rows) ** 2]
    table = pd.DataFrame({"step": 20 * np.arange(rows), "psnr_y": psnr + rng.choice([0, 0.1]) * rng.normal(size=rows)})
    return table.assign(psnr_y_bicubic=27.0, grid_artefact=rng.uniform(-2, 8, size=rows))
