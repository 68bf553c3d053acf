"""Training batches: random crops that are a pure function of (seed, step)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch

from srgan_lib.data.degrade import degrade, is_deterministic
from srgan_lib.data.images import ImageError
from srgan_lib.data.pairs import Pair
from srgan_lib.data.randomness import random_stream
from srgan_lib.data.realistic import sharpened
from srgan_lib.params.shared import Shared

AHEAD = 4  #: batches that are made before they are asked for


class PatchSampler:
    """Draws batches of aligned HR and LR crops from decoded images.

    Every batch is a pure function of (seed, step): it does not matter how many threads or processes there are, in which
    order the steps are asked for, or where training was resumed. Images are drawn with equal probability, and are
    distinct within a batch where there are enough. With ``sampling: epochs`` every image (or every fixed patch of it)
    is drawn once before any is drawn again, in an order of its own in each epoch; an epoch need not end with a batch.

    Where ``lr`` is None every crop gets an LR crop of its own, else LR crops are cut in step with HR. Its own is made
    from the HR crop alone, or by a random degradation, whose steps reach far, from a region of 25/16 of its
    side, in whole LR pixels, in which it lies at random. So does Real-ESRGAN, whose crops are 256 and regions 400
    pixels wide; a crop of 96 is cut from 152. What an image lacks for a region is mirrored on the right and below. The
    crop itself is never of mirrored pixels.

    Parameters
    ----------
    pairs : training pairs; their arrays are not copied.
    shared : the shared parameters: seed, scale and crop (in HR pixels, a multiple of scale), sampling,
        patches_per_image, crop_region (``inner_half``: corners lie from a quarter to three quarters of each side, as
        far as crops from there fit), and how LR is made.
    batch : crops per step, over all processes.
    augment : flip and turn crops by quarters at random.
    part : (index, count) of this process: its batches are that slice of the global batch.

    Raises :class:`ImageError` if an image is smaller than the crop, and ValueError if crop is no multiple of scale, or
    batch is not divisible among the processes.
    """

    def __init__(
        self, pairs: Sequence[Pair], shared: Shared, *, batch: int, augment: bool, part: tuple[int, int] = (0, 1)
    ) -> None:
        crop, scale = shared.crop, shared.scale
        if crop % scale:
            raise ValueError(f"crop {crop} is no multiple of scale {scale}")
        if batch % part[1]:
            raise ValueError(f"batch {batch} cannot be shared equally among {part[1]} processes")
        if not pairs:
            raise ValueError("no training images")
        for pair in pairs:
            if min(pair.hr.shape[:2]) < crop:
                height, width = pair.hr.shape[:2]
                raise ImageError(f"{pair.image}: {width}×{height} pixels are smaller than the crop of {crop}×{crop}")
        self.pairs, self.shared, self.batch_size, self.augment = list(pairs), shared, batch, augment
        share = batch // part[1]
        self._mine = range(part[0] * share, (part[0] + 1) * share)
        # Corners lie on the LR grid, so that an LR crop is a crop of the LR image.
        sides = np.array([pair.hr.shape[:2] for pair in pairs])
        quarters = (0, 4) if shared.crop_region == "anywhere" else (1, 3)
        self._low, self._high = (np.minimum(sides * quarter // 4, sides - crop) // scale for quarter in quarters)

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Cut the crops of one step: LR and HR as contiguous N×3×h×w and N×3×H×W uint8 tensors."""
        rng = random_stream(self.shared.seed, "crops", step)
        images, patches = self._draw_from_epochs(step) if self.shared.sampling == "epochs" else self._draw_images(rng)
        corners = rng.integers(self._low[images], self._high[images] + 1)
        if self.shared.patches_per_image:
            corners = np.array([self._fixed_corner(*one) for one in zip(images, patches, strict=True)])
        turns = rng.integers(0, 8, self.batch_size) if self.augment else np.zeros(self.batch_size, int)

        crop, scale = self.shared.crop, self.shared.scale
        small = crop // scale
        hr = np.empty((len(self._mine), 3, crop, crop), np.uint8)
        lr = np.empty((len(self._mine), 3, small, small), np.uint8)
        for slot, index in enumerate(self._mine):
            pair, (row, column) = self.pairs[images[index]], corners[index]
            top, left = row * scale, column * scale
            hr_crop = _dihedral(pair.hr[top : top + crop, left : left + crop], turns[index])
            if pair.lr is not None:
                lr_crop = _dihedral(pair.lr[row : row + small, column : column + small], turns[index])
            elif is_deterministic(self.shared.degradation):
                lr_crop = degrade(np.ascontiguousarray(hr_crop), scale, self.shared.degradation, self.shared.blur_sigma)
            else:
                own = random_stream(self.shared.seed, "degradation of crops", step, index)
                lr_crop = self._degraded(pair.hr, corners[index], turns[index], own)
            hr[slot] = hr_crop.transpose(2, 0, 1)
            lr[slot] = lr_crop.transpose(2, 0, 1)
        return torch.from_numpy(lr), torch.from_numpy(hr)

    def _degraded(self, hr: np.ndarray, corner: np.ndarray, turn: int, rng: np.random.Generator) -> np.ndarray:
        """Degrade a turned region around the crop at ``corner`` (in LR pixels), and cut the LR crop from it."""
        scale = self.shared.scale
        small = self.shared.crop // scale
        spare = -(-small * 9 // 16)
        side = scale * (small + spare)
        room = np.maximum(np.array(hr.shape[:2]) - side, 0) // scale
        start = np.clip(corner - rng.integers(0, spare + 1, 2), 0, room)
        top, left = scale * start
        region = hr[top : top + side, left : left + side]
        missing = [(0, side - length) for length in region.shape[:2]]
        region = _dihedral(np.pad(region, (*missing, (0, 0)), mode="reflect"), turn)
        if self.shared.sharpen_targets:
            sharp = sharpened(torch.from_numpy(region.transpose(2, 0, 1).copy())[None] / 255)[0]
            region = sharp.mul(255).round().byte().permute(1, 2, 0).numpy()
        row, column = corner - start
        column = spare - column if turn & 1 else column
        row = spare - row if turn & 2 else row
        row, column = (column, row) if turn & 4 else (row, column)
        lr = degrade(np.ascontiguousarray(region), scale, self.shared.degradation, rng=rng)
        return lr[row : row + small, column : column + small]

    def _draw_images(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw the image of each crop in the batch, from consecutive permutations, and one of its fixed patches."""
        count, size, fixed = len(self.pairs), self.batch_size, self.shared.patches_per_image
        if count >= size:
            images = rng.choice(count, size, replace=False)
        else:
            images = np.concatenate([rng.permutation(count) for _ in range(-(-size // count))])[:size]
        return images, rng.integers(0, fixed, size) if fixed else np.zeros(size, int)

    def _draw_from_epochs(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Take the next images of the current epoch, and where patches are fixed which patch of each."""
        items = len(self.pairs) * (self.shared.patches_per_image or 1)
        epochs, positions = np.divmod(step * self.batch_size + np.arange(self.batch_size), items)
        orders = {epoch: _epoch_order(self.shared.seed, epoch, items) for epoch in range(epochs[0], epochs[-1] + 1)}
        drawn = [orders[epoch][position] for epoch, position in zip(epochs, positions, strict=True)]
        images, patches = np.divmod(drawn, self.shared.patches_per_image or 1)
        return images, patches

    def _fixed_corner(self, image: int, patch: int) -> np.ndarray:
        """Return the corner of one of an image's fixed patches, (row, column) in LR pixels."""
        rng = random_stream(self.shared.seed, "fixed patches", int(image), int(patch))
        return rng.integers(self._low[image], self._high[image] + 1)


class Prefetcher:
    """Iterates over the batches of steps ``start`` … ``stop - 1``, which a thread makes ahead.

    It is a context manager; leaving it stops the thread. Its ``wait_seconds`` are how long the consumer has waited for
    batches so far.
    """

    def __init__(self, sampler: PatchSampler, start: int, stop: int) -> None:
        self.sampler, self.steps = sampler, range(start, stop)
        self.wait_seconds = 0.0
        self._started = time.perf_counter()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="crops")

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        coming = deque(self._pool.submit(self.sampler.batch, step) for step in self.steps[:AHEAD])
        for step in self.steps:
            asked = time.perf_counter()
            if step + AHEAD in self.steps:
                coming.append(self._pool.submit(self.sampler.batch, step + AHEAD))
            batch = coming.popleft().result()
            self.wait_seconds += time.perf_counter() - asked
            yield batch

    @property
    def wait_share(self) -> float:
        """Share of the time since the start that the consumer spent waiting, in [0,1]."""
        return self.wait_seconds / max(time.perf_counter() - self._started, 1e-9)

    def __enter__(self) -> Prefetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


@lru_cache(maxsize=4)
def _epoch_order(seed: int, epoch: int, items: int) -> np.ndarray:
    """Permute all items for one epoch."""
    return random_stream(seed, "epoch", epoch).permutation(items)


def _dihedral(image: np.ndarray, turn: int) -> np.ndarray:
    """Apply one of the eight flips and quarter turns to an H×W×3 image, as a view."""
    if turn & 1:
        image = image[:, ::-1]
    if turn & 2:
        image = image[::-1]
    if turn & 4:
        image = image.swapaxes(0, 1)
    return image
