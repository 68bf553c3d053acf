# %% [markdown]
# # The generator's warm-up
#
# *What can the large network restore when only fidelity counts?* The generator of SRGAN trains alone here; its
# opponent, the discriminator, follows in the next notebook.

# %% tags=["parameters"]
# Parameters of this notebook; `srgan params` explains each and its bounds.
run_dir = "results/notebook"
seed = 0
dataset = "builtin"
image_folder = None
scale = 4
steps = 500
batch = 8
learning_rate = 0.002
pixel_loss = "l1"
content_weight = 0.0
content_layers = {"relu2_2": 1.0}
generator = "plain"
generator_channels = 64
generator_blocks = 16

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
pixel_weight = 1.0
content_loss = "l1"
content_scale = "auto"
content_weights = "available"
content_pooling = "max"
style_weight = 0.0
histogram_weight = 0.0
texture_layers = {"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0}
colour_histogram_weight = 0.0
grid_weight = 0.0
grid_sides = "both"
evenness_weight = 0.0
mesh_weight = 0.0
lr_consistency = True
extra_losses = {}
clamp_in_training = False
start = None
generator_norm = "batch"
generator_attention = "none"
generator_even_phases = True
generator_input = "lr"
global_skip = "bicubic"
value_range = "zero_one"
initialisation = "default"

# %% [markdown] tags=["remove-cell"]
# `open_stage` checks the parameters above and keeps them in `stage.params`; all later cells read them there. After
# changing a parameter, run the notebook again from the cell with `open_stage`.

# %%
import pandas as pd
import torch

from srgan_lib.data.evaluation_sets import record_trained
from srgan_lib.data.pairs import read_training_pairs
from srgan_lib.data.patches import PatchSampler
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.generators import build_generator, generator_config
from srgan_lib.models.rrdbnet import DenseBlock
from srgan_lib.models.srresnet import ResidualBlock
from srgan_lib.training.losses import DISTANCES
from srgan_lib.training.plain import plain_supervised_step
from srgan_lib.training.warmup import train_warmup
from srgan_report.exhibits import findings
from srgan_report.exhibits import training as figures
from srgan_report.exhibits.formulas import describe_schedule, generator_loss
from srgan_report.exhibits.network import network as network_exhibits
from srgan_report.pipeline.stages import open_stage

stage = open_stage("warmup", globals())
shared, warmup = stage.params.shared, stage.params.warmup

split_csv = stage.input("data", "split.csv")
train, validation = read_training_pairs(split_csv, shared)

# %%
if warmup.start:
    role = (
        f"This run continues a trained network, {warmup.start}: its architecture is that network's, and what the steps "
        "below change is to be compared with it, not with bicubic alone."
    )
elif warmup.steps > 1:
    role = (
        "Adversarial training from nothing is unstable: a generator that makes noise teaches the discriminator nothing "
        "useful. The generator is therefore trained alone first."
    )
else:
    role = (
        "This recipe has no warm-up: its source describes none. The single step below leaves the generator as good as "
        "untrained, and adversarial training starts from there. There are no curves to read."
    )
stage.text([role], "role")

# %% [markdown]
# ## The network
#
# The demo's generator is a plain one (`generator: plain`): 3×3 convolutions with 64 channels, one after the other, each
# followed by a PReLU. All work on the small LR image, which has a sixteenth of the pixels of the large one.
# The last makes $3 s^2$ channels for a scale of $s$, and a *pixel shuffle* puts them in their places as $s \times s$
# pixels of RGB each. Three choices let it learn within minutes:
#
# - With `global_skip: bicubic` its output is *added* to the bicubic enlargement. The last layer starts at zero, so that
#   training begins at bicubic quality instead of at noise.
# - The layers between start as the identity with a little noise, so that the signal reaches the end and each learns a
#   correction to what it gets.
# - With `generator_even_phases` the last layer cannot draw dots. A pixel shuffle takes each phase of its output from
#   another channel, which leaves a regular pattern where the image is smooth (Sugawara et al., 2018) or does not change
#   along an edge, unless the taps of all phases weigh alike.
#
# `generator: srresnet` is the generator of Ledig et al. (2017), four times as expensive a step: residual blocks, each
# of which computes a correction and adds it to its input, between two 9×9 convolutions.

# %%
network = build_generator(generator_config(warmup, shared.scale), stage.code)
lr_crop = (3, shared.crop // shared.scale, shared.crop // shared.scale)
for exhibit in network_exhibits(network, lr_crop, "LR crop", "SR crop"):
    stage.show(exhibit)

# %% [markdown]
# The forward pass of such a network is short. This is its source:

# %%
forward = type(network).forward_body if isinstance(network, SuperResolver) else type(network).forward
stage.source(forward, "forward", "The forward pass of the generator's body, without the global skip.")
blocks = [module for module in network.modules() if isinstance(module, (ResidualBlock, DenseBlock))]
if blocks:
    stage.source(type(blocks[0]).forward, "block", "The forward pass of one of its blocks.")

# %% [markdown]
# With `lr_consistency` a last step without weights follows. Let $A$ make an image small as the LR images were made. Of
# all images $x$ near the network's output there is one that gives exactly the LR image $y$ back:
#
# $$ x + A^+ (y - A x) , \quad A^+ = A^\top (A A^\top)^{-1} $$
#
# (Wang et al., 2023). What LR shows of the picture, its colours and coarse shapes, is then never wrong, and training
# decides on the rest alone. It is right only for LR images that were made so: `degradation` must be `bicubic`.

# %% [markdown]
# ## The loss

# %%
stage.markdown(generator_loss(warmup))

# %% [markdown]
# Alone (as in the paper and the demo) the pixel term gives a high PSNR, and blur: many details fit one LR image, and
# the best answer is, for each pixel value, their median under the absolute difference (`pixel_loss: l1`) and their
# mean under the squared one (`mse`). Either is smoother than any single one of them. A content term
# (`content_weight`) compares features of a VGG-19 network, which describe edges and textures more than single pixels;
# [notebook 4](04_adversarial.ipynb) trains with it.
#
# ## One training step
#
# Training repeats one step: enlarge a batch of LR crops, compare with HR, compute the gradient of the loss by
# backpropagation, and let the optimizer (Adam) change every weight a little against it.

# %%
stage.source(
    plain_supervised_step,
    "step",
    "A plain training step. The run below computes the same weights in less time; a test compares the two.",
)

# %% [markdown]
# Training is this step in a loop. Here it runs three times, on a network of its own that is thrown away. Change the
# number of steps, the loss or the learning rate, and run the cell again: the training below does not depend on it.

# %%
torch.manual_seed(shared.seed)
trial = build_generator(generator_config(warmup, shared.scale), stage.code)
optimizer = torch.optim.Adam(trial.parameters(), lr=warmup.learning_rate)
crops = PatchSampler(train, shared, batch=2, augment=True)
for step in range(3):
    lr, hr = (images.float() / 255 for images in crops.batch(step))
    loss = plain_supervised_step(trial, optimizer, DISTANCES[warmup.pixel_loss], lr, hr)
    print(f"step {step + 1}: loss {loss.item():.4f}")

# %%
stage.markdown(describe_schedule(warmup))

# %%
if warmup.vgg_layers and warmup.content_weights == "random":
    stage.warn(
        "Warm-up: VGG-19 has fixed-seed random weights here, a published substitute (Liu et al., CVPR 2021) for those "
        "trained on ImageNet. To use these, put vgg19-dcbb9e9d.pth into a folder that SRGAN_WEIGHTS names, or let "
        "content_weights be imagenet."
    )
curve = train_warmup(
    stage.params,
    train,
    validation,
    stage.directory,
    stage.training_fingerprint(split_csv),
    on_step=stage.progress("Warming up"),
)
record_trained(split_csv, stage.directory)

# %%
progress = pd.read_csv(stage.directory / "validation.csv")
if warmup.steps > 1:
    stage.figure(
        figures.loss_curves(curve),
        "loss_curves",
        source="loss_curve.csv",
        caption=f"{findings.losses(curve)} Terms that go opposite ways would pull in different directions.",
    )
    stage.figure(
        figures.learning_curve(progress, "warmup"),
        "learning_curve",
        source="validation.csv",
        caption=f"{findings.learning(progress)} The last point is the generator that adversarial training starts from.",
    )

# %% [markdown]
# The weights that are kept are those after the last step (their moving average where `ema_decay` is set). Taking the
# step with the best PSNR instead would be choosing by one of the measures that later judge.

# %%
stage.show(figures.speed(stage.directory))

# %% [markdown]
# ## Try this
#
# Each exercise is a question, a command, and the cell to change where notebooks are run by hand (Jupyter, Colab). A
# command trains the generator again, and then adversarially: three to ten minutes on a laptop, and up to three times as
# long for the first. Answers and measured figures are in [docs/exercises.md](../docs/exercises.md).

# %%
last = progress.iloc[-1]
stage.markdown(
    f"To compare with: this run's warm-up comes to a PSNR-Y of {last.psnr_y:.2f} dB on the validation images, bicubic "
    f"interpolation to {last.psnr_y_bicubic:.2f} dB."
)

# %% [markdown]
# 1. *How far does the paper's generator get in as many steps?* Cell: `generator = "srresnet"` and
#    `learning_rate = 5e-4`, a rate that suits it. Expect steps that take four times as long.
#
#    ```
#    srgan run params/demo.yaml --run classical -p warmup.generator=srresnet -p warmup.learning_rate=5e-4
#    ```
#
# 2. *What does a content term change before there is any discriminator?* Cell: `content_weight = 0.1`. Expect a lower
#    PSNR and a better LPIPS of the warm-up in notebook 5. With `-p warmup.generator_even_phases=false` as well, a
#    regular pattern of dots appears, which LPIPS does not see; look at smooth places.
#
#    ```
#    srgan run params/demo.yaml --run content -p warmup.content_weight=0.1
#    ```
#
# 3. *How much does depth give in so few steps?* Cell: `generator_blocks = 4`. Expect fewer parameters (see the table of
#    layers), faster steps, and a PSNR that is hardly lower.
#
#    ```
#    srgan run params/demo.yaml --run shallow -p warmup.generator_blocks=4
#    ```
#
# ## References
#
# - C. Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", CVPR 2017.
# - K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016.
# - S. Zagoruyko, N. Komodakis, "DiracNets: Training Very Deep Neural Networks Without Skip-Connections", 2017: layers
#   that start as the identity.
# - Y. Wang, Y. Hu, J. Yu, J. Zhang, "GAN Prior based Null-Space Learning for Consistent Super-Resolution", AAAI 2023.
# - W. Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
#   Network", CVPR 2016: the pixel shuffle.
# - Y. Sugawara, S. Shiota, H. Kiya, "Super-Resolution Using Convolutional Neural Networks without Any Checkerboard
#   Artifacts", ICIP 2018: even phases.
# - J. Johnson, A. Alahi, L. Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016.
# - L. N. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2019:
#   the one-cycle schedule.
#
# Before: [the baseline, SRCNN](02_srcnn_baseline.ipynb). Next: [adversarial training](04_adversarial.ipynb).

# %%
stage.finish(
    psnr_y=last.psnr_y,
    ssim_y=last.ssim_y,
    bicubic_psnr_y=last.psnr_y_bicubic,
    content_weights=warmup.content_weights,
)
