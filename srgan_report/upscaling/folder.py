"""Enlarging a folder of images, with its subfolders, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from srgan_lib.data.images import SUFFIXES, ImageError
from srgan_lib.errors import SrganError, storage_error
from srgan_lib.files import hidden_name
from srgan_lib.formatting import counted, duration, shortlist
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.tiled_inference import upscale
from srgan_report.outputs import OutputError, OutputExists, check_output, identities
from srgan_report.upscaling.formats import FORMATS, Maker, Output, check_size
from srgan_report.upscaling.photograph import enlarge
from srgan_report.upscaling.reading import FOREIGN_SUFFIXES, Header, read_header

logger = logging.getLogger(__name__)

_LOCK = ".srgan-upscale.lock"
_PROBE = 96  #: pixels a side of the image whose enlargement is timed
#: After these errors of the operating system no other image could be written either.
_END_ALL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})

#: Called with the images and the megapixels done, and the megapixels in all.
Progress = Callable[[int, float, float], None]
Choose = Callable[[Path], tuple[SuperResolver, Maker | None]]


class UpscaleError(SrganError):
    """Images of a folder could not be enlarged; the message says which, and why."""


@dataclass
class FolderPlan:
    """What is to be done in a folder."""

    jobs: dict[Path, Header] = field(default_factory=dict)  #: headers of the images to enlarge, by the file to write
    done: list[Path] = field(default_factory=list)  #: results that are there already
    failures: dict[Path, str] = field(default_factory=dict)  #: by file that cannot be enlarged, why
    left_out: dict[str, list[Path]] = field(default_factory=dict)  #: what is not read by kind, and links to folders


def plan_folder(
    source: Path,
    target: Path,
    *,
    scale: int,
    suffix: str = ".png",
    output: Output | None = None,
    force: bool = False,
    allow_large: bool = False,
) -> FolderPlan:
    """Find the images of a folder and its subfolders, name their results, and read their headers.

    See :func:`upscale_folder`. Kinds that are not read, such as the raw file beside a camera's JPEG, claim no name.
    ``ImageError`` if there are no images that are read, or the two folders are one.
    """
    if not source.is_dir():
        raise ImageError.at(source, "no such folder")
    if target.exists() and not target.is_dir():
        raise ImageError(f"{target} is a file; name a folder for the results of a folder", path=target)
    if target.resolve() == source.resolve():
        raise ImageError.at(target, "results cannot go into the folder of the originals; give another folder")
    plan, files = FolderPlan(), []

    def closed(error: OSError) -> None:
        plan.failures[Path(error.filename)] = f"{error.filename}: cannot be read ({error.strerror})"

    for file in _walk(source, target, closed):
        if os.path.isdir(file) or file.suffix.lower() in FOREIGN_SUFFIXES:
            kind = "a link to a folder" if os.path.isdir(file) else file.suffix[1:].upper()
            plan.left_out.setdefault(kind, []).append(file)
        else:
            files.append(file)
    if not files:
        kinds, others = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES)), ", ".join(plan.left_out)
        raise ImageError.at(source, f"no images in this folder{f' but {others}' * bool(others)}; {kinds} are read")
    originals = identities(files)
    for file, result in zip(files, _results([file.relative_to(source) for file in files], suffix), strict=True):
        try:
            check_output(target / result, originals, force=force)
            header = read_header(file, allow_large=allow_large)
            check_size(result, *(output or Output()).size(file, header.width, header.height, scale))
        except OutputExists:
            plan.done.append(target / result)
        except (ImageError, OutputError) as error:
            plan.failures[file] = _reason(error, file)
        else:
            plan.jobs[target / result] = header
    return plan


def upscale_folder(
    model: SuperResolver,
    source: Path,
    target: Path,
    *,
    choose: Choose | None = None,
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
    Results that would have one name, as of ``a.jpg`` and ``a.png``, are called ``a.jpg.png`` and ``a.png.png``.

    ``ImageError`` as :func:`plan_folder`, and if another run is writing there; ``UpscaleError`` after all others are
    done, if images failed; ``StorageError`` at once, if the disk is full.

    Parameters
    ----------
    source, target : folders; ``target`` is created, and the results keep names and subfolders.
    choose : finds the network for an image file, of the scale of ``model``, by which the time is told, and what is
        written of it (``Output.maker``); none: that one.
    suffix : of the results, which says their format.
    output : quality and the like.
    jobs : images that are worked on at a time.
    force : do again what is there already.
    allow_large : take images of more than 200 million pixels.
    on_progress : told after each image.
    **options : those of :func:`srgan_lib.models.tiled_inference.upscale_strips`.
    """
    source, target = Path(source), Path(target)
    output = output or Output()
    plan = plan_folder(
        source, target, scale=model.scale, suffix=suffix, output=output, force=force, allow_large=allow_large
    )
    for kind, files in plan.left_out.items():
        names = shortlist([file.name for file in files])
        logger.warning("left out, as %s is not read: %s (%s)", kind, counted(len(files), "file"), names)
    if plan.done:
        logger.info("%s done already (--force does them again)", counted(len(plan.done), "image"))
    written: list[Path] = []
    if plan.jobs:
        target.mkdir(parents=True, exist_ok=True)
        with _alone(target):
            _remove_leftovers(plan.jobs)
            _announce(model, plan, options)
            written = _enlarge_all(
                choose or (lambda _: (model, output.maker)),
                plan,
                jobs,
                on_progress,
                output,
                {"allow_large": allow_large, **options},
            )
    if plan.failures:
        total = len(plan.failures) + len(written) + len(plan.done)
        lines = "\n".join(f"  {reason}" for reason in plan.failures.values())
        raise UpscaleError(f"{len(plan.failures)} of {counted(total, 'image')} failed:\n{lines}")
    return written


