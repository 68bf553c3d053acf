# %% [markdown]
# # Evaluation
#
# *Which method restores best, by which measure, and how sure can we be?* Every method enlarges the same held-out
# photographs, which no training has seen. Three kinds of measure answer different questions, and no method wins them all.

# %% tags=["parameters"]
# Parameters of this notebook; `srgan params` explains each and its bounds.
run_dir = "results/notebook"
seed = 0
dataset = "builtin"
image_folder = None
lr_folder = None
train_images = None
validation_images = 1
test_images = 5
image_size = None
scale = 4
crop = 96
degradation = "bicubic"
blur_sigma = 1.0
device = "auto"
dtype = "auto"
threads = "auto"
compile = False
test_sets = ["heldout"]
baselines = ["nearest", "bilinear", "lanczos", "bicubic"]
methods = {}
lpips_nets = ["alex", "squeeze"]
extra_metrics = ["ssim_y_daala", "psnr_rgb"]
bootstrap_resamples = 10000
grids = 5
patches = 5
patch_size = 64
tile = 192
self_ensemble = False
