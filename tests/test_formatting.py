"""Values in words."""

import pytest

from srgan_lib.formatting import duration, shortlist, size_text, value_text
from srgan_report.hardware import machine_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (1e-5, "1e-05"),
        (2.0, "2"),
        (["alex", "squeeze"], "alex, squeeze"),
        ([], "none"),
        ({"relu2_2": 1.0, "conv5_4": 0.5}, "relu2_2: 1, conv5_4: 0.5"),
        ("bicubic", "bicubic"),
    ],
)
def test_a_parameters_value(value: object, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (462, "7 min 42 s"), (7500, "2 h 5 min")]
)
def test_a_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(("gpus", "text"), [(0, "no GPU"), (1, "1 CUDA device"), (2, "2 CUDA devices")])
def test_a_machine(gpus: int, text: str) -> None:
    machine = {"cpu": "Intel Xeon", "cores": 2, "memory": 7.8, "gpu": gpus}
    assert machine_text(machine) == f"Intel Xeon, 2 cores, 7.8 GiB memory, {text}"


def test_many_names() -> None:
    assert shortlist(iter("abcde")) == "a, b, c, d, e"
    assert shortlist("abcdefg") == "a, b, c, d, e and 2 more"
    assert shortlist([]) == "none"


@pytest.mark.parametrize(
    ("size", "words"), [(None, "size unknown"), (574_673_361, "548 MB"), (3_979_597_606, "3.7 GB"), (0, "0 MB")]
)
def test_sizes_in_words(size, words):
    assert size_text(size) == words
