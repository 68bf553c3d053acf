# %% [markdown]
# # Adversarial training
#
# *Can the generator learn to make detail that looks real?* From here on a second network, the discriminator, learns
# to tell the generator's images from photographs, and the generator learns to deceive it. After a warm-up PSNR is
# expected to fall: invented detail hardly matches the lost detail exactly. What should improve is the perceptual
# distance (LPIPS) between super-resolved (SR) and original (HR) images, which [notebook 5](05_evaluation.ipynb)
# measures.

# %% tags=["parameters"]
# Parameters of this notebook; `srgan params` explains each and its bounds.
run_dir = "results/notebook"
seed = 0
dataset = "builtin"
image_folder = None
scale = 4
steps = 150
batch = 8
learning_rate = 0.0004
pixel_loss = "l1"
content_weight = 1.0
content_layers = {"relu2_2": 0.5, "relu3_1": 0.5}
adversarial_loss = "bce"
adversarial_weight = 0.1
discriminator = "patch"

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
ema_decay = 0.98
log_every = 5
validate_every = 20
checkpoint_every = 50
keep_checkpoints = 1
keep_networks_every = None
monitor = None
pixel_weight = 1.0
content_loss = "mse"
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
mesh_weight = 0.3
lr_consistency = True
extra_losses = {}
clamp_in_training = False
feature_matching_weight = 0.0
discriminator_every = 1
discriminator_learning_rate = 0.0005
discriminator_schedule = "constant"
discriminator_channels = 32
discriminator_head = "dense"
montage_frames = 6
epochs = None

# %% [markdown] tags=["remove-cell"]
# `open_stage` checks the parameters above and stores them in `stage.params`, from which all later cells read them.
# After changing a parameter, run the notebook again from the cell with `open_stage`.

# %%
import pandas as pd
import torch

from srgan_lib.csv_files import write_csv
from srgan_lib.data.evaluation_sets import record_trained
from srgan_lib.data.pairs import read_training_pairs
from srgan_lib.data.patches import PatchSampler
from srgan_lib.models.discriminators import build_discriminator, discriminator_config
from srgan_lib.models.files import load_model
from srgan_lib.training.adversarial import train_adversarial
from srgan_lib.training.adversarial_loss import AdversarialLoss
from srgan_lib.training.compute import Compute
from srgan_lib.training.losses import DISTANCES
from srgan_lib.training.plain import plain_adversarial_step
from srgan_lib.training.validation import Validation
from srgan_report.exhibits import findings
from srgan_report.exhibits import training as figures
from srgan_report.exhibits.formulas import describe_schedule, generator_loss, players
from srgan_report.exhibits.network import network as network_exhibits
from srgan_report.pipeline.stages import open_stage

stage = open_stage("adversarial", globals())
shared, adversarial = stage.params.shared, stage.params.adversarial

split_csv = stage.input("data", "split.csv")
warmup_weights = stage.input("warmup", "generator.safetensors")
train, validation = read_training_pairs(split_csv, shared)

# %% [markdown]
# ## Two players
#
# The generator $G$ is that of [notebook 3](03_warmup.ipynb). The discriminator $D$ takes an image and returns one
# number or more, logits, which are high if $D$ takes the image for a photograph. The demo's (`discriminator: patch`)
# judges each patch of 34×34 pixels by itself: five convolutions, the first two of stride 2, so that 96×96 pixels become
# 24×24 logits. It judges texture, not what the image shows, and so has learned something after seconds. Spectral
# normalisation bounds how much its answer may change with its input, which keeps it from being always right.
#
# That of Ledig et al. (2017), `discriminator: srgan`, gives one logit for the whole image: eight 3×3 convolutions with
# 64 to 512 channels, all followed by LeakyReLU, and all except the first by batch normalisation. Every second one has
# stride 2, so that 96×96 pixels become 6×6. Two dense layers turn these into the logit.

# %%
network = build_discriminator(discriminator_config(adversarial, shared.crop))
hr_crop = (3, shared.crop, shared.crop)
for exhibit in network_exhibits(network, hr_crop, "HR or SR crop", "logits"):
    stage.show(exhibit)

# %% [markdown]
# ## Two losses

# %%
stage.markdown(players(adversarial.adversarial_loss))

# %%
stage.markdown(generator_loss(adversarial))

