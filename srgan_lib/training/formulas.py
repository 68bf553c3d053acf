"""The losses of the two players as formulas, for the adversarial loss in use."""

from __future__ import annotations

from srgan_lib.params.training import AdversarialKind

REAL, FAKE = r"D(x_\mathrm{HR})", r"D(G(x_\mathrm{LR}))"
_MEAN = r"\operatorname{mean}"

#: Per adversarial loss: its name, the discriminator's loss, the generator's, and what they say.
_LOSSES: dict[AdversarialKind, tuple[str, str, str, str]] = {
    "bce": (
        "binary cross-entropy, non-saturating for the generator (Goodfellow et al., 2014)",
        rf"-\log \sigma({REAL}) - \log (1 - \sigma({FAKE}))",
        rf"-\log \sigma({FAKE})",
        r"$\sigma$ is the sigmoid: $\sigma(D(x))$ is the probability that $x$ is a photograph.",
    ),
    "lsgan": (
        "least squares (Mao et al., 2017)",
        rf"({REAL} - 1)^2 + {FAKE}^2",
        rf"({FAKE} - 1)^2",
        "The discriminator's output itself should be 1 for photographs and 0 for generated images.",
    ),
    "lsgan_sigmoid": (
        "least squares of the sigmoid",
        rf"(\sigma({REAL}) - 1)^2 + \sigma({FAKE})^2",
        rf"(\sigma({FAKE}) - 1)^2",
        r"$\sigma$ is the sigmoid: $\sigma(D(x))$ is the probability that $x$ is a photograph.",
    ),
    "relativistic": (
        "relativistic average with cross-entropy (Jolicoeur-Martineau, 2018; ESRGAN)",
        r"-\log \sigma(\Delta_r) - \log (1 - \sigma(\Delta_f))",
        r"-\log (1 - \sigma(\Delta_r)) - \log \sigma(\Delta_f)",
        rf"$\Delta_r = {REAL} - {_MEAN} {FAKE}$ and $\Delta_f = {FAKE} - {_MEAN} {REAL}$: how much more real an image "
        "looks than the average one of the other kind in the batch. The generator's loss reads photographs too.",
    ),
}


def players(kind: AdversarialKind) -> str:
    """Write both players' losses, averaged over a batch, as markdown.

    Parameters
    ----------
    kind : the parameter ``adversarial_loss``.
    """
    name, discriminator, generator, meaning = _LOSSES[kind]
    return (
        f"This run's adversarial loss is `{kind}`: {name}. The discriminator minimises\n\n"
        f"$$ L_D = {discriminator} , $$\n\n"
        "and the adversarial term of the generator is\n\n"
        f"$$ L_\\mathrm{{adv}} = {generator} , $$\n\n"
        f"both averaged over all logits of the batch. {meaning}"
    )
