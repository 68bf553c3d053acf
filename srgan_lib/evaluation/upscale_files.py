"""Enlarging an image file into another that keeps its colours, bit depth, transparency and metadata."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from srgan_lib.data.photo_files.animation import Timing, read_frames, read_timing, write_animation
from srgan_lib.data.photo_files.formats import Output, check_size, check_target, format_of, losses
from srgan_lib.data.photo_files.photograph import Header, Photograph
from srgan_lib.data.photo_files.reading import read_header, read_photograph
from srgan_lib.data.photo_files.transparency import fill_invisible, hold_to_range
from srgan_lib.data.photo_files.writing import StripWriter
from srgan_lib.evaluation.upscale import upscale_array, upscale_strips
from srgan_lib.models.base import SuperResolver

logger = logging.getLogger(__name__)

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  #: ITU-R BT.601


def upscale_file(
    model: SuperResolver,
    source: Path,
    target: Path,
    *,
    output: Output | None = None,
    force: bool = False,
    allow_large: bool = False,
    **options: Any,
) -> None:
    """Enlarge an image file; the name of ``target`` says the format.

    The network sees sRGB; the file is written in the colours (ICC profile), bit depth and channels of ``source``, with
    its metadata, as far as the format goes. What is lost is logged as a warning.

    Parameters
    ----------
    source, target : image file, and the file to write.
    output : quality and the like.
    force : replace ``target`` if it exists.
    allow_large : decode more than 200 million pixels.
    **options : those of :func:`srgan_lib.evaluation.upscale.upscale_strips`.

    Raises
    ------
    ImageError
        If ``source`` cannot be read, or ``target`` exists, is ``source``, or cannot hold the result.
    StorageError
        If ``target`` cannot be written.
    """
    source, target = Path(source), Path(target)
    check_target(source, target, force=force)
    header = read_header(source, allow_large=allow_large)
    enlarge(model, header, target, output or Output(), allow_large=allow_large, **options)


def enlarge(
    model: SuperResolver,
    header: Header,
    target: Path,
    output: Output,
    *,
    allow_large: bool = False,
    quiet: bool = False,
    **options: Any,
) -> None:
    """Enlarge a file whose header has been read, as :func:`upscale_file`; ``quiet``: without warnings of losses."""
    check_size(target, header.width * model.scale, header.height * model.scale)
    if not quiet:
        lost = losses(target, depth=header.depth, has_alpha=header.has_alpha, frames=header.frames)
        for loss in lost:
            logger.warning("%s: %s", target, loss)
    if header.frames > 1 and format_of(target).has_frames:
        timing = read_timing(header.path)
        frames = (_enlarge_frame(model, frame, options) for frame in read_frames(header.path))
        write_animation(target, frames, timing, output)
        return
    photo = read_photograph(header.path, allow_large=allow_large)
    for note in photo.notes:
        logger.warning("%s: %s", header.path, note)
    if format_of(target).name == "GIF":
        alpha = np.full(photo.srgb.shape[:2], 255, np.uint8) if photo.alpha is None else _eight_bits(photo.alpha)
        frame = np.dstack([_eight_bits(photo.srgb), alpha])
        write_animation(target, [_enlarge_frame(model, frame, options)], Timing((0,), 0), output)
        return
    _write(model, photo, target, output, options)


def _write(model: SuperResolver, photo: Photograph, target: Path, output: Output, options: dict[str, Any]) -> None:
    height, width = photo.srgb.shape[:2]
    is_grey, scale = photo.header.is_grey, model.scale
    to_srgb = output.to_srgb and photo.profile is not None
    with StripWriter(
        target,
        width * scale,
        height * scale,
        (1 if is_grey else 3) + (photo.alpha is not None),
        photo.srgb.dtype.itemsize * 8,
        target_depth=photo.header.depth,
        profile=None if to_srgb else photo.profile,
        convert=photo.is_converted and not to_srgb,
        metadata=photo.metadata,
        output=output,
    ) as writer:
        for strip in _strips(model, photo.srgb, photo.alpha, options):
            writer.write(_luma(strip) if is_grey else strip)


def _strips(
    model: SuperResolver, srgb: np.ndarray, alpha: np.ndarray | None, options: dict[str, Any]
) -> Iterator[np.ndarray]:
    """Enlarge colours and transparency: yields rows×width×3 or ×4."""
    if alpha is None:
        yield from upscale_strips(model, srgb, **options)
        return
    silent: dict[str, Any] = {**options, "on_progress": None}
    scale, done = model.scale, 0
    is_even = alpha.min() == alpha.max()
    opacity = None if is_even else upscale_strips(model, alpha[..., None].repeat(3, axis=2), **silent)
    for strip in upscale_strips(model, fill_invisible(srgb, alpha), **options):
        if opacity is None:
            enlarged = np.full(strip.shape[:2], alpha[0, 0])
        else:
            grey = np.rint(next(opacity).mean(axis=2)).astype(alpha.dtype)
            enlarged = hold_to_range(grey, alpha, done, scale)
        yield np.dstack([strip, enlarged])
        done += len(strip)


def _enlarge_frame(model: SuperResolver, frame: np.ndarray, options: dict[str, Any]) -> np.ndarray:
    """Enlarge h×w×4 uint8."""
    alpha = frame[..., 3]
    if alpha.min() == 255:
        sr = upscale_array(model, frame[..., :3], **options)
        return np.dstack([sr, np.full(sr.shape[:2], 255, np.uint8)])
    return np.concatenate(list(_strips(model, frame[..., :3], alpha, options)))


def _luma(strip: np.ndarray) -> np.ndarray:
    """Turn rows×width×3 or ×4 into grey: ×1 or ×2."""
    grey = np.rint(strip[..., :3] @ _LUMA).astype(strip.dtype)
    return np.dstack([grey, strip[..., 3:]])


def _eight_bits(image: np.ndarray) -> np.ndarray:
    return image if image.dtype == np.uint8 else np.rint(image / 257).astype(np.uint8)
