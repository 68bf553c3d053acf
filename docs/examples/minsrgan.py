r"""SRGAN in one file, to be read from top to bottom: data, networks, losses, both trainings, the comparison.

LR is the low-resolution image, HR the original, SR the generator's result. Many HR images have the same LR image: a
generator that is trained on pixels alone does best with their average, which is blurred; a discriminator, which tells
photographs from results, makes it choose one that looks real. "The paper" is C. Ledig et al., "Photo-Realistic Single
Image Super-Resolution Using a Generative Adversarial Network", CVPR 2017; equations are numbered as there.

    python docs/examples/minsrgan.py PHOTOS/ OUT/

reads the photographs in PHOTOS (BATCH + 6 or more, each side at least CROP pixels), trains on all but six of them, and
writes both networks and the enlarged test images to OUT. The pipeline of this repository trains the same networks, and
reports on them (the params file switches off what it could add, such as terms against regular patterns):

    srgan run docs/examples/minsrgan.yaml --run mini -p image_folder=PHOTOS

tests/test_minsrgan.py trains both: the weights of both networks are equal to the last bit. (The pipeline reads more
kinds of files, applies colour profiles, makes transparent pixels white, and refuses photographs that appear twice.)
"""

import math
import sys
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn
from torch.nn import functional as F
from torchvision.models import vgg19

SEED = 0
THREADS = 1  # more are faster; the same number gives the same weights
TEST_IMAGES, VALIDATION_IMAGES = 5, 1  # never trained on; the latter is for the pipeline, to watch its training
BATCH, CROP = 8, 96  # crops a step, and their side in HR pixels
SCALE = 4  # the generator doubles twice: no other scale will do
CHANNELS, BLOCKS, DISCRIMINATOR_CHANNELS = 64, 16, 64
WARMUP_STEPS, WARMUP_RATE = 160, 1e-4  # minutes on a CPU, to see it work; the paper: a million
ADVERSARIAL_STEPS, ADVERSARIAL_RATE = 80, 1e-4  # the paper: 200,000
CONTENT_WEIGHT, ADVERSARIAL_WEIGHT = 0.5, 1e-3  # the second is the paper's, the first a choice that works in minutes
VGG_WEIGHTS = "imagenet"  # downloaded once, 548 MB; "random" needs no download, and random features compare images, too


def random_stream(purpose, *step):
    """Return NumPy's random generator for one purpose and step: no choice depends on what was drawn before it."""
    return np.random.default_rng([SEED, zlib.crc32(purpose.encode()), *step])  # crc32 makes a number of the name


# ---- Data: photographs, their LR images, and random crops of both ----------------------------------------------------
def cubic(x):
    """Evaluate the bicubic kernel (Keys 1981, a = -0.5) at distances in pixels."""
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def imresize(image, factor):
    """Resize an H×W×3 uint8 image as MATLAB's imresize, with which the field makes its LR images."""
    # Pillow's and PyTorch's bicubic differ from it, and a network learns to undo exactly the blur it was trained with.
    stretch = min(factor, 1)  # when shrinking, 1/4 makes the kernel 4 times wider: that prevents aliasing
    for axis in (0, 1):
        size = image.shape[axis]
        centres = (np.arange(math.ceil(size * factor)) + 0.5) / factor - 0.5  # of output pixels, in input pixels
        first = np.floor(centres - 2 / stretch).astype(int)
        positions = first[:, None] + np.arange(math.ceil(4 / stretch) + 2)  # that each one sees, 2 each way, and 2 more
        weights = cubic(stretch * (centres[:, None] - positions))
        weights /= weights.sum(1, keepdims=True)
        positions = positions.clip(0, size - 1)  # beyond the border: the last pixel again
        lines = np.moveaxis(image.astype(float), axis, 0)
        lines = sum(weights[:, tap, None, None] * lines[positions[:, tap]] for tap in range(weights.shape[1]))
        lines = np.floor(lines.clip(0, 255) + 0.5)  # MATLAB rounds after each of the two passes, .5 upwards
        image = np.moveaxis(lines, 0, axis).astype(np.uint8)
    return image


