# %% [markdown]
# # Adversarial training
#
# *Can the generator learn to make detail that looks real?* From here on a second network, the discriminator, learns to
# tell the generator's images from photographs, and the generator learns to deceive it. PSNR falls while this happens, by
# design: invented detail is never exactly the lost one. What should improve is the perceptual distance (LPIPS), which
# notebook 5 measures. At demo size this notebook takes about a minute.

# %% tags=["parameters"]
# Parameters of this notebook; `srgan params` explains each and its bounds.
run_dir = "results/notebook"
seed = 0
dataset = "builtin"
image_folder = None
scale = 4
steps = 45
batch = 8
learning_rate = 0.0001
pixel_loss = "l1"
content_weight = 1.0
content_layers = {"relu2_2": 1.0}
adversarial_loss = "bce"
adversarial_weight = 0.005

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
schedule = "constant"
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
discriminator_every = 1
discriminator_learning_rate = 0.0001
discriminator_schedule = "constant"
discriminator = "srgan"
discriminator_channels = 64
discriminator_head = "dense"
montage_frames = 6
epochs = None

# %%
import pandas as pd

from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import read_split
from srgan_lib.data.pairs import load_pairs
from srgan_lib.pipeline.notebook import open_stage
from srgan_lib.training import figures
from srgan_lib.training.adversarial import train_adversarial
from srgan_lib.models.files import load_model
from srgan_lib.training.compute import Compute
from srgan_lib.training.feature_maps import feature_maps
from srgan_lib.training.history import by_epoch
from srgan_lib.training.validation import Validation

stage = open_stage("adversarial", globals())
shared, adversarial = stage.params.shared, stage.params.adversarial

split_csv = stage.input("data", "split.csv")
warmup_weights = stage.input("warmup", "generator.safetensors")
photos = find_photos(shared.dataset, scale=shared.scale, image_folder=shared.image_folder, lr_folder=shared.lr_folder)
train, validation = (
    load_pairs(read_split(split_csv), photos, shared, part, stage.warn) for part in ("train", "validation")
)

# %% [markdown]
# ## Two players
#
# By default the discriminator $D$ has eight 3×3 convolutions, 64 to 512 channels wide, every second one with stride 2, and two dense
# layers; it returns one number, high for photographs. It is updated every `discriminator_every` steps to raise $D$ of HR
# crops and lower $D$ of the generator's. The generator minimises
#
# $$ L_G = \lambda_\mathrm{content} L_\mathrm{content} + \lambda_\mathrm{pixel} L_\mathrm{pixel} + \lambda_\mathrm{adv} L_\mathrm{adv} , \qquad
#    L_\mathrm{adv} = -\log \sigma (D(G(x_\mathrm{LR}))) $$
#
# (by default, the non-saturating form; least squares and the relativistic average can be chosen). With $\lambda_\mathrm{adv} = 0$ the
# discriminator would have no say.

# %%
if adversarial.content_weight and adversarial.content_weights == "random":
    stage.warn("Adversarial training: VGG-19 has fixed-seed random weights here instead of the ImageNet weights.")
curve = train_adversarial(stage.params, train, validation, warmup_weights, stage.directory,
                          stage.training_fingerprint(split_csv, warmup_weights),
                          on_step=stage.progress("Adversarial training"), on_warning=stage.warn, code=stage.code)

# %% [markdown]
# ## Did the game stay balanced?

# %%
stage.figure(
    figures.discriminator_curves(curve), "discriminator", source="loss_curve.csv",
    caption="The discriminator's loss; how real it takes HR crops and generated crops for, between 0 and 1; and the share of "
    "each that it judges rightly. Lines at the edges mean that it has won and its gradient says little; lines that "
    "meet at one half mean that it cannot tell the two apart. In between, both networks learn.",
)

# %%
stage.figure(
    figures.loss_curves(curve), "loss_curves", source="loss_curve.csv",
    caption="The generator's loss and its weighted terms by step, on a logarithmic scale. The adversarial term need not fall: "
    "it is measured by an opponent that improves too.",
)

# %%
stage.figure(
    figures.term_shares(curve), "term_shares", source="loss_curve.csv",
    caption="Which share of the generator's loss each weighted term has. The largest share decides what the generator learns: "
    "an adversarial term of less than a per cent changes hardly anything, one that dominates invents texture.",
)

# %%
if adversarial.epochs:
    epoch_means = by_epoch(curve, adversarial.epochs)
    epoch_means.to_csv(stage.directory / "epochs.csv", index=False)
    stage.table(epoch_means, "epochs", source="epochs.csv", caption="Mean losses of each epoch. The generator's terms are raw, before their weights.")

# %% [markdown]
# ## What changes in the image

# %%
stage.figure(
    figures.montage(stage.directory / "montage"), "montage", vector=False,
    caption="The middle of the first validation image: bicubic, the generator at several steps of adversarial training (step 0 is "
    "the warm-up's result), and HR. Look for texture that appears, and for patterns that are not in HR.",
)

# %%
progress = pd.read_csv(stage.directory / "validation.csv")
stage.figure(
    figures.learning_curve(progress, "srgan"), "learning_curve", source="validation.csv",
    caption="PSNR and SSIM of the validation images during adversarial training; the dashed line is bicubic. A slow fall is the "
    "price of sharper texture; a plunge means that the adversarial weight or the learning rate is too high.",
)

# %% [markdown]
# ## What the content loss sees

# %%
generator = load_model(stage.directory / "generator.safetensors", stage.code)[0]
patch = Validation(validation[:1], shared, Compute(threads=shared.threads))
for maps in feature_maps(generator, patch, adversarial) if adversarial.content_weight else ():
    stage.figure(
        figures.feature_maps(maps), f"feature_maps_{maps.layer}", vector=False,
        caption=f"The strongest feature maps of VGG-19's layer {maps.layer} for the middle of the first validation image, each normalised by "
        "its least and greatest value: of the generated image above, of the original below. Their difference is the content "
        "loss. Look for texture that is strong below and missing above.",
    )

# %%
stage.table(
    pd.read_json(stage.directory / "speed.json", typ="series").to_frame().T, "speed", source="speed.json",
    caption="How fast adversarial training was on this machine (since it was last started, if it was interrupted): the share of the time that "
    "it waited for crops should be near 0, and the memory is the most that the process held.",
)

# %%
last, row = progress.iloc[-1], curve.dropna(subset=["d_real"]).iloc[-1]
stage.finish(psnr_y=last.psnr_y, ssim_y=last.ssim_y, bicubic_psnr_y=last.psnr_y_bicubic, d_real=row.d_real, d_fake=row.d_fake)
