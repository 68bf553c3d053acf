"""The one schema: every parameter, its default, its bounds and its meaning.

A params file has a ``shared:`` section, one section per stage, and in recipes what the source published; the notebooks
show the values of ``params/demo.yaml``. The schema is the gate for every way in (params files, ``-p`` on the command
line, papermill): an unknown name, a wrong type, a value out of range or an impossible combination raises
:class:`ParameterError` before anything runs.
:mod:`srgan_lib.params_io` reads files and overrides into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from srgan_lib.errors import InputError
from srgan_lib.layout import TRAINING_STAGES, TrainingStage
from srgan_lib.methods import METHODS

#: Shared parameters that say where things lie or what is told, not what is computed: no part of a fingerprint (image
#: files are hashed).
LOCATION_PARAMETERS = frozenset({"run_dir", "image_folder", "lr_folder", "tensorboard"})

#: Parameters that people change first: the notebooks list them before the others.
COMMON_PARAMETERS = frozenset(
    {
        *("run_dir", "seed", "dataset", "image_folder", "scale", "steps", "batch", "learning_rate", "layout"),
        *("generator", "generator_channels", "generator_blocks", "pixel_loss", "content_weight", "content_layers"),
        *("adversarial_loss", "adversarial_weight", "test_sets", "methods", "interpolations", "sweep_dir"),
    }
)

#: A training's parameters that decide neither its weights nor its curves: they can change in the middle of one.
NOT_HASHED_FOR_TRAINING = frozenset({"checkpoint_every", "keep_checkpoints", "epochs"})

HELDOUT = "heldout"  #: the test set that is the test part of the training photographs
TRAINING = "training"  #: asks for scores on training images, which beside those on held-out ones show overfitting
VALIDATION = "validation"  #: asks for scores on the validation images, which may choose between settings
#: The test sets that are parts of the training photographs, not sets of their own.
OWN_PARTS = frozenset({HELDOUT, TRAINING, VALIDATION})

# What can be chosen, by the name that the whole library uses for it.
Degradation = Literal["bicubic", "bicubic_float", "blur_bicubic", "realistic"]
CropRegion = Literal["anywhere", "inner_half"]
Sampling = Literal["steps", "epochs"]
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
ExtraMetric = Literal[
    "ssim_y_daala",
    "psnr_rgb",
    "ssim_rgb",
    "ms_ssim_y",
    "vif_y",
    "content_vgg22",
    "content_vgg54",
    "grid_artefact",
    "spectral_evenness",
    "lr_psnr",
    "niqe",
]
Baseline = Literal["nearest", "bilinear", "lanczos", "bicubic"]

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # what neither a report nor a file name can hold
#: ``FILE.py:Class``: a class in a file of the user's own, relative to the project's root.
OWN_CLASS = r"^.+\.py:[A-Za-z_][A-Za-z0-9_]*$"
OwnClassName = Annotated[str, Field(pattern=OWN_CLASS)]
SPECTRAL_BLOCK = 48  #: pixels per side of the blocks in which the spectral terms compare crops
VGG_LAYER = r"^(conv|relu)([12]_[12]|[345]_[1-4])$"
VggLayer = Annotated[str, Field(pattern=VGG_LAYER)]
MethodName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$")]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Range = Annotated[list[float], Field(min_length=2, max_length=2)]


def is_own(name: str) -> bool:
    """Tell a class of the user's own, ``FILE.py:Class``, from the name of an architecture."""
    return re.match(OWN_CLASS, name) is not None


class ParameterError(InputError, ValueError):
    """A parameter that is unknown, of the wrong type, out of range or impossible with another.

    Attributes
    ----------
    parameter : its name, e.g. ``warmup.steps``, where several are wrong that of the first; empty for a whole file.
    allowed : what is allowed instead, each value or bound in words; empty where only the message says it.
    """

    def __init__(
        self, message: str, *, parameter: str = "", allowed: Iterable[str] = (), path: str | Path | None = None
    ) -> None:
        super().__init__(message, path=path)
        self.parameter = parameter
        self.allowed = tuple(allowed)


def _types(annotation: Any) -> Iterator[Any]:
    """List the types that an annotation is made of."""
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for part in inner:
        yield from _types(part)


def _scalars(value: Any) -> Iterator[Any]:
    """List the values in lists and mappings, keys too."""
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for part in value:
            yield from _scalars(part)
    else:
        yield value