def read_photographs(folder):
    """Read a folder; return the photographs for training and those for testing, as lists of (name, HR, LR)."""
    files = sorted(file for file in Path(folder).iterdir() if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
    order = random_stream("split").permutation(len(files))
    photographs = []
    for index in range(len(files)):
        hr = np.asarray(ImageOps.exif_transpose(Image.open(files[index])).convert("RGB"))
        hr = hr[: len(hr) // SCALE * SCALE, : len(hr[0]) // SCALE * SCALE]  # whole LR pixels
        photographs.append((files[index].stem, hr, imresize(hr, 1 / SCALE)))
    test, train = order[:TEST_IMAGES], order[TEST_IMAGES + VALIDATION_IMAGES :]
    return [photographs[index] for index in sorted(train)], [photographs[index] for index in sorted(test)]


def to_tensor(images):
    """Convert H×W×3 uint8 images to one N×3×H×W tensor in [0,1]; channels lie side by side: convolutions are faster."""
    batch = torch.from_numpy(np.stack([image.transpose(2, 0, 1) for image in images]))
    return batch.to(torch.float32, memory_format=torch.channels_last) / 255


def turned(image, turn):
    """Mirror left-right, mirror top-bottom, swap rows and columns, or not: one binary digit of 0 to 7 each."""
    image = image[:: -1 if turn & 2 else 1, :: -1 if turn & 1 else 1]
    return image.swapaxes(0, 1) if turn & 4 else image


def random_crops(photographs, step):
    """Draw the batch of a step: LR and HR crops of the same places, no photograph twice."""
    rng, small = random_stream("crops", step), CROP // SCALE
    chosen = rng.choice(len(photographs), BATCH, replace=False)
    room = np.array([lr.shape[:2] for _, _, lr in photographs])[chosen] - small
    corners = rng.integers(0, room + 1)  # in LR pixels, so that the LR crop shows exactly what the HR crop shows
    turns = rng.integers(0, 8, BATCH)  # the eight ways to mirror and turn a square: eight crops out of one
    lr_crops, hr_crops = [], []
    for index, (row, column), turn in zip(chosen, corners, turns, strict=True):
        _, hr, lr = photographs[index]
        lr_crops.append(turned(lr[row : row + small, column : column + small], turn))
        row, column = SCALE * row, SCALE * column
        hr_crops.append(turned(hr[row : row + CROP, column : column + CROP], turn))
    return to_tensor(lr_crops), to_tensor(hr_crops)


# ---- The generator, SRResNet (the paper's figure 4, upper half) ------------------------------------------------------
class Block(nn.Module):
    """A residual block: its layers learn what to add to its input."""

    def __init__(self):
        super().__init__()
        one, two = (nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1) for _ in range(2))
        self.layers = nn.Sequential(one, nn.BatchNorm2d(CHANNELS), nn.PReLU(), two, nn.BatchNorm2d(CHANNELS))

    def forward(self, x):
        return x + self.layers(x)


class Generator(nn.Module):
    """Enlarge N×3×h×w in [0,1] to N×3×4h×4w. Unlike the paper's, it learns what to add to the bicubic enlargement."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, CHANNELS, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.body = nn.Sequential(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), nn.BatchNorm2d(CHANNELS))
        # A pixel shuffle makes one channel of twice the size out of four channels; convolutions make the four.
        once, again = (nn.Conv2d(CHANNELS, 4 * CHANNELS, 3, padding=1) for _ in range(2))
        self.grow = nn.Sequential(once, nn.PReLU(), nn.PixelShuffle(2), again, nn.PReLU())
        self.last = nn.Conv2d(CHANNELS, 3, 9, padding=4)  # never called: it holds the weights of shuffle_and_convolve
        nn.init.zeros_(self.last.weight)  # training begins at bicubic quality: nothing is added yet
        nn.init.zeros_(self.last.bias)

    def forward(self, lr):
        features = self.first(lr)
        features = self.grow(features + self.body(self.blocks(features)))  # all blocks together are residual, too
        return shuffle_and_convolve(features, self.last.weight, self.last.bias) + enlarge(lr)


def shuffle_and_convolve(x, kernel, bias):
    """Compute F.conv2d(F.pixel_shuffle(x, 2), kernel, bias, padding=4), for a 9×9 kernel, in a third of the time.

    It convolves first: 12 output channels fill a processor's vectors better than 3. Of 2×2 output pixels, each needs
    the kernel at an offset of its own: hence four padded kernels of 10×10 taps. pixel_unshuffle sorts the taps by the
    place in 2×2 shuffled pixels on which they fall, the order of x's channels: 4 times 5×5 taps on the small grid.
    """
    offsets = [(row, column) for row in (0, 1) for column in (0, 1)]
    kernels = [F.pixel_unshuffle(F.pad(kernel, (column, 1 - column, row, 1 - row)), 2) for row, column in offsets]
    kernels = torch.stack(kernels, 1).flatten(0, 1)  # from 3×4×… to 12×…: the order in which pixel_shuffle reads them
    return F.pixel_shuffle(F.conv2d(x, kernels, padding=2), 2) + bias[:, None, None]


def enlarge(images):
    """Enlarge N×3×h×w as imresize, unrounded: a pixel becomes 4×4, each a weighted sum of the 5×5 around it."""
    offsets = (np.arange(SCALE) + 0.5) / SCALE - 0.5  # of the output pixels from the input pixel's centre
    taps = cubic(offsets[:, None] - np.arange(-2, 3))  # their sum is 1 already
    kernels = torch.tensor(np.einsum("ik,jl->ijkl", taps, taps).reshape(16, 1, 5, 5), dtype=torch.float32)
    padded = F.pad(images, (2, 2, 2, 2), mode="replicate")
    return F.pixel_shuffle(F.conv2d(padded, kernels.repeat(3, 1, 1, 1), groups=3), SCALE)  # each colour by itself


# ---- The discriminator (the paper's figure 4, lower half) ------------------------------------------------------------
def build_discriminator():
    """From N×3×CROP×CROP to N×1 logits, high for photographs; the sigmoid that makes probabilities is in the loss."""
    widths = [DISCRIMINATOR_CHANNELS * 2 ** (index // 2) for index in range(8)]  # 64, 64, 128, 128, … 512, 512
    layers = [nn.Conv2d(3, widths[0], 3, padding=1), nn.LeakyReLU(0.2)]
    for index in range(7):  # strides 2, 1, 2, 1, 2, 1, 2: what comes out has a sixteenth of CROP
        convolution = nn.Conv2d(widths[index], widths[index + 1], 3, stride=2 - index % 2, padding=1)
        layers += [convolution, nn.BatchNorm2d(widths[index + 1]), nn.LeakyReLU(0.2)]
    hidden = 16 * DISCRIMINATOR_CHANNELS
    layers += [nn.Flatten(), nn.Linear(widths[-1] * math.ceil(CROP / 16) ** 2, hidden), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(hidden, 1))


# ---- Losses ----------------------------------------------------------------------------------------------------------
class ContentLoss:
    """Compare images by what VGG-19, a network that classifies images, sees in them: the paper's equation 5 (VGG22).

    Up to relu2_2 it sees edges and textures. The paper squares the differences and divides features by 12.75. Here they
    are absolute, and divided by their mean on some HR crops: CONTENT_WEIGHT means the same for any weights of VGG-19.
    """

    def __init__(self, hr):
        weights = "IMAGENET1K_V1" if VGG_WEIGHTS == "imagenet" else None
        self.vgg = vgg19(weights=weights, init_weights=False).features[:9].requires_grad_(False)  # to relu2_2
        if not weights:
            own = torch.Generator().manual_seed(0)  # the same features whatever SEED is
            for layer in filter(lambda layer: isinstance(layer, nn.Conv2d), self.vgg):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=own)
                nn.init.zeros_(layer.bias)
        self.vgg.to(memory_format=torch.channels_last)
        self.scale = 1.0  # while it is measured
        self.scale = 1 / self.features(hr).mean().item()

    def features(self, images):
        mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]  # ImageNet's
        return self.vgg((images - mean) / deviation) * self.scale

    def __call__(self, sr, hr):
        return F.l1_loss(self.features(sr), self.features(hr))


def judged(logits, real):
    """The mean of -log D(x) if x is to pass for a photograph, else of -log(1 - D(x)), where D(x) = sigmoid(logits)."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


# ---- Both trainings --------------------------------------------------------------------------------------------------
def warm_up(photographs):
    """Train a generator alone, to come near HR (equation 1): from there, says the paper, the GAN avoids bad optima."""
    torch.manual_seed(int(random_stream("warmup weights").integers(2**63)))
    generator = Generator().to(memory_format=torch.channels_last)  # the layout of the images, see to_tensor
    optimizer = torch.optim.Adam(generator.parameters(), WARMUP_RATE, fused=True)  # fused: all weights in one call
    for step in range(WARMUP_STEPS):
        lr, hr = random_crops(photographs, step)
        # A short training settles if its rate falls along a cosine; the paper's, of a million steps, is constant.
        optimizer.param_groups[0]["lr"] = WARMUP_RATE * ((1 + math.cos(math.pi * step / WARMUP_STEPS)) / 2)
        loss = F.l1_loss(generator(lr), hr)  # the paper squares (equation 4), which favours the average: more blur
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"warm-up {step:5}  generator {loss.item():.4f}")
    return generator


