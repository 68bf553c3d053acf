"""The parameters of the three trainings: SRCNN, warm-up and adversarial."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from srgan_lib.params.section import Fraction, Section, parameter

#: A training's parameters that decide neither its weights nor its curves: they can change in the middle of one.
NOT_HASHED_FOR_TRAINING = frozenset({"checkpoint_every", "keep_checkpoints", "epochs"})
Schedule = Literal["constant", "step", "cosine", "one_cycle"]
Layout = Literal["9-1-5", "9-5-5"]
GlobalSkip = Literal["none", "bicubic"]
Norm = Literal["batch", "none"]
Attention = Literal["none", "channel"]
Input = Literal["lr", "bicubic"]
ValueRange = Literal["zero_one", "signed", "tanh", "standardised"]
Initialisation = Literal["default", "he_normal"]
FeatureDistance = Literal["mse", "l1"]
AdversarialKind = Literal["bce", "lsgan", "lsgan_sigmoid", "relativistic"]
Head = Literal["dense", "pool"]
#: ``FILE.py:Class``: a class in a file of the user's own, relative to the project's root.
OWN_CLASS = r"^.+\.py:[A-Za-z_][A-Za-z0-9_]*$"
OwnClassName = Annotated[str, Field(pattern=OWN_CLASS)]
SPECTRAL_BLOCK = 48  #: pixels per side of the blocks in which the spectral terms compare crops
VGG_LAYER = r"^(conv|relu)([12]_[12]|[345]_[1-4])$"
VggLayer = Annotated[str, Field(pattern=VGG_LAYER)]


def is_own(name: str) -> bool:
    """Tell a class of the user's own, ``FILE.py:Class``, from the name of an architecture."""
    return re.match(OWN_CLASS, name) is not None


class Training(Section):
    """What every training stage has: steps, crops, optimizer, schedule, logging and checkpoints."""

    steps: int = parameter(..., "training steps (generator updates)", ge=1)
    batch: int = parameter(8, "crops per step, over all processes", ge=1, le=4096)
    augment: bool = parameter(True, "random flips and quarter turns")
    learning_rate: float = parameter(1e-4, "Adam's; the peak where the schedule has one", gt=0, le=1)
    beta1: float = parameter(0.9, "Adam's first moment decay", ge=0, lt=1)
    beta2: float = parameter(0.999, "Adam's second moment decay", ge=0, lt=1)
    schedule: Schedule = parameter("constant", "learning rate over the steps")
    schedule_milestones: list[Fraction] = parameter([0.5], "fractions of steps at which 'step' multiplies the rate")
    schedule_factor: float = parameter(0.1, "what 'step' multiplies the rate by", gt=0, lt=1)
    gradient_clip: float | None = parameter(None, "largest gradient norm; none: no clipping", gt=0)
    ema_decay: float = parameter(
        0.0, "moving average of the weights, ema = decay*ema + (1-decay)*new; 0: off", ge=0, lt=1
    )
    log_every: int = parameter(5, "steps per row of the loss curve", ge=1)
    validate_every: int = parameter(20, "steps between validations", ge=1)
    checkpoint_every: int = parameter(50, "steps between checkpoints", ge=1)
    keep_checkpoints: int = parameter(1, "how many of the last checkpoints stay", ge=1)
    keep_networks_every: int | None = parameter(
        None, "steps between copies of the networks that stay for good, in networks/; none: no copies", ge=1
    )
    monitor: Literal["psnr_y", "ssim_y", "lpips_squeeze"] | None = parameter(
        None,
        "also keep the network that was best by this on the validation images, as <network>_best; the stage's "
        "result stays the last one",
    )


class Srcnn(Training):
    """Stage 02: SRCNN on bicubic-enlarged input (Dong et al. 2014, 2016)."""

    steps: int = parameter(100, "training steps", ge=1)
    layout: Layout = parameter("9-5-5", "kernel sizes of the three convolutions")
    learning_rate: float = parameter(1e-3, "Adam's; the peak where the schedule has one", gt=0, le=1)
    schedule: Schedule = parameter("one_cycle", "learning rate over the steps")
    global_skip: GlobalSkip = parameter("bicubic", "add the bicubic input to the output (starts at bicubic quality)")