# %% [markdown]
# A term of weight 0 is left out; the figures below show each as it falls. Without the adversarial term (and
# `feature_matching_weight`) the discriminator would not influence the generator. $D$ is updated every
# `discriminator_every` steps. Ledig et al. have the content and the adversarial term alone, the one with the squared
# differences of `relu5_4` (which they call VGG54), the other with the weight $10^{-3}$ (`params/ledig2017.yaml`).
# `extra_losses = {"docs/examples/my_loss.py:EdgeLoss": 0.1}` adds a loss of your own.
#
# ### The content term
#
# It compares SR and HR in the features of VGG-19, a classification network:
#
# $$ L_\mathrm{content} = \sum_l \frac{w_l}{N_l} \sum_{i=1}^{N_l}
#        d \left( s_l \, \phi_l(\tilde{x}_\mathrm{SR})_i , \; s_l \, \phi_l(\tilde{x}_\mathrm{HR})_i \right) ,
#        \quad \tilde{x} = \frac{x - \mu}{\sigma} , $$
#
# where $\phi_l$ are the $N_l$ activations of layer $l$ and $d$ is the squared or the absolute difference
# (`content_loss`), $w_l$ is the weight of the layer (`content_layers`) and $x$ an image in [0,1]. VGG-19 was trained
# on images normalised by the mean $\mu$ and the standard deviation $\sigma$ of each colour of ImageNet, so its
# inputs are normalised in the same way. Activations of different layers differ in size; the scale $s_l$
# (`content_scale`) is by default the reciprocal of the layer's mean absolute activation on the first HR crops, or a
# number ($1/12.75$ in Ledig et al.).
#
# ### The terms against patterns
#
# The grid term punishes the regular pattern that a pixel shuffle can leave, the evenness term any narrow peak or notch
# in the spectrum:
#
# $$ L_\mathrm{grid} = \operatorname{mean}_{c, f} \left( E_{\mathrm{SR},c}(f) - E_{\mathrm{HR},c}(f) \right)^2 ,
#        \quad E_{x,c}(f) = \log P_{x,c}(f) - \operatorname{mean}_{r \in R(f)} \log P_{x,c}(r) , $$
#
# where $P_{x,c}(f)$ is the power of colour $c$ at the two-dimensional frequency $f$, averaged over windowed blocks of
# 48×48 pixels of the whole batch, and $R(f)$ is the ring of frequencies 4 to 6 bins away, held fixed in the gradient.
# The mean goes over the three colours and the frequencies whose two components are multiples of $1/s$ cycles per pixel
# for a scale of $s$, except 0. $L_\mathrm{even}$ is the same over all frequencies from 0.15 cycles per pixel. With
# `grid_sides: above` the grid term counts peaks alone.
#
# Both average over all blocks, so that a mesh along a few edges costs almost nothing. The mesh term compares fine
# structure place by place:
#
# $$ L_\mathrm{mesh} = \operatorname{mean}_{d, p} \max \left( 0, A_{\mathrm{SR},d}(p) - A_{\mathrm{HR},d}(p) \right) ,
#        \quad A_{x,d}(p) = \sqrt{ \operatorname{mean}_{q \in W(p)} (k_d * x)(q)^2 + \tfrac{1}{4} } , $$
#
# where $x$ is grey, in 8-bit levels, $W(p)$ is a window of 4×4 pixels and $k_d$ the fourth difference
# $(1, -4, 6, -4, 1) / 16$ along rows or columns, smoothed by $(1, 2, 1) / 4$ across. It has its largest response at
# half a cycle per pixel, where an image reduced by 4 says nothing about the original. Only excess counts: less fine
# structure than the original's costs nothing here.
#
# The choice of layers (`content_layers`) decides what counts as content. A value in `relu2_2` (VGG22 in Ledig et
# al.) depends on 14×14 pixels: edges and fine texture. One in `relu5_4` (VGG54) depends on 252×252 pixels: it
# represents parts of objects and hardly constrains single pixels, so that the adversarial term is free to invent
# texture. Before the ReLU (`conv…`, as in ESRGAN) negative values count too; after it (`relu…`) most values of deep
# layers are zero and carry no information.
#
# ## One training step
#
# `docs/examples/minsrgan.py` has this step and everything around it, from the photographs to the scores, in one file of
# plain PyTorch. Under the settings that it names, its weights and the pipeline's are equal to the last bit.

# %%
stage.source(
    plain_adversarial_step,
    "step",
    "One training step of both networks in plain PyTorch. The training below computes the same weights in less time; a "
    "test compares the two.",
)

# %% [markdown]
# Training is this step in a loop. Here it runs three times, on networks that are thrown away and with the pixel term in
# place of all terms that compare images. Change the loss, a weight or the number of steps, and run the cell again: the
# training below does not depend on it.

# %%
torch.manual_seed(shared.seed)
g = load_model(warmup_weights, stage.code)[0].train()
d = build_discriminator(discriminator_config(adversarial, shared.crop))
g_optimizer = torch.optim.Adam(g.parameters(), lr=adversarial.learning_rate)
d_optimizer = torch.optim.Adam(d.parameters(), lr=adversarial.discriminator_learning_rate)
distance, game = DISTANCES[adversarial.pixel_loss], AdversarialLoss(adversarial.adversarial_loss)
crops = PatchSampler(train, shared, batch=2, augment=True)
for step in range(3):
    lr, hr = (images.float() / 255 for images in crops.batch(step))
    losses = plain_adversarial_step(
        g, d, g_optimizer, d_optimizer, distance, game, adversarial.adversarial_weight, lr, hr
    )
    print(f"step {step + 1}: generator {losses[0].item():.4f}, discriminator {losses[1].item():.4f}")

# %%
stage.markdown(describe_schedule(adversarial))

# %%
if adversarial.vgg_layers and adversarial.content_weights == "random":
    stage.warn(
        "Adversarial training: VGG-19 has random weights (of a fixed seed) here instead of the ImageNet weights."
    )
