"""Racing another implementation: its networks, losses and training step, imported from a checkout of it.

BasicSR (https://github.com/XPixelGroup/BasicSR): ``SRGANModel.optimize_parameters`` with the settings of
``train_MSRGAN_x4.yml`` (MSRResNet, VGG-style discriminator, L1 and conv5_4 terms, EMA). Its package does not import
with current torchvision and wants OpenCV; so its modules are imported one by one, past the packages' ``__init__``.
VGG-19 gets random weights on both sides: they make no difference to the speed.
"""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import torch
import torchvision
import yaml

from benchmarks import training
from benchmarks.race import Race

OPTIONS = "options/train/SRResNet_SRGAN/train_MSRGAN_x4.yml"


def races(checkout: Path, machine: dict, batch: int) -> list[Race]:
    """The peer's own settings, in batches of at most ``batch``, against ours made equal to them.

    Raises
    ------
    FileNotFoundError
        If the folder is no checkout of BasicSR.
    """
    if not (checkout / OPTIONS).exists():
        raise FileNotFoundError(f"{checkout}: no checkout of BasicSR ({OPTIONS} is not there)")
    options = yaml.safe_load((checkout / OPTIONS).read_text())
    train = options["datasets"]["train"]
    setting = {"machine": machine, "batch": min(batch, train["batch_size_per_gpu"]), "crop": train["gt_size"]}
    return [
        Race(
            "basicsr_srgan_step",
            "SRGAN training step, BasicSR's settings",
            {
                "ours": partial(ours, **setting),
                "BasicSR": partial(basicsr, **setting, checkout=checkout),
            },
            "steps",
            1,
            f"MSRGAN, batch {setting['batch']} of {setting['crop']}², {machine['dtype']} on {machine['device']}",
            2.5,
        )
    ]


def ours(machine: dict, batch: int, crop: int) -> Callable[[], object]:
    """No BN in the generator, bicubic skip, L1 on pixels and on conv5_4, EMA."""
    stage = {
        "pixel_loss": "l1",
        "pixel_weight": 1e-2,
        "content_loss": "l1",
        "adversarial_weight": 5e-3,
        "beta2": 0.99,
        "ema_decay": 0.999,
    }
    network = {"generator_norm": "none", "global_skip": "bicubic"}
    task, job = training.adversarial(machine, batch, crop, warmup=network, adversarial=stage)
    return training.stepper(task, job)


def basicsr(machine: dict, batch: int, crop: int, checkout: Path) -> Callable[[], object]:
    """BasicSR's own model class and step."""
    if machine["device"] == "cpu":
        torch.set_num_threads(machine["threads"])
    model_class = _import_model(checkout)
    options = yaml.safe_load((checkout / OPTIONS).read_text())
    options |= {"is_train": True, "dist": False, "num_gpu": 0 if machine["device"] == "cpu" else 1}
    options["path"]["pretrain_network_g"] = None
    model = model_class(options)
    lr, hr = (torch.rand(batch, 3, side, side) for side in (crop // 4, crop))

    def step() -> None:
        model.feed_data({"lq": lr, "gt": hr})
        model.optimize_parameters(1)

    return step


def _import_model(checkout: Path) -> type:
    """BasicSR's SRGANModel, with only the modules that it needs."""
    sys.path.insert(0, str(checkout))
    packages = {}
    for name in ("basicsr", *(f"basicsr.{part}" for part in ("archs", "losses", "models", "utils", "metrics", "ops"))):
        packages[name] = sys.modules[name] = ModuleType(name)
        packages[name].__path__ = [str(checkout / name.replace(".", "/"))]
    deformable = sys.modules["basicsr.ops.dcn"] = ModuleType("basicsr.ops.dcn")
    vars(deformable).update(ModulatedDeformConvPack=object, modulated_deform_conv=None)
    utils, metrics = packages["basicsr.utils"], packages["basicsr.metrics"]
    utils.get_root_logger = lambda: logging.getLogger("basicsr")
    utils.imwrite = utils.tensor2img = metrics.calculate_metric = None

    registry = importlib.import_module("basicsr.utils.registry")
    build = lambda kind: lambda options: kind.get(options["type"])(**{k: v for k, v in options.items() if k != "type"})  # noqa: E731
    packages["basicsr.archs"].build_network = build(registry.ARCH_REGISTRY)
    packages["basicsr.losses"].build_loss = build(registry.LOSS_REGISTRY)
    for module in ("archs.srresnet_arch", "archs.discriminator_arch", "losses.basic_loss", "losses.gan_loss"):
        importlib.import_module(f"basicsr.{module}")
    vgg = importlib.import_module("basicsr.archs.vgg_arch")
    vars(vgg)["vgg"] = SimpleNamespace(vgg19=lambda pretrained: torchvision.models.vgg19(weights=None))
    return importlib.import_module("basicsr.models.srgan_model").SRGANModel
