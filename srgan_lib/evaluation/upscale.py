"""Enlarging images of any size with a network: arrays, files and folders.

Where an output pixel depends on a small neighbourhood only (SRResNet: 40 LR pixels each way), tiles overlap by just
that much and the result equals that of the whole image, pixel for pixel where the backend adds in one order for all
sizes (on CPUs: widths that are multiples of 16 channels). Tiles of deeper networks fade into each other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from srgan_lib.data.images import ImageError, image_files, image_mode, read_image, write_image
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.tiles import cut, tile_counts
from srgan_lib.models.generators import receptive_radius
from srgan_lib.models.resolver import SuperResolver

BLENDED_OVERLAP = 32  #: LR pixels, for networks that see too far for an exact overlap
SMALLEST_TILE = 32

Progress = Callable[[int, int], None]


def upscale_array(model: SuperResolver, lr: np.ndarray, *, tile: int | None = 192, device: str = "cpu",
                  dtype: str = "float32", self_ensemble: bool = False,
                  on_progress: Progress | None = None) -> np.ndarray:
    """Enlarge an image with a network in evaluation mode.

    Parameters
    ----------
    model : any of this project's generators, or SRCNN.
    lr : h×w×3 uint8.
    tile : LR pixels per side of a tile, its overlap not counted; bounds the memory. None: the whole image at once.
        If the memory does not suffice the tile is halved.
    device, dtype : where and in what precision (``float32``, ``bfloat16``) the network computes.
    self_ensemble : average the results of the eight flips and turns of each tile (Timofte et al., CVPR 2016).
    on_progress : called with the tiles done and the tiles in all.

    Returns
    -------
    (scale·h)×(scale·w)×3 uint8: clipped and rounded once, here.
    """
    training = model.training
    model.eval().to(device)
    tile = tile or max(lr.shape)
    try:
        while True:
            try:
                return _upscale_tiles(model, lr, tile, device, dtype, self_ensemble, on_progress)
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error) or tile <= SMALLEST_TILE:
                    raise
            tile = max(tile // 2, SMALLEST_TILE)
    finally:
        model.train(training)


def upscale_file(model: SuperResolver, source: Path, target: Path, *, force: bool = False, **how: Any) -> None:
    """Enlarge an image file into a PNG file.

    A grey image stays grey, transparency is enlarged bicubically, the EXIF orientation is applied.

    Parameters
    ----------
    source, target : image file and PNG file to write.
    force : replace ``target`` if it exists.
    **how : the options of :func:`upscale_array`.

    Raises
    ------
    ImageError
        If ``source`` cannot be read, or ``target`` exists or is no name of a PNG file.
    """
    source, target = Path(source), Path(target)
    if target.suffix.lower() != ".png":
        raise ImageError(f"{target}: results are written as PNG; give a name that ends in .png")
    if target.exists() and not force:
        raise ImageError(f"{target} exists already; choose another name, or use --force to replace it")
    write_image(target, _enlarge(model, _read(source), how))


def upscale_folder(model: SuperResolver, source: Path, target: Path, *, force: bool = False,
                   on_progress: Progress | None = None, on_warning: Callable[[str], None] = lambda text: None,
                   **how: Any) -> list[Path]:
    """Enlarge all images of a folder into PNG files of the same names in another; reading and writing run alongside.

    Results that exist already are kept unless ``force``, so that an interrupted run can be continued. An image that
    cannot be read is skipped. Both are told to ``on_warning``.

    Parameters
    ----------
    source, target : folders; ``target`` is created.
    force : replace results that exist.
    on_progress : called with the images done and the images in all.
    on_warning : called with one sentence per image that is skipped.
    **how : the options of :func:`upscale_array`.

    Returns
    -------
    The files written.

    Raises
    ------
    ImageError
        If there are no images, the two folders are one, or two images would get the same name.
    """
    jobs = _jobs(Path(source), Path(target), force, on_warning)
    written: list[Path] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        writing = None
        pictures = [pool.submit(_read, path) for path, _ in jobs[:1]]
        for done, (_, result) in enumerate(jobs, start=1):
            picture = pictures.pop()
            pictures += [pool.submit(_read, path) for path, _ in jobs[done : done + 1]]
            try:
                enlarged = _enlarge(model, picture.result(), how)
            except ImageError as error:
                on_warning(f"skipped {error}")
            else:
                if writing:
                    writing.result()
                writing = pool.submit(write_image, result, enlarged)
                written.append(result)
            if on_progress:
                on_progress(done, len(jobs))
        if writing:
            writing.result()
    return written


def _upscale_tiles(model: SuperResolver, lr: np.ndarray, tile: int, device: str, dtype: str, self_ensemble: bool,
                   on_progress: Progress | None) -> np.ndarray:
    height, width = lr.shape[:2]
    scale, radius = model.scale, receptive_radius(model)
    blend, overlap = (True, BLENDED_OVERLAP) if radius is None else (False, radius)
    counts = tile_counts(height, width, tile, overlap)
    rows, columns = (cut(size, count, overlap, scale, blend) for size, count in zip(lr.shape, counts, strict=False))
    sr = np.empty((height * scale, width * scale, 3), np.uint8)
    # Holds the HR rows that the current row of tiles adds to; what no later tile touches is rounded and leaves it.
    band = np.zeros((0, width * scale, 3), np.float32)
    finished = 0
    for number, row in enumerate(rows):
        grown = np.zeros((row.stop * scale - finished, *band.shape[1:]), np.float32)
        grown[: len(band)] = band
        band = grown
        lines = slice(row.start * scale - finished, None)
        for place, column in enumerate(columns):
            pixels = torch.tensor(lr[row.start : row.stop, column.start : column.stop], device=device)
            output = _run(model, pixels, dtype, self_ensemble).cpu().numpy()
            output *= row.weights[:, None, None] * column.weights[:, None]
            band[lines, column.start * scale : column.stop * scale] += output
            if on_progress:
                on_progress(number * len(columns) + place + 1, len(rows) * len(columns))
        settled = rows[number + 1].start * scale if number + 1 < len(rows) else height * scale
        sr[finished:settled] = np.floor(band[: settled - finished].clip(0, 1) * 255 + 0.5)
        band, finished = band[settled - finished :], settled
    return sr


@torch.inference_mode()
def _run(model: SuperResolver, pixels: torch.Tensor, dtype: str, self_ensemble: bool) -> torch.Tensor:
    """The network's output for h×w×3 uint8 pixels, as a contiguous (scale·h)×(scale·w)×3 float32 tensor."""
    images = (pixels.permute(2, 0, 1)[None].float() / 255).contiguous(memory_format=torch.channels_last)
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=dtype == "bfloat16"):
        if not self_ensemble:
            sr = model(images)
        else:
            sr = 0
            for flip, turns in ((flip, turns) for flip in (False, True) for turns in range(4)):
                seen = torch.rot90(images.flip(3) if flip else images, turns, (2, 3))
                output = torch.rot90(model(seen).float(), -turns, (2, 3))
                sr = sr + (output.flip(3) if flip else output) / 8
    return sr[0].float().permute(1, 2, 0).contiguous()