class GeneratorTraining(Training):
    """What the two generator stages have in common: the pixel term and the content term."""

    pixel_loss: Literal["mse", "l1", "charbonnier"] = parameter("l1", "distance between images")
    pixel_weight: float = parameter(1.0, "weight of the pixel term", ge=0)
    content_loss: FeatureDistance = parameter("l1", "distance between VGG-19 features")
    content_weight: float = parameter(..., "weight of the content term; 0: no VGG at all", ge=0)
    content_layers: dict[VggLayer, float] = parameter(
        {"relu2_2": 1.0}, "VGG-19 layers, each with its weight", min_length=1
    )
    content_scale: Literal["auto"] | Annotated[float, Field(gt=0)] = parameter(
        "auto", "multiplies the features; auto: 1/mean activation on training crops (the paper: 1/12.75)"
    )
    content_weights: Literal["imagenet", "random", "available"] = parameter(
        "available",
        "VGG-19 weights: imagenet (found, else downloaded, else an error), random (fixed-seed Kaiming), available "
        "(imagenet if on this disk, else random)",
    )
    content_pooling: Literal["max", "average"] = parameter(
        "max", "between VGG-19's blocks; average rewards a regular weave less than VGG's own maximum"
    )
    style_weight: float = parameter(
        0.0, "weight of the style term: squared distance of the Gram matrices of VGG-19's features; 0: off", ge=0
    )
    histogram_weight: float = parameter(
        0.0, "weight of the histogram term: squared distance of each channel's sorted VGG-19 features; 0: off", ge=0
    )
    texture_layers: dict[VggLayer, float] = parameter(
        {"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0},
        "VGG-19 layers of the style and the histogram term, each with its weight",
        min_length=1,
    )
    colour_histogram_weight: float = parameter(
        0.0,
        "weight of the colour histogram term: squared distance of each image's sorted red, green and blue values; "
        "0: off",
        ge=0,
    )
    grid_weight: float = parameter(
        0.0, "weight of the term against a weave at the frequencies of the pixel shuffle's grid; 0: off", ge=0
    )
    grid_sides: Literal["above", "both"] = parameter(
        "both", "what that term punishes: power above HR's alone, or a notch below it too"
    )
    evenness_weight: float = parameter(
        0.0, "weight of the same term over all frequencies from .15 cycles per pixel; 0: off", ge=0
    )
    mesh_weight: float = parameter(
        0.0, "weight of the term against fine structure that HR has not at the place: mesh beside edges; 0: off", ge=0
    )
    lr_consistency: bool = parameter(
        False,
        "correct the generator's output so that its MATLAB bicubic reduction is the LR image; a network of your own is "
        "left as it is",
    )
    extra_losses: dict[OwnClassName, Annotated[float, Field(ge=0)]] = parameter(
        {}, "losses of your own, FILE.py:Class, each with its weight: see docs/own_network.md"
    )
    clamp_in_training: bool = parameter(False, "clamp the output to [0,1] in training too (stops gradients)")

    @model_validator(mode="after")
    def _own_classes_can_be_told_apart(self) -> GeneratorTraining:
        classes = [reference.rpartition(":")[2] for reference in self.extra_losses]
        files = [Path(file).name for file in {reference.rpartition(":")[0] for reference in self.own_classes}]
        for names, what in ((classes, "classes"), (files, "files")):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"extra_losses: two {what} are called {name!r}; rename one")
        return self

    @property
    def own_classes(self) -> list[str]:
        """The classes of the user's own that are named: a network, losses."""
        return [*filter(is_own, [getattr(self, "generator", ""), *self.extra_losses])]

    @property
    def vgg_layers(self) -> set[str]:
        """The layers of VGG-19 that the terms with a weight compare; without any there is no VGG."""
        content = self.content_layers if self.content_weight else ()
        return {*content, *(self.texture_layers if self.style_weight or self.histogram_weight else ())}

    @property
    def vgg_weights(self) -> Literal["imagenet", "random"]:
        """``content_weights`` after resolution, which decides what is available."""
        if self.content_weights == "available":
            raise ValueError("content_weights: 'available' is resolved before training")
        return self.content_weights


