"""Commands for images: enlarge, compare networks on photographs, measure."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

from srgan_lib.models import shipped
from srgan_report.cli.options import PATH, code_option
from srgan_report.cli.terminal import Terminal


def _box(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[float, float] | None:
    """Read a width and a height, of which one may be left out."""
    if text is None:
        return None
    found = re.fullmatch(r"(?=.*[1-9])([1-9]\d{0,8})?[x×]([1-9]\d{0,8})?", text)
    if not found:
        raise click.BadParameter(f"{text!r} is no size; write width and height in pixels as 3000x2000, 3000x or x2000")
    width, height = (float(side or "inf") for side in found.groups())
    return width, height


@click.command()
@click.argument("source", metavar="IN", type=PATH)
@click.argument("target", metavar="OUT", type=PATH)
@click.option(
    "--model",
    type=click.Choice(list(reversed(shipped.NAMES))),
    help="A model that comes with the package, ×4: photo is for JPEGs and noisy images; of clean ones srgan looks "
    "natural, and compact is the most faithful and takes a third of the time of srgan and srresnet. Default: photo or "
    "srgan, by what each image shows.",
)
@click.option(
    "--checkpoint",
    type=PATH,
    metavar="F",
    help="Another network's weights instead: results/demo/adversarial/generator.safetensors, or a .pth or .safetensors "
    "file of ESRGAN, Real-ESRGAN, SwinIR and others (pip install 'srgan-report[spandrel]').",
)
@code_option("--checkpoint")
@click.option(
    "--tile",
    type=click.IntRange(32),
    metavar="N",
    help="LR pixels per tile side; bounds the memory. Default: by network, for 1.5 GiB.",
)
@click.option(
    "--self-ensemble", is_flag=True, help="Average eight flips and turns: a little better, eight times slower."
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    help="float32 is the exact reference; bfloat16 is at most 4 levels away. auto: the faster here.",
)
@click.option(
    "--to",
    "colours",
    type=click.Choice(["input", "srgb"]),
    default="input",
    help="Colours of the result: in the ICC profile of the input, or in sRGB.",
)
@click.option(
    "--scale",
    "factor",
    type=click.FloatRange(1),
    metavar="N",
    help="Enlarge by less than the network does, such as 2 or 1.5; 1 only cleans. Its result is reduced (Lanczos).",
)
@click.option(
    "--size",
    "box",
    callback=_box,
    metavar="WxH",
    help="Enlarge until the image just fits into so many pixels: 3000x2000, 3000x, x2000; never by more than the "
    "network does.",
)
@click.option("--quality", type=click.IntRange(1, 100), help="Of JPEG, WebP and AVIF; default: 95.")
@click.option("--lossless", is_flag=True, help="WebP and AVIF without loss.")
@click.option("--strip", is_flag=True, help="Leave out EXIF (with its GPS position), XMP, IPTC and DPI.")
@click.option(
    "--format",
    "suffix",
    type=click.Choice(["png", "jpg", "webp", "tif", "avif", "gif"]),
    help="Of the files of a folder; default: png. That of a single image is in its name.",
)
@click.option(
    "--jobs", default=1, type=click.IntRange(1), metavar="N", help="Images of a folder that are worked on at a time."
)
@click.option("--allow-large", is_flag=True, help="Decode images of more than 200 million pixels.")
@click.option("--force", is_flag=True, help="Replace files that exist, though never the original.")
def upscale(
    source: Path,
    target: Path,
    model: str | None,
    checkpoint: Path | None,
    code: Path | None,
    precision: Literal["auto", "float32", "bfloat16"],
    colours: str,
    factor: float | None,
    box: tuple[float, float] | None,
    quality: int | None,
    lossless: bool,
    strip: bool,
    suffix: str | None,
    jobs: int,
    **how: Any,
) -> None:
    """Enlarge an image, or all images of a folder with its subfolders.

    The ending of OUT says the format of an image: PNG, JPEG, WebP, TIFF, AVIF or GIF. Colour profile, bit depth,
    transparency and metadata are kept as far as it goes; what is lost is said. The results of a folder keep names and
    subfolders, and the same command continues a run that was interrupted.
    """
    from srgan_lib.data.images import ImageError
    from srgan_report.outputs import check_output, identities
    from srgan_report.upscaling.formats import Maker, Output, format_of, without_effect
    from srgan_report.upscaling.reading import read_header

    if not source.exists():
        raise ImageError.at(source, "no such file or folder")
    if factor and box:
        raise click.UsageError("--scale and --size both say how large; give one of them")
    is_folder = source.is_dir()
    if target.is_dir() and not is_folder:
        target, suffix = target / f"{source.stem}.{suffix or 'png'}", None
    ending = f".{suffix or 'png'}" if is_folder else target.suffix
    ignored = without_effect(ending, quality=quality, lossless=lossless)
    ignored += ["--code"] if code and not checkpoint else []
    if not is_folder:
        ignored += [f"--{name}" for name, given in (("format", suffix), ("jobs", jobs > 1)) if given]
    with Terminal() as terminal:
        if not is_folder:
            format_of(target)
            check_output(target, identities(filter(None, (source, checkpoint, code))), force=how["force"])
            terminal.note(f"Enlarging {source}: {read_header(source, allow_large=how['allow_large'])}")
        for option in ignored:
            terminal.note(f"{option} has no effect here")
        progress = terminal.meter("Loading the network") if is_folder else terminal.counter(f"Enlarging {source.name}")

        from srgan_lib.files import sha256_file
        from srgan_lib.params.shared import Shared
        from srgan_report.pipeline.resolve_auto import resolve_shared
        from srgan_report.upscaling.community import load_network
        from srgan_report.upscaling.folder import upscale_folder
        from srgan_report.upscaling.photograph import upscale_file
        from srgan_report.upscaling.suited_model import FOR_CLEAN, suited_network

        shared = resolve_shared(Shared(dtype=precision))
        choose = None if model or checkpoint else partial(suited_network, allow_large=how["allow_large"])
        if choose and not is_folder:
            network, maker = choose(source)
        else:
            weights = checkpoint or shipped.shipped_models()[model or FOR_CLEAN]
            network = load_network(weights, code)
            maker = Maker(checkpoint.name if checkpoint else model or FOR_CLEAN, sha256_file(weights))
        size: dict[str, Any] = {"scale": factor, "box": box}
        output = Output(quality or 95, lossless=lossless, to_srgb=colours == "srgb", strip=strip, maker=maker, **size)
        how |= {"device": shared.device, "dtype": shared.dtype, "output": output, "on_progress": progress}
        if is_folder:
            upscale_folder(network, source, target, choose=choose, suffix=ending, jobs=jobs, **how)
        else:
            upscale_file(network, source, target, **how)
        terminal.note(f"Written: {target}")


@click.command()
@click.argument("photos", metavar="PHOTO...", type=PATH, nargs=-1, required=True)
@click.option("--to", "target", type=PATH, default=Path("comparison.html"), help="The page to write.")
@click.option("--checkpoint", "checkpoints", type=PATH, metavar="F", multiple=True, help="A further ×4 network's file.")
@code_option("--checkpoint")
@click.option("--allow-large", is_flag=True, help="Decode images of more than 200 million pixels.")
@click.option("--force", is_flag=True, help="Replace a page that exists.")
def compare(
    photos: tuple[Path, ...], target: Path, checkpoints: tuple[Path, ...], code: Path | None, force: bool, **how: Any
) -> None:
    """Show photographs enlarged by every model, side by side on one page, with what each would take.

    The page opens without a network connection and holds the part of each photograph with most fine detail.
    """
    from srgan_report.outputs import OutputError, check_output, identities

    if target.suffix.lower() != ".html":
        raise OutputError(f"--to {target}: the name must end in .html", path=target)
    check_output(target, identities((*photos, *checkpoints, *filter(None, (code,)))), force=force)
    with Terminal() as terminal:
        on_step = terminal.counter("Enlarging")
        from srgan_lib.models.files import load
        from srgan_lib.params.shared import Shared
        from srgan_report.pipeline.resolve_auto import resolve_shared
        from srgan_report.report.side_by_side import write_comparison
        from srgan_report.upscaling.community import load_network

        networks = {name: load(name) for name in reversed(shipped.NAMES)}
        networks |= {str(path): load_network(path, code, scale=4) for path in checkpoints}
        shared = resolve_shared(Shared())
        write_comparison(target, photos, networks, on_step, device=shared.device, dtype=shared.dtype, **how)
        terminal.note(f"Written: {target}")


@click.command()
@click.option("--hr", required=True, type=PATH, metavar="DIR", help="The true images.")
@click.option("--sr", required=True, type=PATH, metavar="DIR", help="Any method's output, of the same names.")
@click.option("--scale", default=4, type=click.IntRange(1, 16), help="Enlargement factor: the border not judged.")
@click.option(
    "--csv",
    "target",
    type=PATH,
    help="Also write the figures of each image here, into a file whose name ends in .csv.",
)
@click.option("--force", is_flag=True, help="Replace a table that exists.")
def evaluate(hr: Path, sr: Path, scale: int, target: Path | None, force: bool) -> None:
    """Measure images against the true ones: PSNR and SSIM on Y, LPIPS where its backbone is on this disk."""
    from srgan_lib.csv_files import write_csv
    from srgan_lib.evaluation.evaluator import evaluate_folders
    from srgan_report.outputs import OutputError, check_output, identities

    if target:
        if not target.parent.is_dir():
            raise OutputError(f"--csv {target}: there is no folder {target.parent}; make it first", path=target.parent)
        check_output(target, identities(file for folder in (hr, sr) for file in folder.glob("*")), force=force)
        if target.suffix.lower() != ".csv":
            raise OutputError(f"--csv {target}: the name must end in .csv", path=target)
    with Terminal() as terminal:
        frame = evaluate_folders(hr, sr, border=scale, on_progress=terminal.counter("Measuring"))
        terminal.frame(frame)
    if target:
        write_csv(target, frame)