def _is_out_of_memory(error: Exception) -> bool:
    """CUDA raises a type of its own; the CPU allocator only a RuntimeError with one of these texts."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(
        text in str(error) for text in ("can't allocate memory", "not enough memory"))


@dataclass(frozen=True)
class _Picture:
    """A decoded image file: colours, transparency (None: opaque), and whether it was grey."""

    rgb: np.ndarray
    alpha: np.ndarray | None
    is_grey: bool


def _read(path: Path) -> _Picture:
    rgb, alpha = read_image(path), None
    with Image.open(path) as image:
        if image.has_transparency_data:
            rgba = np.asarray(ImageOps.exif_transpose(image).convert("RGBA"))
            rgb, alpha = rgba[..., :3], rgba[..., 3]
    return _Picture(rgb, alpha, image_mode(path)[0] in "1LIF")


def _enlarge(model: SuperResolver, picture: _Picture, how: dict[str, Any]) -> np.ndarray:
    """The enlarged picture with as many channels as it had: H×W, H×W×2, H×W×3 or H×W×4 uint8."""
    sr = upscale_array(model, picture.rgb, **how)
    if picture.is_grey:
        sr = np.asarray(Image.fromarray(sr).convert("L"))
    return sr if picture.alpha is None else np.dstack([sr, imresize(picture.alpha, model.scale)])


def _jobs(source: Path, target: Path, force: bool, on_warning: Callable[[str], None]) -> list[tuple[Path, Path]]:
    """Which file becomes which."""
    files = image_files(source)
    if not files:
        raise ImageError(f"{source}: no images in this folder; PNG, JPEG, TIFF, WebP and BMP are read")
    if target.resolve() == source.resolve():
        raise ImageError(f"{target}: results cannot go into the folder of the originals; give another folder")
    jobs: dict[Path, Path] = {}
    for file in files:
        result = target / f"{file.stem}.png"
        if result in jobs:
            raise ImageError(f"{jobs[result].name} and {file.name} would both become {result.name}; rename one")
        jobs[result] = file
    kept = [result for result in jobs if result.exists() and not force]
    for result in kept:
        on_warning(f"skipped {jobs[result]}: {result} exists already (--force replaces it)")
    return [(file, result) for result, file in jobs.items() if result not in kept]
