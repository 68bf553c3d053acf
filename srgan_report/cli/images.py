"""Commands for images and networks that make them: enlarge, measure, list shipped models, export for other programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from srgan_lib.models import shipped
from srgan_report.cli.options import PATH, Decorator, require_extra
from srgan_report.cli.terminal import Terminal, print_table, say

if TYPE_CHECKING:
    import pandas as pd

BUILTIN = "builtin"
#: What the shipped models are judged by, and how far another machine may be off.
TOLERANCES = {"psnr_y": 0.02, "ssim_y": 0.001, "lpips_alex": 0.002, "grid_artefact": 0.2}
ENDINGS = {"onnx": ".onnx", "spandrel": ".safetensors"}  #: of exported networks


def _code_option(weights: str) -> Decorator:
    text = f"The file with your own network's class, where {weights} holds its weights; the code in it runs."
    return click.option("--code", type=PATH, metavar="FILE", help=text)


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
@_code_option("--checkpoint")
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
@click.option(
    "--checkpoint",
    "checkpoints",
    type=PATH,
    metavar="F",
    multiple=True,
    help="A further ×4 network's file; repeatable.",
)
@_code_option("--checkpoint")
@click.option("--force", is_flag=True, help="Replace a page that exists.")
def compare(
    photos: tuple[Path, ...], target: Path, checkpoints: tuple[Path, ...], code: Path | None, force: bool
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
        write_comparison(target, photos, networks, on_step, device=shared.device, dtype=shared.dtype)
        terminal.note(f"Written: {target}")


@click.command()
@click.option("--check", is_flag=True, help="Judge them on the built-in photographs and compare with their figures.")
def models(check: bool) -> None:
    """List the models that come with the package, with their figures on the built-in held-out photographs."""
    import pandas as pd

    if not check:
        figures = pd.read_csv(shipped.FOLDER / shipped.SCORES, index_col="model", dtype=str)
        rows = [
            (name, *map(str, figures.loc[name]), f"{path.parent}/{path.stem}.*")
            for name, path in shipped.shipped_models().items()
        ]
        print_table(("model", *figures.columns, "weights and model card"), rows)
        return
    with Terminal() as terminal:
        found = check_models(on_step=terminal.counter("Judging"))
    for row in found.itertuples():
        say(f"{row.model:9} {row.metric:11} shipped {row.shipped:.4f}  measured {row.measured:.4f}")
    wrong = found[~found.agrees & found.measured.notna()]
    if len(wrong):
        names = ", ".join(wrong.model.unique())
        raise click.ClickException(
            f"{names}: not the figures that these weights are shipped with; install the package again"
        )


def check_models(
    scale: int = 4, folder: Path = shipped.FOLDER, on_step: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Judge the shipped models on the built-in held-out photographs and compare with the scores shipped with them.

    Each model and metric has a row: ``model, metric, shipped, measured, agrees`` (NaN where LPIPS was not computed).
    """
    import pandas as pd

    from srgan_lib.data.pairs import load_pairs
    from srgan_lib.data.sources import find_photos
    from srgan_lib.data.split import as_test_set, make_split
    from srgan_lib.evaluation.evaluator import evaluate
    from srgan_lib.evaluation.methods import NetworkMethod
    from srgan_lib.models.files import load_model
    from srgan_lib.params.shared import Shared

    shared = Shared.model_validate({"scale": scale})
    photos = as_test_set(find_photos(BUILTIN, scale=scale))
    pairs = load_pairs(make_split(photos, shared), photos, shared, "test")
    methods = {name: NetworkMethod(load_model(path)[0]) for name, path in shipped.shipped_models(scale, folder).items()}
    judged = evaluate({BUILTIN: pairs}, methods, scale=scale, names=list(TOLERANCES), samples=0, on_step=on_step)
    measured = judged.metrics.groupby("method", sort=False)[list(TOLERANCES)].mean()
    known = pd.read_csv(folder / shipped.SCORES, index_col="model").loc[measured.index, list(TOLERANCES)]
    table = pd.DataFrame({"shipped": known.T.unstack(), "measured": measured.T.unstack()})
    table = table.rename_axis(["model", "metric"]).reset_index()
    return table.assign(agrees=abs(table.measured - table.shipped) <= table.metric.map(TOLERANCES))


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


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("target", metavar="OUT", type=PATH)
@click.option(
    "--to",
    "kind",
    type=click.Choice(list(ENDINGS)),
    help="What OUT is for: ONNX (also read by OpenVINO), or programs built on spandrel. Default: by its ending.",
)
@_code_option("MODEL")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def export(model: str, target: Path, kind: Literal["onnx", "spandrel"] | None, code: Path | None, force: bool) -> None:
    """Write MODEL (the name of one that comes with the package, or a file of weights) for other programs.

    OUT.onnx is a graph for images of any size from 5×5 pixels on: `lr`, N×3×h×w in [0,1], gives `sr`. OUT.safetensors
    is read by spandrel: RRDBNet and Compact as they are, the others after
    `srgan_report.upscaling.spandrel_adapter.register()`. The file's metadata name scale and configuration and, for the
    models of the package, hold the model card.
    """
    from srgan_lib.files import sha256_file, write_atomic
    from srgan_lib.models.files import CheckpointError, load_model, save_tensors
    from srgan_report.outputs import check_output, identities

    def refuse(problem: str, path: Path = target) -> NoReturn:
        raise CheckpointError(problem, path=path)

    endings = [ENDINGS[kind]] if kind else list(ENDINGS.values())
    if target.suffix.lower() not in endings:
        refuse(f"{target}: the name must end in {' or '.join(endings)}")
    kind = "onnx" if target.suffix.lower() == ENDINGS["onnx"] else "spandrel"
    require_extra(kind)
    models = shipped.shipped_models()
    source = models.get(model, Path(model))
    if model not in models and not source.exists():
        refuse(f"{model}: neither a file nor a model of the package; those are {', '.join(models)}", source)
    check_output(target, identities(filter(None, (source, code))), force=force)
    with Terminal() as terminal:
        terminal.counter(f"Writing {target}")
        network, card = load_model(source, code)
        config, metadata = card["config"], {"sha256": sha256_file(source)}
        if model in models:
            metadata["card"] = source.with_suffix(".md").read_text(encoding="utf-8")
        if kind == "onnx":
            from srgan_report.upscaling.onnx_file import OPSET, to_onnx

            told = {"scale": str(network.scale), "config": json.dumps(config), **metadata}
            write_atomic(target, to_onnx(network, told))
            terminal.note(f"Written: {target} (ONNX, opset {OPSET}, ×{network.scale})")
            return
        from srgan_report.upscaling.spandrel_adapter import is_public, spandrel_tensors

        if config["architecture"] == "own":
            refuse(f"{source}: spandrel cannot build a network of your own class; use .onnx", source)
        save_tensors(target, spandrel_tensors(network, config), {**card, "source": metadata})
        how = "as it is" if is_public(config) else "after srgan_report.upscaling.spandrel_adapter.register()"
        terminal.note(f"Written: {target} (for spandrel, {how}, ×{network.scale})")
