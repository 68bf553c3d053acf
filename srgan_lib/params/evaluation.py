"""The parameters of the evaluation, and what the source of a recipe reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from srgan_lib.layout import TrainingStage
from srgan_lib.methods import METHODS
from srgan_lib.params.section import Fraction, Range, Section, parameter

HELDOUT = "heldout"  #: the test set that is the test part of the training photographs
TRAINING = "training"  #: asks for scores on training images, which beside those on held-out ones show overfitting
VALIDATION = "validation"  #: asks for scores on the validation images, which may choose between settings
#: The test sets that are parts of the training photographs, not sets of their own.
OWN_PARTS = frozenset({HELDOUT, TRAINING, VALIDATION})
ExtraMetric = Literal[
    "ssim_y_daala",
    "psnr_rgb",
    "ssim_rgb",
    "ms_ssim_y",
    "vif_y",
    "content_vgg22",
    "content_vgg54",
    "spectral_evenness",
    "lr_psnr",
    "niqe",
]
Baseline = Literal["nearest", "bilinear", "lanczos", "bicubic"]
METHOD_NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$"
MethodName = Annotated[str, Field(pattern=METHOD_NAME)]


def names_network(location: str) -> bool:
    """Tell whether a method of ``evaluation.methods`` is a file with weights, not a folder of images."""
    return not Path(location).is_dir()


class Opinion(Section):
    """A blind study with people: what ``opinion.html`` shows to whom."""

    kind: Literal["rating", "pairs"] = parameter(
        "rating", "rating: 1 (bad) to 5 (excellent), one image at a time; pairs: one of two images"
    )
    question: Literal["photograph", "original"] = parameter(
        "photograph", "of pairs: which looks more like a photograph, or is closer to the original"
    )
    methods: list[str] = parameter([], "methods shown; none: all that pictures show, nearest, and hr")
    images: int = parameter(20, "test images shown, at most", ge=1, le=500)
    size: int = parameter(320, "side of what is shown of an image, in HR pixels, at most", ge=64, le=1024)
    raters: int = parameter(26, "raters there can be; the paper had 26", ge=1, le=1000)
    votes: int = parameter(200, "votes of a rater, at most; beyond it raters take turns", ge=4, le=2000)
    repeats: int = parameter(6, "votes asked twice, which measure a rater's reliability", ge=0, le=50)


class Evaluation(Section):
    """Stage 05: judging."""

    test_sets: list[str] = parameter(
        [HELDOUT],
        "heldout (the test part of the dataset), named sets, training (as many training images, to show "
        "overfitting), or validation (the images by which settings may be chosen)",
        min_length=1,
    )
    baselines: list[Baseline] = parameter(list(get_args(Baseline)), "classical methods judged")
    methods: dict[MethodName, str] = parameter(
        {},
        "other methods: name, and folder of SR images (a subfolder for each test set, if there are several) or file "
        "with a network's weights (.safetensors, or another program's .pth)",
    )
    lpips_nets: list[Literal["alex", "squeeze"]] = parameter(
        ["alex", "squeeze"], "LPIPS judges; not computed where the backbone is missing"
    )
    extra_metrics: list[ExtraMetric] = parameter(
        ["ssim_y_daala", "psnr_rgb", "lr_psnr", "niqe"], "measured besides psnr_y and ssim_y"
    )
    repeats: int = parameter(
        1,
        "trainings of each network under seeds of their own; from two on, the tables hold their means and spread, "
        "and differences are judged against it",
        ge=1,
        le=16,
    )
    grids: int = parameter(5, "four-panel comparison grids", ge=1, le=50)
    patches: int = parameter(5, "zoomed centre patches", ge=1, le=50)
    patch_size: int = parameter(64, "size of the centre patches in HR pixels", ge=16, le=512)
    tile: int | None = parameter(
        None, "LR pixels per tile side when enlarging (bounds memory); none: by network", ge=32, le=4096
    )
    reference_models: bool = parameter(
        True, "judge the models that come with the package beside this run's, as reference_…"
    )
    self_ensemble: bool = parameter(False, "add rows that average the eight flips and turns")
    interpolations: list[Fraction] = parameter(
        [], "networks between warm-up and SRGAN judged too: SRGAN's share of the weights"
    )
    opinion: Opinion | None = parameter(
        None, "a study with people, written as opinion.html; none: srgan opinion make writes one"
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
    metric: str = parameter(..., "this project's name where the convention is the same, else psnr, ssim, lpips")
    beside: str | None = parameter(None, "what is measured beside a metric of another or unstated convention")
    value: float
    note: str = ""


class PublishedCurve(Section):
    """A figure that the source gives for a training: what a column of ``loss_curve.csv`` is on average."""

    stage: TrainingStage
    quantity: str = parameter(..., "a column of the stage's loss_curve.csv")
    divided_by: str | None = parameter(None, "another column; the figure is the ratio of the two")
    part: Range = parameter([0.0, 1.0], "from which to which share of the training")
    value: float | Range = parameter(..., "a number, or the range that the source gives")
    note: str = ""


class Published(Section):
    """What the source of a recipe reports, for the table beside the measured figures."""

    title: str = parameter("", "of the source")
    sources: list[str] = parameter([], "figures of published.csv that are this source's, by their name there")
    methods: dict[str, str] = parameter({}, "the source's methods that this run has under another name")
    metrics: list[PublishedMetric] = parameter([], "scores of methods on datasets")
    curves: list[PublishedCurve] = parameter([], "means of columns of the curves")
