import numpy as np
import pytest

from srgan_lib.data.images import write_image
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import make_split
from srgan_lib.data.test_sets import check_test_sets, load_test_sets
from srgan_lib.params import Shared


@pytest.fixture
def trained_on(tmp_path):
    """Twelve photographs of noise in a folder, split for a run."""
    rng = np.random.default_rng(0)
    for number in range(12):
        write_image(tmp_path / f"{number:02}.png", rng.integers(0, 256, (64, 64, 3)).astype(np.uint8))
    shared = Shared(dataset="folder", image_folder=str(tmp_path), crop=32, test_images=3)
    photos = find_photos("folder", scale=4, image_folder=tmp_path)
    return make_split(photos, shared), photos, shared


def test_training_images_are_judged_only_if_asked_for(trained_on):
    split, photos, shared = trained_on
    sets = load_test_sets(["heldout", "training"], split, photos, shared)
    assert list(sets) == ["folder", "training"]
    names = {part: {pair.image for pair in sets[part]} for part in sets}
    assert names["folder"] == set(split.image[split.split == "test"])
    assert len(names["training"]) == 3 and names["training"] <= set(split.image[split.split == "train"])
    assert list(load_test_sets(["heldout"], split, photos, shared)) == ["folder"]
    assert check_test_sets(["heldout", "training"], split, shared) == {
        part: [pair.image for pair in sets[part]] for part in sets
    }


def test_validation_images_are_those_of_the_split(trained_on):
    split, photos, shared = trained_on
    wanted = split.image[split.split == "validation"].tolist()
    pairs = load_test_sets(["validation"], split, photos, shared)["validation"]
    assert [pair.image for pair in pairs] == wanted == check_test_sets(["validation"], split, shared)["validation"]


def test_training_images_have_lr_images_also_where_crops_are_degraded_at_random(trained_on):
    split, photos, shared = trained_on
    random = shared.model_copy(update={"degradation": "realistic"})
    [pair, *_] = load_test_sets(["training"], split, photos, random)["training"]
    assert pair.lr.shape == (16, 16, 3)
