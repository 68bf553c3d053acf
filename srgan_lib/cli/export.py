"""The command that writes a network for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from srgan_lib import weights
from srgan_lib.cli.extras import require_extra
from srgan_lib.cli.terminal import Terminal

ENDINGS = {"onnx": ".onnx", "spandrel": ".safetensors"}


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "kind",
    type=click.Choice(list(ENDINGS)),
    help="What OUT is for: ONNX (also read by OpenVINO), or programs built on spandrel. Default: by its ending.",
)
@click.option(
    "--code",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file with your own network's class, where MODEL holds its weights; the code in it runs.",
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def export(model: str, target: Path, kind: Literal["onnx", "spandrel"] | None, code: Path | None, force: bool) -> None:
    """Write MODEL (the name of one that comes with the package, or a file of weights) for other programs.

    OUT.onnx is a graph for images of any size from 5×5 pixels on: `lr`, N×3×h×w in [0,1], gives `sr`. OUT.safetensors
    is read by spandrel: RRDBNet and Compact as they are, the others after
    `srgan_lib.upscaling.spandrel_adapter.register()`. The file's metadata name scale and configuration and, for the
    models of the package, hold the model card.
    """
    from srgan_lib.files import sha256_file, write_atomic
    from srgan_lib.models.files import CheckpointError, load_model, save_tensors

    endings = [ENDINGS[kind]] if kind else list(ENDINGS.values())
    if target.suffix.lower() not in endings:
        raise CheckpointError(f"{target}: the name must end in {' or '.join(endings)}", path=target)
    kind = "onnx" if target.suffix.lower() == ENDINGS["onnx"] else "spandrel"
    require_extra(kind)
    if target.exists() and not force:
        raise CheckpointError(
            f"{target} exists already; choose another name, or use --force to replace it", path=target
        )
    shipped = weights.shipped_models()
    source = shipped.get(model, Path(model))
    if model not in shipped and not source.exists():
        raise CheckpointError(
            f"{model}: neither a file nor a model of the package; those are {', '.join(shipped)}", path=source
        )
    with Terminal() as terminal:
        terminal.counter(f"Writing {target}")
        network, card = load_model(source, code)
        config, metadata = card["config"], {"sha256": sha256_file(source)}
        if model in shipped:
            metadata["card"] = source.with_suffix(".md").read_text(encoding="utf-8")
        if kind == "onnx":
            from srgan_lib.upscaling.onnx_file import OPSET, to_onnx

            told = {"scale": str(network.scale), "config": json.dumps(config), **metadata}
            write_atomic(target, to_onnx(network, told))
            terminal.note(f"Written: {target} (ONNX, opset {OPSET}, ×{network.scale})")
            return
        from srgan_lib.upscaling.spandrel_adapter import is_public, spandrel_tensors

        if config["architecture"] == "own":
            raise CheckpointError(
                f"{source}: spandrel cannot build a network of your own class; use .onnx", path=source
            )
        save_tensors(target, spandrel_tensors(network, config), {**card, "source": metadata})
        how = "as it is" if is_public(config) else "after srgan_lib.upscaling.spandrel_adapter.register()"
        terminal.note(f"Written: {target} (for spandrel, {how}, ×{network.scale})")
