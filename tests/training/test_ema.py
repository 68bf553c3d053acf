import torch
from torch import nn

from srgan_lib.training.ema import MovingAverage


def test_average_by_hand():
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    nn.init.constant_(network[0].weight, 1.0)
    average = MovingAverage(network, 0.9)
    for value in (2.0, 4.0):
        nn.init.constant_(network[0].weight, value)
        network[1].running_mean.fill_(value)
        average.update()
    expected = 0.9 * (0.9 * 1 + 0.1 * 2) + 0.1 * 4
    torch.testing.assert_close(average.averaged[0].weight.detach(), torch.tensor([[expected]]))
    assert average.averaged[1].running_mean.item() == 4.0
    assert network[0].weight.item() == 4.0
    assert not average.averaged[0].weight.requires_grad
