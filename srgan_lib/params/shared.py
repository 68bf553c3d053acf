"""What all stages agree on, and what the exploration of the data shows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from srgan_lib.params.section import Section

#: Shared parameters that say where things lie or what is told, not what is computed: no part of a fingerprint (image
#: files are hashed).
LOCATION_PARAMETERS = frozenset({"run_dir", "image_folder", "lr_folder", "tensorboard"})
SHARPENING_RADIUS = 25  #: pixels that unsharp masking reaches each way
Degradation = Literal["bicubic", "bicubic_float", "blur_bicubic", "realistic"]
CropRegion = Literal["anywhere", "inner_half"]
Sampling = Literal["steps", "epochs"]


class Shared(Section):
    """What all stages agree on: data, scale, randomness and the arithmetic."""

    run_dir: str = Field(default="results/notebook", description="folder that receives all results of the run")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="every random choice derives from it")
    split_seed: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="decides the split and the degradation of whole images instead of seed, so that runs of several "
        "seeds differ in their trainings alone; none: seed",
    )
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
        description="resize every image of the dataset to this many pixels square first; none: as they are",
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
    sharpen_targets: bool = Field(
        default=False,
        description="as Real-ESRGAN, make LR of sharpened HR crops and train towards these; the discriminator's "
        "photographs stay as they are (degradation: realistic)",
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

    @property
    def data_seed(self) -> int:
        """The seed of the split and of the degradation of whole images."""
        return self.seed if self.split_seed is None else self.split_seed

    @model_validator(mode="after")
    def _what_is_sharpened_is_degraded(self) -> Shared:
        if self.sharpen_targets and (self.degradation != "realistic" or self.lr_folder):
            raise ValueError(
                "sharpen_targets: LR is made of what is sharpened; take degradation realistic, no lr_folder"
            )
        if self.sharpen_targets and self.crop <= SHARPENING_RADIUS:
            raise ValueError(
                f"sharpen_targets: it takes crops of more than {SHARPENING_RADIUS}, and crop is {self.crop}"
            )
        return self

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
