import numpy as np
import pytest

from srgan_lib.data.evaluation_sets import check_test_sets, load_test_sets, read_trained, record_trained
from srgan_lib.data.images import DatasetError, write_image
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import foresee_split, make_split
from srgan_lib.params.shared import Shared


@pytest.fixture
def trained_on(tmp_path):
    """Twelve photographs of noise in a folder, split for a run."""
    rng = np.random.default_rng(0)
    for number in range(12):
        write_image(tmp_path / f"{number:02}.png", rng.integers(0, 256, (64, 64, 3)).astype(np.uint8))
    shared = Shared(dataset="folder", image_folder=str(tmp_path), crop=32, test_images=3)
    photos = find_photos("folder", scale=4, image_folder=tmp_path)
    return make_split(photos, shared), photos, shared


@pytest.fixture
def trained(trained_on, tmp_path):
    """What the training recorded of the images that it has seen."""
    trained_on[0].to_csv(tmp_path / "split.csv", index=False)
    record_trained(tmp_path / "split.csv", tmp_path / "srcnn")
    return read_trained([tmp_path / "srcnn" / "trained_on.csv"])


def test_training_images_are_judged_only_if_asked_for(trained_on, trained):
    split, photos, shared = trained_on
    sets = load_test_sets(["heldout", "training"], split, photos, shared, trained)
    assert list(sets) == ["folder", "training"]
    names = {part: {pair.image for pair in sets[part]} for part in sets}
    assert names["folder"] == set(split.image[split.split == "test"])
    assert len(names["training"]) == 3 and names["training"] <= set(split.image[split.split == "train"])
    assert list(load_test_sets(["heldout"], split, photos, shared, trained)) == ["folder"]
    checked = check_test_sets(["heldout", "training"], split, shared)
    assert {part: checked[part].image.tolist() for part in checked} == {
        part: [pair.image for pair in sets[part]] for part in sets
    }


def test_validation_images_are_those_of_the_split(trained_on, trained):
    split, photos, shared = trained_on
    wanted = split.image[split.split == "validation"].tolist()
    pairs = load_test_sets(["validation"], split, photos, shared, trained)["validation"]
    checked = check_test_sets(["validation"], split, shared)["validation"]
    assert [pair.image for pair in pairs] == wanted == checked.image.tolist()


def test_a_named_set_keeps_its_size_where_the_dataset_is_resized(trained_on, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("SRGAN_DATA", str(tmp_path / "data"))
    noise = np.random.default_rng(1).integers(0, 256, (96, 72, 3)).astype(np.uint8)
    write_image(tmp_path / "data" / "Named" / "HR" / "a.png", noise)
    split, photos, shared = trained_on
    resized = shared.model_copy(update={"image_size": 48})
    sets = load_test_sets(["heldout", "Named"], split, photos, resized, trained)
    assert {pair.hr.shape for pair in sets["folder"]} == {(48, 48, 3)}
    assert [pair.hr.tolist() for pair in sets["Named"]] == [noise.tolist()]


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_split_that_was_changed_after_training_cannot_judge(trained_on, trained, part):
    split, photos, shared = trained_on
    swapped = split.copy()
    first, second = (swapped.index[swapped.split == one][0] for one in ("test", part))
    swapped.loc[[first, second], "split"] = [part, "test"]
    with pytest.raises(DatasetError, match=f"{swapped.image[second]} is to judge networks that were trained with it"):
        load_test_sets(["heldout"], swapped, photos, shared, trained)
    assert load_test_sets(["training"], swapped, photos, shared, trained)["training"], "declared as such"


def test_a_training_image_does_not_become_one_for_validation(trained_on, trained):
    split, photos, shared = trained_on
    moved = split.assign(split=split.split.replace({"train": "validation"}))
    with pytest.raises(DatasetError, match="in their train part"):
        load_test_sets(["validation"], moved, photos, shared, trained)


def test_a_named_set_with_an_image_that_was_trained_on_cannot_judge(trained_on, trained, tmp_path, monkeypatch):
    split, photos, shared = trained_on
    image = split.image[split.split == "train"].iloc[0]
    copy = tmp_path / "sets" / "Judges" / "copy.png"
    copy.parent.mkdir(parents=True)
    copy.write_bytes((tmp_path / f"{image}.png").read_bytes())
    monkeypatch.setenv("SRGAN_DATA", str(tmp_path / "sets"))
    forgotten = split[split.image != image]  # the split no longer names it
    with pytest.raises(DatasetError, match=f"copy is to judge networks that were trained with it .{image}"):
        load_test_sets(["Judges"], forgotten, photos, shared, trained)


def test_training_images_have_lr_images_also_where_crops_are_degraded_at_random(trained_on, trained):
    split, photos, shared = trained_on
    random = shared.model_copy(update={"degradation": "realistic"})
    [pair, *_] = load_test_sets(["training"], split, photos, random, trained)["training"]
    assert pair.lr.shape == (16, 16, 3)


def test_headers_foresee_what_the_split_will_be(trained_on):
    split, photos, shared = trained_on
    foreseen = foresee_split(photos, shared)
    assert foreseen.to_dict("list") == split[list(foreseen)].to_dict("list")