def train_against_discriminator(generator, photographs):
    """Train the generator and a new discriminator in turns (equation 2); return the discriminator."""
    content_loss = ContentLoss(random_crops(photographs, 0)[1])
    torch.manual_seed(int(random_stream("discriminator weights").integers(2**63)))
    discriminator = build_discriminator().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(generator.parameters(), ADVERSARIAL_RATE, fused=True)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), ADVERSARIAL_RATE, fused=True)
    for step in range(ADVERSARIAL_STEPS):
        lr, hr = random_crops(photographs, step)  # those of the warm-up's steps once more
        sr = generator(lr)
        # The generator (equation 3): pass for a photograph (equation 6), come near HR in pixels and in VGG-19's eyes.
        # The paper has no pixel term here; ours keeps a short training close to where the warm-up has come.
        deception = judged(discriminator(sr), real=True)
        loss = F.l1_loss(sr, hr) + CONTENT_WEIGHT * content_loss(sr, hr) + ADVERSARIAL_WEIGHT * deception
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        # The discriminator (equation 2): tell HR from SR. detach(): how SR came about is not its business.
        discriminator_loss = judged(discriminator(hr), real=True) + judged(discriminator(sr.detach()), real=False)
        discriminator_optimizer.zero_grad()  # drops what the generator's loss has left in these weights, too
        discriminator_loss.backward()
        discriminator_optimizer.step()
        print(f"adversarial {step:5}  generator {loss.item():.4f}  discriminator {discriminator_loss.item():.4f}")
    return discriminator


