"""The command that writes a network for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from srgan_lib import weights
from srgan_lib.cli.extras import require_extra
from srgan_lib.cli.terminal import Terminal


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("target", metavar="OUT.onnx", type=click.Path(path_type=Path))
@click.option(
    "--code",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file with your own network's class, where MODEL holds its weights; the code in it runs.",
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def export(model: str, target: Path, code: Path | None, force: bool) -> None:
    """Write MODEL (the name of one that comes with the package, or a file of weights) as ONNX.

    The graph takes images of any size from 5×5 pixels on: `lr`, N×3×h×w in [0,1], gives `sr`. The file's metadata name scale and
    configuration and, for the models of the package, hold the model card.
    """
    from srgan_lib.files import sha256_file, write_atomic
    from srgan_lib.models.files import CheckpointError, load_model

    require_extra("onnx")
    if target.suffix.lower() != ".onnx":
        raise CheckpointError(f"{target}: the name must end in .onnx", path=target)
    if target.exists() and not force:
        raise CheckpointError(
            f"{target} exists already; choose another name, or use --force to replace it", path=target
        )
    shipped = weights.reference_models()
    source = shipped.get(model, Path(model))
    if model not in shipped and not source.exists():
        raise CheckpointError(
            f"{model}: neither a file nor a model of the package; those are {', '.join(shipped)}", path=source
        )
    with Terminal() as terminal:
        terminal.counter(f"Writing {target}")
        from srgan_lib.models.onnx_file import OPSET, to_onnx

        network, card = load_model(source, code)
        metadata = {"scale": str(network.scale), "config": json.dumps(card["config"]), "sha256": sha256_file(source)}
        if model in shipped:
            metadata["card"] = source.with_suffix(".md").read_text(encoding="utf-8")
        write_atomic(target, to_onnx(network, metadata))
        terminal.note(f"Written: {target} (ONNX, opset {OPSET}, ×{network.scale})")
