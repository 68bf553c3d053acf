from .data.degrade import degrade
from .data.images import read_image, write_image
from .data.resize import imresize
from .metrics.fidelity import psnr, ssim
from .metrics.measure import measure
from .metrics.niqe import niqe
from .metrics.perceptual import lpips_distance
from .models.files import load
from .models.shipped import shipped_models
from .models.tiled_inference import upscale

__all__ = [
    "degrade",
    "imresize",
    "load",
    "lpips_distance",
    "measure",
    "niqe",
    "psnr",
    "read_image",
    "shipped_models",
    "ssim",
    "upscale",
    "write_image",
]
