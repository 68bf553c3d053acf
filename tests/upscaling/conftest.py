import pytest

from srgan_lib.models.srresnet import SRResNet


@pytest.fixture(scope="session")
def bicubic():
    """A network that has not been trained: its output is its input enlarged bicubically."""
    return SRResNet(channels=4, blocks=1, global_skip="bicubic")