class Section(BaseModel):
    """Base of all sections: unknown names are refused, values are checked, instances are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _none_is_null(cls, values: Any) -> Any:
        """Read ``none``, as it is printed everywhere, as YAML's ``null`` where a parameter can be null."""
        if not isinstance(values, Mapping):
            return values
        nullable = {name for name, field in cls.model_fields.items() if NoneType in get_args(field.annotation)}
        return {name: None if value == "none" and name in nullable else value for name, value in values.items()}

    @model_validator(mode="before")
    @classmethod
    def _switches_are_no_numbers(cls, values: Any) -> Any:
        """Refuse ``true`` where a number is meant, which Python takes for 1, and characters that nobody can type."""
        if not isinstance(values, Mapping):
            return values
        for name, field in cls.model_fields.items():
            types = set(_types(field.annotation))
            if name not in values or any(isinstance(kind, type) and issubclass(kind, Section) for kind in types):
                continue
            for scalar in _scalars(values[name]):
                if isinstance(scalar, bool) and not {bool, Any} & types:
                    raise ValueError(f"{name}: {str(scalar).lower()} is for switches; give a value of another kind")
                if isinstance(scalar, str) and (found := _CONTROL.search(scalar)):
                    raise ValueError(f"{name}: has the control character {found[0]!r}; leave it out")
        return values


class Shared(Section):
    """What all stages agree on: data, scale, randomness and the arithmetic."""

    run_dir: str = Field(default="results/notebook", description="folder that receives all results of the run")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="every random choice derives from it")
    dataset: str = Field(
        default="builtin",
        description="training photographs: builtin, folder, a named set such as bsds400, or several joined by +",
    )
    image_folder: str | None = Field(default=None, description="folder of HR images (dataset: folder)")
    lr_folder: str | None = Field(
        default=None, description="paired LR images of the same names; without it LR is made from HR"
    )
    train_images: int | None = Field(default=None, ge=1, description="use at most this many training images; none: all")
    validation_images: int = Field(
        default=1, ge=1, description="images kept for validation, where the set has no split of its own"
    )
    test_images: int = Field(
        default=5, ge=1, description="images held out for testing, where the set has no split of its own"
    )
    image_size: int | None = Field(
        default=None,
        ge=16,
        le=4096,
        description="resize every image to this many pixels square first; none: as they are",
    )
    scale: Literal[2, 3, 4, 8] = Field(default=4, description="enlargement factor")
    crop: int = Field(
        default=96, ge=16, le=1024, description="side of the HR training crops in pixels; a multiple of scale"
    )
    crop_region: CropRegion = Field(
        default="anywhere", description="where a crop's first corner is drawn from: anywhere, or the image's inner half"
    )
    sampling: Sampling = Field(
        default="steps",
        description="steps: the images of each batch are drawn anew; epochs: every image once before any again",
    )
    patches_per_image: int | None = Field(
        default=None,
        ge=1,
        description="patches of each image that are drawn once and used throughout; none: every crop is new",
    )
    degradation: Degradation = Field(
        default="bicubic",
        description="how LR is made: MATLAB bicubic as in the benchmark files, its newer float variant, "
        "Gaussian blur then bicubic, or the second-order chain of Real-ESRGAN",
    )
    blur_sigma: float = Field(
        default=1.0, gt=0, le=10, description="standard deviation in HR pixels (degradation: blur_bicubic)"
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="auto, cpu, cuda or cuda:N; auto: cuda if present",
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="of the convolutions; auto: bfloat16 where the processor is faster with it"
    )
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] = Field(
        default="auto", description="CPU threads; auto: all cores of this process"
    )
    compile: bool = Field(default=False, description="use torch.compile")
    processes: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="processes that train together, each on a GPU of its own or sharing the CPU",
    )

    tensorboard: bool = Field(
        default=False, description="write the curves of training for TensorBoard too, into the run's tensorboard/"
    )

    @model_validator(mode="after")
    def _folder_is_named(self) -> Shared:
        if self.dataset == "folder" and not self.image_folder:
            raise ValueError("image_folder: dataset 'folder' needs it; give the folder with your images")
        if self.dataset != "folder" and (self.image_folder or self.lr_folder):
            raise ValueError(f"image_folder, lr_folder: only with dataset 'folder', and dataset is {self.dataset!r}")
        if self.processes > 1 and ":" in self.device:
            raise ValueError(f"device, processes: {self.device!r} is one GPU; several processes need auto, cpu or cuda")
        return self


