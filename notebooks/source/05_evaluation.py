# %% [markdown]
# # Evaluation
#
# *Which method restores best, by which measure, and how sure can we be?* Every method enlarges the same held-out
# photographs, which the networks of this run were not trained on.

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
baselines = ["nearest", "bilinear", "lanczos", "bicubic"]
lpips_nets = ["alex", "squeeze"]
extra_metrics = ["ssim_y_daala", "psnr_rgb", "lr_psnr", "niqe"]
repeats = 1
grids = 5
patches = 5
patch_size = 64
tile = None
reference_models = True
self_ensemble = False
opinion = None
published = {"title": "", "sources": [], "methods": {}, "metrics": [], "curves": []}

# %% [markdown] tags=["remove-cell"]
# `open_stage` checks the parameters above and keeps them in `stage.params`; all later cells read them there. After
# changing a parameter, run the notebook again from the cell with `open_stage`.

# %%
import pandas as pd

from srgan_lib.csv_files import write_csv
from srgan_lib.data.evaluation_sets import load_test_sets, read_trained
from srgan_lib.data.pairs import training_photos
from srgan_lib.data.split import read_split
from srgan_lib.evaluation.efficiency import efficiency
from srgan_lib.evaluation.evaluator import evaluate, metric_names, write_results
from srgan_lib.evaluation.samples import WholeImages, thin_out
from srgan_lib.evaluation.tables import along, summarise
from srgan_lib.evaluation.verdicts import PairedScores
from srgan_lib.formatting import listed
from srgan_lib.methods import TRAINED
from srgan_lib.metrics.measure import METRICS
from srgan_lib.models.files import load_model
from srgan_report.exhibits import evaluation as exhibits
from srgan_report.exhibits.conclusion import conclude
from srgan_report.exhibits.grids import WeightInterpolation, try_alphas
from srgan_report.exhibits.published import BICUBIC, compare_all, with_people
from srgan_report.pipeline.stages import open_stage
from srgan_report.upscaling.contestants import all_methods, repeated_trainings, share_of_srgan, upscaling_options

stage = open_stage("evaluation", globals())
shared, evaluation, recipe = stage.params.shared, stage.params.evaluation, stage.params.published

# %% [markdown]
# ## Kinds of measure
#
# ### Fidelity: is each pixel right?
#
# PSNR compares luminance, $Y = 16 + 65.481 R + 128.553 G + 24.966 B$ of BT.601 with $R$, $G$, $B$ in [0, 1]. As in the
# literature, a border of `scale` pixels is removed:
#
# $$ \mathrm{PSNR} = 10 \log_{10} \frac{255^2}
#        {\frac{1}{N} \sum_{i=1}^{N} (Y_{\mathrm{SR},i} - Y_{\mathrm{HR},i})^2} . $$
#
# SSIM (Wang et al., 2004) compares mean $\mu$, variance $\sigma^2$ and covariance of two images $x$ and $y$ inside a
# window, and is averaged over all windows (an 11×11 Gaussian, $\sigma$ = 1.5):
#
# $$ \mathrm{SSIM} = \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
#        {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)} . $$
#
# $C_1 = (0.01 \cdot 255)^2$ and $C_2 = (0.03 \cdot 255)^2$ keep flat windows from dividing by zero. The column *daala*
# has another window; it is the variant that Ledig et al. published. The two are not to be mixed.
#
# ### Likeness: does the image look like the original?
#
# LPIPS (Zhang et al., 2018) compares features of a network trained to recognise objects. $\hat{\phi}_l$ are the
# features of layer $l$, at each of its $H_l \times W_l$ positions scaled to length 1; the weights $w_l$ were fitted to
# what people said of pairs of images:
#
# $$ \mathrm{LPIPS} = \sum_l \frac{1}{H_l W_l} \sum_{h,w}
#        \left\| \sqrt{w_l} \odot
#        (\hat{\phi}_l(x_\mathrm{SR})_{hw} - \hat{\phi}_l(x_\mathrm{HR})_{hw}) \right\|_2^2 . $$
#
# The network is AlexNet, with SqueezeNet as a second judge. AlexNet takes no part in training or in choosing anything;
# SqueezeNet may watch the validation images. Lower is better.
#
# ### Spectrum: how much detail of each size is there?
#
# The log-spectral distance needs no learned weights. $P(f)$ is the power of an image's luminance in ring $f$ of $F$
# rings of equal frequency, in all directions together, with the power of rounding to whole levels added. The distance
# is the root mean square difference in decibels; lower is better:
#
# $$ \mathrm{LSD} = \sqrt{\frac{1}{F} \sum_{f=1}^{F}
#        \left( 10 \log_{10} \frac{P_\mathrm{SR}(f)}{P_\mathrm{HR}(f)} \right)^2} . $$
#
# The grid artefact looks for a regular pattern with the period of the pixel shuffle, which LPIPS does not see: the
# power at multiples of 1/`scale` cycles per pixel over that of the frequencies around them, in decibels, minus the same
# of the original. 0 is the original's own level; above +3 dB the conclusion warns of a pattern.
#
# Flat noise looks for speckle, which LPIPS takes for texture: the power of fine detail (the luminance minus its blur by
# a Gaussian of σ = 2 pixels) in the smoothest tenth of the original's 16×16 blocks, over that of the original, in
# decibels. 0 is the original's own level; above +3 dB on any image the conclusion warns of speckle.
#
# ### Naturalness: does the image look like a photograph at all?
#
# All measures so far compare with the original, and LR-PSNR with LR: it makes the result small again and measures how
# nearly it is an answer to what was given. NIQE (Mittal et al., 2013) sees neither: it measures how far the statistics
# of the image's blocks are from those of undistorted photographs. Lower is better. The perceptual index PI (Blau et
# al., 2018) is the mean of NIQE and of 10 minus the score of Ma et al.; that score is not computed here, and so no PI.
# Only such a measure stands for perception in the sense of Blau and Michaeli (2018). They prove that beyond some point
# images become more natural only at the price of distortion: where many details are possible, the most faithful guess
# is their average, and an average is blurred.

