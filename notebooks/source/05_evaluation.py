# %% [markdown]
# # Evaluation
#
# *Which method restores best, by which measure, and how sure can we be?* Every method enlarges the same held-out
# photographs, which no training has seen. At demo size this notebook takes about half a minute.

# %% tags=["parameters"]
# Parameters of this notebook; `srgan params` explains each and its bounds.
run_dir = "results/notebook"
seed = 0
dataset = "builtin"
image_folder = None
scale = 4
test_sets = ["heldout"]
methods = {}
interpolations = []

# Less often changed.
lr_folder = None
train_images = None
validation_images = 1
test_images = 5
image_size = None
crop = 96
crop_region = "anywhere"
degradation = "bicubic"
blur_sigma = 1.0
device = "auto"
dtype = "auto"
threads = "auto"
compile = False
processes = 1
tensorboard = False
baselines = ["nearest", "bilinear", "lanczos", "bicubic"]
lpips_nets = ["alex", "squeeze"]
extra_metrics = ["ssim_y_daala", "psnr_rgb"]
bootstrap_resamples = 10000
grids = 5
patches = 5
patch_size = 64
tile = 176
reference_models = True
self_ensemble = False
published = {"title": "", "sources": [], "methods": {}, "metrics": [], "curves": []}

# %%
from html import escape

import pandas as pd

from srgan_lib import weights
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import read_split
from srgan_lib.data.test_sets import load_test_sets
from srgan_lib.evaluation import figures, tables
from srgan_lib.evaluation.interpolation import WeightInterpolation, try_alphas
from srgan_lib.evaluation.conclusion import conclude
from srgan_lib.evaluation.grids import grid as draw_grid
from srgan_lib.evaluation.grids import patches as draw_patches
from srgan_lib.evaluation.evaluator import evaluate, metric_names
from srgan_lib.evaluation.methods import classical, from_folder, interpolated_networks, network
from srgan_lib.evaluation.published import compare, compare_curves, compare_recipe, relative_to_bicubic, wide
from srgan_lib.evaluation.samples import thin_out, write_crops
from srgan_lib.evaluation.statistics import summarise
from srgan_lib.files import write_atomic
from srgan_lib.pipeline.notebook import open_stage
from srgan_lib.models.files import load_model

stage = open_stage("evaluation", globals())
shared, evaluation, source = stage.params.shared, stage.params.evaluation, stage.params.published

# %% [markdown]
# ## Three kinds of measure
#
# **Fidelity** asks whether each pixel is right. PSNR is measured on the luminance Y of BT.601 with a border of
# `scale` pixels removed, as in the literature; so is SSIM, in the form of Wang et al. (an 11×11 Gaussian window). The
# column *daala* is the variant behind the figures that Ledig et al. published; the two are not to be mixed.
#
# **Perception** asks whether an image looks like the original. LPIPS compares features of a network trained to recognise
# objects (AlexNet; SqueezeNet as a second judge). Neither took any part in training. Lower is better.
#
# **Spectrum** asks, without any learned weights, how much detail of each size is there: the log-spectral distance is
# the root mean square difference of two power spectra in decibels. Lower is better.
#
# Fidelity and perception pull in different directions (Blau and Michaeli, 2018): the most faithful guess where many
# details are possible is their average, and an average is blurred.

# %%
split = read_split(stage.input("data", "split.csv"))
photos = find_photos(shared.dataset, scale=shared.scale, image_folder=shared.image_folder, lr_folder=shared.lr_folder)
test_pairs = load_test_sets(evaluation.test_sets, split, photos, shared, stage.warn)

trained = {
    "srcnn": stage.input("srcnn", "srcnn.safetensors"),
    "warmup": stage.input("warmup", "generator.safetensors"),
    "srgan": stage.input("adversarial", "generator.safetensors"),
}
networks = {name: load_model(path, stage.code)[0] for name, path in trained.items()}
interpolated = interpolated_networks(networks["warmup"], networks["srgan"], evaluation.interpolations)
options = {"tile": evaluation.tile, "device": shared.device, "dtype": shared.dtype}
enlargers = {name: classical(name, shared.scale) for name in evaluation.baselines}
enlargers |= {name: network(model, **options) for name, model in (networks | interpolated).items()}
shipped = weights.reference_models(shared.scale, test_pairs) if evaluation.reference_models else {}
enlargers |= {weights.PREFIX + name: network(load_model(path)[0], **options) for name, path in shipped.items()}
if evaluation.self_ensemble:
    enlargers |= {f"{name}_ensemble": network(model, self_ensemble=True, **options) for name, model in networks.items()}
enlargers |= {
    name: network(load_model(place, stage.code)[0], **options) if place.endswith(".safetensors") else from_folder(place, test_pairs, shared.scale)
    for name, place in evaluation.methods.items()
}

