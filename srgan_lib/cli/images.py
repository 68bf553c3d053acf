"""Commands for images and the networks that make them: enlarge, measure, and the models that come with the package."""

from __future__ import annotations

from pathlib import Path

import click

from srgan_lib import weights
from srgan_lib.cli.terminal import Terminal, print_table


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Choice(list(reversed(weights.NAMES))),
    default="srgan",
    show_default=True,
    help="A model that comes with the package, ×4: srgan looks natural, srresnet is faithful.",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="F",
    help="Your own network's weights instead, e.g. results/demo/adversarial/generator.safetensors.",
)
@click.option(
    "--code",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file with your own network's class, where --checkpoint holds its weights; the code in it runs.",
)
@click.option(
    "--tile",
    default=176,
    show_default=True,
    type=click.IntRange(32),
    help="LR pixels per tile side; bounds the memory.",
)
@click.option(
    "--self-ensemble", is_flag=True, help="Average eight flips and turns: a little better, eight times slower."
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
def upscale(
    source: Path,
    target: Path,
    model: str,
    checkpoint: Path | None,
    code: Path | None,
    tile: int,
    self_ensemble: bool,
    force: bool,
) -> None:
    """Enlarge an image, or all images of a folder, into PNG files."""
    from srgan_lib.data.images import ImageError
    from srgan_lib.evaluation.upscale import upscale_file, upscale_folder
    from srgan_lib.models.files import load_model
    from srgan_lib.params import Params
    from srgan_lib.pipeline.resolve import resolve

    shared = resolve(Params()).shared
    network, _ = load_model(checkpoint or weights.reference_models()[model], code)
    options = {
        "tile": tile,
        "device": shared.device,
        "dtype": shared.dtype,
        "self_ensemble": self_ensemble,
        "force": force,
    }
    if not source.exists():
        raise ImageError(f"{source}: no such file or folder", path=source)
    with Terminal() as terminal:
        progress = terminal.counter(f"Enlarging {source.name}")
        if source.is_dir():
            upscale_folder(network, source, target, on_progress=progress, **options)
        else:
            upscale_file(network, source, target, on_progress=progress, **options)
        terminal.note(f"Written: {target}")


@click.command()
@click.option("--check", is_flag=True, help="Judge them on the built-in photographs and compare with their figures.")
def models(check: bool) -> None:
    """List the models that come with the package, with their figures on the built-in held-out photographs."""
    import pandas as pd

    if not check:
        figures = pd.read_csv(weights.FOLDER / weights.SCORES, index_col="model", dtype=str)
        rows = [
            (name, *(figures[column][name] for column in figures), f"{path.parent}/{path.stem}.*")
            for name, path in weights.reference_models().items()
        ]
        print_table(("model", *figures.columns, "weights and model card"), rows)
        return
    from srgan_lib.evaluation.reference import check_models

    with Terminal() as terminal:
        found = check_models(on_step=terminal.counter("Judging"))
    for row in found.itertuples():
        click.echo(f"{row.model:9} {row.metric:11} shipped {row.shipped:.4f}  measured {row.measured:.4f}")
    wrong = found[~found.agrees & found.measured.notna()]
    if len(wrong):
        names = ", ".join(wrong.model.unique())
        raise click.ClickException(
            f"{names}: not the figures that these weights are shipped with; install the package again"
        )


@click.command()
@click.option("--hr", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The true images.")
@click.option(
    "--sr",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Any method's output, of the same names.",
)
@click.option(
    "--scale",
    default=4,
    show_default=True,
    type=click.IntRange(1, 16),
    help="Enlargement factor: the border not judged.",
)
@click.option(
    "--csv",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the figures of each image here.",
)
def evaluate(hr: Path, sr: Path, scale: int, target: Path | None) -> None:
    """Measure images against the true ones: PSNR and SSIM on Y, LPIPS where its backbone is on this disk."""
    from srgan_lib.evaluation.folders import evaluate_folders
    from srgan_lib.evaluation.matching import FolderError
    from srgan_lib.files import write_atomic

    if target and not target.parent.is_dir():
        raise FolderError(f"--csv {target}: there is no folder {target.parent}; make it first", path=target.parent)

    with Terminal() as terminal:
        frame = evaluate_folders(hr, sr, border=scale, on_progress=terminal.counter("Measuring"))
        terminal.frame(frame)
    if target:
        write_atomic(target, frame.to_csv(index=False))
