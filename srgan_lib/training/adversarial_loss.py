"""The adversarial losses: what generator and discriminator make of the discriminator's outputs."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from srgan_lib.params.training import AdversarialKind


class AdversarialLoss:
    """What discriminator and generator make of the discriminator's outputs, N×1 logits each.

    Parameters
    ----------
    kind : ``"bce"``: binary cross-entropy, non-saturating for the generator (Goodfellow et al. 2014);
        ``"lsgan"``: least squares with targets 1 and 0 (Mao et al. 2017); ``"lsgan_sigmoid"``: the same of the sigmoid;
        ``"relativistic"``: relativistic average with cross-entropy (Jolicoeur-Martineau 2018, as in ESRGAN).
    """

    def __init__(self, kind: AdversarialKind) -> None:
        self.relativistic = kind == "relativistic"
        self.least_squares = kind.startswith("lsgan")
        self.squashed = kind == "lsgan_sigmoid"

    def discriminator(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the discriminator's loss on real and on fake images; it minimises their sum."""
        real, fake = self._logits(real, fake)
        return self._criterion(real, 1.0), self._criterion(fake, 0.0)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """Compute the generator's loss; ``real`` is used only if :attr:`relativistic`."""
        if not self.relativistic:
            return self._criterion(fake, 1.0)
        if real is None:
            raise ValueError("the relativistic loss compares with the logits of real images, and got none")
        real, fake = self._logits(real.detach(), fake)
        return self._criterion(real, 0.0) + self._criterion(fake, 1.0)

    def probabilities(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the discriminator's probability of "real" for each real and each fake image."""
        real, fake = self._logits(real, fake)
        return (real, fake) if self.least_squares and not self.squashed else (real.sigmoid(), fake.sigmoid())

    def _logits(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        return (real - fake.mean(), fake - real.mean()) if self.relativistic else (real, fake)

    def _criterion(self, outputs: Tensor, target: float) -> Tensor:
        penalty = F.mse_loss if self.least_squares else F.binary_cross_entropy_with_logits
        return penalty(outputs.sigmoid() if self.squashed else outputs, torch.full_like(outputs, target))


def feature_matching(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """Compute the mean absolute difference of a discriminator's features of real and fake images, over its layers.

    Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, place by place as in pix2pixHD (Wang et al.,
    CVPR 2018), since each fake image has its real one. The gradient is for ``fake`` alone.
    """
    return torch.stack([F.l1_loss(b, a.detach()) for a, b in zip(real, fake, strict=True)]).mean()