class Data(Section):
    """Stage 01: what the exploration shows."""

    sample_pairs: int = Field(default=3, ge=1, le=12, description="HR/LR pairs shown")
    sample_crops: int = Field(default=16, ge=1, le=64, description="training crops shown")


class Training(Section):
    """What every training stage has: steps, crops, optimizer, schedule, logging and checkpoints."""

    steps: int = Field(default=..., ge=1, description="training steps (generator updates)")
    batch: int = Field(default=8, ge=1, le=4096, description="crops per step, over all processes")
    augment: bool = Field(default=True, description="random flips and quarter turns")
    learning_rate: float = Field(default=1e-4, gt=0, le=1, description="Adam's; the peak where the schedule has one")
    beta1: float = Field(default=0.9, ge=0, lt=1, description="Adam's first moment decay")
    beta2: float = Field(default=0.999, ge=0, lt=1, description="Adam's second moment decay")
    schedule: Schedule = Field(default="constant", description="learning rate over the steps")
    schedule_milestones: list[Fraction] = Field(
        default=[0.5], description="fractions of steps at which 'step' multiplies the rate"
    )
    schedule_factor: float = Field(default=0.1, gt=0, lt=1, description="what 'step' multiplies the rate by")
    gradient_clip: float | None = Field(default=None, gt=0, description="largest gradient norm; none: no clipping")
    ema_decay: float = Field(
        default=0.0, ge=0, lt=1, description="moving average of the weights, ema = decay*ema + (1-decay)*new; 0: off"
    )
    log_every: int = Field(default=5, ge=1, description="steps per row of the loss curve")
    validate_every: int = Field(default=20, ge=1, description="steps between validations")
    checkpoint_every: int = Field(default=50, ge=1, description="steps between checkpoints")
    keep_checkpoints: int = Field(default=1, ge=1, description="how many of the last checkpoints stay")
    keep_networks_every: int | None = Field(
        default=None,
        ge=1,
        description="steps between copies of the networks that stay for good, in networks/; none: no copies",
    )
    monitor: Literal["psnr_y", "ssim_y", "lpips_squeeze"] | None = Field(
        default=None,
        description="also keep the network that was best by this on the validation images, as <network>_best; "
        "the stage's result stays the last one",
    )


class Srcnn(Training):
    """Stage 02: SRCNN on bicubic-enlarged input (Dong et al. 2016)."""

    steps: int = Field(default=100, ge=1, description="training steps")
    layout: Layout = Field(default="9-5-5", description="kernel sizes of the three convolutions")
    learning_rate: float = Field(default=1e-3, gt=0, le=1, description="Adam's; the peak where the schedule has one")
    schedule: Schedule = Field(default="one_cycle", description="learning rate over the steps")
    global_skip: GlobalSkip = Field(
        default="bicubic", description="add the bicubic input to the output (starts at bicubic quality)"
    )


