"""Networks from other programs' files are read without running anything in them, and judged like any other."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from srgan_lib.data.images import read_image, write_image
from srgan_lib.errors import PackageMissing
from srgan_lib.evaluation.evaluator import evaluate
from srgan_lib.files import sha256_file
from srgan_lib.models.files import CheckpointError
from srgan_lib.models.generators import build_generator
from srgan_lib.models.tiled_inference import upscale
from srgan_lib.params.evaluation import Evaluation
from srgan_lib.params.shared import Shared
from srgan_report.cli import main
from srgan_report.upscaling import community, unpickle
from srgan_report.upscaling.community import load_network
from srgan_report.upscaling.contestants import all_methods
from tests.tiny import photographs


class Malicious:
    """Makes a folder when it is unpickled as usual."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def plain(content, path):
    path.write_bytes(pickle.dumps(content, protocol=2))


def legacy(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(community, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache" / "networks"


@pytest.mark.parametrize("write", [torch.save, legacy, plain])
def test_a_malicious_pickle_runs_nothing(tmp_path, capsys, write):
    path, trace = tmp_path / "model.pth", tmp_path / "trace"
    write({"params": {"weight": torch.zeros(2)} if write is not plain else {}, "x": Malicious(trace)}, path)
    with pytest.raises(SystemExit) as refused:
        unpickle.read(str(path))
    assert refused.value.code == unpickle.WRONG and "posix.mkdir" in capsys.readouterr().out
    assert not trace.exists()
    pickle.loads(path.read_bytes()) if write is plain else torch.load(path, weights_only=False)
    assert trace.exists(), "the file is malicious indeed"


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\3\4", b"\x80\x02]."])
def test_a_file_that_is_no_pickle_of_weights(tmp_path, capsys, content):
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    with pytest.raises(SystemExit) as refused:
        unpickle.read(str(path))
    assert refused.value.code == unpickle.WRONG and "damaged" in capsys.readouterr().out


@pytest.mark.slow
def test_the_commands_refuse_a_malicious_pickle(tmp_path, cache):
    path, trace = tmp_path / "model.pth", tmp_path / "trace"
    torch.save(Malicious(trace), path)
    write_image(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8))
    done = CliRunner().invoke(
        main, ["upscale", str(tmp_path / "a.png"), str(tmp_path / "b.png"), "--checkpoint", str(path)]
    )
    assert done.exit_code == 2 and "posix.mkdir" in done.output.replace("\n", "")
    assert not trace.exists() and not cache.exists() and not (tmp_path / "b.png").exists()


@pytest.mark.parametrize("name", ["model.pth", "model.safetensors"])
def test_without_spandrel_the_command_that_installs_it_is_named(tmp_path, monkeypatch, name):
    save_file({"conv.weight": torch.zeros(1)}, tmp_path / name)
    monkeypatch.setattr(community, "find_spec", lambda _: None)
    with pytest.raises(PackageMissing, match=r"pip install 'srgan-report\[spandrel\]'"):
        load_network(tmp_path / name)


def esrgan(scale: int):
    """ESRGAN's network with one block, its weights drawn so that its images are no flat ones."""
    model = build_generator({"architecture": "rrdbnet", "blocks": 1, "scale": scale}).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.06, generator=generator)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"nobody.knows": torch.zeros(1)}, "none of the"),
        ({"body.99999999.rdb1.conv1.weight": torch.zeros(1)}, "none of the"),
        ({"conv_first.weight": torch.full((1,), torch.nan)}, "NaN"),
        ({name: torch.zeros(2) for name in esrgan(4).state_dict()}, "cannot build"),
        ({}, "none of the"),
    ],
    ids=["unknown", "endless", "no numbers", "shapes", "empty"],
)
def test_what_is_no_network_is_refused_in_a_sentence(tmp_path, tensors, words):
    pytest.importorskip("spandrel")
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError) as refused:
        load_network(tmp_path / "model.safetensors")
    assert refused.value.path == tmp_path / "model.safetensors"
    assert words in str(refused.value) and "\n" not in str(refused.value) and len(str(refused.value)) < 400


@pytest.mark.slow
def test_an_esrgan_file_is_judged_by_the_images_that_its_network_makes(tmp_path, cache):
    pytest.importorskip("spandrel")
    model, path = esrgan(4), tmp_path / "4x_model.pth"
    torch.save({"params_ema": model.state_dict(), "iteration": 5}, path)
    pairs = {"set": photographs(2)}
    expected = {pair.image: upscale(pair.lr, model) for pair in pairs["set"]}
    assert all(image.std() > 5 for image in expected.values())

    # enlarged by the command, and measured
    for pair in pairs["set"]:
        write_image(tmp_path / "hr" / f"{pair.image}.png", pair.hr)
        write_image(tmp_path / "lr" / f"{pair.image}.png", pair.lr)
    hr, lr, sr, table = (str(tmp_path / name) for name in ("hr", "lr", "sr", "table.csv"))
    for words in (
        ["upscale", lr, sr, "--checkpoint", str(path), "--precision", "float32"],
        ["evaluate", "--hr", hr, "--sr", sr, "--csv", table],
    ):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
    for name, image in expected.items():
        assert np.array_equal(read_image(tmp_path / "sr" / f"{name}.png"), image)

    # judged in a report
    settings = Evaluation(methods={"ESRGAN": str(path)}, reference_models=False, lpips_nets=[])
    own = {"warmup": esrgan(4), "srgan": esrgan(4)}
    methods = all_methods(own, pairs, Shared(device="cpu", dtype="float32"), settings)
    for pair in pairs["set"]:
        assert np.array_equal(methods["ESRGAN"](pair), expected[pair.image])
    judged = evaluate(pairs, methods, names=["psnr_y"], scale=4).metrics.query("method == 'ESRGAN'")
    assert judged.psnr_y.to_numpy() == pytest.approx(pd.read_csv(table).psnr_y.to_numpy()[: len(judged)])

    # converted, with the hash of the source
    (converted,) = cache.iterdir()
    with safetensors.safe_open(converted, framework="pt") as file:
        metadata = json.loads(file.metadata()["srgan"])
    assert metadata["source"] == {"name": path.name, "sha256": sha256_file(path)}

    # another factor is refused by name
    with pytest.raises(CheckpointError, match="×4.*×2") as refused:
        community.check_network(path, 2)
    assert refused.value.path == path
