"""The modules in a training's fingerprint are those that decide its numbers: held against what trainings call."""

import ast
import inspect
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest

import srgan_lib
from srgan_lib.data.images import pixel_hash, write_image
from srgan_lib.data.pairs import read_training_pairs
from srgan_lib.data.split import COLUMNS
from srgan_lib.params.training import is_own
from srgan_lib.training.adversarial import train_adversarial
from srgan_lib.training.fingerprint import NOT_HASHED_MODULES, deciding_modules
from srgan_lib.training.srcnn import train_srcnn
from srgan_lib.training.warmup import train_warmup
from tests.tiny import photographs

OWN = Path(__file__).parents[2] / "docs" / "examples"
LIBRARY = Path(srgan_lib.__file__).parent
EVERY_TRAINING = {
    "data.degrade",
    "data.images",
    "data.pairs",
    "data.patches",
    "data.randomness",
    "data.resize",
    "data.levels",
    "data.spectrum",
    "metrics.registry",
    "metrics.psnr",
    "metrics.spectra",
    "metrics.ssim",
    "models.base",
    "models.generators",
    "models.upsample",
    "training.compute",
    "training.distances",
    "training.history",
    "training.loop",
    "training.losses",
    "training.optimizer",
    "training.processes",
    "training.results",
    "training.schedules",
    "training.state",
    "training.validation",
}
SRRESNET = {"models.prelu", "models.residual", "models.srresnet"}
CONTENT = {"models.features", "models.vgg19", "training.feature_loss"}
PINNED = {
    "srcnn": EVERY_TRAINING | {"models.srcnn", "training.srcnn", "training.supervised"},
    "warmup": EVERY_TRAINING | SRRESNET | CONTENT | {"training.supervised", "training.warmup"},
    "adversarial": EVERY_TRAINING
    | SRRESNET
    | CONTENT
    | {
        "models.discriminators",
        "models.image_discriminator",
        "models.srgan_discriminator",
        "training.adversarial",
        "training.adversarial_loss",
        "training.montage",
    },
}

#: Declared, though a training may call none of their functions: torch's functions are named, results are kept, crops are small.
TABLES = {"training.distances", "metrics.spectra", "data.spectrum"}


def deciding(stage, params):
    generator = "own" if is_own(params.warmup.generator) else params.warmup.generator
    architecture = "srcnn" if stage == "srcnn" else generator
    return {name.removeprefix("srgan_lib.") for name in deciding_modules(stage, params, architecture)}


@pytest.mark.parametrize("stage", PINNED)
def test_the_modules_of_each_trainer(stage, make_params):
    assert deciding(stage, make_params()) == PINNED[stage]


@pytest.mark.parametrize(
    ("stage", "sections", "more", "less"),
    [
        ("warmup", {"shared": {"degradation": "realistic"}}, {"data.realistic"}, set()),
        (
            "srcnn",
            {"shared": {"degradation": "realistic", "sharpen_targets": True, "crop": 32}},
            {"data.realistic"},
            set(),
        ),
        ("srcnn", {"srcnn": {"ema_decay": 0.9, "monitor": "ssim_y"}}, {"training.ema"}, set()),
        ("warmup", {"warmup": {"content_weight": 0.0}}, set(), CONTENT),
        ("warmup", {"warmup": {"generator": "rrdbnet"}}, {"models.rrdbnet"}, SRRESNET),
        ("warmup", {"warmup": {"generator": "espcn"}}, {"models.espcn"}, SRRESNET),
        ("warmup", {"warmup": {"generator": "compact"}}, {"models.compact"}, {*SRRESNET, "models.upsample"}),
        (
            "warmup",
            {"warmup": {"generator": "small_tanh", "value_range": "tanh"}},
            {"models.small_tanh"},
            {"models.prelu", "models.srresnet"},
        ),
        (
            "adversarial",
            {"adversarial": {"discriminator": "small_residual", "adversarial_loss": "relativistic"}},
            {"models.small_discriminator"},
            {"models.srgan_discriminator"},
        ),
        (
            "warmup",
            {
                "warmup": {
                    "generator": f"{OWN}/my_net.py:MyGenerator",
                    "extra_losses": {f"{OWN}/my_loss.py:EdgeLoss": 1.0},
                }
            },
            {"models.own_code", "training.own_loss"},
            SRRESNET | {"models.upsample"},
        ),
        (
            "warmup",
            {"shared": {"crop": 48}, "warmup": {"grid_weight": 0.1, "evenness_weight": 0.1, "lr_consistency": True}},
            {"training.spectral", "models.consistency"},
            set(),
        ),
        ("warmup", {"warmup": {"content_weight": 0.0, "style_weight": 1.0}}, set(), set()),
        ("warmup", {"warmup": {"content_weight": 0.0, "colour_histogram_weight": 1.0}}, set(), CONTENT),
        ("adversarial", {"warmup": {"generator_attention": "channel"}}, {"models.attention"}, set()),
        (
            "adversarial",
            {"adversarial": {"discriminator": "patch"}},
            {"models.patch_discriminators"},
            {"models.srgan_discriminator", "models.image_discriminator"},
        ),
        ("srcnn", {}, set(), set()),
        ("warmup", {}, set(), set()),
        ("adversarial", {}, set(), set()),
    ],
)
def test_they_are_those_that_a_training_calls(stage, sections, more, less, make_params, tmp_path):
    params = make_params(**sections)
    expected = deciding(stage, params)
    assert expected == (PINNED[stage] | more) - less
    assert expected & TABLES | called(stage, params, tmp_path) - NOT_HASHED_MODULES.keys() == expected


