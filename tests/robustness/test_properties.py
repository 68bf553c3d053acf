"""Whatever a file holds, a command that reads it ends in words, and writes nothing but what it was asked for.

``make test`` tries a few contents of each kind and ``make test-all`` some more, the same ones every time; as many of
each as ``SRGAN_EXAMPLES`` says. Readers that no command calls alone are in ``test_readers.py``.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from srgan_lib.layout import STAGES
from srgan_lib.models.files import save_tensors
from srgan_lib.models.generators import ARCHITECTURES, OPTIONS, build_generator
from srgan_lib.params import Params
from srgan_report.cli import main
from srgan_report.sweep.definition import Definition

FEW, MANY = 5, int(os.environ.get("SRGAN_EXAMPLES", "200"))  #: contents that are tried
SECTIONS = ("shared", *STAGES)
NAMES = sorted({name for section in SECTIONS for name in Params.section(section).model_fields})
FULL_NAMES = [f"{section}.{name}" for section in SECTIONS for name in Params.section(section).model_fields]
WORDS = (
    "none",
    "auto",
    "1e-4",
    "../x",
    "/",
    "a.py:B",
    "cuda:9",
    "imagenet",
    "builtin+folder",
    "heldout",
    "x" * 300,
    "int",
)
CONFIG = {"architecture": "srresnet", "scale": 2, "channels": 4, "blocks": 1}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.sampled_from(WORDS),
)
keys = st.sampled_from([*NAMES, *WORDS]) | st.text(max_size=8) | st.integers()
values = st.recursive(scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(keys, v, max_size=3), max_leaves=5)


@st.composite
def damaged(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    """Bytes with a few of them replaced, left out or added."""
    content = bytearray(draw(contents))
    for _ in range(draw(st.integers(1, 4))):
        place, length = draw(st.integers(0, len(content))), draw(st.integers(0, 6))
        content[place : place + length] = draw(st.binary(max_size=6))
    return bytes(content)


def files(documents: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """YAML files with such documents, whole and damaged, and files that are none."""
    written = documents.map(lambda document: yaml.safe_dump(document, allow_unicode=True, sort_keys=False).encode())
    return written | damaged(written) | st.text().map(str.encode) | st.binary()


def section(name: str) -> st.SearchStrategy[Any]:
    """A section in which one value or a few may be wrong."""
    return st.dictionaries(st.sampled_from(sorted(Params.section(name).model_fields)), values, max_size=2)


params_files = files(
    st.fixed_dictionaries(
        {}, optional={name: section(name) for name in SECTIONS} | {"title": scalars, "published": values}
    )
    | st.dictionaries(st.sampled_from(SECTIONS) | keys, values, max_size=3)
)
varied = st.sampled_from([*NAMES, *FULL_NAMES]) | st.text(max_size=8)
sweep_files = files(
    st.fixed_dictionaries(
        {"base": st.just("demo.yaml") | values},
        optional={
            "grid": st.dictionaries(varied, st.lists(values, max_size=3) | values, max_size=2),
            "zip": st.dictionaries(varied, st.lists(scalars, max_size=3), max_size=2),
            "cases": st.dictionaries(st.text(max_size=8), st.dictionaries(varied, values, max_size=2), max_size=2),
            "seeds": st.lists(st.integers(-1, 3) | values, max_size=3),
            **{name: values for name in Definition.model_fields.keys() - {"base", "grid", "zip", "cases", "seeds"}},
        },
    )
)


def image(form: str) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file, format=form)
    return file.getvalue()


image_files = (
    damaged(st.sampled_from([image(form) for form in ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")])) | st.binary()
)


def network(metadata: Any, folder: Path) -> bytes:
    """A file with weights whose hash is right, whatever else is in it."""
    path = folder / "made.safetensors"
    save_tensors(path, build_generator(CONFIG).state_dict(), metadata)
    content = path.read_bytes()
    path.unlink()
    return content


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*ARCHITECTURES, *WORDS]),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=4), v, max_size=3),
    max_leaves=4,
)
options = st.sampled_from(sorted(set(CONFIG) | set(OPTIONS)))
configs = st.dictionaries(options, json_values, max_size=2).map(lambda changes: {"config": {**CONFIG, **changes}})


@pytest.fixture(scope="module")
def place(project: Path) -> Path:
    """The project with images and networks to begin with."""
    for name in ("hr", "sr"):
        (project / name).mkdir()
    (project / "hr/a.png").write_bytes(image("PNG"))
    (project / "in.png").write_bytes(image("PNG"))
    (project / "sr/a.png").touch()
    torch.set_num_threads(1)
    return project


def ends_in_words(*command: str) -> None:
    done = CliRunner().invoke(main, command)
    assert isinstance(done.exception, SystemExit | None), done.exception
    assert done.exit_code in (0, 1, 2) and "Traceback" not in done.output
    assert len(done.output) < 20_000


def holds_for_params(content: bytes, place: Path) -> None:
    (place / "params/x.yaml").write_bytes(content)
    ends_in_words("run", "--dry-run", "params/x.yaml")


def holds_for_sweeps(content: bytes, place: Path) -> None:
    (place / "params/x.yaml").write_bytes(content)
    ends_in_words("sweep", "--dry-run", "--max-runs", "10", "params/x.yaml")


def holds_for_images(content: bytes, place: Path) -> None:
    (place / "sr/a.png").write_bytes(content)
    ends_in_words("evaluate", "--hr", "hr", "--sr", "sr")


def holds_for_networks(content: Any, place: Path) -> None:
    path = place / "x.safetensors"
    path.write_bytes(content if isinstance(content, bytes) else network(content, place))
    ends_in_words("upscale", "in.png", "out.png", "--force", "--checkpoint", "x.safetensors")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By kind of file its contents and what must hold for them."""
    whole = network({"config": CONFIG}, tmp_path_factory.mktemp("whole"))
    return {
        "params": (params_files, holds_for_params),
        "sweep": (sweep_files, holds_for_sweeps),
        "image": (image_files, holds_for_images),
        "network": (
            damaged(st.just(whole)) | configs | json_values.map(lambda value: {"config": value}),
            holds_for_networks,
        ),
    }


def try_all(count: int, contents: st.SearchStrategy[Any], holds: Callable[[Any], None]) -> None:
    """Try so many contents, the same ones every time."""
    checks = list(HealthCheck)
    how = settings(max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=checks)
    how(given(content=contents)(lambda content: holds(content)))()


KINDS = ("params", "sweep", "image", "network")


def try_contents(kind: str, count: int, kinds: dict[str, Any], place: Path) -> None:
    contents, holds = kinds[kind]
    (place / "params/x.yaml").touch()
    (place / "x.safetensors").touch()
    (place / "out.png").touch()
    before = {path for path in place.parent.rglob("*")}

    try_all(count, contents, lambda content: holds(content, place))
    assert {path for path in place.parent.rglob("*")} == before, "a file beside those that the command was asked for"


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_contents(kind, kinds, place):
    try_contents(kind, FEW, kinds, place)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_contents(kind, kinds, place):
    try_contents(kind, MANY, kinds, place)