result = evaluate(
    test_pairs, enlargers, scale=shared.scale, names=metric_names(evaluation),
    samples=max(evaluation.grids, evaluation.patches), on_step=stage.progress("Judging"),
)
metrics = result.metrics
summary = summarise(metrics, resamples=evaluation.bootstrap_resamples, seed=shared.seed)
metrics.to_csv(stage.directory / "metrics.csv", index=False)
summary.to_csv(stage.directory / "metrics_summary.csv", index=False)
write_atomic(stage.directory / "metrics.txt", tables.as_text(summary))
result.spectra.to_csv(stage.directory / "spectra.csv", index=False)
write_crops(result.samples + result.typical, stage.directory / "viewer")

# %% [markdown]
# ## Results
#
# Rows called *reference* are no results of this run: they are the models that come with the package, trained by the same
# notebooks on other photographs for longer (`srgan models`). They show what more training gives. A *self-ensemble*, where
# there is one, is the mean of what a network makes of the image in all eight flips and turns (Timofte et al., 2016).

# %%
for test_set, pairs in test_pairs.items():
    stage.table(
        name=f"results_{test_set}", source="metrics_summary.csv", **tables.overview(summary, test_set),
        caption=f"Means over the {len(pairs)} images of <code>{test_set}</code>; the best of this run in bold.",
    )

# %% [markdown]
# ### How sure is that?
#
# Each mean has a 95 % bootstrap interval: how it would vary if other photographs of the same kind had been drawn. Images
# differ more than methods do, so the *paired* difference, image by image from bicubic, is the sharper figure: where
# its interval does not include zero, the order of the two methods does not depend on the choice of images.

# %%
headline = [name for name in ("psnr_y", "lpips_alex") if metrics[name].notna().any()]
detailed = [name for name in ("psnr_y", "ssim_y", "vif_y", "lpips_alex") if name in metrics and metrics[name].notna().any()]
for test_set in test_pairs:
    for metric in detailed:
        stage.table(
            name=f"{metric}_{test_set}", source="metrics_summary.csv", **tables.detail(summary, test_set, metric),
            caption=f"<code>{metric}</code> on <code>{test_set}</code>: mean, spread (standard deviation, "
            "median, interquartile range), 95 % interval of the mean, and paired "
            "difference from bicubic with its interval; <em>driven by</em> names the image without which the mean "
            "would change most.",
        )

# %%
for test_set in test_pairs:
    stage.figure(
        figures.differences(summary, test_set), f"differences_{test_set}", source="metrics_summary.csv",
        caption=f"Mean paired difference from bicubic on <code>{test_set}</code> with its 95 % interval. Look for intervals that "
        "cross the zero line: those methods cannot be told from bicubic by these images.",
    )
    stage.figure(
        figures.distributions(metrics, test_set), f"distributions_{test_set}", source="metrics.csv",
        caption="Every image as a point, by method; the box holds the middle half. Look for single images that are far from "
        "the others: they move the mean.",
    )

# %% [markdown]
# ## Images
#
# They are chosen by rank, not by taste: of each test set the image on which SRGAN gains most over bicubic, the one on
# which it gains least, and others evenly between. In a notebook run by hand you choose image, methods, place and magnification.

# %%
if stage.live:
    from srgan_lib.interactive.compare_panel import look_closer

    stage.panel(look_closer(result.samples))
else:
    for sample in thin_out(result.samples, evaluation.grids):
        stage.figure(
            draw_grid(sample), f"grid_{sample.dataset}_{sample.image}", vector=False,
            caption=f"<code>{escape(sample.image)}</code>: LR as it is, bicubic, SRGAN, and HR. Look at texture and at thin lines.",
        )

# %%
for sample in thin_out(result.samples, evaluation.patches):
    stage.figure(
        draw_patches(sample, evaluation.patch_size), f"patch_{sample.dataset}_{sample.image}", vector=False,
        caption=f"The middle {evaluation.patch_size}×{evaluation.patch_size} pixels of <code>{escape(sample.image)}</code>, each pixel "
        "shown as a square. Look for edges that are sharp in HR and soft in bicubic, and for patterns that HR does not have.",
    )

# %% [markdown]
# ## Which detail comes back?

# %%
for test_set in test_pairs:
    stage.figure(
        figures.spectra(result.spectra, test_set, shared.scale), f"spectra_{test_set}", source="spectra.csv",
        caption="Radially averaged power spectrum of each method and of HR, and below it the distance from HR. A curve under "
        "the zero line lacks detail of that size (blur); one above it has detail that HR does not have (noise, "
        "ringing, blocks). Look at the shaded half: nothing there was in the LR image.",
    )

# %% [markdown]
# ## Fidelity against perception

# %%
curve = dict(zip(["warmup", *interpolated, "srgan"], [0, *evaluation.interpolations, 1], strict=True)) if interpolated else {}
if curve:
    tables.along(summary, curve).to_csv(stage.directory / "interpolation.csv", index=False)
