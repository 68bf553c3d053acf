# %% [markdown]
# # The baseline: SRCNN
#
# *How far does a small network with three layers get?* SRCNN (Dong et al., 2014) was the first convolutional network
# for super-resolution and is a common yardstick. This notebook checks the validation pairs, trains the network on the
# mean squared error, and compares it with bicubic enlargement.

# %% tags=["parameters"]
# Parameters of this notebook; `srgan params` explains each and its bounds.
run_dir = "results/notebook"
seed = 0
dataset = "builtin"
image_folder = None
scale = 4
steps = 100
batch = 8
learning_rate = 0.001
layout = "9-5-5"

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
augment = True
beta1 = 0.9
beta2 = 0.999
schedule = "one_cycle"
schedule_milestones = [0.5]
schedule_factor = 0.1
gradient_clip = None
ema_decay = 0.0
log_every = 5
validate_every = 20
checkpoint_every = 50
keep_checkpoints = 1
keep_networks_every = None
monitor = None
global_skip = "bicubic"

# %% [markdown] tags=["remove-cell"]
# `open_stage` checks the parameters above and keeps them in `stage.params`; all later cells read them there. After
# changing a parameter, run the notebook again from the cell with `open_stage`.

# %%
import pandas as pd

from srgan_lib.csv_files import write_csv
from srgan_lib.data.evaluation_sets import record_trained
from srgan_lib.data.pairs import check_alignment, read_training_pairs
from srgan_lib.models.generators import build_generator, srcnn_config
from srgan_lib.training.srcnn import train_srcnn
from srgan_report.exhibits import findings
from srgan_report.exhibits import network as exhibits
from srgan_report.exhibits import training as figures
from srgan_report.exhibits.formulas import describe_schedule
from srgan_report.pipeline.stages import open_stage

stage = open_stage("srcnn", globals())
shared = stage.params.shared

# %% [markdown]
# ## Are the pairs sound?
#
# A pair that is shifted by one pixel teaches the network to shift. The LR image of each *validation* pair is therefore
# compared with its HR image made small by bicubic interpolation, moved a little either way: where they agree best
# without any shift, the pair is aligned. This says something where LR images came as files. Where the run made them
# itself, as in the demo, it can find nothing: with bicubic LR an image is compared with itself, and the difference is
# 0. Training pairs are not searched for shifts; a warning names LR files, of all parts, that do not resemble their HR
# image. The hashes of all images are checked against those that [notebook 1](01_data_exploration.ipynb) recorded.

# %%
split_csv = stage.input("data", "split.csv")
train, validation = read_training_pairs(split_csv, shared)

alignment = check_alignment(validation, shared.scale)
write_csv(stage.directory / "alignment.csv", alignment)
stage.table(
    alignment,
    "alignment",
    source="alignment.csv",
    formats={"difference": ".2f"},
    caption=f"{findings.alignment(alignment)} Shifts are in LR pixels; the difference that is left is a root mean "
    "square, in levels of 0 to 255. Shifts other than 0 mean that LR does not belong to HR.",
)

# %% [markdown]
# ## The network
#
# SRCNN enlarges the LR image with bicubic interpolation and refines the result with three convolutions: the first takes
# features from patches, the second maps them, the third makes pixels of them. All three work at HR size. The kernels
# 9-5-5 are those of the journal version (Dong et al., 2016). With `global_skip: bicubic` the three layers' output is
# added to the enlarged image.

# %%
network = build_generator(srcnn_config(stage.params.srcnn, shared.scale))
lr_crop = (3, shared.crop // shared.scale, shared.crop // shared.scale)
stage.show(exhibits.layers(network, lr_crop))

# %% [markdown]
# ## Training
#
# SRCNN $F$ minimises the mean squared error over all $N$ pixel values,
#
# $$ L_\mathrm{MSE} = \frac{1}{N} \sum_{i=1}^{N} \left( F(x_\mathrm{LR})_i - x_{\mathrm{HR},i} \right)^2 . $$
#
# For one image, that is the same as maximising $\mathrm{PSNR} = 10 \log_{10} (1 / L_\mathrm{MSE})$ in decibels, for
# pixels in [0, 1]. The loss is of all three colours of a whole batch; the scores below are of luminance, per image.

# %%
stage.markdown(describe_schedule(stage.params.srcnn))

# %%
curve = train_srcnn(
    stage.params,
    train,
    validation,
    stage.directory,
    stage.training_fingerprint(split_csv),
    on_step=stage.progress("Training SRCNN"),
)
record_trained(split_csv, stage.directory)

# %%
stage.figure(
    figures.loss_curves(curve),
    "loss_curve",
    source="loss_curve.csv",
    caption=f"{findings.losses(curve)} Single rows are pale, their running mean is strong. A curve that still falls at "
    "its right end would profit from more steps.",
)

# %%
progress = pd.read_csv(stage.directory / "validation.csv")
stage.figure(
    figures.learning_curve(progress, "srcnn"),
    "learning_curve",
    source="validation.csv",
    caption=f"{findings.learning(progress, grid=False)} The images are cut to their middle, at most 256 pixels a "
    "side. A curve that turns down again would mean overfitting.",
)

# %% [markdown]
# ## Try this
#
# Each exercise is a question, a command, and the cell to change where notebooks are run by hand (Jupyter, Colab). A
# command takes what does not change from the demo, and is done in one to three minutes on a laptop. Answers and
# measured figures are in [docs/exercises.md](../docs/exercises.md).

# %%
last = progress.iloc[-1]
stage.markdown(
    f"To compare with: this run's SRCNN comes to a PSNR-Y of {last.psnr_y:.2f} dB on the validation images, bicubic "
    f"interpolation to {last.psnr_y_bicubic:.2f} dB."
)

# %% [markdown]
# 1. *What does the bicubic image that is added to the output give?* The paper's network has to learn the whole picture.
#    Cell: `global_skip = "none"`. Expect a curve that starts far below bicubic's dashed line and does not reach it in
#    the demo's few steps.
#
#    ```
#    srgan run params/demo.yaml --run plain -p srcnn.global_skip=none
#    ```
#
# 2. *Does the second layer need to look beyond one pixel?* Cell: `layout = "9-1-5"`, as in the first paper. Expect 25
#    times fewer weights in that layer (see the table of layers), faster steps, and a PSNR that is a little lower.
#
#    ```
#    srgan run params/demo.yaml --run narrow -p srcnn.layout=9-1-5
#    ```
#
# 3. *Is a tenfold learning rate ten times as fast?* Cell: `learning_rate = 0.01`. Expect a loss that jumps before it
#    falls, or does not fall at all, and a PSNR below this run's.
#
#    ```
#    srgan run params/demo.yaml --run fast -p srcnn.learning_rate=0.01
#    ```
#
# ## References
#
# - C. Dong, C. C. Loy, K. He, X. Tang, "Learning a Deep Convolutional Network for Image Super-Resolution", ECCV 2014.
# - C. Dong, C. C. Loy, K. He, X. Tang, "Image Super-Resolution Using Deep Convolutional Networks", IEEE TPAMI 38, 2016.
# - D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
# - L. N. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2019:
#   the one-cycle schedule.
#
# Before: [the photographs](01_data_exploration.ipynb). Next: [the generator's warm-up](03_warmup.ipynb).

# %%
stage.finish(psnr_y=last.psnr_y, ssim_y=last.ssim_y, bicubic_psnr_y=last.psnr_y_bicubic)
