import numpy as np
import pytest
import torch

from srgan_lib.data.resize import imresize
from srgan_lib.models.generators import SRCNN, Compact
from srgan_lib.models.srresnet import SRResNet
from srgan_lib.models.tiled_inference import (
    LEVELS,
    SMALLEST_TILE,
    cut,
    paste,
    receptive_radius,
    tile_counts,
    upscale,
    upscale_strips,
)

WHOLE = 10_000  # a tile larger than any image here


def lively(model, seed=0):
    """A network of random weights and statistics, whose output fills the range."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
                torch.nn.init.uniform_(module.bias, -0.1, 0.1)
            elif isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
    return model


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    return lively(SRResNet(channels=16, blocks=2, global_skip="bicubic"))


def test_tiles_equal_the_whole_image_pixel_for_pixel(model):
    lr = noise(90, 130)
    whole = upscale(lr, model, tile=WHOLE)
    assert whole.shape == (360, 520, 3)
    assert whole.std() > 40
    for tile in (32, 48):
        assert np.array_equal(upscale(lr, model, tile=tile), whole)


@pytest.mark.parametrize(("model", "tiles"), [(Compact(channels=4, blocks=1), 1), (SRCNN(), 3)])
def test_the_network_says_how_large_tiles_are(model, tiles):
    told = []
    upscale(noise(300, 300), model, on_progress=lambda *what: told.append(what))
    assert told[-1] == (tiles, tiles)


def test_the_network_is_given_channels_last(model):
    given = []
    with model.register_forward_pre_hook(lambda _, images: given.append(images[0].stride())):
        upscale(noise(20, 30), model)
    assert given == [(20 * 30 * 3, 1, 30 * 3, 3)]  # the stride of the batch counts, though it has one image


def test_an_untrained_network_with_a_global_skip_is_bicubic():
    lr = noise(20, 30)
    float_bicubic = np.floor(imresize(lr.astype(float), 4).clip(0, 255) + 0.5)
    difference = abs(upscale(lr, SRResNet(channels=4, blocks=1, global_skip="bicubic")) - float_bicubic)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001


def test_a_network_that_sees_too_far_is_blended_without_seams():
    torch.manual_seed(0)
    model = SRResNet(channels=8, blocks=32)
    assert receptive_radius(model) is None
    with torch.no_grad():
        last = [module for module in model.modules() if isinstance(module, torch.nn.Conv2d)][-1]
        last.weight.mul_(8)
        last.bias.fill_(0.5)
    lr = imresize(noise(9, 15), 10)
    whole, tiled = (upscale(lr, model, tile=tile).astype(int) for tile in (WHOLE, 40))
    assert abs(whole - imresize(lr, 4)).mean() > 2  # the network does something
    assert 0 < abs(tiled - whole).mean() < 1
    steps = [np.abs(np.diff(image, axis=1)).mean(axis=(0, 2)) for image in (whole, tiled)]
    assert abs(steps[1] - steps[0]).max() < 1


def test_evaluation_mode_is_for_the_call_only(model):
    model.train()
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    upscale(noise(20, 20), model)
    assert model.training
    assert all(torch.equal(value, buffers[name]) for name, value in model.named_buffers())
    model.eval()


def test_the_self_ensemble_turns_with_the_image(model):
    lr = noise(40, 50)
    result = upscale(lr, model, self_ensemble=True)
    turned = upscale(np.rot90(lr)[:, ::-1], model, self_ensemble=True)
    assert abs(np.rot90(result)[:, ::-1].astype(int) - turned).max() <= 1
    assert abs(result.astype(int) - upscale(lr, model)).max() > 1


class Hungry(SRResNet):
    """Runs out of memory on more than a number of pixels."""

    def __init__(self, most, error):
        super().__init__(channels=4, blocks=1)
        self.most, self.error, self.sizes = most, error, []
        self.receptive_radius = receptive_radius(SRResNet(channels=4, blocks=1))

    def forward(self, lr):
        self.sizes.append(lr.shape[2] * lr.shape[3])
        if self.sizes[-1] > self.most:
            raise self.error
        return super().forward(lr)


@pytest.mark.parametrize(
    "error", [RuntimeError("DefaultCPUAllocator: can't allocate memory"), torch.OutOfMemoryError(), MemoryError()]
)
def test_out_of_memory_halves_the_tile(error):
    model = Hungry(60 * 60, error)
    lr = noise(100, 100)
    assert upscale(lr, model, tile=96).shape == (400, 400, 3)
    assert max(model.sizes) > 60 * 60
    with pytest.raises(type(error)):
        upscale(lr, Hungry(10, error), tile=SMALLEST_TILE)


def test_out_of_memory_in_the_middle_continues_below_what_was_given_out():
    lr = noise(150, 60)
    model = Hungry(60 * 60, MemoryError())
    strips = upscale_strips(model, lr, tile=40)
    first = next(strips)
    assert len(first) < 600
    model.most = max(model.sizes) - 1
    model.sizes.clear()
    assert np.array_equal(np.concatenate([first, *strips]), upscale(lr, model, tile=SMALLEST_TILE))
    assert max(model.sizes) > model.most


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_finer_levels_than_eight_bits_are_kept(model, dtype):
    lr, most = noise(150, 30), LEVELS[dtype]
    fine = (lr * np.float32(most / 255)).astype(dtype)
    strips = list(upscale_strips(model, fine, tile=32))
    assert len(strips) > 1
    sr = np.concatenate(strips)
    assert sr.dtype == dtype
    assert abs(sr.astype(float) * (255 / most) - upscale(lr, model)).max() < 0.51
    assert len(np.unique(sr)) > 256
    assert sr.max() <= most


def test_other_errors_are_not_taken_for_it():
    model = Hungry(0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes"):
        upscale(noise(40, 40), model)
    assert len(model.sizes) == 1


def test_progress_is_told_by_tile(model):
    told = []
    upscale(noise(100, 100), model, tile=32, on_progress=lambda *what: told.append(what))
    assert told == [(done, len(told)) for done in range(1, len(told) + 1)]
    assert len(told) > 1


@pytest.mark.slow
def test_the_full_network_tiled_at_default_settings_equals_the_whole():
    model = lively(SRResNet())
    lr = noise(339, 510)
    assert np.array_equal(upscale(lr, model), upscale(lr, model, tile=WHOLE))


@pytest.mark.parametrize(
    ("size", "count", "overlap"), [(100, 1, 8), (97, 3, 8), (339, 2, 40), (50, 4, 10), (64, 7, 32)]
)
def test_each_tile_sees_the_neighbourhood_of_its_own_pixels(size, count, overlap):
    spans = cut(size, count, overlap)
    ends = [span.edge for span in spans[1:]] + [size]
    assert spans[0].edge == 0 and len(spans) == count
    for span, end in zip(spans, ends, strict=True):
        assert end > span.edge
        assert span.start == max(0, span.edge - overlap)
        assert span.stop == min(size, end + overlap)


@pytest.mark.parametrize("fade", [0, 3])
def test_pasting_all_tiles_gives_the_image_back(fade):
    image = np.random.default_rng(0).integers(0, 256, (97, 5, 3), dtype=np.uint8)
    canvas = np.zeros_like(image)
    for span in cut(97, 4, 8):
        seen = slice(span.start, span.stop)
        paste(canvas[seen], image[seen], span.edge - span.start, fade if span.edge else 0)
    assert np.array_equal(canvas, image)


def test_without_fading_a_pixel_is_of_one_tile():
    below, above = np.zeros((10, 2), np.uint8), np.full((10, 2), 9, np.uint8)
    paste(below, above, 4, 0)
    assert below[:, 0].tolist() == [0] * 4 + [9] * 6


def test_tiles_fade_into_each_other():
    below, above = np.zeros((10, 2), np.uint8), np.full((10, 2), 80, np.uint8)
    paste(below, above, 5, 2)
    assert below[:, 0].tolist() == [0, 0, 0, 10, 30, 50, 70, 80, 80, 80]


@pytest.mark.parametrize(("height", "width"), [(339, 510), (1356, 2040), (5000, 100), (33, 33), (1, 4000)])
@pytest.mark.parametrize(("tile", "overlap"), [(192, 40), (32, 40), (64, 2)])
def test_no_tile_covers_more_than_its_share(height, width, tile, overlap):
    counts = tile_counts(height, width, tile, overlap)
    longest = [
        max(span.stop - span.start for span in cut(size, count, overlap))
        for size, count in zip((height, width), counts, strict=True)
    ]
    assert longest[0] * longest[1] <= (tile + 2 * overlap) ** 2


def test_a_small_image_is_one_tile_and_the_work_of_others_stays_small():
    assert tile_counts(250, 260, 192, 40) == (1, 1)
    rows, columns = tile_counts(339, 510, 192, 40)
    work = np.prod(
        [sum(span.stop - span.start for span in cut(size, count, 40)) for size, count in ((339, rows), (510, columns))]
    )
    assert work <= 1.5 * 339 * 510


def test_any_module_that_enlarges_will_do():
    """A network of the user's own need not be one of the library's."""
    own = torch.nn.Upsample(scale_factor=2)
    own.scale = 2
    lr = noise(40, 50)
    assert np.array_equal(upscale(lr, own), lr.repeat(2, 0).repeat(2, 1))
