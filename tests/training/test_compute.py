import torch

from srgan_lib.models.srresnet import SRResNet
from srgan_lib.params.shared import Shared
from srgan_lib.training.compute import Compute, seeded


def test_images_become_floats_channels_last():
    batch = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).reshape(2, 3, 4, 5)
    images = Compute().images(batch)
    assert images.dtype == torch.float32 and images.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(images, batch.float() / 255)


def test_from_parameters():
    shared = Shared(device="cpu", dtype="bfloat16", threads=3, compile=True)
    assert Compute.of(shared) == Compute("cpu", "bfloat16", 3, True)


def test_apply_sets_the_threads():
    before = torch.get_num_threads()
    Compute(threads=2).apply()
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_bfloat16_is_for_convolutions_and_not_for_weights_or_outputs():
    compute = Compute(dtype="bfloat16")
    seen = []
    network = compute.trainable(SRResNet(scale=2, channels=4, blocks=1))
    network.conv_first[0].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    with compute.autocast():
        output = network(torch.rand(1, 3, 8, 8))
    assert seen == [torch.bfloat16] and output.dtype == torch.float32
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert network.conv_first[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_float32_is_left_alone():
    seen = []
    network = SRResNet(scale=2, channels=4, blocks=1)
    network.conv_first[0].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    with Compute().autocast():
        network(torch.rand(1, 3, 8, 8))
    assert seen == [torch.float32]


def test_seeded_depends_on_seed_and_purpose_alone():
    def draw(seed, purpose):
        with seeded(seed, purpose):
            return torch.rand(3).tolist()

    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = draw(0, "generator weights")
    assert torch.equal(torch.rand(1), expected)  # the global stream goes on as if nothing had happened
    assert draw(0, "generator weights") == first
    assert draw(1, "generator weights") != first
    assert draw(0, "discriminator weights") != first
