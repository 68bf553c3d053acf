"""A network as a notebook shows it: its drawing and the table of its layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import nn

from srgan_lib.markup import Exhibit
from srgan_lib.models.drawing import draw_network
from srgan_lib.models.summary import layer_table


def drawing(network: nn.Module, input_shape: Sequence[int], source: str, result: str) -> Exhibit:
    """Draw a network; parameters as :func:`~srgan_lib.models.drawing.draw_network`."""
    return Exhibit(
        draw_network(network, input_shape, source, result),
        "network",
        "The network that is trained, drawn from itself, with the shape after each layer (channels×height×width). A "
        "circle adds what the line beside it brings; a dashed frame is repeated.",
    )


def layers(network: nn.Module, input_shape: Sequence[int]) -> Exhibit:
    """List a network's layers; parameters as :func:`~srgan_lib.models.summary.layer_table`."""
    return Exhibit(
        layer_table(network, input_shape),
        "layers",
        f"The layers of the network that is trained, for an input of {'×'.join(map(str, input_shape))}: shape of the "
        "output (channels×height×width), how often the network has the layer, and the parameters of all of them "
        "together. Look at where most parameters are.",
        options={"formats": {"parameters": ","}},
    )


def network(trained: nn.Module, input_shape: Sequence[int], source: str, result: str) -> Iterator[Exhibit]:
    """Show a network's drawing, then its layers."""
    yield drawing(trained, input_shape, source, result)
    yield layers(trained, input_shape)
