"""Try this code on a GPU in nine minutes, and print what was found as Markdown, ready for docs/performance.md.

python -m benchmarks.gpu             on the first CUDA device: losses against the CPU's, speed, then SRGAN's training
python -m benchmarks.gpu --tiny      the same on the CPU with tiny networks, to see that all of it runs

What is left of the time at the end is a training of params/demo.yaml under ``--budget``, whose weights stay in
``results/bench_gpu/``. The tables are also written to ``results/bench/gpu.md``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, get_args
from unittest.mock import patch

import torch

from benchmarks import race, training
from srgan_lib.files import write_atomic
from srgan_lib.layout import project_root
from srgan_lib.models.generators import generator_config
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import Adversarial, Warmup
from srgan_lib.training.compute import Compute
from srgan_lib.training.losses import GeneratorLoss
from srgan_lib.training.tasks import SupervisedTask
from srgan_report import hardware
from srgan_report.pipeline.resolve_auto import resolve_shared

LOSSES_UNTIL, SPEED_UNTIL = 0.45, 0.7  #: shares of the time; each part leaves out what it has no time for
LEAST = 60  #: seconds of training
FULL = {"batch": 4, "crop": 96, "channels": 64, "blocks": 4, "steps": 10}
TINY = {"batch": 2, "crop": 48, "channels": 8, "blocks": 1, "steps": 2}
#: How far the loss of the first step, and that of any step, may be from the CPU's in float32, relative to it. The first
#: differs by rounding alone (TF32 has 10 bits and bfloat16 7), the others also by what the weights made of it.
TOLERANCE = {"float32": (2e-3, 5e-2), "bfloat16": (2e-2, 2e-1)}
CONTIGUOUS = "float32, not channels-last"  #: PyTorch's default layout, which the library never uses
VARIANTS: dict[str, dict[str, Any]] = {
    "float32": {"dtype": "float32"},
    CONTIGUOUS: {"dtype": "float32"},
    "bfloat16": {"dtype": "bfloat16"},
    "float32, compiled": {"dtype": "float32", "compile": True},
    "bfloat16, compiled": {"dtype": "bfloat16", "compile": True},
}


def choices(section: type[Warmup | Adversarial], field: str) -> list[str]:
    """The networks that a parameter offers, but for those of the user's own."""
    annotation = section.model_fields[field].annotation
    return [name for one in (annotation, *get_args(annotation)) for name in get_args(one) if isinstance(name, str)]


def losses(kind: str, name: str, machine: Mapping[str, Any], size: Mapping[str, int]) -> list[float]:
    """The losses of the first training steps of a generator (on pixels) or a discriminator (against Compact).

    ``size``: batch, crop, the networks' channels and blocks, and how many steps.
    """
    torch.compiler.reset()
    batch, crop = size["batch"], size["crop"]
    if kind == "generator":
        sizes = {"generator_channels": size["channels"], "generator_blocks": size["blocks"]}
        job = training.open_job(
            "warmup", dict(machine), batch, crop, warmup=sizes | training.PIXELS_ONLY | {kind: name}
        )
        job.compute.apply()
        loss = GeneratorLoss.of(job.stage, job.params.shared, job.compute, job.first_crops())
        task: Any = SupervisedTask(job, "generator", generator_config(job.stage, job.params.shared.scale), loss)
    else:
        stage = {"discriminator": name, "discriminator_channels": size["channels"]}
        if name != "srgan" or size is TINY:  # VGG-19, which takes most of the time, need be tried once
            stage |= training.PIXELS_ONLY | {"pixel_weight": 1.0}
        warmup = {"generator": "compact", "generator_channels": size["channels"], "generator_blocks": size["blocks"]}
        task, job = training.adversarial(dict(machine), batch, crop, warmup=warmup, adversarial=stage)
    found: list[float] = []
    for step in range(size["steps"]):
        lr, hr = (job.compute.images(images) for images in job.sampler.batch(step))
        values = task.step(step, lr, hr)
        found += [values[key].item() for key in ("loss", "discriminator") if key in values]
    return found


def _contiguous() -> AbstractContextManager[object]:
    """Leave networks and images in PyTorch's default layout inside."""
    return patch.multiple(
        Compute,
        trainable=lambda self, network: network.to(self.device),
        images=lambda self, batch: batch.to(self.device).float().contiguous().div_(255),
    )


def deviation(found: Sequence[float], expected: Sequence[float]) -> tuple[float, float]:
    """The relative deviation of the first loss, and the largest; infinite where a loss is no number."""
    each = [abs(one - other) / max(abs(other), 1e-6) for one, other in zip(found, expected, strict=True)]
    each = [value if value == value else float("inf") for value in each]
    return each[0], max(each)


