"""``--dry-run`` and ``srgan fetch`` on a machine without a network, data or weights."""

import hashlib
import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from srgan_lib.data.named_sets import SETS
from srgan_lib.formatting import size_text
from srgan_lib.models import backbones
from srgan_lib.models.backbones import BACKBONES, Backbone
from srgan_report import params_file
from srgan_report.cli import main
from tests.project import execute_here, make_project

ROOT = Path(__file__).parents[2]
SWEEPS = sorted((ROOT / "params/sweeps").glob("*.yaml"))
FILES = sorted((ROOT / "params").glob("*.yaml"))


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without data and weights, which fails on every use of the network; its results' folder."""
    folders = {
        name: tmp_path / name.lower() for name in ("SRGAN_DATA", "SRGAN_WEIGHTS", "TORCH_HOME", "XDG_CACHE_HOME")
    }
    for name, folder in folders.items():
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    monkeypatch.delenv("SRGAN_OFFLINE", raising=False)
    monkeypatch.chdir(ROOT)

    def cut(*_args, **_kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", cut)
    monkeypatch.setattr(socket, "getaddrinfo", cut)
    return tmp_path / "results"


def srgan(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def assert_plans_only(done, results, wanted):
    """It ended well, named what would be downloaded with its size, and wrote nothing."""
    assert done.exit_code == 0, done.output
    lines = [line for line in done.output.splitlines() if line.startswith(("To download: ", "To provide: "))]
    assert {line.partition(": ")[2].partition(" (")[0] for line in lines} == wanted
    for line in lines:  # of what the catalogue does not know there is no address
        name = line.partition(": ")[2].partition(",")[0]
        known = name in SETS or name in {backbone.title for backbone in BACKBONES.values()}
        assert line.startswith("To download") == known
    assert [path for path in results.parent.rglob("*") if path.is_file()] == [] and not results.exists()


def expected_downloads(params_list):
    """What runs read from outside, from the parameters alone."""
    wanted = set()
    for params in params_list:
        names = {*params.shared.dataset.split("+"), *params.evaluation.test_sets} - {
            "builtin",
            "heldout",
            "training",
            "validation",
        }
        wanted |= {f"{name}, {size_text(SETS[name].size) if name in SETS else 'size unknown'}" for name in names}
        for stage in (params.warmup, params.adversarial):
            if stage.content_weight and stage.content_weights == "imagenet":
                wanted.add("VGG-19, 548 MB")
        networks = {"alex": "AlexNet, 233 MB", "squeeze": "SqueezeNet 1.1, 5 MB"}
        wanted |= {networks[net] for net in params.evaluation.lpips_nets}
    return wanted


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_run_is_planned_without_a_network(file, bare):
    params = params_file.read(file)
    another_runs = ("-p", "warmup.start=srresnet") if (params.warmup.start or "").startswith("results/") else ()
    done = srgan("run", file, "--run", "planned", "--dry-run", "--results", bare, *another_runs)
    assert_plans_only(done, bare, expected_downloads([params]))


@pytest.mark.parametrize("file", SWEEPS, ids=lambda file: file.stem)
def test_every_sweep_is_planned_without_a_network(file, bare):
    from srgan_report.sweep.definition import read_sweep
    from srgan_report.sweep.expansion import expand

    runs = expand(read_sweep(file))[1]
    done = srgan("sweep", file, "--dry-run", "--results", bare)
    assert_plans_only(done, bare, expected_downloads([run.params for run in runs]))
    assert f"{len(runs)} runs" in done.output


def test_stages_that_wait_for_a_download_are_to_compute(bare):
    done = srgan(
        "run", "params/demo.yaml", "-p", "adversarial.content_weights=imagenet", "--dry-run", "--results", bare
    )
    reasons = {line.split()[0]: line for line in done.output.splitlines() if line[:1] == "0"}
    assert "not computed yet" in reasons["03_warmup"]
    assert "unknown until VGG-19 is downloaded" in reasons["04_adversarial"]
    assert "computing" in reasons["05_evaluation"]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("DIV2K", 3_530_603_713 + 448_993_893),  # its servers' Content-Length
        ("bsds400", 70_763_455),
        ("BSDS500", 70_763_455),
        ("CelebA", 1_443_490_838),
        ("Set5", None),
    ],
)
def test_sizes_of_named_sets(name, size):
    assert SETS[name].size == size


@pytest.fixture
def project(tmp_path, monkeypatch, server):
    """A throw-away project without weights, for which this machine's server publishes AlexNet's."""
    root = make_project(tmp_path / "project")
    (root / "params/demo.yaml").write_text(
        "shared: {threads: 1}\nwarmup: {content_weight: 0}\nadversarial: {content_weight: 0}\n"
        "evaluation: {lpips_nets: [alex]}\n"
    )
    (root / "params/sweep.yaml").write_text("base: demo.yaml\nseeds: [0, 1]\n")
    content = b"weights" * 1000
    name = f"alexnet-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setattr(backbones, "ADDRESS", server.url(""))
    monkeypatch.setitem(BACKBONES, "alexnet", Backbone("AlexNet", name, len(content) / 2**20))
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path / "own"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.chdir(root)
    monkeypatch.setattr("papermill.execute_notebook", execute_here)
    monkeypatch.setattr("srgan_report.pipeline.assemble.assemble", lambda *_args, **_how: True)
    server.files[name] = content
    return root


@pytest.mark.parametrize("file", ["params/demo.yaml", "params/sweep.yaml"])
def test_fetch_downloads_once_and_says_so(file, project, server):
    done = srgan("fetch", file)
    assert done.exit_code == 0, done.output
    assert "Fetched: AlexNet" in done.output and len(server.requests) == 1
    again = srgan("fetch", file)
    assert again.exit_code == 0, again.output
    assert "Nothing to download" in again.output and len(server.requests) == 1


def test_fetch_ends_with_an_error_where_a_run_goes_on_without(project, server):
    server.files.clear()
    done = srgan("fetch")
    assert done.exit_code == 1
    assert "evaluation.lpips_nets: alex" in done.output and "404" in done.output and "SRGAN_WEIGHTS" in done.output
    done = srgan("fetch", "-p", "evaluation.lpips_nets=[]")
    assert done.exit_code == 0, done.output


def test_fetch_names_a_set_without_an_address(project):
    done = srgan("fetch", "-p", "dataset=Set6")
    assert done.exit_code != 0
    assert "'Set6' is unknown; allowed: builtin, folder" in done.output


def test_a_run_fetches_before_it_computes_and_plans_again(project, server):
    """What has arrived is part of the fingerprint: the same command again skips every stage."""
    done = srgan("run")
    assert len(server.requests) == 1, done.output
    manifest = json.loads((project / "results/demo/evaluation/manifest.json").read_text())
    assert manifest["components"]["environment"]["alexnet"] == hashlib.sha256(b"weights" * 1000).hexdigest()
    planned = srgan("run", "--dry-run")
    assert planned.output.count("skipped") == 5 and "To download" not in planned.output


def test_a_run_goes_on_without_weights_that_only_a_score_needs(project, server, monkeypatch):
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    done = srgan("run")
    assert "LPIPS(alex) will not be computed" in done.output and "SRGAN_OFFLINE" in done.output
    assert (project / "results/demo/evaluation/manifest.json").exists(), done.output
    assert srgan("run", "--dry-run").output.count("skipped") == 5
    monkeypatch.delenv("SRGAN_OFFLINE")
    done = srgan("run", "--dry-run")
    assert done.output.count("skipped") == 4 and "unknown until AlexNet is downloaded" in done.output
    assert server.requests == []