def test_every_import_of_a_deciding_module_is_deciding_somewhere_or_not_hashed():
    alternatives = {
        "models.own_code",
        "training.own_loss",
        "models.rrdbnet",
        "models.espcn",
        "models.compact",
        "models.small_tanh",
        "models.small_discriminator",
        "models.patch_discriminators",
        "models.attention",
        "models.consistency",
        "training.spectral",
        "metrics.niqe",
    }
    alternatives |= {
        "data.realistic",
        "training.ema",
        "metrics.perceptual",
    }
    known = set.union(*PINNED.values()) | alternatives | NOT_HASHED_MODULES.keys()
    for name in set.union(*PINNED.values()):
        assert imports(name) <= known, name


def test_every_module_not_hashed_is_met_and_has_a_reason(make_params, tmp_path):
    met = called("adversarial", make_params(), tmp_path)
    met |= {name for module in set.union(*PINNED.values()) for name in imports(module)}
    assert NOT_HASHED_MODULES.keys() <= met
    assert all(NOT_HASHED_MODULES.values())
    assert not NOT_HASHED_MODULES.keys() & set.union(*PINNED.values())


def called(stage, params, folder):
    """The library's modules of which a function runs when LR images are made and a stage is trained on them."""
    train_warmup(params, *in_memory(params), folder / "before", "print")
    weights = folder / "before" / "generator.safetensors"
    shared = params.shared.model_copy(update={"dataset": "folder", "image_folder": str(folder / "photos")})
    split_csv = on_disk(folder)
    files = set()

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_flags & inspect.CO_OPTIMIZED:  # a function, not a module's own lines
            files.add(frame.f_code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        pairs = read_training_pairs(split_csv, shared)
        if stage == "srcnn":
            train_srcnn(params, *pairs, folder / "run", "print")
        elif stage == "warmup":
            train_warmup(params, *pairs, folder / "run", "print")
        else:
            train_adversarial(params, *pairs, weights, folder / "run", "print")
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    own = (Path(file).relative_to(LIBRARY) for file in files if file.startswith(str(LIBRARY)))
    return {".".join(path.with_suffix("").parts) for path in own}


def in_memory(params):
    images = photographs(4)
    return images[:3], images[3:]


def on_disk(folder):
    """Photographs in a folder, and the file with their split."""
    rows = []
    for pair in photographs(4):
        write_image(folder / "photos" / f"{pair.image}.png", pair.hr)
        height, width = pair.hr.shape[:2]
        part = "validation" if pair.image == "image3" else "train"
        known = {"image": pair.image, "split": part, "height": height, "width": width, "sha256": pixel_hash(pair.hr)}
        rows.append({column: known.get(column, "") for column in COLUMNS})
    pd.DataFrame(rows).to_csv(folder / "split.csv", index=False)
    return folder / "split.csv"


def imports(name):
    """The library's modules that a module imports anywhere."""
    source = LIBRARY.joinpath(*name.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("srgan_lib"):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                is_module = LIBRARY.joinpath(*full.split(".")[1:]).with_suffix(".py").exists()
                found.add((full if is_module else node.module).removeprefix("srgan_lib."))
    return found