def compare(device: Mapping[str, Any], size: Mapping[str, int], until: float, variants: Sequence[str]) -> list[str]:
    """Table rows of all networks: by variant how far the losses are from the CPU's, in bold where too far."""
    networks = [("generator", name) for name in choices(Warmup, "generator")]
    networks += [("discriminator", name) for name in choices(Adversarial, "discriminator")]
    cells: dict[tuple[str, str], list[str]] = {one: [] for one in networks}
    expected: dict[tuple[str, str], list[float]] = {}
    for variant in variants:  # the compiled ones, which take long, come last
        for one in networks:
            if time.monotonic() > until:
                cells[one].append("no time")
                continue
            if one not in expected:
                expected[one] = losses(*one, {**device, "device": "cpu", "dtype": "float32"}, size)
            try:
                with _contiguous() if variant == CONTIGUOUS else nullcontext():
                    found = losses(*one, {**device, **VARIANTS[variant]}, size)
            except Exception as error:  # one that fails must not keep the others from being tried
                said = str(error).partition("\n")[0]
                cells[one].append(f"**{type(error).__name__}: {said[:80]}**")
                continue
            far, limits = deviation(found, expected[one]), TOLERANCE[VARIANTS[variant]["dtype"]]
            text = f"{far[0]:.1e}, {far[1]:.1e}"
            cells[one].append(text if far[0] <= limits[0] and far[1] <= limits[1] else f"**{text}**")
    return [
        f"| first loss, largest of {size['steps']} steps | {' | '.join(variants)} |",
        f"|---|{'---|' * len(variants)}",
        *(f"| {name} ({kind}) | {' | '.join(row)} |" for (kind, name), row in cells.items()),
    ]


def speeds(device: Mapping[str, Any], batch: int, crop: int, rounds: int, until: float) -> list[str]:
    """Table rows of the library's training steps against plain PyTorch in float32, each in processes of its own."""
    rows = ["| step | setting | ours | plain float32 | ratio |", "|---|---|---|---|---|"]
    for extra in ({"dtype": "float32"}, {"dtype": "bfloat16"}, {"dtype": "bfloat16", "compile": True}):
        for one in training.races({**device, **extra}, batch, crop):
            cells = ["no time", "", ""]
            if time.monotonic() < until:
                found = race.run(one, rounds)
                ours, plain = (1e3 * facts["seconds"] for facts in found["contestants"].values())
                cells = [f"{ours:.1f} ms", f"{plain:.1f} ms", f"{found['ratio']:.2f}×"]
            setting = one.setting + ", compiled" * ("compile" in extra)
            rows.append(f"| {' | '.join([one.title, setting, *cells])} |")
    return rows


def train(seconds: int, words: Sequence[str]) -> str:
    """Train SRGAN for that long, and say how long it took."""
    command = ["srgan", "train", "params/demo.yaml", "--run", "bench_gpu", "--budget", f"{seconds}s", *words]
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "srgan_report.cli", *command[1:]], cwd=project_root())
    took = time.monotonic() - began
    said = f"`{' '.join(command)}` took {took:.0f} s ({took / seconds - 1:+.0%})"
    return f"**{said} and ended with exit code {done.returncode}.**" if done.returncode else f"{said}."


def main(words: Sequence[str] | None = None) -> int:
    """Try everything, print and write the tables; 1 if something failed or is too far from the CPU."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tiny", action="store_true", help="on the CPU, with tiny networks, nothing compiled or raced")
    parser.add_argument("--seconds", type=int, default=540, help="that all of it may take (default 540)")
    options = parser.parse_args(words)
    began = time.monotonic()
    if not options.tiny and not hardware.cuda_capabilities():
        parser.error("there is no CUDA device here; --tiny tries all of it on the CPU")
    shared = resolve_shared(Shared(device="cpu" if options.tiny else "cuda"))
    device = {"device": shared.device, "threads": shared.threads}
    variants = [name for name, settings in VARIANTS.items() if not (options.tiny and "compile" in settings)]
    name = "all on the CPU" if options.tiny else torch.cuda.get_device_name(0)
    lines = [f"{hardware.machine_text(hardware.machine())}; {name}, torch {torch.__version__}.", ""]
    lines += [*compare(device, TINY if options.tiny else FULL, began + LOSSES_UNTIL * options.seconds, variants), ""]
    if not options.tiny:  # plain networks have one size
        lines += [*speeds(device, 16, 96, 8, began + SPEED_UNTIL * options.seconds), ""]
    left = int(max(LEAST, options.seconds - (time.monotonic() - began)))
    small = ["--overlay", "params/overlays/tiny.yaml", "-p", "device=cpu"]
    text = "\n".join([*lines, train(left, small if options.tiny else [])])
    print(text)
    write_atomic(project_root() / "results" / "bench" / "gpu.md", text + "\n")
    return int("**" in text)


if __name__ == "__main__":
    sys.exit(main())