def _walk(source: Path, target: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """Find what is named like an image in a folder, and links to folders, which may go round in circles, sorted.

    The results' folder is left out if it lies within; ``on_error`` is told of folders that cannot be read.
    """
    for place, folders, files in os.walk(source, onerror=on_error):
        folders[:] = sorted(
            name for name in folders if name[0] != "." and (Path(place) / name).resolve() != target.resolve()
        )
        for name in sorted(files):
            if name[0] != "." and Path(name).suffix.lower() in SUFFIXES | FOREIGN_SUFFIXES:
                yield Path(place) / name
        yield from (link for name in folders if (link := Path(place) / name).is_symlink())


def _results(files: Sequence[Path], suffix: str) -> list[Path]:
    """Name the result of each file: like it, but with ``suffix``, or behind its whole name where others share that.

    Names that differ only in capitals or in how Unicode composes them count as one, as on many disks.
    """
    names = plain = [file.with_suffix(suffix) for file in files]
    while True:
        keys = [unicodedata.normalize("NFC", str(name)).casefold() for name in names]
        counts = Counter(keys)
        shared = [place for place, key in enumerate(keys) if counts[key] > 1]
        if not shared:
            return names
        short, names = [place for place in shared if names[place] == plain[place]], [*names]
        for number, place in enumerate(short or shared, start=1):
            ending = suffix if short else f"-{number}{suffix}"
            names[place] = files[place].with_name(files[place].name + ending)


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
    wanted = {(result.parent, hidden_name(result)) for result in jobs}
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
    told = "%s to enlarge, %.1f megapixels: about %s at %.3f megapixels a second"
    logger.info(told, counted(len(plan.jobs), "image"), total, duration(max(total / speed, 1)), speed)


def _enlarge_all(
    choose: Choose,
    plan: FolderPlan,
    workers: int,
    on_progress: Progress | None,
    output: Output,
    options: dict[str, Any],
) -> list[Path]:
    """Enlarge images, several at a time, and return the files written; failures of single files join the plan's."""
    written: list[Path] = []
    megapixels, total = 0.0, _megapixels(plan)
    stop = threading.Event()

    def check(_done: int, _tiles: int) -> None:
        if stop.is_set():
            raise CancelledError

    def work(header: Header, result: Path) -> None:
        model, maker = choose(header.path)
        enlarge(model, header, result, on_progress=check, **options, output=replace(output, maker=maker))

    with ThreadPoolExecutor(workers) as pool:
        try:
            running = {pool.submit(work, header, result): (result, header) for result, header in plan.jobs.items()}
            if on_progress:
                on_progress(0, megapixels, total)
            for done, future in enumerate(as_completed(running), start=1):
                result, header = running[future]
                try:
                    future.result()
                    written.append(result)
                except (SrganError, OSError, MemoryError, RuntimeError) as error:  # the last: torch's, of any kind
                    if getattr(error, "errno", None) in _END_ALL:
                        raise
                    plan.failures[header.path] = _reason(error, header.path)
                    logger.warning("failed: %s", plan.failures[header.path])
                megapixels += header.megapixels
                if on_progress:
                    on_progress(done, megapixels, total)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    return written


def _megapixels(plan: FolderPlan) -> float:
    return sum(header.megapixels for header in plan.jobs.values())


def _reason(error: BaseException, path: Path) -> str:
    """Say which image failed, and why."""
    told = storage_error(error.errno, error.filename) if isinstance(error, OSError) else None
    text = str(told or error) or type(error).__name__
    return text if getattr(error, "path", None) == path else f"{path}: {text}"
