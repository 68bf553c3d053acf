"""SRResNet and SRGAN as one writes them from the paper: the networks that the library's steps are raced with.

Everything is float32 in PyTorch's default layout, with PyTorch's own modules and Adam; the steps are those of
:mod:`srgan_lib.training.plain`. The mathematics is the library's (tests compare outputs and updated weights); only the
way of computing differs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import vgg19

from srgan_lib.training.adversarial_loss import AdversarialLoss
from srgan_lib.training.plain import plain_adversarial_step, plain_supervised_step

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Block(nn.Module):
    """Convolution, BN, PReLU, convolution, BN, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            nn.PReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class PlainSRResNet(nn.Module):
    """Ledig et al. 2017, figure 4, for ×4."""

    def __init__(self, channels: int = 64, blocks: int = 16) -> None:
        super().__init__()
        self.conv_first = nn.Sequential(nn.Conv2d(3, channels, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*(Block(channels) for _ in range(blocks)))
        self.conv_body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels))
        stage = [nn.Conv2d(channels, 4 * channels, 3, padding=1), nn.PixelShuffle(2), nn.PReLU()]
        again = [nn.Conv2d(channels, 4 * channels, 3, padding=1), nn.PixelShuffle(2), nn.PReLU()]
        self.upsampler = nn.Sequential(*stage, *again, nn.Conv2d(channels, 3, 9, padding=4))

    def forward(self, lr: Tensor) -> Tensor:
        features = self.conv_first(lr)
        return self.upsampler(features + self.conv_body(self.blocks(features)))


class PlainDiscriminator(nn.Module):
    """Ledig et al. 2017, figure 4, below; without the sigmoid, which is in the loss."""

    def __init__(self, crop: int, channels: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), nn.LeakyReLU(0.2)]
        widths = [channels * 2 ** (index // 2) for index in range(8)]
        for index in range(7):
            layers += [
                nn.Conv2d(widths[index], widths[index + 1], 3, stride=2 - index % 2, padding=1),
                nn.BatchNorm2d(widths[index + 1]),
                nn.LeakyReLU(0.2),
            ]
        self.features = nn.Sequential(*layers)
        self.classify = nn.Sequential(
            nn.Linear(widths[-1] * (-(-crop // 16)) ** 2, 16 * channels), nn.LeakyReLU(0.2), nn.Linear(16 * channels, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classify(self.features(images).flatten(1))


class PlainVGG(nn.Module):
    """VGG-19 to conv5_4, before the activation."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*list(vgg19(weights=None).features.children())[:35]).eval().requires_grad_(False)
        for name, value in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(value).reshape(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers((images - self.mean) / self.std)


def srresnet_step(net: nn.Module, rate: float) -> Callable[[Tensor, Tensor], float]:
    """A training step on batches in [0,1]: mean squared error, Adam. Returns the loss, as a log would show it."""
    optimizer = torch.optim.Adam(net.parameters(), rate)
    return lambda lr, hr: plain_supervised_step(net, optimizer, F.mse_loss, lr, hr).item()


def srgan_step(
    net: nn.Module, discriminator: nn.Module, vgg: nn.Module, rate: float, adversarial_weight: float
) -> Callable[[Tensor, Tensor], tuple[float, float]]:
    """A step of both networks on batches in [0,1], the generator first; returns both losses."""
    optimizer, optimizer_d = (torch.optim.Adam(network.parameters(), rate) for network in (net, discriminator))
    adversarial_loss = AdversarialLoss("bce")

    def content(sr: Tensor, hr: Tensor) -> Tensor:
        return F.mse_loss(vgg(sr), vgg(hr))

    def step(lr: Tensor, hr: Tensor) -> tuple[float, float]:
        losses = plain_adversarial_step(
            net, discriminator, optimizer, optimizer_d, content, adversarial_loss, adversarial_weight, lr, hr
        )
        return losses[0].item(), losses[1].item()

    return step
