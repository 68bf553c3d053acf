"""Whatever the user's own code does wrong is an error with its file and line, and never the end of the program."""

import re

import pytest
import torch

from srgan_lib.models.generators import build_generator, enlarged
from srgan_lib.models.own_code import OwnCodeError, check_reference, own_class, running
from srgan_lib.training.compute import Compute
from srgan_lib.training.losses import build_own_loss

HEAD = "import os, sys, torch\nfrom torch import nn\n"
NET = f"""{HEAD}class Net(nn.Module):
    def __init__(self, scale):
        super().__init__(); self.layer = nn.Conv2d(3, 3, 3, padding=1); self.up = nn.Upsample(scale_factor=scale)
    def forward(self, lr):
        """
LOSS = f"{HEAD}class Loss:\n    def __call__(self, sr, hr):\n        "


def written(folder, content):
    path = folder / "own.py"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("import sys\nsys.exit(0)", 2, "ends the program"),
        ("raise SystemExit", 1, "ends the program"),
        ("\nquit()", 2, "ends the program"),
        ("import os\n\nos._exit(0)", 3, "ends the program"),
        (f"import sys\nsys.exit({'x' * 9!r} * 10**6)", 2, "ends the program"),
        ("def f():\n    return f()\nf()", 2, "RecursionError"),
        ("import nothing_of_this_name", 1, "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("from torch import nothing_here", 1, "ImportError"),
        ("x = 1\ny = (", 2, "not Python"),
        ("x = 1\n  y = 2", 2, "not Python"),
        (b"x = '\xff'", 1, "not Python"),
        ("print('a flood')\n1 / 0", 2, "ZeroDivisionError: division by zero"),
        ("exec('raise ValueError(3)')", 1, "ValueError: 3"),
        ("x = 1\nraise BaseException('bare')", 2, "BaseException: bare"),
        ("raise ValueError('long' * 10**6)", 1, "ValueError: long"),
        ("raise GeneratorExit", 1, "GeneratorExit"),
        ("(" * 5000, 1, "too many nested parentheses"),
    ],
)
def test_a_file_that_does_not_load(tmp_path, content, line, words):
    path = written(tmp_path, content)
    with pytest.raises(OwnCodeError, match=re.escape(f"{path}: line {line}: ")) as caught:
        own_class(path, "Net")
    assert words in str(caught.value) and caught.value.path == path and len(str(caught.value)) < 1000


@pytest.mark.parametrize("content", ["x = (", b"x = '\xff'", "a\0b", "  x = 1\n y = 2", "(" * 5000])
def test_what_is_no_python_is_found_without_running_it(tmp_path, content):
    with pytest.raises(OwnCodeError, match=r"own\.py: "):
        check_reference(f"{written(tmp_path, content)}:Net")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("sys.exit(0)", "line 7: it ends the program"),
        ("os._exit(0)", "line 7: it ends the program"),
        ("return self.layer(lr) @ lr.flatten()", "line 7: RuntimeError"),
        ("return self.forward(lr)", "line 7: RecursionError"),
        ("return self.lost(lr)", "line 7: AttributeError"),
        ("return self.layer(lr)", r"made (1, 3, 8, 8)"),
        ("return [self.up(lr)]", "made list"),
        ("return None", "made NoneType"),
        ("return self.up(lr) * torch.nan", "from nan to nan"),
        ("return self.up(lr) * 255", "float values around [0,1]"),
    ],
)
def test_a_network_that_does_not_enlarge(tmp_path, body, words):
    own = own_class(written(tmp_path, NET + body), "Net")
    network = build_generator(own.config(4), own)
    with pytest.raises(OwnCodeError) as caught:
        enlarged(network, torch.rand(1, 3, 8, 8), 4)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("class Net: pass", "no network"),
        ("class Net(nn.Module): pass", "Net: TypeError"),
        ("class Net(nn.Module):\n    def __init__(self): pass", "cannot be built by Net(scale=4)"),
        ("class Net(nn.Module):\n    def __init__(self, scale):\n        sys.exit(0)", "line 5: it ends the program"),
        ("class Net(nn.Module):\n    def __init__(self, scale):\n        1 / 0", "line 5: ZeroDivisionError"),
        ("class Net(nn.Module):\n    def __init__(self, scale):\n        self.x = nn.ReLU()", "line 5: AttributeError"),
        ("class Net(nn.Module):\n    def __init__(self, scale):\n        pass", "own.py: AttributeError"),
        ("Net = 3", "defines no class"),
    ],
)  # fmt: skip
def test_a_class_that_cannot_be_built(tmp_path, definition, words):
    path = written(tmp_path, HEAD + definition)
    with pytest.raises(OwnCodeError) as caught:
        own = own_class(path, "Net")
        build_generator(own.config(4), own)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("sys.exit(0)", "line 5: it ends the program"),
        ("return sr.lost", "line 5: AttributeError"),
        ("return (sr - hr).mean() * torch.nan", "finite"),
        ("return hr.mean()", "gradient for sr"),
    ],
)
def test_a_loss_that_does_not_teach(tmp_path, body, words):
    own = own_class(written(tmp_path, LOSS + body), "Loss")
    with pytest.raises(OwnCodeError) as caught:
        build_own_loss(own, Compute(), torch.rand(1, 3, 16, 16))
    assert words in str(caught.value)


def test_ctrl_c_and_errors_meant_for_people_stay_what_they_are(tmp_path):
    for error in (KeyboardInterrupt(), OwnCodeError("said already")):
        with pytest.raises(type(error)), running(tmp_path / "own.py"):
            raise error
