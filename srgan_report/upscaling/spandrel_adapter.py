"""This project's networks in spandrel, and so in the programs that load networks through it: :func:`register`.

spandrel tells networks apart by the names and shapes of their tensors, which do not say everything of ours (a value
range, a global skip, consistency with the LR image). Files for it therefore hold the configuration as one tensor more.
RRDBNet and Compact need none of this where spandrel has the same network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch
from spandrel import MAIN_REGISTRY, Architecture, ArchSupport, ImageModelDescriptor, StateDict
from torch import Tensor

from srgan_lib.models.base import SuperResolver
from srgan_lib.models.files import CONFIGURATION
from srgan_lib.models.generators import build_generator, check_configuration


class SrganReport(Architecture[SuperResolver]):
    """All networks of this project whose configuration is among their tensors."""

    def __init__(self) -> None:
        super().__init__(id="srgan-report", detect=lambda state: CONFIGURATION in state)

    def load(self, state_dict: StateDict) -> ImageModelDescriptor[SuperResolver]:
        """Build the network that the tensors belong to; ``ValueError`` for one that this version cannot build."""
        tensors = dict(state_dict)
        config = check_configuration(json.loads(bytes(tensors.pop(CONFIGURATION).tolist())))
        model = build_generator(config)
        return ImageModelDescriptor(
            model,
            tensors,
            architecture=self,
            purpose="SR",
            tags=[config["architecture"]],
            supports_half=False,
            supports_bfloat16=True,
            scale=model.scale,
            input_channels=3,
            output_channels=3,
        )


def register() -> None:
    """Let spandrel load this project's networks in this process, from files of ``srgan export --to spandrel``."""
    known = tuple(support.architecture.id for support in MAIN_REGISTRY)
    MAIN_REGISTRY.add(ArchSupport.from_architecture(SrganReport(), before=known), ignore_duplicates=True)


def spandrel_tensors(model: SuperResolver, config: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return tensors as spandrel reads them: alone, or with the configuration where it needs :func:`register`."""
    content = torch.tensor(list(json.dumps(dict(config)).encode()), dtype=torch.uint8)
    return {**model.state_dict(), **({} if is_public(config) else {CONFIGURATION: content})}


def is_public(config: Mapping[str, Any]) -> bool:
    """Tell whether spandrel itself has the network: Compact, or RRDBNet as published."""
    plain = {"consistent": False, "global_skip": "none", "input": "lr", "value_range": "zero_one"}
    if any(config.get(name, value) != value for name, value in plain.items()):
        return False
    # spandrel's RRDBNet grows by 32 channels, and enlarges in steps of two
    as_published = config.get("channels", 64) == 64 and config.get("scale", 4) != 3
    return config["architecture"] == "compact" or (config["architecture"] == "rrdbnet" and as_published)
