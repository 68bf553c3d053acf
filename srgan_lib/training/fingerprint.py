"""Name the modules that decide the numbers of a training: those that its fingerprint hashes, and no others.

The numbers are the weights, the curves and the images that only a training can make. What a training merely calls, in
order to write, report or download, stands in :data:`NOT_HASHED_MODULES` with the reason. A test holds both lists against the
functions that trainings of all stages call. This module does not import torch.
"""

from __future__ import annotations

from srgan_lib.layout import STAGES
from srgan_lib.params import Params
from srgan_lib.params.training import Adversarial, GeneratorTraining, Training

#: Make the LR images and draw the crops.
DATA = (
    "data.degrade",
    "data.images",
    "data.pairs",
    "data.patches",
    "data.randomness",
    "data.resize",
)
#: Take the steps, judge the network between them, and resume.
LOOP = (
    "data.levels",
    "data.spectrum",
    "metrics.psnr",
    "metrics.registry",
    "metrics.spectra",
    "metrics.ssim",
    "training.compute",
    "training.distances",
    "training.history",
    "training.loop",
    "training.losses",
    "training.optimizer",
    "training.processes",
    "training.results",
    "training.schedules",
    "training.state",
    "training.validation",
)
#: Build a network; each architecture adds its own modules.
NETWORK = ("models.base", "models.generators")
ARCHITECTURES = {
    "srcnn": ("models.srcnn", "models.upsample"),
    "srresnet": ("models.prelu", "models.residual", "models.srresnet", "models.upsample"),
    "rrdbnet": ("models.rrdbnet", "models.upsample"),
    "espcn": ("models.espcn", "models.upsample"),
    "small_tanh": ("models.residual", "models.small_tanh", "models.upsample"),
    "compact": ("models.compact",),
    "own": ("models.own_code",),
}
DISCRIMINATORS = {
    "srgan": ("models.image_discriminator", "models.srgan_discriminator"),
    "small_residual": ("models.image_discriminator", "models.small_discriminator"),
    "patch": ("models.patch_discriminators",),
    "unet": ("models.patch_discriminators",),
    "wavelet": ("models.patch_discriminators",),
}

#: Called by trainings, or imported by the modules above, without deciding a number; with the reason.
NOT_HASHED_MODULES = {
    "errors": "says what is wrong",
    "data.sources": "finds files; the pixels that are read from them are hashed",
    "data.split": "reads split.csv, whose contents are hashed",
    "files": "writes bytes as they are",
    "layout": "names folders and stages",
    "messages": "passes on what is logged",
    "models.backbones": "finds and reads files with weights; their contents are hashed",
    "models.configuration": "refuses",
    "models.files": "stores tensors bit for bit, which the hash in each file proves",
    "params": "values are hashed",
    "params.section": "refuses",
    "params.shared": "values are hashed",
    "params.training": "values are hashed",
    "training.checkpoint": "stores tensors bit for bit, which the hash in each file proves",
    "training.diagnostics": "warns",
    "training.interrupt": "stops between two steps; resumed trainings are equal",
    "training.observers": "watch",
    "training.own_check": "refuses",
    "training.start": "refuses, and reads the configuration of a file that is hashed",
    "training.tensorboard": "shows the curves a second time",
    "weights": "names the shipped files; the one that a training starts from is hashed",
}


def deciding_modules(stage: str, params: Params, architecture: str) -> tuple[str, ...]:
    """Name the modules that decide the numbers of one training.

    Parameters
    ----------
    stage : ``srcnn``, ``warmup`` or ``adversarial``.
    params : resolved; what they do not use (discriminators, loss terms, degradations) is left out.
    architecture : of the network that is trained to enlarge; the other networks are left out.

    Returns
    -------
    Full names, sorted.
    """
    section: Training = getattr(params, stage)
    found = {*DATA, *LOOP, *NETWORK, *ARCHITECTURES[architecture]}
    if params.shared.degradation == "realistic":
        found.add("data.realistic")
    if section.ema_decay:
        found.add("training.ema")
    if section.monitor == "lpips_squeeze":
        found.add("metrics.perceptual")
    if isinstance(section, GeneratorTraining) and section.vgg_layers:
        found |= {"models.features", "models.vgg19", "training.feature_loss"}
    if isinstance(section, GeneratorTraining) and (section.grid_weight or section.evenness_weight):
        found.add("training.spectral")
    if stage != "srcnn" and params.warmup.generator_attention == "channel":
        found.add("models.attention")
    if params.warmup.lr_consistency or params.adversarial.lr_consistency:
        found.add("models.consistency")
    if isinstance(section, GeneratorTraining) and section.extra_losses:
        found |= {"models.own_code", "training.own_loss"}
    if isinstance(section, Adversarial):
        found |= {"models.discriminators", *DISCRIMINATORS[section.discriminator]}
        found |= {"training.adversarial_loss", "training.montage"}
    else:
        found.add("training.supervised")
    return tuple(sorted([f"srgan_lib.{name}" for name in found] + [str(STAGES[stage].trainer)]))
