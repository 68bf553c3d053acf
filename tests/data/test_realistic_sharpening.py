import pytest
import torch

from srgan_lib.data.realistic import sharpened


def test_has_the_published_values(photograph):
    """Constants: the published sharpening (USMSharp of BasicSR) of the same 100×100 pixels, in levels."""
    hr = torch.from_numpy(photograph("astronaut")[:100, 200:300].transpose(2, 0, 1).copy())[None] / 255
    sharp = sharpened(hr)
    change = 255 * (sharp - hr)
    assert change.mean().item() == pytest.approx(0.18917, abs=1e-4)
    assert change.std().item() == pytest.approx(10.20169, abs=1e-4)
    assert (255 * sharp[0, :, 50, 40]).tolist() == pytest.approx([133.98711, 103.33802, 69.29237], abs=1e-3)


def test_faint_detail_stays_and_values_stay_in_range():
    faint = 0.5 + 0.03 * torch.rand(1, 3, 64, 64)
    assert torch.equal(sharpened(faint), faint)
    strong = sharpened((torch.rand(1, 3, 64, 64) > 0.5).float())
    assert strong.min() >= 0 and strong.max() <= 1
