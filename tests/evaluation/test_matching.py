import numpy as np
import pytest

from srgan_lib.evaluation.methods import FolderError, align, match_files


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        for name in names:
            (tmp_path / name).touch()
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("images", "files"),
    [
        (["baby", "bird"], ["baby.png", "bird.jpg"]),
        (["baby", "bird"], ["baby_SRGAN.png", "birdx4.png"]),
        (["0801", "0802"], ["0801x4_out.png", "0802x4_out.png"]),
        (["img_001_SRF_4_HR", "img_002_SRF_4_HR"], ["img_001_SRF_4_SRGAN.png", "img_002_SRF_4_SRGAN.png"]),
        (["1", "11", "111"], ["1_a.png", "11_a.png", "111_a.png"]),
        (["a", "a_b"], ["a_x.png", "a_b_x.png"]),
        (["thr", "max2"], ["thr_SRGAN.png", "max2_SRGAN.png"]),
        (["boat_HR", "boat_GT"], ["boat_HR.png", "boat_GT.png"]),
    ],
)
def test_files_find_their_images(folder, images, files):
    found = match_files(images, folder(*files))
    assert {image: path.name for image, path in found.items()} == dict(zip(images, files, strict=True))


def test_files_of_other_images_may_be_there(folder):
    assert list(match_files(["baby"], folder("baby.png", "bird.png", "babyface.png", "notes.txt"))) == ["baby"]


def test_a_missing_file_is_named(folder):
    with pytest.raises(FolderError, match=r"no file for b, c; results must be named like"):
        match_files(["a", "b", "c"], folder("a.png"))


def test_two_files_for_one_image_are_named(folder):
    with pytest.raises(FolderError, match=r"baby_bicubic\.png, baby_srgan\.png belong to one image"):
        match_files(["baby"], folder("baby_srgan.png", "baby_bicubic.png"))


def test_images_are_cut_to_the_size_they_share(tmp_path):
    sr, hr = np.zeros((40, 51, 3)), np.zeros((43, 48, 3))
    assert [image.shape for image in align(sr, hr, tmp_path, 4)] == [(40, 48, 3)] * 2
    with pytest.raises(FolderError, match="51×40 pixels and its HR image 48×43"):
        align(sr, hr, tmp_path, 3)
