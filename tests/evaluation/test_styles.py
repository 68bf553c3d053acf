"""The table of methods agrees with itself and with the table of stages."""

from pathlib import Path
from typing import get_args

import pytest

from srgan_lib.layout import STAGES, TRAINING_STAGES
from srgan_lib.methods import METHODS, TRAINED, TrainedMethod, method_styles
from srgan_lib.params.section import ParameterError
from srgan_report.params_file import check


def test_each_training_stage_trains_one_method() -> None:
    assert tuple(TRAINED) == get_args(TrainedMethod)
    assert tuple(network.stage for network in TRAINED.values()) == TRAINING_STAGES
    assert tuple(name for name, info in STAGES.items() if info.trainer) == TRAINING_STAGES


def test_a_networks_file_is_in_its_stages_folder() -> None:
    assert TRAINED["srgan"].path(Path("run")) == Path("run/adversarial/generator.safetensors")
    assert [network.reference for network in TRAINED.values()] == ["srcnn", "srresnet", "srgan"]


def test_styles_differ_and_further_methods_get_their_own() -> None:
    styles = method_styles([*METHODS, "theirs", "others"])
    assert len({(style.marker, str(style.line)) for style in styles.values()}) == len(METHODS) + 2
    assert styles["theirs"].label == "theirs" and styles["srgan"].label == "SRGAN"


@pytest.mark.parametrize("name", ["hr", "bicubic", "warmup", "reference_srgan"])
def test_a_users_method_cannot_take_a_name_of_the_table(name: str) -> None:
    with pytest.raises(ParameterError):
        check({"evaluation": {"methods": {name: "results/elsewhere"}}})