class GeneratorTraining(Training):
    """What the two generator stages have in common: the pixel term and the content term."""

    pixel_loss: Literal["mse", "l1", "charbonnier"] = Field(default="l1", description="distance between images")
    pixel_weight: float = Field(default=1.0, ge=0, description="weight of the pixel term")
    content_loss: FeatureDistance = Field(default="l1", description="distance between VGG-19 features")
    content_weight: float = Field(default=..., ge=0, description="weight of the content term; 0: no VGG at all")
    content_layers: dict[VggLayer, float] = Field(
        default={"relu2_2": 1.0}, min_length=1, description="VGG-19 layers, each with its weight"
    )
    content_scale: Literal["auto"] | Annotated[float, Field(gt=0)] = Field(
        default="auto",
        description="multiplies the features; auto: 1/mean activation on training crops (the paper: 1/12.75)",
    )
    content_weights: Literal["imagenet", "random", "available"] = Field(
        default="available",
        description="VGG-19 weights: imagenet (found, else downloaded, else an error), random (fixed-seed Kaiming), "
        "available (imagenet if on this disk, else random)",
    )
    content_pooling: Literal["max", "average"] = Field(
        default="max",
        description="between VGG-19's blocks; average rewards a regular weave less than VGG's own maximum",
    )
    style_weight: float = Field(
        default=0.0,
        ge=0,
        description="weight of the style term: squared distance of the Gram matrices of VGG-19's features; 0: off",
    )
    histogram_weight: float = Field(
        default=0.0,
        ge=0,
        description="weight of the histogram term: squared distance of each channel's sorted VGG-19 features; 0: off",
    )
    texture_layers: dict[VggLayer, float] = Field(
        default={"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0},
        min_length=1,
        description="VGG-19 layers of the style and the histogram term, each with its weight",
    )
    grid_weight: float = Field(
        default=0.0,
        ge=0,
        description="weight of the term against a weave at the frequencies of the pixel shuffle's grid; 0: off",
    )
    grid_sides: Literal["above", "both"] = Field(
        default="both", description="what that term punishes: power above HR's alone, or a notch below it too"
    )
    evenness_weight: float = Field(
        default=0.0, ge=0, description="weight of the same term over all frequencies from .15 cycles per pixel; 0: off"
    )
    lr_consistency: bool = Field(
        default=False, description="correct the generator's output so that its MATLAB bicubic reduction is the LR image"
    )
    extra_losses: dict[OwnClassName, Annotated[float, Field(ge=0)]] = Field(
        default={}, description="losses of your own, FILE.py:Class, each with its weight: see docs/own_network.md"
    )
    clamp_in_training: bool = Field(
        default=False, description="clamp the output to [0,1] in training too (stops gradients)"
    )

    @model_validator(mode="after")
    def _own_classes_can_be_told_apart(self) -> GeneratorTraining:
        classes = [reference.rpartition(":")[2] for reference in self.extra_losses]
        references = filter(is_own, [getattr(self, "generator", ""), *self.extra_losses])
        files = [Path(file).name for file in {reference.rpartition(":")[0] for reference in references}]
        for names, what in ((classes, "classes"), (files, "files")):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"extra_losses: two {what} are called {name!r}; rename one")
        return self

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

    steps: int = Field(default=160, ge=1, description="training steps")
    start: str | None = Field(
        default=None,
        description="trained network to begin with, which gives the architecture: a shipped one's name (srresnet) or a "
        "file; none: fresh weights",
    )
    generator: Literal["srresnet", "rrdbnet", "espcn", "small_tanh", "compact"] | OwnClassName = Field(
        default="srresnet",
        description="architecture; FILE.py:Class is a network of your own, which has no other generator_ option: see "
        "docs/own_network.md",
    )
    generator_channels: int = Field(default=64, ge=1, le=512, description="width: channels of the body")
    generator_blocks: int = Field(
        default=16, ge=1, le=64, description="residual blocks, or convolutions of compact (not for espcn)"
    )
    generator_norm: Norm = Field(default="batch", description="normalisation in the residual blocks of srresnet")
    generator_attention: Attention = Field(
        default="none", description="channel: the residual blocks of srresnet end with channel attention (RCAN)"
    )
    generator_input: Input = Field(default="lr", description="bicubic: LR enlarged first, no upsampling stages")
    global_skip: GlobalSkip = Field(
        default="bicubic",
        description="add the bicubic enlargement of the input to the output (compact adds the nearest instead)",
    )
    value_range: ValueRange = Field(
        default="zero_one",
        description="the recipe's own value range inside the model: [0,1], from [0,1] to [-1,1], tanh and [-1,1], or "
        "mean 0 and deviation 1",
    )
    initialisation: Initialisation = Field(default="default", description="of the convolutions")
    learning_rate: float = Field(default=5e-4, gt=0, le=1, description="Adam's; the peak where the schedule has one")
    schedule: Schedule = Field(default="one_cycle", description="learning rate over the steps")
    content_weight: float = Field(default=0.1, ge=0, description="weight of the content term; 0: no VGG at all")


