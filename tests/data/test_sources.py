import subprocess
import sys

import pytest

from srgan_lib.data.images import read_image
from srgan_lib.data.sources import BUILTIN, DatasetError, DatasetMissing, find_photos


@pytest.fixture
def named_sets(tmp_path, monkeypatch):
    """An empty SRGAN_DATA and an empty cache, offline."""
    monkeypatch.setenv("SRGAN_DATA", str(tmp_path / "sets"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    (tmp_path / "sets").mkdir()
    return tmp_path / "sets"


def test_builtin_photographs_are_there_and_split_as_documented():
    photos = {photo.image: photo for photo in find_photos("builtin", scale=4)}
    assert len(photos) == 16
    parts = {part: {name for name, photo in photos.items() if photo.split == part} for part in ("validation", "test")}
    assert parts["validation"] == {"camera"}
    assert parts["test"] == {"astronaut", "chelsea", "coffee", "rocket", "grace_hopper"}
    assert photos["motorcycle_left"].group == photos["motorcycle_right"].group
    assert len({photo.group for photo in photos.values()}) == len(BUILTIN) - 1
    assert read_image(photos["astronaut"].path).shape == (512, 512, 3)


def test_importing_sources_imports_nothing_heavy():
    code = (
        "import sys; from srgan_lib.data.sources import find_photos; find_photos('builtin', scale=4); "
        "heavy = ('torch', 'skimage', 'scipy', 'matplotlib', 'pandas', 'pooch', 'requests'); "
        "print([module for module in heavy if module in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_folder(picture_folder):
    folder = picture_folder(["b.png", "a.png"])
    photos = find_photos("folder", scale=4, image_folder=folder)
    assert [photo.image for photo in photos] == ["a", "b"]
    assert all(photo.split is None and photo.lr_path is None for photo in photos)


def test_folder_split_by_its_subfolders(picture_folder):
    picture_folder(["a.png"], "mine/train")
    picture_folder(["a.png", "c.png"], "mine/test", first=1)
    photos = find_photos("folder", scale=4, image_folder=picture_folder([], "mine"))
    assert [(photo.image, photo.split) for photo in photos] == [
        ("train-a.png", "train"),
        ("test-a.png", "test"),
        ("c", "test"),
    ]


def test_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DatasetError, match="no images in this folder; PNG, JPEG"):
        find_photos("folder", scale=4, image_folder=tmp_path)
    with pytest.raises(DatasetError, match=r"nowhere: no such folder"):
        find_photos("folder", scale=4, image_folder=tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="needs image_folder"):
        find_photos("folder", scale=4)


def test_paired_folders(picture_folder):
    hr = picture_folder(["0001.png", "0002.png"], "hr")
    lr = picture_folder(["0001x4.png", "0002_LR.png"], "lr")
    photos = find_photos("folder", scale=4, image_folder=hr, lr_folder=lr)
    assert [photo.lr_path.name for photo in photos] == ["0001x4.png", "0002_LR.png"]


def test_folders_that_do_not_pair(picture_folder):
    hr = picture_folder([f"{n}.png" for n in range(8)], "hr")
    lr = picture_folder(["1.png", "nine.png"], "lr")
    with pytest.raises(
        DatasetError, match=r"only in \S+hr: 0, 2, 3, 4, 5 and 2 more; only in \S+lr: nine\. Give every"
    ):
        find_photos("folder", scale=4, image_folder=hr, lr_folder=lr)


def test_two_lr_files_of_one_name(picture_folder):
    hr = picture_folder(["1.png"], "hr")
    lr = picture_folder(["1.png", "1_LR.png"], "lr")
    with pytest.raises(DatasetError, match="has two files of one name"):
        find_photos("folder", scale=4, image_folder=hr, lr_folder=lr)


def test_named_set_with_lr(named_sets, picture_folder):
    picture_folder(["one.png", "two.png"], "sets/Set5/HR")
    picture_folder(["one.png", "two.png"], "sets/Set5/LRx2")
    assert [p.lr_path.name for p in find_photos("Set5", scale=2)] == ["one.png", "two.png"]
    assert [p.lr_path for p in find_photos("Set5", scale=4)] == [None, None]


def test_named_set_in_its_own_folders(named_sets, picture_folder):
    picture_folder(["0001.png", "0002.png"], "sets/DIV2K/DIV2K_train_HR")
    picture_folder(["0801.png"], "sets/DIV2K/DIV2K_valid_HR")
    assert [(p.image, p.split) for p in find_photos("DIV2K", scale=4)] == [
        ("0001", None),
        ("0002", None),
        ("0801", "test"),
    ]


def test_any_folder_under_srgan_data(named_sets, picture_folder):
    picture_folder(["a.png"], "sets/mine")
    assert [p.image for p in find_photos("mine", scale=4)] == ["a"]
    with pytest.raises(DatasetError, match=r"'Set6' is unknown; allowed: builtin, folder, .*Set5.*under SRGAN_DATA="):
        find_photos("Set6", scale=4)


def test_the_cache_is_searched_after_srgan_data(named_sets, picture_folder):
    picture_folder(["cached.png"], "cache/srgan-report/Set14/HR")
    assert [p.image for p in find_photos("Set14", scale=4)] == ["cached"]
    picture_folder(["own.png"], "sets/Set14")
    assert [p.image for p in find_photos("Set14", scale=4)] == ["own"]


def test_a_set_that_is_not_here_says_how_to_get_it_and_lay_it_out(named_sets):
    with pytest.raises(DatasetMissing, match=r"(?s)Urban100.*srgan fetch.*https://.*Urban100/HR") as error:
        find_photos("Urban100", scale=4)
    assert error.value.name == "Urban100"


def test_several_sets_together(named_sets, picture_folder):
    picture_folder(["a.png", "b.png"], "sets/mine")
    picture_folder(["b.png", "c.png"], "sets/yours", first=2)
    photos = find_photos("mine+yours", scale=4)
    assert [photo.image for photo in photos] == ["a", "mine/b", "yours/b", "c"]
    assert [photo.path.parent.name for photo in photos] == ["mine", "mine", "yours", "yours"]
    assert len({photo.group for photo in photos}) == 4
    with pytest.raises(DatasetError, match="nobodys"):
        find_photos("mine+nobodys", scale=4)
    with pytest.raises(DatasetError, match="cannot be joined"):
        find_photos("mine+folder", scale=4)


def test_a_set_whose_photographs_are_halved(named_sets, picture_folder):
    picture_folder(["n01.png"], "sets/imagenet1000")
    picture_folder(["a.png"], "sets/mine")
    reductions = {photo.image: photo.reduction for photo in find_photos("imagenet1000+mine", scale=4)}
    assert reductions == {"n01": 2, "a": 1}