# %%
split = read_split(stage.input("data", "split.csv"))
trained = read_trained([stage.input(name, "trained_on.csv") for name in ("srcnn", "warmup", "adversarial")])
test_pairs = load_test_sets(evaluation.test_sets, split, training_photos(shared), shared, trained)
files = {name: stage.input(network.stage, network.file) for name, network in TRAINED.items()}
networks = {name: load_model(path, stage.code)[0] for name, path in files.items()}
judged = all_methods(networks, test_pairs, shared, evaluation, stage.code)
result = evaluate(
    test_pairs,
    judged,
    scale=shared.scale,
    names=metric_names(evaluation),
    samples=max(evaluation.grids, evaluation.patches),
    images=WholeImages(stage.directory / "images"),
    repeats=repeated_trainings([repeat.directory for repeat in stage.repeats], shared, evaluation, stage.code),
    on_step=stage.progress("Judging"),
)
summary = summarise(result.metrics, result.repeats)
write_results(result, summary, stage.directory)
scores = PairedScores.of_all(result.metrics, result.repeats)

# %% [markdown]
# ## Results
#
# Rows called *reference* are not results of this run: they are the models that come with the package, trained by the
# same notebooks on other photographs for longer (`srgan models`). They show what more training gives. A
# *self-ensemble*, where there is one, is the mean of what a network makes of the image in all eight flips and turns
# (Timofte et al., 2016).

# %%
for exhibit in exhibits.overviews(summary, scores):
    stage.show(exhibit)

# %% [markdown]
# ### How sure is that?
#
# Each mean $\bar{m}$ of the $n$ images' scores has a 95 % interval. The images are taken as a sample of all
# photographs of their kind: of intervals computed in this way from many such samples, 95 in 100 would hold the mean
# over all of them. With the standard deviation $s$ of the scores and Student's $t$ it is
#
# $$ \bar{m} \pm t_{0.975,\,n-1} \, \frac{s}{\sqrt{n}} . $$
#
# Images differ more than methods do, so methods are compared by the *paired* difference, image by image from bicubic.
# These differences are skewed: on a few images a method gains several times as much as on the others, and a small
# sample often misses them. The interval of a difference is therefore a tenth longer than Student's towards zero and
# 45 % longer away from it (beyond 20 images less so). These numbers were chosen by simulation on score tables of real
# photographs, by coverage and by width (`docs/statistics.md`).
#
# Beside the interval stands on how many images a method is *better*. Two methods are said not to differ measurably
# only if the interval holds zero and the images disagree. Fewer than four images have no interval (a dash).
#
# The interval is about other images. Another seed would train other networks: with `repeats = 3` each is trained
# three times on the same split, the tables hold the means over trainings and their standard deviation (*over
# trainings*), and the intervals allow for both samples, as in a table of images by trainings whose rows and columns
# are drawn at random.

