# %% [markdown]
# # The generator's warm-up
#
# *What can the large network restore when only fidelity counts?* Adversarial training started from nothing is unstable:
# a generator that makes noise teaches the discriminator nothing useful. The generator is therefore trained alone first;
# the discriminator is not touched. This is the longest notebook of the demo, about two minutes on two CPU cores.

# %% tags=["parameters"]
# Parameters of this notebook; `srgan params` explains each and its bounds.
run_dir = "results/notebook"
seed = 0
dataset = "builtin"
image_folder = None
scale = 4
steps = 160
batch = 8
learning_rate = 0.0005
pixel_loss = "l1"
content_weight = 0.1
content_layers = {"relu2_2": 1.0}
generator = "srresnet"
generator_channels = 64
generator_blocks = 16

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
extra_losses = {}
clamp_in_training = False
generator_norm = "batch"
generator_input = "lr"
global_skip = "bicubic"
value_range = "zero_one"
initialisation = "default"

# %%
import pandas as pd

from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import read_split
from srgan_lib.data.pairs import load_pairs
from srgan_lib.pipeline.notebook import open_stage
from srgan_lib.training import figures
from srgan_lib.training.warmup import train_warmup

stage = open_stage("warmup", globals())
shared, warmup = stage.params.shared, stage.params.warmup

split_csv = stage.input("data", "split.csv")
photos = find_photos(shared.dataset, scale=shared.scale, image_folder=shared.image_folder, lr_folder=shared.lr_folder)
train, validation = (
    load_pairs(read_split(split_csv), photos, shared, part, stage.warn) for part in ("train", "validation")
)

# %% [markdown]
# ## The network
#
# The generator is by default SRResNet (Ledig et al., 2017). It looks at the LR image with a 9×9 convolution, refines 64 feature maps in 16 residual
# blocks (3×3 convolution, batch normalisation, PReLU, again, plus the block's input), enlarges in two steps of ×2 by
# turning channels into pixels, and ends in a 9×9 convolution. With
# `generator_norm: none` there is no batch normalisation, and `generator` chooses another network. With `global_skip: bicubic` its output is *added* to the
# bicubic enlargement. Its last layer starts at zero, so that training begins at bicubic quality instead of at noise: the
# paper's plain network passes bicubic only after many thousand steps.
#
# ## The loss
#
# $$ L = \lambda_\mathrm{pixel} \, d(G(x_\mathrm{LR}), x_\mathrm{HR}) + \lambda_\mathrm{content} \, d'(\phi(G(x_\mathrm{LR})), \phi(x_\mathrm{HR})) $$
#
# The pixel term keeps colours and edges in place. The content term compares features $\phi$ of a VGG-19 network, in
# which a texture that is shifted by a pixel is still nearly the same texture; it keeps the average of many possible
# details, a blur, from looking like the best answer.

# %%
if warmup.content_weight and warmup.content_weights == "random":
    stage.warn(
        "Warm-up: VGG-19 has fixed-seed random weights here, a published substitute (Liu et al., CVPR 2021) for those trained "
        "on ImageNet. To use these, put vgg19-dcbb9e9d.pth into a folder that SRGAN_WEIGHTS names, or let content_weights be imagenet."
    )
curve = train_warmup(stage.params, train, validation, stage.directory, stage.training_fingerprint(split_csv),
                     on_step=stage.progress("Warming up"), on_warning=stage.warn)

# %%
stage.figure(
    figures.loss_curves(curve), "loss_curves", source="loss_curve.csv",
    caption="The loss and its weighted terms by step, on a logarithmic scale: single rows pale, their running mean strong. "
    "Look for terms that fall together; if one falls while another rises, they pull in different directions.",
)

# %%
progress = pd.read_csv(stage.directory / "validation.csv")
stage.figure(
    figures.learning_curve(progress, "warmup"), "learning_curve", source="validation.csv",
    caption="PSNR and SSIM of the validation images during the warm-up; the dashed line is bicubic. With the global skip "
    "the curve starts near that line. The last point is the generator that adversarial training starts from.",
)

# %% [markdown]
# The weights that are kept are those after the last step (their moving average where `ema_decay` is set). Taking the
# step with the best PSNR instead would be choosing by one of the measures that later judge.

# %%
stage.table(
    pd.read_json(stage.directory / "speed.json", typ="series").to_frame().T, "speed", source="speed.json",
    caption="How fast the warm-up was on this machine (since it was last started, if it was interrupted): the share of the time that "
    "it waited for crops should be near 0, and the memory is the most that the process held.",
)

# %%
last = progress.iloc[-1]
stage.finish(psnr_y=last.psnr_y, ssim_y=last.ssim_y, bicubic_psnr_y=last.psnr_y_bicubic, content_weights=warmup.content_weights)
