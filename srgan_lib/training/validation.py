"""Judging a network between training steps, quickly and always on the same pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from srgan_lib.data.pairs import evenly_spaced
from srgan_lib.data.resize import imresize
from srgan_lib.metrics.measure import measure
from srgan_lib.metrics.spectra import BLOCK
from srgan_lib.params.shared import Shared
from srgan_lib.training.compute import Compute

if TYPE_CHECKING:
    from srgan_lib.data.pairs import Pair

SIDE = 256  #: HR pixels at most, of the centre crops
IMAGES = 16  #: at most, evenly spaced over the validation set


class Validation:
    """PSNR-Y, SSIM-Y, grid artefact and monitor on centre crops of at most 256 HR pixels a side, of at most 16 images.

    The grid artefact is left out where an image has fewer than 64 pixels a side. ``hr`` and ``lr`` hold the crops,
    H×W×3 uint8, and ``latest`` what the network judged last made of the first one.
    """

    def __init__(self, pairs: Sequence[Pair], shared: Shared, compute: Compute, monitor: str | None = None) -> None:
        self.scale = shared.scale
        self.compute = compute
        chosen = evenly_spaced(pairs, IMAGES)
        self.hr = [center_crop(pair.hr, SIDE - SIDE % self.scale, self.scale) for pair in chosen]
        self.lr = [center_crop(pair.given_lr, SIDE // self.scale, 1) for pair in chosen]
        self.measures = ["psnr_y", "ssim_y"]
        if all(min(hr.shape[:2]) >= BLOCK for hr in self.hr):
            self.measures.append("grid_artefact")
        if monitor and monitor not in self.measures:
            self.measures.append(monitor)

    @cached_property
    def bicubic(self) -> dict[str, float]:
        """The crops' mean scores for bicubic enlargement.

        Not computed before it is needed: a process that has run a network must not be forked.
        """
        return self._score([imresize(lr, self.scale) for lr in self.lr])

    def __call__(self, model: nn.Module) -> dict[str, float]:
        """Mean scores of a network, beside those of bicubic enlargement."""
        enlarged = [self.enlarge(model, lr) for lr in self.lr]
        self.latest = enlarged[0]
        scores = self._score(enlarged)
        return scores | {f"{name}_bicubic": value for name, value in self.bicubic.items()}

    @torch.no_grad()
    def enlarge(self, model: nn.Module, lr: np.ndarray) -> np.ndarray:
        """Upscale one LR crop by a network in eval mode, as H×W×3 uint8."""
        training = model.training
        model.eval()
        with self.compute.autocast():
            sr = model(self.compute.images(torch.from_numpy(lr.transpose(2, 0, 1).copy())[None]))[0]
        model.train(training)
        return sr.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).cpu().numpy()

    def _score(self, images: list[np.ndarray]) -> dict[str, float]:
        scores = [measure(sr, hr, self.scale, self.measures) for sr, hr in zip(images, self.hr, strict=True)]
        return {name: float(np.mean([score[name] for score in scores])) for name in scores[0]}


def center_crop(image: np.ndarray, side: int, multiple: int) -> np.ndarray:
    """Cut the middle of an image, at most ``side`` pixels each way, starting at a multiple of ``multiple``."""
    top, left = (max(0, size - side) // 2 // multiple * multiple for size in image.shape[:2])
    return image[top : top + side, left : left + side]