curve = train_adversarial(
    stage.params,
    train,
    validation,
    warmup_weights,
    stage.directory,
    stage.training_fingerprint(split_csv, warmup_weights),
    on_step=stage.progress("Adversarial training"),
    code=stage.code,
)
record_trained(split_csv, stage.directory)

# %% [markdown]
# ## Did the two networks stay balanced?
#
# A discriminator that guesses has nothing to teach. One that is always right still has: with `bce` the generator's
# gradient at the logit has the size $1 - \sigma(D(G(x_\mathrm{LR})))$, which is then close to 1, but for all images
# alike, however real they look. (With $\log (1 - \sigma(D(G(x_\mathrm{LR}))))$ as its loss, or with `lsgan_sigmoid`, it
# would vanish.) The first figure shows how well the discriminator tells the crops apart, the other two what the
# generator's loss consists of.

# %%
for exhibit in figures.game(curve):
    stage.show(exhibit)

# %%
if adversarial.epochs:
    epoch_means = figures.by_epoch(curve, adversarial.epochs)
    write_csv(stage.directory / "epochs.csv", epoch_means)
    stage.table(
        epoch_means,
        "epochs",
        source="epochs.csv",
        caption=f"{findings.epochs(epoch_means)} The generator's terms are shown unweighted.",
    )

# %% [markdown]
# ## What changes in the image
#
# A loss does not say what an image looks like. One detail through the training does; the curves below it give the
# price.

# %%
stage.show(figures.montage(stage.directory / "montage"))

# %%
progress = pd.read_csv(stage.directory / "validation.csv")
stage.figure(
    figures.learning_curve(progress, "srgan"),
    "learning_curve",
    source="validation.csv",
    caption=f"{findings.learning(progress)} A slow fall is the price of sharper texture; a sudden drop means that the "
    "adversarial weight or the learning rate is too high.",
)

# %% [markdown]
# ## What the content loss sees
#
# The content term compares activations of VGG-19, not pixels. Early layers react to edges and colours, later ones to
# textures and parts of objects.

# %%
generator = load_model(stage.directory / "generator.safetensors", stage.code)[0]
patch = Validation(validation[:1], shared, Compute(threads=shared.threads))
layers = figures.feature_maps(generator, patch, adversarial) if adversarial.content_weight else ()
for exhibit in layers:
    stage.show(exhibit)

# %%
stage.show(figures.speed(stage.directory))

# %% [markdown]
# ## Try this
#
# Each exercise is a question, a command, and the cell to change where notebooks are run by hand (Jupyter, Colab). A
# command repeats the adversarial training and the evaluation: two to five minutes on a laptop. Answers and measured
# figures are in [docs/exercises.md](../docs/exercises.md).

# %%
last, row = progress.iloc[-1], curve.dropna(subset=["d_real"]).iloc[-1]
stage.markdown(
    f"To compare with: this run's SRGAN comes to a PSNR-Y of {last.psnr_y:.2f} dB on the validation images. At the end "
    f"the discriminator takes originals to be real with a probability of {row.d_real:.2f}, and SRGAN's images with "
    f"{row.d_fake:.2f}."
)

# %% [markdown]
# 1. *What does more texture cost?* Cell: `adversarial_weight = 2`. Expect the adversarial term's share of the loss to
#    grow, PSNR to fall below this run's, and the montage to show texture of which some is not in the original. With `0`
#    the discriminator is trained but does not affect the generator, which learns from the other terms alone.
#
#    ```
#    srgan run params/demo.yaml --run texture -p adversarial.adversarial_weight=2
#    ```
#
# 2. *What holds back a mesh beside edges?* Cell: `mesh_weight = 0`. Expect a *better* LPIPS than here, and a worse
#    picture: look at edges and lettering at 300 % in notebook 5.
#
#    ```
#    srgan run params/demo.yaml --run mesh -p adversarial.mesh_weight=0
#    ```
#
# 3. *What does a discriminator say that compares images instead of judging one?* Cell:
#    `adversarial_loss = "relativistic"`. Expect both players' formulas to change: a probability now states how much
#    more real one image looks than another; it is 0.5 for a discriminator that cannot tell them apart.
#
#    ```
#    srgan run params/demo.yaml --run relative -p adversarial.adversarial_loss=relativistic
#    ```
#
# ## References
#
# - I. Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.
# - C. Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network", CVPR 2017.
# - K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015: VGG-19.
# - P. Isola, J.-Y. Zhu, T. Zhou, A. Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR
#   2017: a discriminator of patches.
# - T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.
# - X. Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017.
# - A. Jolicoeur-Martineau, "The relativistic discriminator: a key element missing from standard GAN", ICLR 2019.
# - X. Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCVW 2018.
# - L. N. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2019:
#   the one-cycle schedule.
#
# Before: [the generator's warm-up](03_warmup.ipynb). Next: [evaluation](05_evaluation.ipynb).

# %%
stage.finish(
    psnr_y=last.psnr_y,
    ssim_y=last.ssim_y,
    bicubic_psnr_y=last.psnr_y_bicubic,
    d_real=row.d_real,
    d_fake=row.d_fake,
)
