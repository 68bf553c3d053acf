"""Animated GIF, WebP and PNG, frame by frame with their timing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from srgan_lib.data.images import ImageError
from srgan_lib.data.profiles import ProfileError, is_srgb, to_srgb
from srgan_lib.files import atomic_path
from srgan_lib.upscaling.formats import Output, format_of


@dataclass(frozen=True)
class Timing:
    """How an animation runs.

    Attributes
    ----------
    durations : of each frame in milliseconds.
    loops : how often it is played; 0: for ever.
    """

    durations: tuple[float, ...]
    loops: int


def read_timing(path: Path) -> Timing:
    """Read how long each frame is shown.

    Raises
    ------
    ImageError
        If a frame is damaged.
    """
    with Image.open(path) as image:
        loops = image.info.get("loop", 1 if image.format == "GIF" else 0)
        durations = tuple(float(frame.info.get("duration", 0)) for frame in _shown(path, image))
    return Timing(durations, loops)


def read_frames(path: Path) -> Iterator[np.ndarray]:
    """Decode the frames of an animation as they are shown: h×w×4 uint8, sRGB with transparency.

    Raises
    ------
    ImageError
        If a frame is damaged.
    """
    with Image.open(path) as image:
        profile = image.info.get("icc_profile")
        for frame in _shown(path, image):
            rgba = frame.convert("RGBA")
            yield np.dstack([_srgb(rgba.convert("RGB"), profile), np.asarray(rgba)[..., 3]])


def write_animation(path: Path, frames: Iterable[np.ndarray], timing: Timing, output: Output) -> None:
    """Write an animated GIF, WebP or PNG, or a single frame, in one step.

    Parameters
    ----------
    path : the file; its ending says the format.
    frames : h×w×4 uint8.
    timing : of as many frames.
    output : quality of WebP.
    """
    name = format_of(path).name
    pictures = (_picture(frame, name) for frame in frames)
    first = next(pictures)
    options: dict[str, Any] = {"format": name.upper()}
    if name == "WebP":
        options |= {"quality": output.quality, "lossless": output.lossless}
    if len(timing.durations) > 1:
        durations: Sequence[float] = [round(duration) for duration in timing.durations]
        options |= {"save_all": True, "append_images": list(pictures), "duration": durations}
        if name != "GIF" or timing.loops != 1:  # a GIF without a number is played once
            options["loop"] = timing.loops
        if name == "GIF":
            options["disposal"] = 2  # else what a transparent pixel shows is the frame before
    with atomic_path(path) as temporary:
        first.save(temporary, **options)


def _shown(path: Path, image: Image.Image) -> Iterator[Image.Image]:
    """Iterate over the frames; the still picture of a PNG for programs without animation is none of them."""
    try:
        for number, frame in enumerate(ImageSequence.Iterator(image)):
            if number or not image.info.get("default_image"):
                frame.load()  # some of Pillow's decoders know the duration only then
                yield frame
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageError(
            f"{path}: a frame cannot be read ({error}); replace the file or move it away", path=path
        ) from error


def _srgb(colours: Image.Image, profile: bytes | None) -> np.ndarray:
    try:
        if profile is not None and not is_srgb(profile, "RGB"):
            return np.asarray(to_srgb(colours, profile))
    except ProfileError:
        pass  # its colours are taken for sRGB, as those of most animations are
    return np.asarray(colours)


def _picture(frame: np.ndarray, name: str) -> Image.Image:
    if name == "GIF":
        frame = np.dstack([frame[..., :3], np.where(frame[..., 3] < 128, 0, 255).astype(np.uint8)])
    opaque = frame[..., 3].min() == 255
    return Image.fromarray(np.ascontiguousarray(frame[..., :3] if opaque else frame))
