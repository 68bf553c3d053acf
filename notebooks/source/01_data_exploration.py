# %% [markdown]
# # The photographs
#
# *What is in the data, what does making an image small take away, and is the split sound?* This notebook takes a few
# seconds and trains nothing. It decides which photographs the next notebooks learn from and which ones judge them.

# %% tags=["parameters"]
# Parameters of this notebook; `srgan params` explains each and its bounds.
run_dir = "results/notebook"
seed = 0
dataset = "builtin"
image_folder = None
scale = 4

# Less often changed.
split_seed = None
lr_folder = None
train_images = None
validation_images = 1
test_images = 5
image_size = None
crop = 96
crop_region = "anywhere"
sampling = "steps"
patches_per_image = None
degradation = "bicubic"
blur_sigma = 1.0
sharpen_targets = False
device = "auto"
dtype = "auto"
threads = "auto"
compile = False
processes = 1
tensorboard = False
sample_pairs = 3
sample_crops = 16

# %% [markdown] tags=["remove-cell"]
# `open_stage` checks the parameters above and keeps them in `stage.params`; all later cells read them there. After
# changing a parameter, run the notebook again from the cell with `open_stage`.

# %%
from srgan_lib.csv_files import write_csv
from srgan_lib.data.pairs import load_pairs, training_photos
from srgan_lib.data.patches import PatchSampler
from srgan_lib.data.split import make_split
from srgan_report.exhibits import findings
from srgan_report.exhibits import photographs as figures
from srgan_report.pipeline.stages import open_stage

stage = open_stage("data", globals())
shared = stage.params.shared

# %% [markdown]
# ## Who trains, who validates, who tests
#
# A model must be judged on photographs it has never seen. Each photograph is therefore in exactly one part: it
# *trains*, it *validates* (watched during training, never learned from), or it *tests* (looked at once, at the end).
# Photographs of one scene stay together, and the notebook stops if an image, or nearly the same image, is in two parts.
# The SHA-256 of each image's pixels is recorded, so that everybody can check that they hold the same data.

# %%
photos = training_photos(shared)
split = make_split(photos, shared, crop=shared.crop)
write_csv(stage.directory / "split.csv", split)
stage.table(
    split[["split", "image", "width", "height", "mode", "sha256"]].assign(sha256=split.sha256.str[:12]),
    "split",
    source="split.csv",
    caption=f"{len(split)} photographs (dataset {shared.dataset}) are in this run. Shown are part, size in pixels, "
    "colour mode of the file, and the beginning of the hash of its pixels.",
)

# %%
stage.figure(
    figures.split_overview(split),
    "sizes",
    source="split.csv",
    caption=f"{findings.within_training(split, {'width': 'width', 'height': 'height'})} The texture of test images "
    "that are much larger or smaller has another scale, and their scores say less about other photographs.",
)

# %% [markdown]
# ## Colour and luminance
#
# A network learns the statistics of what it sees. If the test photographs are much darker, greyer or less contrasted
# than the training ones, expect it to do worse on them than on the validation image.

# %%
pairs = {part: load_pairs(split, photos, shared, part) for part in ("train", "validation", "test")}
statistics = figures.statistics(pairs)
write_csv(stage.directory / "statistics.csv", statistics)
looks = ("luminance", "contrast", "saturation")
stage.figure(
    figures.colour_statistics(statistics),
    "colour",
    source="statistics.csv",
    caption=f"{findings.within_training(statistics, {name: name for name in looks})} Each point is a photograph, "
    "each black line a median. Look for parts that do not overlap.",
)

# %% [markdown]
# ## What becomes of a photograph that is made small
#
# The low-resolution image is the high-resolution one, smoothed and sampled at every $s$-th pixel,
#
# $$ x_\mathrm{LR} = (x_\mathrm{HR} * k) \downarrow_s , $$
#
# where $k$ is MATLAB's bicubic kernel, stretched by $s$, unless the parameters say otherwise; most published scores use
# it. LR can hold frequencies up to $1/(2s)$ cycles per HR pixel. What HR has above is mostly removed by $k$; the rest
# appears at lower frequencies, as aliasing. Enlarging the image again by bicubic interpolation gives the size back, but
# not the detail:

