"""A command whose optional packages are missing says how to install them."""

import pytest

from srgan_lib.cli import options
from srgan_lib.errors import PackageMissing


def test_installed_extras_pass() -> None:
    for extra in options.EXTRAS:
        options.require_extra(extra)


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(options.EXTRAS, "sweep", ("json", "no_such_module"))
    with pytest.raises(PackageMissing) as caught:
        options.require_extra("sweep")
    assert "no_such_module" in str(caught.value) and "srgan-report[sweep]" in str(caught.value)
    assert "json" not in str(caught.value)
