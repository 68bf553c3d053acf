import math

import numpy as np
import pytest

from srgan_lib.data.images import ImageError, write_image
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.evaluator import evaluate_folders
from srgan_lib.evaluation.methods import FolderError
from srgan_lib.metrics.measure import measure


@pytest.fixture
def folders(pairs, tmp_path):
    """HR images of odd sizes, and bicubic results without the odd rows."""
    for pair in pairs:
        write_image(tmp_path / "hr" / f"{pair.image}.png", np.pad(pair.hr, ((0, 3), (0, 1), (0, 0))))
        write_image(tmp_path / "bicubic" / f"{pair.image}x4.png", imresize(pair.lr, 4))
    return tmp_path


def test_each_pair_is_measured(folders, pairs, caplog):
    progress = []
    frame = evaluate_folders(
        folders / "hr",
        folders / "bicubic",
        4,
        names=["ssim_y", "psnr_y"],
        on_progress=lambda *what: progress.append(what),
    )
    assert list(frame.columns) == ["dataset", "image", "method", "psnr_y", "ssim_y", "lpips_alex"]
    assert frame.lpips_alex.isna().all()
    assert set(frame.dataset) == {"hr"} and set(frame.method) == {"bicubic"}
    for pair in pairs:
        measured = frame[frame.image == pair.image].psnr_y.item()
        assert measured == measure(imresize(pair.lr, 4), pair.hr, 4, ["psnr_y"])["psnr_y"]
    assert progress[-1] == (3, 3)
    assert not caplog.messages


def test_what_cannot_be_judged_is_said(folders, tmp_path, monkeypatch, caplog):
    for variable in ("SRGAN_WEIGHTS", "TORCH_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    (folders / "bicubic" / "coffeex4.png").write_bytes(b"\x89PNG")
    write_image(folders / "bicubic" / "moon.png", np.zeros((8, 8, 3), np.uint8))
    frame = evaluate_folders(folders / "hr", folders / "bicubic", 4)
    assert sorted(frame.image) == ["astronaut", "chelsea"]
    assert math.isfinite(frame.psnr_y.sum())
    told = "\n".join(caplog.messages)
    assert "moon.png" in told and "skipped" in told and "coffeex4.png" in told
    assert told.count("LPIPS (alex) not computed") == 1


def test_folders_that_do_not_fit_are_refused(folders, tmp_path):
    with pytest.raises(ImageError, match="no such folder"):
        evaluate_folders(folders / "hr", folders / "missing", 4)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FolderError, match="no images in this folder"):
        evaluate_folders(tmp_path / "empty", folders / "bicubic", 4)
    with pytest.raises(FolderError, match="results must be of the size of HR"):
        evaluate_folders(folders / "hr", folders / "bicubic", 2)
