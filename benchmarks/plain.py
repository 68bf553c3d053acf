"""SRResNet and SRGAN trained the plain way, as one writes it from the paper: what the library's steps are raced with.

Everything is float32 in PyTorch's default layout, with PyTorch's own modules and Adam. The mathematics is that of the
library's step (a test compares the networks' outputs with the same weights); only the way of computing differs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import vgg19

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

    def __init__(self) -> None:
        super().__init__()
        self.layers = vgg19(weights=None).features[:35].eval().requires_grad_(False)
        for name, value in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(value).reshape(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers((images - self.mean) / self.std)


def srresnet_step(net: nn.Module, rate: float) -> Callable[[Tensor, Tensor], float]:
    """A training step on batches in [0,1]: mean squared error, Adam. Returns the loss, as a log would show it."""
    optimizer = torch.optim.Adam(net.parameters(), rate)

    def step(lr: Tensor, hr: Tensor) -> float:
        loss = F.mse_loss(net(lr), hr)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def srgan_step(
    net: nn.Module, judge: nn.Module, vgg: nn.Module, rate: float, adversarial_weight: float
) -> Callable[[Tensor, Tensor], tuple[float, float]]:
    """A step of both networks on batches in [0,1], the generator first; returns both losses."""
    optimizer = torch.optim.Adam(net.parameters(), rate)
    judge_optimizer = torch.optim.Adam(judge.parameters(), rate)

    def step(lr: Tensor, hr: Tensor) -> tuple[float, float]:
        sr = net(lr)
        content = F.mse_loss(vgg(sr), vgg(hr))
        score = judge(sr)
        loss = content + adversarial_weight * F.binary_cross_entropy_with_logits(score, torch.ones_like(score))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

        real, fake = judge(hr), judge(sr.detach())
        judge_loss = F.binary_cross_entropy_with_logits(
            real, torch.ones_like(real)
        ) + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
        judge_optimizer.zero_grad()
        judge_loss.backward()
        judge_optimizer.step()
        return loss.item(), judge_loss.item()

    return step