# ---- The comparison --------------------------------------------------------------------------------------------------
@torch.no_grad()
def upscale(generator, lr):
    """Enlarge an h×w×3 uint8 image."""
    sr = generator.eval()(to_tensor([lr]))[0]  # eval: batch normalisation takes training's statistics, not this image's
    return sr.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()


def psnr_y(sr, hr):
    """PSNR in dB of two H×W×3 uint8 images as the field has it: of luminance (BT.601), without SCALE pixels a side."""
    weights = np.array([65.481, 128.553, 24.966]) / 255  # of 16 to 235: 16 cancels; the peak is 255 by custom
    difference = (sr.astype(float) - hr)[SCALE:-SCALE, SCALE:-SCALE] @ weights
    return 10 * math.log10(255**2 / np.mean(difference**2))


def main(photos, out):
    """Train on a folder of photographs, compare with bicubic on those held out, and write the results."""
    torch.set_num_threads(THREADS)
    Path(out).mkdir(parents=True, exist_ok=True)
    train, test = read_photographs(photos)
    generator = warm_up(train)
    srresnet, scores = [upscale(generator, lr) for _, _, lr in test], []
    discriminator = train_against_discriminator(generator.train(), train)
    torch.save(generator.state_dict(), Path(out, "generator.pt"))
    torch.save(discriminator.state_dict(), Path(out, "discriminator.pt"))
    for (name, hr, lr), warm in zip(test, srresnet, strict=True):
        images = imresize(lr, SCALE), warm, upscale(generator, lr)
        scores.append([psnr_y(image, hr) for image in images])
        Image.fromarray(np.hstack([*images, hr])).save(Path(out, f"{name}.png"))  # side by side, HR last
    for method, score in zip(("bicubic", "SRResNet", "SRGAN"), np.mean(scores, 0), strict=True):
        print(f"{method:9} PSNR-Y {score:.2f} dB")  # invented detail looks real, but costs PSNR


if __name__ == "__main__":
    main(*sys.argv[1:])
