"""One training step as a textbook writes it: PyTorch's own Adam, every forward pass where it is needed.

The library's trainers compute the same weights in less time (they share forward passes and differentiate each network
once); a test compares them in float64. ``make bench`` measures the difference.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.optim import Optimizer

from srgan_lib.training.adversarial_loss import AdversarialLoss

ImageLoss = Callable[[Tensor, Tensor], Tensor]  #: a distance of two batches of images


def plain_supervised_step(
    network: nn.Module, optimizer: Optimizer, image_loss: ImageLoss, lr: Tensor, hr: Tensor
) -> Tensor:
    """Train one network to come near HR; return the loss before the update.

    ``lr`` and ``hr`` are N×3×h×w and N×3×H×W in [0,1].
    """
    sr = network(lr)
    loss = image_loss(sr, hr)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def plain_adversarial_step(
    generator: nn.Module,
    discriminator: nn.Module,
    generator_optimizer: Optimizer,
    discriminator_optimizer: Optimizer,
    image_loss: ImageLoss,
    adversarial_loss: AdversarialLoss,
    adversarial_weight: float,
    lr: Tensor,
    hr: Tensor,
) -> tuple[Tensor, Tensor]:
    """Train the generator, then the discriminator, on one batch; return both losses.

    ``image_loss`` stands for all terms of the generator's loss that compare images, and ``lr`` and ``hr`` are N×3×h×w
    and N×3×H×W in [0,1].
    """
    # The generator: come near HR, and look real to the discriminator.
    sr = generator(lr)
    fake = discriminator(sr)
    real = discriminator(hr).detach() if adversarial_loss.relativistic else None
    deception = adversarial_loss.generator(real, fake)
    generator_loss = image_loss(sr, hr) + adversarial_weight * deception
    generator_optimizer.zero_grad()
    generator_loss.backward()
    generator_optimizer.step()

    # The discriminator: tell HR crops from generated ones.
    # detach(): this loss must not reach the generator. zero_grad() also drops what generator_loss left in this network.
    real, fake = discriminator(hr), discriminator(sr.detach())
    loss_real, loss_fake = adversarial_loss.discriminator(real, fake)
    discriminator_loss = loss_real + loss_fake
    discriminator_optimizer.zero_grad()
    discriminator_loss.backward()
    discriminator_optimizer.step()
    return generator_loss, discriminator_loss
