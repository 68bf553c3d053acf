"""Enlarging an image file into another that keeps its colours, bit depth, transparency, animation and metadata.

Colours and transparency are enlarged apart. A network that saw a transparent image on black would draw an edge there,
and the result would have a dark fringe on any other ground. So colours that cannot be seen are first replaced by those
of the visible surroundings, weighted by their opacity (premultiplied), as in the push-pull of Gortler et al.,
"The Lumigraph", SIGGRAPH 1996, §3.4.2.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence, PngImagePlugin

from srgan_lib.data.images import ImageError, ProfileError, is_srgb, to_srgb
from srgan_lib.files import atomic_path
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.tiled_inference import upscale_strips
from srgan_report.outputs import check_output, identities
from srgan_report.upscaling.formats import Output, check_size, format_of, losses
from srgan_report.upscaling.metadata import marked
from srgan_report.upscaling.reading import LARGEST, Header, Photograph, read_header, read_photograph, too_large
from srgan_report.upscaling.writing import write_pages

logger = logging.getLogger(__name__)

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  #: ITU-R BT.601


@dataclass(frozen=True)
class Animation:
    """Pictures that are shown one after another."""

    frames: Iterable[np.ndarray]  #: h×w×4 uint8, sRGB with transparency
    durations: list[int]  #: of each frame in milliseconds
    loops: int  #: how often it is played; 0: for ever


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
    its metadata, as far as the format goes. What is lost is logged as a warning. ``ImageError`` if ``source`` cannot be
    read, or ``target`` cannot hold the result; ``OutputError`` if ``target`` exists, or is ``source``; ``NotFinite`` if
    what the network computes is no image; ``StorageError`` if ``target`` cannot be written.

    Parameters
    ----------
    source, target : image file, and the file to write.
    output : quality and the like.
    force : replace ``target`` if it exists.
    allow_large : decode more than 200 million pixels.
    **options : those of :func:`srgan_lib.models.tiled_inference.upscale_strips`.
    """
    source, target = Path(source), Path(target)
    format_of(target)
    check_output(target, identities([source]), force=force)
    header = read_header(source, allow_large=allow_large)
    enlarge(model, header, target, output or Output(), allow_large=allow_large, **options)


def enlarge(
    model: SuperResolver, header: Header, target: Path, output: Output, *, allow_large: bool = False, **options: Any
) -> None:
    """Enlarge a file whose header has been read, as :func:`upscale_file`."""
    size = output.size(header.path, header.width, header.height, model.scale)
    check_size(target, *size)
    count = header.pages if {header.path.suffix.lower(), target.suffix.lower()} <= {".tif", ".tiff"} else 1
    left_out = header.pages - count
    for loss in losses(target, depth=header.depth, has_alpha=header.has_alpha, frames=header.frames, left_out=left_out):
        logger.warning("%s: %s", target, loss)
    if header.frames > 1 and format_of(target).has_frames:
        animation = read_animation(header.path, header.frames)
    else:
        photos = _read_pages(header.path, count, allow_large)
        if format_of(target).name != "GIF":
            write_pages(target, ((_rows(model, photo, options), photo) for photo in photos), model.scale, output)
            return
        photo = next(photos)
        alpha = np.full(photo.srgb.shape[:2], 255, np.uint8) if photo.alpha is None else _eight_bits(photo.alpha)
        animation = Animation([np.dstack([_eight_bits(photo.srgb), alpha])], [0], 0)
    enlarged = (np.concatenate([*_strips(model, frame[..., :3], frame[..., 3], options)]) for frame in animation.frames)
    reduced = (np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS)) for frame in enlarged)
    write_animation(target, Animation(reduced, animation.durations, animation.loops), output)


def _read_pages(path: Path, count: int, allow_large: bool) -> Iterator[Photograph]:
    pixels = 0
    for page in range(count):
        photo = read_photograph(path, page=page, allow_large=allow_large)
        pixels += photo.header.width * photo.header.height
        if pixels > LARGEST and not allow_large:
            raise too_large(path, f"{count} pages with more than {LARGEST // 10**6} million")
        for note in photo.notes:
            logger.warning("%s: %s", path, note)
        yield photo


def read_animation(path: Path, count: int | None = None) -> Animation:
    """Decode the frames of an animation, and how long each is; ``ImageError`` for a damaged one, or not ``count``."""
    frames, durations = [], []
    try:
        with Image.open(path) as image:
            profile, loops = image.info.get("icc_profile"), image.info.get("loop", 1 if image.format == "GIF" else 0)
            for number, frame in enumerate(ImageSequence.Iterator(image)):
                if number == 0 and image.info.get("default_image"):
                    continue  # the still picture of a PNG for programs without animation
                rgba = frame.convert("RGBA")  # some of Pillow's decoders know the duration only then
                colours = np.asarray(_in_srgb(rgba.convert("RGB"), profile))
                frames.append(np.dstack([colours, np.asarray(rgba)[..., 3]]))
                durations.append(round(frame.info.get("duration", 0)))
    except Exception as error:  # Pillow's decoders raise whatever they stumble over
        reason = str(error) or type(error).__name__
        raise ImageError.at(path, f"a frame cannot be read ({reason}); replace the file or move it away") from error
    if count is not None and len(frames) != count:
        raise ImageError.at(path, f"{len(frames)} of {count} frames can be read; replace the file or move it away")
    return Animation(frames, durations, loops)


