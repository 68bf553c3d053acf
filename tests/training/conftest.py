import pytest

from srgan_lib.params import Params
from tests.tiny import OFTEN, TINY, photographs


@pytest.fixture
def make_params():
    """Tiny parameters; sections given by keyword go over them."""

    def make(**sections):
        document = {name: {**values, **(OFTEN if name != "shared" else {})} for name, values in TINY.items()}
        for name, values in sections.items():
            document[name] |= values
        return Params.model_validate(document)

    return make


@pytest.fixture
def pairs():
    """Training pairs and validation pairs, ×4."""
    images = photographs(4)
    return images[:3], images[3:]
