"""Enlarging a folder of images, with its subfolders, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from srgan_lib.data.images import SUFFIXES, ImageError
from srgan_lib.errors import SrganError
from srgan_lib.formatting import counted, duration
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.tiled_inference import upscale
from srgan_report.upscaling.formats import FORMATS, Output, check_size
from srgan_report.upscaling.photograph import enlarge
from srgan_report.upscaling.reading import FOREIGN_SUFFIXES, Header, read_header

logger = logging.getLogger(__name__)

_LOCK = ".srgan-upscale.lock"
_PROBE = 96  #: pixels a side of the image whose enlargement is timed

#: Called with the images and the megapixels done, and the megapixels in all.
Progress = Callable[[int, float, float], None]


class UpscaleError(SrganError):
    """Images of a folder could not be enlarged; the message says which, and why."""


@dataclass
class FolderPlan:
    """What is to be done in a folder.

    Attributes
    ----------
    jobs : headers of the images to enlarge, by the file to write.
    done : results that are there already.
    failures : by file that cannot be enlarged, why.
    """

    jobs: dict[Path, Header] = field(default_factory=dict)
    done: list[Path] = field(default_factory=list)
    failures: dict[Path, str] = field(default_factory=dict)


def plan_folder(
    source: Path, target: Path, *, scale: int, suffix: str = ".png", force: bool = False, allow_large: bool = False
) -> FolderPlan:
    """Find the images of a folder and its subfolders, and read their headers; see :func:`upscale_folder`.

    Raises
    ------
    ImageError
        If there are no images, the two folders are one, or two images would get the same name.
    """
    if not source.is_dir():
        raise ImageError.at(source, "no such folder")
    if target.exists() and not target.is_dir():
        raise ImageError(f"{target} is a file; name a folder for the results of a folder", path=target)
    if target.resolve() == source.resolve():
        raise ImageError.at(target, "results cannot go into the folder of the originals; give another folder")
    plan, originals = FolderPlan(), {}
    for file in _walk(source, target):
        result = (target / file.relative_to(source)).with_suffix(suffix)
        if result in originals:
            raise ImageError(
                f"{originals[result].name} and {file.name} would both become {result.name}; rename one", path=file
            )
        originals[result] = file
        if result.exists() and not force:
            plan.done.append(result)
            continue
        try:
            header = read_header(file, allow_large=allow_large)
            check_size(result, header.width * scale, header.height * scale)
        except ImageError as error:
            plan.failures[file] = str(error)
        else:
            plan.jobs[result] = header
    if not originals:
        kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
        raise ImageError.at(source, f"no images in this folder; {kinds} are read")
    return plan


def upscale_folder(
    model: SuperResolver,
    source: Path,
    target: Path,
    *,
    suffix: str = ".png",
    output: Output | None = None,
    jobs: int = 1,
    force: bool = False,
    allow_large: bool = False,
    on_progress: Progress | None = None,
    **options: Any,
) -> list[Path]:
    """Enlarge all images of a folder and its subfolders into another, and return the files written.

    Results that exist already are kept unless ``force``: a result is renamed to its name when it is whole, so that an
    interrupted run loses no more than the images that it was working on. An image that fails does not stop the others.

    Parameters
    ----------
    source, target : folders; ``target`` is created, and the results keep names and subfolders.
    suffix : of the results, which says their format.
    output : quality and the like.
    jobs : images that are worked on at a time.
    force : do again what is there already.
    allow_large : take images of more than 200 million pixels.
    on_progress : told after each image.
    **options : those of :func:`srgan_lib.models.tiled_inference.upscale_strips`.

    Raises
    ------
    ImageError
        As :func:`plan_folder`; if another run is writing there.
    UpscaleError
        After all others are done, if images failed.
    StorageError
        At once, if results cannot be written.
    """
    source, target = Path(source), Path(target)
    plan = plan_folder(source, target, scale=model.scale, suffix=suffix, force=force, allow_large=allow_large)
    if plan.done:
        logger.info("%s done already (--force does them again)", counted(len(plan.done), "image"))
    written: list[Path] = []
    if plan.jobs:
        target.mkdir(parents=True, exist_ok=True)
        settings = {"output": output or Output(), "allow_large": allow_large, **options}
        with _alone(target):
            _remove_leftovers(plan.jobs)
            _announce(model, plan, options)
            written = _enlarge_all(model, plan, jobs, on_progress, settings)
    if plan.failures:
        count, total = len(plan.failures), len(plan.failures) + len(written) + len(plan.done)
        lines = "\n".join(f"  {reason}" for reason in plan.failures.values())
        raise UpscaleError(f"{count} of {counted(total, 'image')} failed:\n{lines}")
    return written


def _walk(source: Path, target: Path) -> Iterator[Path]:
    """Find the images of a folder, sorted; not those of the results' folder if it lies within."""
    for place, folders, files in os.walk(source):
        folders[:] = sorted(
            name for name in folders if name[0] != "." and (Path(place) / name).resolve() != target.resolve()
        )
        for name in sorted(files):
            if name[0] != "." and Path(name).suffix.lower() in SUFFIXES | FOREIGN_SUFFIXES:
                yield Path(place) / name


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep a second run out of the folder, which would do the same images."""
    lock = FileLock(target / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ImageError.at(target, "another srgan upscale is writing there; wait for it") from None
    try:
        yield
    finally:
        (target / _LOCK).unlink(missing_ok=True)
        lock.release()


def _remove_leftovers(jobs: dict[Path, Header]) -> None:
    """Remove the temporary files of a run that was killed."""
    wanted = {(result.parent, f".{result.stem}") for result in jobs}
    for folder in {folder for folder, _ in wanted}:
        for file in folder.glob(".*"):
            if file.suffix.lower() in FORMATS and (folder, file.stem.rpartition(".")[0]) in wanted:
                file.unlink()


def _announce(model: SuperResolver, plan: FolderPlan, options: dict[str, Any]) -> None:
    """Say how much there is to do, and how long that takes by the time of a small image."""
    for error in plan.failures.values():
        logger.warning("failed: %s", error)
    probe = np.random.default_rng(0).integers(0, 256, (_PROBE, _PROBE, 3), dtype=np.uint8)
    seconds = []
    for _ in range(2):  # the first includes what is prepared once
        start = time.perf_counter()
        upscale(probe, model, **options)
        seconds.append(time.perf_counter() - start)
    speed, total = _PROBE**2 / 1e6 / min(seconds), _megapixels(plan)
    logger.info(
        "%s to enlarge, %.1f megapixels: about %s at %.3f megapixels a second",
        counted(len(plan.jobs), "image"),
        total,
        duration(max(total / speed, 1)),
        speed,
    )


def _enlarge_all(
    model: SuperResolver, plan: FolderPlan, workers: int, on_progress: Progress | None, options: dict[str, Any]
) -> list[Path]:
    """Enlarge images, several at a time, and return the files written; failures of single files join the plan's."""
    written: list[Path] = []
    megapixels, total = 0.0, _megapixels(plan)
    stop = threading.Event()

    def check(_done: int, _tiles: int) -> None:
        if stop.is_set():
            raise CancelledError

    with ThreadPoolExecutor(workers) as pool:
        try:
            running = {
                pool.submit(enlarge, model, header, result, on_progress=check, **options): (result, header)
                for result, header in plan.jobs.items()
            }
            if on_progress:
                on_progress(0, megapixels, total)
            for count, future in enumerate(as_completed(running), start=1):
                result, header = running[future]
                try:
                    future.result()
                    written.append(result)
                except ImageError as error:
                    plan.failures[header.path] = str(error)
                    logger.warning("failed: %s", error)
                megapixels += header.megapixels
                if on_progress:
                    on_progress(count, megapixels, total)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    return written


def _megapixels(plan: FolderPlan) -> float:
    return sum(header.megapixels for header in plan.jobs.values())