for test_set in test_pairs if "lpips_alex" in headline else ():
    stage.figure(
        figures.plane(summary, test_set, shared.scale, curve=list(curve)), f"plane_{test_set}", source="metrics_summary.csv",
        caption="The perception–distortion plane, relative to bicubic so that published results can stand beside measured "
        "ones. To the right: more faithful; upwards: perceptually closer. No method can reach the upper right "
        "corner; adversarial training moves a generator up and to the left. A line joins the networks whose weights lie "
        "between the warm-up's and SRGAN's, where the run has any: with them one training gives the whole trade-off.",
    )

# %% [markdown]
# A generator whose weights lie between those of the warm-up's and of the adversarial one makes images that lie between
# theirs (Wang et al., ESRGAN, 2018). Faithful or detailed is therefore a choice that can be made after training.

# %%
between = WeightInterpolation(networks["warmup"], networks["srgan"], **options)
if stage.live:
    from srgan_lib.interactive.interpolation_panel import slide_between

    stage.panel(slide_between(between, result.samples))
elif result.samples:
    figure, shares = try_alphas(between, result.samples[0], (0, 0.25, 0.5, 0.75, 1))
    shares.to_csv(stage.directory / "between.csv", index=False)
    stage.figure(
        figure, "between", vector=False, source="between.csv",
        caption=f"The middle of <code>{escape(result.samples[0].image)}</code> by generators that have from none to all of the "
        "adversarial generator's weights, with figures of this detail. Look for the share at which texture begins to help, "
        "and for that at which it begins to be wrong.",
    )

# %% [markdown]
# ## Beside published figures
#
# A figure can only be compared where images and convention are the same. Where a source does not state its convention,
# the column names what is measured here beside it. A dash: this run has no such figure. Without a recipe, and on images
# for which nothing is published, no table follows.

# %%
recipe = compare_recipe(summary, source)
if len(recipe):
    recipe.to_csv(stage.directory / "published_recipe.csv", index=False)
for number, ((title, test_set), rows) in enumerate(recipe.groupby(["title", "dataset"], sort=False), 1):
    stage.table(
        name=f"published_{number}", source="published_recipe.csv", **wide(rows),
        caption=f"What <em>{escape(title)}</em> reports on <code>{test_set}</code>: published, measured in this run, and the difference.",
    )

# %%
relative = relative_to_bicubic(recipe, summary)
if len(relative):
    relative.to_csv(stage.directory / "published_relative.csv", index=False)
    stage.table(
        relative.drop(columns=["title"] if relative.title.nunique() == 1 else [])
        .rename(columns={"published_on": "published on", "measured_on": "measured on", "measured_as": "measured as"}),
        "published_relative", source="published_relative.csv", formats=dict.fromkeys(("published", "measured", "difference"), ".3f"),
        caption="Other images, so only distances to bicubic can be compared: PSNR and SSIM minus bicubic's, LPIPS divided by bicubic's.",
    )

# %%
curves = compare_curves(source, {name: pd.read_csv(stage.input(name, "loss_curve.csv")) for name in ("srcnn", "warmup", "adversarial")})
if len(curves):
    curves.to_csv(stage.directory / "published_curves.csv", index=False)
    stage.table(
        curves, "published_curves", source="published_curves.csv", formats=dict.fromkeys(("measured", "difference"), ".4g"),
        caption="What the source reports of its training, beside the mean of the same quantity over the same part (in per cent) of this "
        "run's training. Losses depend on their scaling, which sources rarely state; look for the same order of size.",
    )

# %%
comparison = compare(summary, shared.scale)
if len(comparison):
    comparison.to_csv(stage.directory / "published.csv", index=False)
    stage.table(
        comparison.drop(columns=["measured_as", "note"]), "published", source="published.csv",
        formats=dict.fromkeys(("published", "measured", "difference"), ".3f"),
        caption="Figures from the literature beside the measured ones, where the test set and the convention are the same.",
    )

# %% [markdown] tags=["remove-cell"]
# ## Your own image
#
# Give a path or upload an image: every network enlarges it, and the results are written to `own/` in this notebook's
# folder.

# %% tags=["remove-cell"]
if stage.live:
    from srgan_lib.interactive.upload_panel import enlarge_own

    own = {"bicubic": classical("bicubic", shared.scale)} | {name: enlargers[name] for name in trained}
    stage.panel(enlarge_own(own, stage.directory / "own"))

# %% [markdown]
# ## Conclusion

# %%
of_this_run = summary[summary.method.isin(weights.own_methods(enlargers))]
stage.text(conclude(of_this_run, scale=shared.scale, heldout=shared.dataset, not_computed=result.not_computed), "conclusion")

# %%
means = summary.pivot_table(index="method", columns="metric", values="mean", sort=False)
stage.finish(**{f"{method}_{metric}": means.loc[method, metric] for method in trained for metric in headline})