def write_animation(path: Path, animation: Animation, output: Output) -> None:
    """Write an animated GIF, WebP or PNG, or a single frame, in one step; the file's ending says the format."""
    name = format_of(path).name
    first, *others = (_picture(frame, name) for frame in animation.frames)
    options: dict[str, Any] = {"format": name.upper()}
    if name == "WebP":
        options |= {"quality": output.quality, "lossless": output.lossless}
    if output.maker and not output.strip and name != "GIF":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", (xmp := marked(b"", output.maker)).decode())
        options |= {"pnginfo": text} if name == "PNG" else {"xmp": xmp}
    if others:
        options |= {"save_all": True, "append_images": others, "duration": animation.durations}
        if name != "GIF" or animation.loops != 1:  # a GIF without a number is played once
            options["loop"] = animation.loops
        if name == "GIF":
            options["disposal"] = 2  # else what a transparent pixel shows is the frame before
    with atomic_path(path) as temporary:
        first.save(temporary, **options)


def _in_srgb(colours: Image.Image, profile: bytes | None) -> Image.Image:
    with suppress(ProfileError):  # its colours are taken for sRGB, as those of most animations are
        if profile is not None and not is_srgb(profile, "RGB"):
            return to_srgb(colours, profile)
    return colours


def _picture(frame: np.ndarray, name: str) -> Image.Image:
    if name == "GIF":
        frame = np.dstack([frame[..., :3], np.where(frame[..., 3] < 128, 0, 255).astype(np.uint8)])
    opaque = frame[..., 3].min() == 255
    return Image.fromarray(np.ascontiguousarray(frame[..., :3] if opaque else frame))


def _rows(model: SuperResolver, photo: Photograph, options: dict[str, Any]) -> Iterator[np.ndarray]:
    """Enlarge a photograph: yields its rows in as many channels as it has."""
    strips = _strips(model, photo.srgb, photo.alpha, options)
    return map(_luma, strips) if photo.header.is_grey else strips


def _strips(
    model: SuperResolver, srgb: np.ndarray, alpha: np.ndarray | None, options: dict[str, Any]
) -> Iterator[np.ndarray]:
    """Enlarge colours and transparency: yields rows×width×3 or ×4."""
    if alpha is None:
        yield from upscale_strips(model, srgb, **options)
        return
    silent: dict[str, Any] = {**options, "on_progress": None}
    is_even, done = alpha.min() == alpha.max(), 0
    opacity = None if is_even else upscale_strips(model, alpha[..., None].repeat(3, axis=2), **silent)
    for strip in upscale_strips(model, fill_invisible(srgb, alpha), **options):
        if opacity is None:
            enlarged = np.full(strip.shape[:2], alpha[0, 0])
        else:
            grey = np.rint(next(opacity).mean(axis=2)).astype(alpha.dtype)
            enlarged = hold_to_range(grey, alpha, done, model.scale)
        yield np.dstack([strip, enlarged])
        done += len(strip)


def _luma(strip: np.ndarray) -> np.ndarray:
    """Turn rows×width×3 or ×4 into grey: ×1 or ×2."""
    grey = np.rint(strip[..., :3] @ _LUMA).astype(strip.dtype)
    return np.dstack([grey, strip[..., 3:]])


def _eight_bits(image: np.ndarray) -> np.ndarray:
    return image if image.dtype == np.uint8 else np.rint(image / 257).astype(np.uint8)


def fill_invisible(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Give fully transparent pixels (h×w×3, of the integer type of ``alpha``, h×w) the colours around them."""
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return colours
    weight = alpha.astype(np.float32) / np.iinfo(alpha.dtype).max
    surroundings = _push_pull(colours * weight[..., None], weight)
    filled = colours.copy()
    filled[hidden] = np.rint(surroundings[hidden])
    return filled


def _push_pull(premultiplied: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fill pixels without weight from ever coarser means, weighted, of 2×2 pixels."""
    height, width = weight.shape
    own = premultiplied / np.maximum(weight, 1e-6)[..., None]
    if (weight > 0).all() or max(height, width) == 1:
        return own
    margin = (0, height % 2), (0, width % 2)
    sums = _halve(np.pad(premultiplied, (*margin, (0, 0))))
    weights = _halve(np.pad(weight, margin))
    coarse = _push_pull(sums, weights).repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return np.where((weight > 0)[..., None], own, coarse)


def _halve(image: np.ndarray) -> np.ndarray:
    return (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4


def hold_to_range(enlarged: np.ndarray, alpha: np.ndarray, first: int, scale: int) -> np.ndarray:
    """Hold an enlarged transparency between those of the four LR pixels around each of its pixels.

    So a mask has no ringing beside its edges, and what is opaque stays just that. ``enlarged`` is rows×(scale·w), the
    strip of the result that begins with row ``first``; ``alpha`` is the LR image's, h×w, of the same type.
    """
    rows, columns = (
        (start + np.arange(count) + scale // 2) // scale
        for start, count in zip((first, 0), enlarged.shape, strict=True)
    )
    around = np.pad(alpha[max(rows[0] - 1, 0) : rows[-1] + 1], ((rows[0] == 0, rows[-1] == len(alpha)), (1, 1)), "edge")
    corners = around[:-1, :-1], around[1:, :-1], around[:-1, 1:], around[1:, 1:]
    rows -= rows[0]
    least, most = (function.reduce(corners)[rows][:, columns] for function in (np.minimum, np.maximum))
    return np.clip(enlarged, least, most)
