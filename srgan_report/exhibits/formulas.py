"""What a training minimises, and how its learning rate moves, as formulas and sentences about this run."""

from __future__ import annotations

from srgan_lib.params.training import AdversarialKind, GeneratorTraining, Schedule, Training

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
    """Write both players' losses, averaged over a batch, as markdown."""
    name, discriminator, generator, meaning = _LOSSES[kind]
    return (
        f"This run's adversarial loss is `{kind}`: {name}. The discriminator minimises\n\n"
        f"$$ L_D = {discriminator} , $$\n\n"
        "and the adversarial term of the generator is\n\n"
        f"$$ L_\\mathrm{{adv}} = {generator} , $$\n\n"
        f"both averaged over all logits of the batch. {meaning}"
    )


_SR, _HR = r"x_\mathrm{SR}", r"x_\mathrm{HR}"
_PIXEL = {
    "l1": rf"{_MEAN} \left| {_SR} - {_HR} \right|",
    "mse": rf"{_MEAN} \left( {_SR} - {_HR} \right)^2",
    "charbonnier": rf"{_MEAN} \sqrt{{\left( {_SR} - {_HR} \right)^2 + 10^{{-6}}}}",
}
#: Per term of a generator's loss its symbol, and what it is.
_TERMS = {
    "pixel": ("pixel", "the mean over all pixel values of the difference between SR and HR (`pixel_loss`)"),
    "content": ("content", "the difference in the features of VGG-19 (`content_layers`; its formula is in notebook 4)"),
    "style": ("style", "the squared distance of the Gram matrices of VGG-19's features: textures, wherever they are"),
    "histogram": ("hist", "the squared distance of the sorted values of each of VGG-19's channels: textures, too"),
    "colour_histogram": ("colour", "the squared distance of the sorted values of red, green and blue"),
    "grid": ("grid", "the excess of power at the frequencies of a pixel shuffle's pattern (formula in notebook 4)"),
    "evenness": ("even", "the same over all frequencies from 0.15 cycles per pixel"),
    "mesh": ("mesh", "the excess of fine structure over HR's at the same place (formula in notebook 4)"),
    "adversarial": ("adv", "how little the discriminator takes SR for a photograph"),
    "feature_matching": ("match", "the distance between the discriminator's features of SR and HR"),
}


def _weighted(weight: float, symbol: str) -> str:
    """Write a weighted term as mathematics: ``0.5 \\, L``, ``10^{-6} \\, L`` or ``L``."""
    digits, _, power = f"{weight:g}".partition("e")
    factors = [digits if digits != "1" else "", f"10^{{{int(power)}}}" if power else ""]
    return r" \, ".join([r" \cdot ".join(filter(None, factors)), symbol]).removeprefix(r" \, ")


def generator_loss(stage: GeneratorTraining) -> str:
    """Write the loss that a generator minimises under these parameters, term by term, as markdown."""
    terms = {name: weight for name in _TERMS if (weight := getattr(stage, f"{name}_weight", 0))}
    own = {name.rpartition(":")[2]: weight for name, weight in stage.extra_losses.items() if weight}
    symbols = {name: rf"L_\mathrm{{{_TERMS[name][0] if name in _TERMS else name}}}" for name in (*terms, *own)}
    total = " + ".join(_weighted(weight, symbols[name]) for name, weight in {**terms, **own}.items())
    meanings = [f"${symbols[name]}$ is {_TERMS[name][1]}" for name in terms]
    meanings += [f"${symbols[name]}$ is a loss of your own, `{name}`" for name in own]
    if "pixel" in terms:
        meanings[0] = meanings[0].replace("$ is", f" = {_PIXEL[stage.pixel_loss]}$,")
    listed = ";\n".join(f"- {meaning}" for meaning in meanings)
    return (
        f"In this run the generator, with ${_SR} = G(x_\\mathrm{{LR}})$, minimises\n\n"
        f"$$ L_G = {total} , $$\n\n{listed}."
    )


_SCHEDULES: dict[Schedule, str] = {
    "constant": "stays at {rate}",
    "step": "starts at {rate} and is multiplied by {factor} after {milestones} of the steps",
    "cosine": "falls from {rate} to 0 along half a cosine (Loshchilov & Hutter, 2017): large steps first, small ones "
    "to settle",
    "one_cycle": "rises from a 25th of {rate} to {rate} in the first 30 % of the steps, while Adam's averages form, "
    "and then falls to almost 0, to settle (Smith & Topin, 2019)",
}


def describe_schedule(stage: Training) -> str:
    """Say in a sentence how the learning rate moves over a training."""
    milestones = " and ".join(f"{milestone:.0%}" for milestone in stage.schedule_milestones)
    moves = _SCHEDULES[stage.schedule].format(
        rate=f"{stage.learning_rate:g}", factor=f"{stage.schedule_factor:g}", milestones=milestones
    )
    return f"Adam's learning rate {moves} (`schedule: {stage.schedule}`)."
