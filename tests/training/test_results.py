import torch

from srgan_lib.params.shared import Shared
from srgan_lib.training.compute import Compute
from srgan_lib.training.results import Montage
from srgan_lib.training.validation import Validation


def test_frames_are_evenly_spaced_from_first_to_last(pairs, tmp_path):
    validation = Validation(pairs[1], Shared(device="cpu", dtype="float32", threads=1), Compute())
    montage = Montage(tmp_path, validation, steps=80, frames=6)
    model = torch.nn.Upsample(scale_factor=4)
    (tmp_path / "step_00000009.png").write_bytes(b"of an earlier, shorter training")
    for step in range(81):
        montage.on_step(step, model)
    assert sorted(path.stem for path in tmp_path.glob("step_*.png")) == [
        f"step_{step:08d}" for step in (0, 16, 32, 48, 64, 80)
    ]
    assert (tmp_path / "bicubic.png").exists() and (tmp_path / "hr.png").exists()