# %%
for exhibit in exhibits.details(summary, scores):
    stage.show(exhibit)

# %%
for exhibit in exhibits.certainty(summary, result.metrics, scores):
    stage.show(exhibit)

# %% [markdown]
# ## Images
#
# They are chosen by rank, not by taste: of each test set the image on which SRGAN gains most over bicubic, the one on
# which it gains least, and others evenly between. In a notebook run by hand you choose image, methods, part and
# magnification.

# %%
if stage.live:
    from srgan_report.interactive.panels import look_closer

    stage.panel(look_closer(result.samples))
else:
    for exhibit in exhibits.comparison_grids(thin_out(result.samples, evaluation.grids)):
        stage.show(exhibit)

# %%
chosen = thin_out(result.samples, evaluation.patches)
for exhibit in exhibits.patches(chosen, evaluation.patch_size):
    stage.show(exhibit)

# %% tags=["fold"]
# The middle of the same images: a place that no method has any part in choosing.
for exhibit in exhibits.middles(chosen, evaluation.patch_size):
    stage.show(exhibit)

# %% [markdown]
# ### Where does it fail?
#
# Means hide the images on which a method does harm. Each judge names its own.

# %%
for exhibit in exhibits.failures(result.metrics, test_pairs):
    stage.show(exhibit)

# %% [markdown]
# ## Which detail comes back?
#
# An image is a sum of waves. The spectrum shows the power of each frequency, from coarse detail on the left to fine
# detail on the right, in each method's images and in the originals.

# %%
for exhibit in exhibits.spectra(result.spectra, test_pairs, shared.scale):
    stage.show(exhibit)

# %% [markdown]
# ## Fidelity against likeness and naturalness

# %%
shares = share_of_srgan(evaluation)
if shares:
    write_csv(stage.directory / "interpolation.csv", along(summary, shares))
for exhibit in exhibits.planes(summary, test_pairs, shared.scale, joined=list(shares)):
    stage.show(exhibit)

# %% [markdown]
# A generator whose weights lie between those of the warm-up's generator and of the adversarial one makes images between
# theirs: Wang et al. (ESRGAN, 2018) showed it for networks without batch normalisation. Where there is normalisation,
# its running statistics are interpolated, too, and whether the images lie between is seen below. Where they do,
# faithful or detailed is a choice that can be made after training.

# %%
between = WeightInterpolation(networks["warmup"], networks["srgan"], **upscaling_options(shared, evaluation))
if stage.live:
    from srgan_report.interactive.panels import slide_between

    stage.panel(slide_between(between, result.samples))
elif result.samples:
    figure, tried = try_alphas(between, result.samples[0], (0, 0.25, 0.5, 0.75, 1))
    write_csv(stage.directory / "between.csv", tried)
    stage.show(exhibits.between(figure, tried))

# %% [markdown]
# ## What does a network cost?
#
# Networks that restore more mostly compute more. Only the times depend on the machine, and on what else it does.

# %%
costs = efficiency(judged, shared.scale)
write_csv(stage.directory / "efficiency.csv", costs)
for exhibit in exhibits.costs(costs):
    stage.show(exhibit)

# %% [markdown]
# ## Beside published scores

# %%
curves = {name: pd.read_csv(stage.input(name, "loss_curve.csv")) for name in ("srcnn", "warmup", "adversarial")}
trainings = {name: stage.parameters_of(name) for name in curves}
if shared.degradation in BICUBIC:
    for exhibit in with_people(shared.scale):
        stage.show(exhibit)
for comparison in compare_all(summary, recipe, curves, trainings, networks):
    write_csv(stage.directory / comparison.file, comparison.frame)
    for exhibit in comparison.tables:
        stage.show(exhibit)