class Warmup(GeneratorTraining):
    """Stage 03: the generator alone."""

    steps: int = parameter(160, "training steps", ge=1)
    start: str | None = parameter(
        None,
        "trained network to begin with, which gives the architecture: a shipped one's name (srresnet) or a file; "
        "none: fresh weights",
    )
    generator: Literal["srresnet", "rrdbnet", "espcn", "small_tanh", "compact", "plain"] | OwnClassName = parameter(
        "srresnet",
        "architecture; FILE.py:Class is a network of your own, which has no other generator_ option: see "
        "docs/own_network.md",
    )
    generator_channels: int = parameter(64, "width: channels of the body", ge=1, le=512)
    generator_blocks: int = parameter(16, "residual blocks, or convolutions of compact (not for espcn)", ge=1, le=64)
    generator_norm: Norm = parameter("batch", "normalisation in the residual blocks of srresnet")
    generator_attention: Attention = parameter(
        "none", "channel: the residual blocks of srresnet end with channel attention (RCAN)"
    )
    generator_even_phases: bool = parameter(
        False,
        "keep the pixel shuffles of srresnet and plain from drawing a regular pattern: the taps of the "
        "convolution beside each have the same sum for all its phases (Sugawara et al. 2018)",
    )
    generator_input: Input = parameter("lr", "bicubic: LR enlarged first, no upsampling stages")
    global_skip: GlobalSkip = parameter(
        "bicubic", "add the bicubic enlargement of the input to the output (compact adds the nearest instead)"
    )
    value_range: ValueRange = parameter(
        "zero_one",
        "the recipe's own value range inside the model: [0,1], from [0,1] to [-1,1], tanh and [-1,1], or mean 0 and "
        "deviation 1",
    )
    initialisation: Initialisation = parameter("default", "of the convolutions")
    learning_rate: float = parameter(5e-4, "Adam's; the peak where the schedule has one", gt=0, le=1)
    schedule: Schedule = parameter("one_cycle", "learning rate over the steps")
    content_weight: float = parameter(0.1, "weight of the content term; 0: no VGG at all", ge=0)


class Adversarial(GeneratorTraining):
    """Stage 04: generator against discriminator."""

    steps: int = parameter(45, "training steps (generator updates)", ge=1)
    content_weight: float = parameter(1.0, "weight of the content term; 0: no VGG at all", ge=0)
    adversarial_loss: AdversarialKind = parameter(
        "bce",
        "non-saturating binary cross-entropy, least squares (of D's output, or of its sigmoid), or relativistic "
        "average",
    )
    adversarial_weight: float = parameter(5e-3, "weight of the adversarial term (lambda_adv)", ge=0)
    feature_matching_weight: float = parameter(
        0.0, "weight of the distance between the discriminator's features of HR and SR crops; 0: off", ge=0
    )
    discriminator_every: int = parameter(1, "update D every k-th step", ge=1)
    discriminator_learning_rate: float = parameter(1e-4, "Adam's, for D", gt=0, le=1)
    discriminator_schedule: Schedule = parameter("constant", "learning rate of D")
    discriminator: Literal["srgan", "small_residual", "patch", "unet", "wavelet"] = parameter(
        "srgan",
        "architecture: srgan and small_residual judge a whole crop; patch, unet (every pixel) and wavelet (patches "
        "of the high bands alone) have spectral normalisation and take any size",
    )
    discriminator_channels: int = parameter(64, "width of the first convolution", ge=1, le=512)
    discriminator_head: Head = parameter("dense", "dense fixes the crop size; pool takes any")
    montage_frames: int = parameter(6, "snapshots of one validation patch through training", ge=2, le=64)
    epochs: int | None = parameter(
        None, "epochs the steps amount to: a table has the mean losses of each; none: no table", ge=1, le=100
    )
