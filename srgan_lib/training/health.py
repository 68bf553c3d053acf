"""Is the game between generator and discriminator still a game? The answer in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WINDOW = 5  #: rows of the loss curve that must agree

WINS = "the discriminator wins outright"
COLLAPSED = "the discriminator cannot tell"


def discriminator_health(rows: Sequence[Mapping[str, float]]) -> str | None:
    """A warning if the discriminator wins outright or has collapsed over the last rows of the loss curve, else none.

    It wins outright when it calls at least 99 % of real and of fake images rightly; the generator's adversarial
    gradient then says little. It has collapsed when it calls all images the same.
    """
    window = [row for row in rows if "d_accuracy_real" in row][-WINDOW:]
    if len(window) < WINDOW:
        return None
    first, last = int(window[0]["step"]), int(window[-1]["step"])
    if all(min(row["d_accuracy_real"], row["d_accuracy_fake"]) >= 0.99 for row in window):
        return (f"{WINS} from step {first} to {last}: it knows real from fake in 99 % of the images, so the adversarial "
                "term teaches the generator little; raise discriminator_every or lower discriminator_learning_rate")
    if all(abs(row["d_accuracy_real"] + row["d_accuracy_fake"] - 1) <= 0.01
           and max(row["d_accuracy_real"], row["d_accuracy_fake"]) >= 0.99 for row in window):
        return (f"{COLLAPSED} real from fake from step {first} to {last}: it calls everything the same, so the "
                "adversarial term is noise; lower learning_rate or discriminator_every, or raise "
                "discriminator_learning_rate")
    return None
