import pytest
import torch
from torch import nn

from srgan_lib.evaluation.efficiency import SIDE, efficiency
from srgan_lib.evaluation.methods import NetworkMethod, classical
from srgan_lib.models.generators import build_generator, srcnn_config
from srgan_lib.params.training import Srcnn


class Plain(nn.Module):
    """One 3×3 convolution to 48 channels, of which a shuffle makes pixels."""

    scale = 4

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 48, 3, padding=1), nn.PixelShuffle(4))

    def forward(self, image):
        return self.layers(image)


def test_operations_parameters_and_memory_are_those_of_the_network():
    methods = {"bicubic": classical("bicubic", 4), "warmup": NetworkMethod(Plain())}
    methods["twice"] = NetworkMethod(Plain(), self_ensemble=True)
    table = efficiency(methods, 4).set_index("method")
    assert list(table.index) == ["warmup", "twice"]  # of interpolation there is nothing to count
    assert list(table.parameters) == [3 * 9 * 48 + 48] * 2
    assert list(table.operations) == [3 * 9 * 48, 8 * 3 * 9 * 48]
    result = SIDE**2 * 48 * torch.float32.itemsize / 2**20 / ((4 * SIDE) ** 2 / 1e6)
    assert 2 * result <= table.mebibytes["warmup"] < 4 * result  # two tensors of this size at once, and their like
    assert (table.milliseconds > 0).all()


def test_srcnn_costs_what_its_layers_say():
    network = build_generator(srcnn_config(Srcnn(layout="9-1-5"), 4))
    [row] = efficiency({"srcnn": NetworkMethod(network)}, 4).itertuples()
    layers = 9 * 9 * 3 * 64 + 64 * 32 + 5 * 5 * 32 * 3
    assert row.parameters == layers + 64 + 32 + 3
    assert row.operations == pytest.approx(16 * layers, rel=0.05)  # and the bicubic enlargement before them