# %%
shown = pairs["train"] + pairs["validation"]
stage.show(figures.pairs_sheet(shown, shared.scale, count=stage.params.data.sample_pairs))

# %%
spectra = figures.spectra(pairs["train"], shared.scale)
write_csv(stage.directory / "spectra.csv", spectra)
stage.figure(
    figures.spectrum(spectra, shared.scale),
    "spectrum",
    source="spectra.csv",
    caption=f"{findings.lost_power(spectra, shared.scale)} The shaded band between the radially averaged power spectra "
    "is the detail that super-resolution has to bring back; it begins near the dotted line.",
)

# %% [markdown]
# Real photographs are not made small by bicubic interpolation. They are blurred, noisy and compressed as well, and a
# network that has only seen bicubic LR images sharpens the noise. This run's degradation is set by `degradation`; the
# figure shows what each of them does. The realistic one degrades a region around each crop and then cuts the crop from
# it, as Real-ESRGAN does, so that borders and JPEG's blocks lie anywhere. In a notebook run by hand, sliders take the
# figure's place.

# %%
if stage.live:
    from srgan_report.interactive.panels import degrading

    stage.panel(degrading(pairs["validation"] + pairs["train"], shared))
else:
    stage.show(figures.degradations_sheet(pairs["validation"][0], shared.scale, shared.seed, shared.blur_sigma))

# %% [markdown]
# ## What training sees
#
# Networks do not train on whole photographs but on random crops, drawn from (seed, step, position in the batch) alone.
# A rerun, a resumed run and a run with more processes therefore all see the same crops.

# %%
sampler = PatchSampler(pairs["train"], shared, batch=stage.params.data.sample_crops, augment=True)
stage.show(figures.crops_sheet(*sampler.batch(0)))

# %% [markdown]
# ## Try this
#
# Each exercise is a question, a command, and the cell to change where notebooks are run by hand (Jupyter, Colab). A
# command makes a run beside this one, with a report of its own, in three to ten minutes on a laptop; this notebook by
# itself answers in seconds. Answers and measured figures are in [docs/exercises.md](../docs/exercises.md).
#
# 1. *How much less is there to restore at ×2?* Compare the spectrum with the one above, and the first sentence of its
#    caption. Cell: `scale = 2` in the parameters. Expect the dotted line at twice the frequency, a smaller shaded band,
#    and higher scores of every method, bicubic included.
#
#    ```
#    srgan run params/demo.yaml --run double -p scale=2
#    ```
#
# 2. *What does a network have to do besides enlarging when LR is blurred, noisy and compressed?* Compare the LR crops
#    (the training images' spectrum stays, for their LR is made anew for every crop). Cell: `degradation = "realistic"`,
#    in notebooks 3 and 4 `lr_consistency = False` as well, which would undo a bicubic reduction. Expect every score to
#    be lower than in this run, and the gain over bicubic to come from removing noise.
#
#    ```
#    srgan run params/demo.yaml --run real -p degradation=realistic -p lr_consistency=false
#    ```
#
# 3. *What is lost when crops are half as wide?* Count the crops above that hold something to learn. Cell: `crop = 48`.
#    Expect more of them to be flat, shorter trainings (a quarter of the pixels a step), and lower scores than here.
#
#    ```
#    srgan run params/demo.yaml --run small -p crop=48
#    ```
#
# ## References
#
# - R. Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 29, 1981.
# - X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN: Training real-world blind super-resolution with pure synthetic
#   data", ICCVW 2021: the realistic degradation.
#
# Next: [the baseline, SRCNN](02_srcnn_baseline.ipynb).

# %%
parts = split.split.value_counts()
stage.finish(**{part: int(parts.get(part, 0)) for part in ("train", "validation", "test")})
