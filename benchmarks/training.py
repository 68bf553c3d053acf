"""Training steps: the library's own tasks, as its loop calls them, and the plain ones of :mod:`benchmarks.plain`."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks import plain
from benchmarks.race import Race
from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize
from srgan_lib.models.files import save_model
from srgan_lib.models.generators import build_generator, generator_config
from srgan_lib.params import Params
from srgan_lib.training.adversarial import AdversarialTask
from srgan_lib.training.losses import GeneratorLoss
from srgan_lib.training.tasks import Job, SupervisedTask, TrainingTask

RATE, ADVERSARIAL_WEIGHT = 1e-4, 1e-3
PLAIN_GENERATOR = {"global_skip": "none", "learning_rate": RATE, "schedule": "constant"}
PIXELS_ONLY = {"pixel_loss": "mse", "content_weight": 0.0}
VGG54 = {
    "pixel_weight": 0.0,
    "content_weight": 1.0,
    "content_loss": "mse",
    "content_layers": {"conv5_4": 1.0},
    "content_scale": 1.0,
    "content_weights": "random",
}


def races(machine: dict, batch: int, crop: int) -> list[Race]:
    """SRResNet and SRGAN, the paper's networks, against the plain step."""
    setting = {"machine": machine, "batch": batch, "crop": crop}
    what = f"64×16, batch {batch} of {crop}², {machine['dtype']} on {machine['device']}"
    return [
        Race(
            f"{name}_step",
            title,
            {
                "ours": partial(ours, **setting),
                "plain float32": partial(theirs, **setting),
            },
            "steps",
            1,
            what,
            goal,
        )
        for name, title, ours, theirs, goal in (
            ("srresnet", "SRResNet training step", srresnet, plain_srresnet, 2.0),
            ("srgan", "SRGAN training step (VGG-19 conv5_4)", srgan, plain_srgan, 2.8),
        )
    ]


def srresnet(machine: dict, batch: int, crop: int) -> Callable[[], object]:
    """The library's warm-up on pixels."""
    job = open_job("warmup", machine, batch, crop, warmup=PLAIN_GENERATOR | PIXELS_ONLY)
    job.compute.apply()
    config = generator_config(job.stage, 4)
    loss = GeneratorLoss.of(job.stage, job.params.shared, job.compute, job.first_crops())
    return stepper(SupervisedTask(job, "generator", config, loss), job)


def srgan(machine: dict, batch: int, crop: int) -> Callable[[], object]:
    """The library's adversarial stage with the paper's terms."""
    return stepper(*adversarial(machine, batch, crop, warmup=PLAIN_GENERATOR))


def adversarial(machine: dict, batch: int, crop: int, warmup: dict, **sections: dict) -> tuple[AdversarialTask, Job]:
    """An adversarial task on top of an untrained generator."""
    stage = VGG54 | {"adversarial_weight": ADVERSARIAL_WEIGHT, "learning_rate": RATE} | sections.get("adversarial", {})
    job = open_job("adversarial", machine, batch, crop, warmup=warmup, adversarial=stage)
    job.compute.apply()
    config = generator_config(job.params.warmup, 4)
    torch.manual_seed(0)
    weights = job.directory / "generator.safetensors"
    save_model(weights, build_generator(config), config)
    return AdversarialTask(job, weights), job


def plain_srresnet(machine: dict, batch: int, crop: int) -> Callable[[], object]:
    """The plain step on the same crops."""
    net = _plain(plain.PlainSRResNet(), machine)
    return _on_batches(plain.srresnet_step(net, RATE), machine, batch, crop)


def plain_srgan(machine: dict, batch: int, crop: int) -> Callable[[], object]:
    """The plain step on the same crops."""
    net, discriminator = _plain(plain.PlainSRResNet(), machine), _plain(plain.PlainDiscriminator(crop), machine)
    vgg = _plain(plain.PlainVGG(), machine).eval()
    return _on_batches(plain.srgan_step(net, discriminator, vgg, RATE, ADVERSARIAL_WEIGHT), machine, batch, crop)


def open_job(stage: str, machine: dict, batch: int, crop: int, **sections: dict) -> Job:
    """A training of one stage by the library, on photographs of noise, in a temporary folder."""
    document = {"shared": {**machine, "crop": crop}, **sections}
    document[stage] = {**document.get(stage, {}), "batch": batch}
    params = Params.model_validate(document)
    pairs = noise(crop)
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Job(stage, params, pairs, pairs[:1], folder, "benchmark")


def noise(crop: int, images: int = 4) -> list[Pair]:
    """Pairs a little larger than the crop; what they show makes no difference to the speed."""
    rng = np.random.default_rng(0)
    photographs = [rng.integers(0, 256, (crop + 32, crop + 32, 3), dtype=np.uint8) for _ in range(images)]
    return [Pair(str(index), hr, imresize(hr, 1 / 4)) for index, hr in enumerate(photographs)]


def stepper(task: TrainingTask, job: Job) -> Callable[[], object]:
    """What the loop does for one step, but for validating and writing: the batch to the device, the step, its log."""
    numbers = count()
    batches = [job.sampler.batch(step) for step in range(4)]

    def step() -> None:
        number = next(numbers)
        lr, hr = (job.compute.images(images) for images in batches[number % len(batches)])
        values = task.step(number, lr, hr)
        values["loss"].item()  # here alone, to time the whole step

    return step


def _plain(net: torch.nn.Module, machine: dict) -> torch.nn.Module:
    torch.set_num_threads(machine["threads"])
    torch.manual_seed(0)
    return net.to(machine["device"]).train()


def _on_batches(step: Callable[[Tensor, Tensor], object], machine: dict, batch: int, crop: int) -> Callable[[], object]:
    """Calls a plain step on float batches that are ready in memory."""
    lr, hr = (torch.rand(batch, 3, side, side, device=machine["device"]) for side in (crop // 4, crop))
    return lambda: step(lr, hr)