class Adversarial(GeneratorTraining):
    """Stage 04: generator against discriminator."""

    steps: int = Field(default=45, ge=1, description="training steps (generator updates)")
    content_weight: float = Field(default=1.0, ge=0, description="weight of the content term; 0: no VGG at all")
    adversarial_loss: AdversarialKind = Field(
        default="bce",
        description="non-saturating binary cross-entropy, least squares (of D's output, or of its sigmoid), or "
        "relativistic average",
    )
    adversarial_weight: float = Field(default=5e-3, ge=0, description="weight of the adversarial term (lambda_adv)")
    feature_matching_weight: float = Field(
        default=0.0,
        ge=0,
        description="weight of the distance between the discriminator's features of HR and SR crops; 0: off",
    )
    discriminator_every: int = Field(default=1, ge=1, description="update D every k-th step")
    discriminator_learning_rate: float = Field(default=1e-4, gt=0, le=1, description="Adam's, for D")
    discriminator_schedule: Schedule = Field(default="constant", description="learning rate of D")
    discriminator: Literal["srgan", "small_residual", "patch", "unet", "wavelet"] = Field(
        default="srgan",
        description="architecture: srgan and small_residual judge a whole crop; patch, unet (every pixel) and wavelet "
        "(patches of the high bands alone) have spectral normalisation and take any size",
    )
    discriminator_channels: int = Field(default=64, ge=1, le=512, description="width of the first convolution")
    discriminator_head: Head = Field(default="dense", description="dense fixes the crop size; pool takes any")
    montage_frames: int = Field(
        default=6, ge=2, le=64, description="snapshots of one validation patch through training"
    )
    epochs: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="epochs the steps amount to: a table has the mean losses of each; none: no table",
    )


class Opinion(Section):
    """A blind study with people: what ``opinion.html`` shows to whom."""

    kind: Literal["rating", "pairs"] = Field(
        default="rating", description="rating: 1 (bad) to 5 (excellent), one image at a time; pairs: one of two images"
    )
    question: Literal["photograph", "original"] = Field(
        default="photograph", description="of pairs: which looks more like a photograph, or is closer to the original"
    )
    methods: list[str] = Field(default=[], description="methods shown; none: all that pictures show, nearest, and hr")
    images: int = Field(default=20, ge=1, le=500, description="test images shown, at most")
    size: int = Field(
        default=320, ge=64, le=1024, description="side of what is shown of an image, in HR pixels, at most"
    )
    raters: int = Field(default=26, ge=1, le=1000, description="raters there can be; the paper had 26")
    votes: int = Field(default=200, ge=4, le=2000, description="votes of a rater, at most; beyond it raters take turns")
    repeats: int = Field(default=6, ge=0, le=50, description="votes asked twice, which measure a rater's reliability")


class Evaluation(Section):
    """Stage 05: judging."""

    test_sets: list[str] = Field(
        default=[HELDOUT],
        min_length=1,
        description="heldout (the test part of the dataset), named sets, training (as many training images, to show "
        "overfitting), or validation (the images by which settings may be chosen)",
    )
    baselines: list[Baseline] = Field(default=list(get_args(Baseline)), description="classical methods judged")
    methods: dict[MethodName, str] = Field(
        default={},
        description="other methods: name, and folder of SR images (a subfolder for each test set, if there are several) "
        "or file with a network's weights",
    )
    lpips_nets: list[Literal["alex", "squeeze"]] = Field(
        default=["alex", "squeeze"], description="LPIPS judges; not computed where the backbone is missing"
    )
    extra_metrics: list[ExtraMetric] = Field(
        default=["ssim_y_daala", "psnr_rgb"], description="measured besides psnr_y and ssim_y"
    )
    bootstrap_resamples: int = Field(default=10_000, ge=100, le=1_000_000, description="for the 95 % intervals")
    grids: int = Field(default=5, ge=1, le=50, description="four-panel comparison grids")
    patches: int = Field(default=5, ge=1, le=50, description="zoomed centre patches")
    patch_size: int = Field(default=64, ge=16, le=512, description="size of the centre patches in HR pixels")
    tile: int = Field(default=176, ge=32, le=4096, description="LR pixels per tile side when enlarging (bounds memory)")
    reference_models: bool = Field(
        default=True, description="judge the models that come with the package beside this run's, as reference_…"
    )
    self_ensemble: bool = Field(default=False, description="add rows that average the eight flips and turns")
    interpolations: list[Fraction] = Field(
        default=[], description="networks between warm-up and SRGAN judged too: SRGAN's share of the weights"
    )
    opinion: Opinion | None = Field(
        default=None, description="a study with people, written as opinion.html; none: srgan opinion make writes one"
    )

    @model_validator(mode="after")
    def _methods_can_be_compared(self) -> Evaluation:
        if "bicubic" not in self.baselines:
            raise ValueError("baselines: bicubic is what every difference is taken from; add it")
        for name in self.methods:
            if name in METHODS or name.startswith(("reference_", "srgan_")) or name.endswith("_ensemble"):
                raise ValueError(f"methods: the name {name!r} is taken by this project's own methods; take another one")
        return self


