"""Is the game between generator and discriminator still a game? The answer in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WINDOW = 5  #: rows of the loss curve that must agree
SURE = 0.99  #: share of the images


def discriminator_health(rows: Sequence[Mapping[str, float]]) -> tuple[str, str] | None:
    """Whether the discriminator wins outright or has collapsed over the last rows of the loss curve.

    It wins outright when it is right about 99 % of the real and of the fake images: the generator then learns little
    from it. It has collapsed when it calls 99 % of both the same.

    Returns
    -------
    kind, warning : ``"wins"`` or ``"collapsed"``, and a sentence; none while it is still a game.
    """
    window = [row for row in rows[-WINDOW:] if "d_accuracy_real" in row]
    if len(window) < WINDOW:
        return None
    real = [row["d_accuracy_real"] for row in window]
    fake = [row["d_accuracy_fake"] for row in window]
    when = f"from step {window[0]['step']} to {window[-1]['step']}"
    if min(real + fake) >= SURE:
        return "wins", (
            f"the discriminator wins outright {when}: it is right about {SURE:.0%} of the images, so the "
            "adversarial term teaches the generator little; raise discriminator_every or lower "
            "discriminator_learning_rate"
        )
    for side, other, answer in ((real, fake, "real"), (fake, real, "fake")):
        if min(side) >= SURE and max(other) <= 1 - SURE:
            return "collapsed", (
                f"the discriminator has collapsed {when}: it calls all images {answer}, so the "
                "adversarial term says nothing; lower learning_rate, or set discriminator_every to 1 "
                "and raise discriminator_learning_rate"
            )
    return None