# %% [markdown] tags=["remove-cell"]
# ## Your own image
#
# Give a path or upload an image: every network enlarges it, and the results are written to `own/` in this notebook's
# folder.

# %% tags=["remove-cell"]
if stage.live:
    from srgan_report.interactive.panels import enlarge_own

    stage.panel(enlarge_own({name: judged[name] for name in ("bicubic", *networks)}, stage.directory / "own"))

# %% [markdown]
# ## Conclusion

# %%
continued = {"warmup"} if trainings["warmup"]["start"] else set()  # few steps from a trained network are no fault
steps = {name: int(curve.step.max()) for name, curve in curves.items() if name not in continued}
told = {"scale": shared.scale, "heldout": shared.dataset, "steps": steps, "not_computed": result.not_computed}
stage.text(conclude(summary, result.metrics, result.repeats, **told), "conclusion")

# %% [markdown]
# ## Try this
#
# Each exercise is a question, a command, and the cell to change where notebooks are run by hand (Jupyter, Colab). Only
# the second trains anything; the others take one or two minutes on a laptop. Answers and measured figures are in
# [docs/exercises.md](../docs/exercises.md).

# %%
found = exhibits.headline(summary, ["srgan"])
means = [f"{METRICS[name.removeprefix('srgan_')].label} {value:.3f}" for name, value in found.items()]
stage.markdown(f"To compare with: this run's SRGAN has {listed(means)}.")

# %% [markdown]
# 1. *Is there something between warm-up and SRGAN?* Cell: `interpolations = [0.25, 0.5, 0.75]`. Expect three networks
#    in the tables, and a line in the plane of LPIPS and PSNR that joins the two without a kink.
#
#    ```
#    srgan run params/demo.yaml --run between -p 'interpolations=[0.25,0.5,0.75]'
#    ```
#
# 2. *Are the differences larger than those between trainings?* Cell: `repeats = 3`. Every network is trained under
#    three seeds, in three times the demo's minutes. Expect *over trainings* to be far smaller than the spread over
#    images, and larger than some differences between methods.
#
#    ```
#    srgan run params/demo.yaml --run trainings -p repeats=3
#    ```
#
# 3. *What does the mean over eight flips and turns give?* Cell: `self_ensemble = True`. Expect a little more PSNR, for
#    eight times the work of enlarging, and of SRGAN's images a worse LPIPS: a mean is smoother.
#
#    ```
#    srgan run params/demo.yaml --run turned -p self_ensemble=true
#    ```
#
# ## References
#
# - Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image Quality Assessment: From Error Visibility to Structural
#   Similarity", IEEE TIP 13, 2004.
# - R. Zhang, P. Isola, A. A. Efros, E. Shechtman, O. Wang, "The Unreasonable Effectiveness of Deep Features as a
#   Perceptual Metric", CVPR 2018: LPIPS.
# - A. Gray, J. Markel, "Distance measures for speech processing", IEEE TASSP 24, 1976: log-spectral distance.
# - A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'Completely Blind' Image Quality Analyzer", IEEE SPL 20, 2013:
#   NIQE.
# - Y. Blau, T. Michaeli, "The Perception-Distortion Tradeoff", CVPR 2018.
# - R. L. Brennan, "Generalizability Theory", 2001: means whose rows and columns are both samples.
# - R. Timofte, R. Rothe, L. Van Gool, "Seven ways to improve example-based single image super resolution", CVPR 2016.
#
# Before: [adversarial training](04_adversarial.ipynb).

# %%
stage.finish(**exhibits.headline(summary, networks))

# %% [markdown] tags=["remove-cell"]
# ## Your own eyes
#
# People are the reference for all measures above. Write down first which method you expect to look best. Then rate the
# images blind: in an order drawn for your number, without the methods' names, a few of them twice. Count your votes and
# compare: where do you and LPIPS disagree, and did you agree with yourself? The file is the one that `opinion.html`
# saves; `docs/opinion_study.md` describes a study with a class.

# %% tags=["remove-cell"]
if stage.live:
    from srgan_lib.params.evaluation import Opinion
    from srgan_report.interactive.rating_panel import rate_blind

    stage.panel(rate_blind(stage.run.directory, shared, evaluation.opinion or Opinion()))
