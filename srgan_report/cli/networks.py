"""Commands for networks: list the shipped ones, check them, export for other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import click

from srgan_lib.models import shipped
from srgan_report.cli.options import PATH, code_option, require_extra
from srgan_report.cli.terminal import Terminal, print_table, say

if TYPE_CHECKING:
    import pandas as pd

BUILTIN = "builtin"
#: What the shipped models are judged by, and how far another machine may be off.
TOLERANCES = {"psnr_y": 0.02, "ssim_y": 0.001, "lpips_alex": 0.002, "grid_artefact": 0.2}
ENDINGS = {"onnx": ".onnx", "spandrel": ".safetensors"}  #: of exported networks


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
@click.argument("model", metavar="MODEL")
@click.argument("target", metavar="OUT", type=PATH)
@click.option(
    "--to",
    "kind",
    type=click.Choice(list(ENDINGS)),
    help="What OUT is for: ONNX (also read by OpenVINO), or programs built on spandrel. Default: by its ending.",
)
@code_option("MODEL")
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
