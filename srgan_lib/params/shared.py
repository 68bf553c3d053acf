"""What all stages agree on, and what the exploration of the data shows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from srgan_lib.params.section import Section, parameter

#: Shared parameters that say where things lie or what is told, not what is computed: no part of a fingerprint (image
#: files are hashed).
LOCATION_PARAMETERS = frozenset({"run_dir", "image_folder", "lr_folder", "tensorboard"})
SHARPENING_RADIUS = 25  #: pixels that unsharp masking reaches each way
DEVICE = r"^(auto|cpu|cuda(:\d+)?)$"
Degradation = Literal["bicubic", "bicubic_float", "blur_bicubic", "realistic", "mild"]
CropRegion = Literal["anywhere", "inner_half"]
Sampling = Literal["steps", "epochs"]


class Shared(Section):
    """What all stages agree on: data, scale, randomness and the arithmetic."""

    run_dir: str = parameter("results/notebook", "folder that receives all results of the run")
    seed: int = parameter(0, "every random choice derives from it", ge=0, le=2**31 - 1)
    split_seed: int | None = parameter(
        None,
        "decides the split and the degradation of whole images instead of seed, so that runs of several seeds "
        "differ in their trainings alone; none: seed",
        ge=0,
        le=2**31 - 1,
    )
    dataset: str = parameter(
        "builtin", "training photographs: builtin, folder, a named set such as bsds400, or several joined by +"
    )
    image_folder: str | None = parameter(None, "folder of HR images (dataset: folder)")
    lr_folder: str | None = parameter(None, "paired LR images of the same names; without it LR is made from HR")
    train_images: int | None = parameter(None, "use at most this many training images; none: all", ge=1)
    validation_images: int = parameter(1, "images kept for validation, where the set has no split of its own", ge=1)
    test_images: int = parameter(5, "images held out for testing, where the set has no split of its own", ge=1)
    image_size: int | None = parameter(
        None, "resize every image of the dataset to this many pixels square first; none: as they are", ge=16, le=4096
    )
    scale: Literal[2, 3, 4, 8] = parameter(4, "enlargement factor")
    crop: int = parameter(96, "side of the HR training crops in pixels; a multiple of scale", ge=16, le=1024)
    crop_region: CropRegion = parameter(
        "anywhere", "where a crop's first corner is drawn from: anywhere, or the image's inner half"
    )
    sampling: Sampling = parameter(
        "steps", "steps: the images of each batch are drawn anew; epochs: every image once before any again"
    )
    patches_per_image: int | None = parameter(
        None, "patches of each image that are drawn once and used throughout; none: every crop is new", ge=1
    )
    degradation: Degradation = parameter(
        "bicubic",
        "how LR is made: MATLAB bicubic as in the benchmark files, its newer float variant, Gaussian blur then "
        "bicubic, the second-order chain of Real-ESRGAN, or a milder one: photographs as people mostly have them",
    )
    blur_sigma: float = parameter(1.0, "standard deviation in HR pixels (degradation: blur_bicubic)", gt=0, le=10)
    sharpen_targets: bool = parameter(
        False,
        "as Real-ESRGAN, make LR of sharpened HR crops and train towards these; the discriminator's photographs "
        "stay as they are (degradation: realistic)",
    )
    device: str = parameter("auto", "auto, cpu, cuda or cuda:N; auto: cuda if present", pattern=DEVICE)
    dtype: Literal["auto", "float32", "bfloat16"] = parameter(
        "auto", "of the convolutions; auto: bfloat16 where the processor is faster with it"
    )
    threads: Literal["auto"] | Annotated[int, Field(ge=1, le=256)] = parameter(
        "auto", "CPU threads; auto: all cores of this process"
    )
    compile: bool = parameter(False, "use torch.compile")
    processes: int = parameter(
        1, "processes that train together, each on a GPU of its own or sharing the CPU", ge=1, le=1024
    )

    tensorboard: bool = parameter(
        False, "write the curves of training for TensorBoard too, into the run's tensorboard/"
    )

    @property
    def data_seed(self) -> int:
        """The seed of the split and of the degradation of whole images."""
        return self.seed if self.split_seed is None else self.split_seed

    @model_validator(mode="after")
    def _values_fit_together(self) -> Shared:
        if self.sharpen_targets and (self.degradation != "realistic" or self.lr_folder):
            raise ValueError(
                "sharpen_targets: LR is made of what is sharpened; take degradation realistic, no lr_folder"
            )
        if self.sharpen_targets and self.crop <= SHARPENING_RADIUS:
            raise ValueError(
                f"sharpen_targets: it takes crops of more than {SHARPENING_RADIUS}, and crop is {self.crop}"
            )
        if self.dataset == "folder" and not self.image_folder:
            raise ValueError("image_folder: dataset 'folder' needs it; give the folder with your images")
        if self.dataset != "folder" and (self.image_folder or self.lr_folder):
            raise ValueError(f"image_folder, lr_folder: only with dataset 'folder', and dataset is {self.dataset!r}")
        if self.processes > 1 and ":" in self.device:
            raise ValueError(f"device, processes: {self.device!r} is one GPU; several processes need auto, cpu or cuda")
        return self


class Data(Section):
    """Stage 01: what the exploration shows."""

    sample_pairs: int = parameter(3, "HR/LR pairs shown", ge=1, le=12)
    sample_crops: int = parameter(16, "training crops shown", ge=1, le=64)
