"""A throw-away project in which people make mistakes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import make_project

QUIET = "warmup: {content_weight: 0}\nadversarial: {content_weight: 0}\nevaluation: {lpips_nets: []}\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project as the working folder, whose notebooks need no network and no torch; a machine without a GPU."""
    root = make_project(tmp_path_factory.mktemp("people") / "project")
    (root / "params" / "demo.yaml").write_text(f"shared: {{threads: 1, dtype: float32, device: cpu}}\n{QUIET}")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(root)
        patched.setenv("SRGAN_OFFLINE", "1")
        patched.setenv("SRGAN_DEBUG", "")
        for variable in ("SRGAN_DATA", "SRGAN_WEIGHTS", "TORCH_HOME"):
            patched.setenv(variable, str(root / "nowhere"))
        yield root