class PublishedMetric(Section):
    """A figure that the source gives for a method on a dataset."""

    dataset: str
    method: str
    metric: str = Field(
        default=..., description="this project's name where the convention is the same, else psnr, ssim, lpips"
    )
    beside: str | None = Field(
        default=None, description="what is measured beside a metric of another or unstated convention"
    )
    value: float
    note: str = ""


class PublishedCurve(Section):
    """A figure that the source gives for a training: what a column of ``loss_curve.csv`` is on average."""

    stage: TrainingStage
    quantity: str = Field(default=..., description="a column of the stage's loss_curve.csv")
    divided_by: str | None = Field(default=None, description="another column; the figure is the ratio of the two")
    part: Range = Field(default=[0.0, 1.0], description="from which to which share of the training")
    value: float | Range = Field(default=..., description="a number, or the range that the source gives")
    note: str = ""


class Published(Section):
    """What the source of a recipe reports, for the table beside the measured figures."""

    title: str = Field(default="", description="of the source")
    sources: list[str] = Field(
        default=[], description="figures of published.csv that are this source's, by their name there"
    )
    methods: dict[str, str] = Field(default={}, description="the source's methods that this run has under another name")
    metrics: list[PublishedMetric] = []
    curves: list[PublishedCurve] = []


class Params(Section):
    """All parameters of a run."""

    title: str = Field(default="A super-resolution study", description="title of the report")
    shared: Shared = Shared()
    data: Data = Data()
    srcnn: Srcnn = Srcnn()
    warmup: Warmup = Warmup()
    adversarial: Adversarial = Adversarial()
    evaluation: Evaluation = Evaluation()
    published: Published = Published()

    @classmethod
    def section(cls, name: str) -> type[Section]:
        """Give the schema of a section: ``shared``, or a stage's."""
        schema = cls.model_fields[name].annotation
        assert isinstance(schema, type) and issubclass(schema, Section)
        return schema

    @model_validator(mode="after")
    def _stages_fit_together(self) -> Params:
        crop, scale = self.shared.crop, self.shared.scale
        if crop % scale:
            raise ValueError(
                f"shared.crop: {crop} is no multiple of shared.scale = {scale}; "
                f"take {crop - crop % scale} or {crop - crop % scale + scale}"
            )
        for name in TRAINING_STAGES:
            batch, processes = getattr(self, name).batch, self.shared.processes
            if batch % processes:
                raise ValueError(
                    f"{name}.batch: {batch} cannot be shared equally among shared.processes = {processes}; "
                    f"take {batch + -batch % processes}"
                )
        for name in ("warmup", "adversarial"):
            stage = getattr(self, name)
            if (stage.grid_weight or stage.evenness_weight) and crop < SPECTRAL_BLOCK:
                raise ValueError(
                    f"{name}.grid_weight, evenness_weight: spectra are of blocks of {SPECTRAL_BLOCK} pixels, and shared.crop "
                    f"is {crop}; raise it, or set both weights to 0"
                )
            if stage.lr_consistency and self.shared.degradation not in ("bicubic", "bicubic_float"):
                raise ValueError(
                    f"{name}.lr_consistency: it undoes bicubic reduction, and shared.degradation is "
                    f"{self.shared.degradation!r}; switch it off"
                )
            weights = [stage.pixel_weight, len(stage.vgg_layers), *stage.extra_losses.values()]
            weights += [getattr(stage, f"{term}_weight", 0) for term in ("adversarial", "feature_matching")]
            if not any(weights):
                raise ValueError(f"{name}.pixel_weight: all loss weights of this stage are 0; give at least one")
        return self

    def stage(self, name: str) -> dict[str, Any]:
        """Return the flat parameters of one stage: the shared ones, its own, and for the evaluation what was published."""
        flat = {**self.shared.model_dump(), **getattr(self, name).model_dump()}
        return flat | ({"published": self.published.model_dump()} if name == "evaluation" else {})


class ComparisonParams(Section):
    """Parameters of notebook 06, which compares the runs of a sweep; no section of a params file."""

    sweep_dir: str = Field(
        default="results/sweeps/adversarial_weight", description="folder of a sweep that srgan sweep has run"
    )
    patch_images: int = Field(default=3, ge=0, le=20, description="images of which every setting's patch is shown")
    patch_settings: int = Field(default=14, ge=1, le=100, description="settings at most in a grid of patches")
