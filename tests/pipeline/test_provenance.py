"""Which change reruns which stage."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from srgan_lib.files import write_atomic
from srgan_lib.layout import STAGES
from srgan_lib.models.files import save_model, save_tensors
from srgan_lib.models.generators import build_generator
from srgan_lib.params.section import ParameterError
from srgan_report.pipeline import code_hashes, provenance
from tests.project import tiny_params

ROOT = Path(__file__).parents[2]


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A copy of both packages and the notebooks that a test may change."""
    copy = tmp_path / "project"
    for part in (*code_hashes.PACKAGES, "notebooks"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    monkeypatch.setattr(code_hashes, "ROOT", copy)
    yield copy


def fingerprints(root, params=None):
    found = {}
    for name, info in STAGES.items():
        notebook = root / "notebooks" / f"{info.notebook}.ipynb"
        found[name] = provenance.stage_components(
            name, params or tiny_params(), notebook, {s: found[s] for s in info.upstream}
        ).fingerprint
    return found


def module(root, file):
    """The file of a module, which lies in the library unless its name says otherwise."""
    return root / (file if file.startswith("srgan_report") else f"srgan_lib/{file}")


def changed(before, after):
    return [name for name in STAGES if before[name] != after[name]]


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is no longer in {path}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_changed_library_line_reruns_exactly_the_stages_that_import_it(library):
    before = fingerprints(library)
    (library / "srgan_lib/training/adversarial.py").open("a").write("\nEXTRA = 1\n")
    assert changed(before, fingerprints(library)) == ["adversarial", "evaluation"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("models/generators.py", ["srcnn", "warmup", "adversarial", "evaluation"]),
        ("training/loop.py", ["srcnn", "warmup", "adversarial", "evaluation"]),
        ("evaluation/statistics.py", ["evaluation"]),
        ("data/patches.py", list(STAGES)),
        ("srgan_report/report/__init__.py", []),
        ("srgan_report/exhibits/training.py", ["srcnn", "warmup", "adversarial", "evaluation"]),
        ("params/__init__.py", []),
    ],
)
def test_each_file_decides_its_stages(library, file, stages):
    before = fingerprints(library)
    module(library, file).open("a").write("\nEXTRA = 1\n")
    got = changed(before, fingerprints(library))
    assert set(got) >= set(stages) if file == "models/generators.py" else got == stages


ALL = ["srcnn", "warmup", "adversarial"]


@pytest.mark.parametrize(
    ("file", "old", "new", "trained_again"),
    [
        # Making LR, sampling, steps, losses, networks: numbers.
        ("data/degrade.py", "imresize(hr, 1 / scale)", "imresize(hr, 0.5 / scale)", ALL),
        ("data/resize.py", "far = -0.5", "far = -0.6", ALL),
        ("data/pairs.py", "degradation of {row.image}", "another stream of {row.image}", ALL),
        ("data/pairs.py", '("train", "validation")', '("validation", "train")', ALL),
        ("data/patches.py", "turn & 1", "turn & 2", ALL),
        ("training/losses.py", "EPSILON = 1e-3", "EPSILON = 1e-4", ALL),
        ("training/losses.py", "clamp(0, 1)", "clamp(0, 2)", ALL),
        ("training/optimizer.py", "EPSILON = 1e-8", "EPSILON = 1e-7", ALL),
        ("training/optimizer.py", "WARMING = 0.3", "WARMING = 0.4", ALL),
        ("training/loop.py", "step - 1", "step - 2", ALL),
        ("training/adversarial_loss.py", "(fake, 1.0)", "(fake, 0.9)", ["adversarial"]),
        ("training/srcnn.py", '["mse"], 1.0', '["mse"], 2.0', ["srcnn"]),
        ("training/warmup.py", "stage.initialisation", '"default"', ["warmup"]),
        ("models/generators.py", "Conv2d(64, 32", "Conv2d(64, 31", ALL),
        ("models/srresnet.py", "ClassVar[int] = 9", "ClassVar[int] = 7", ALL),
        ("models/discriminators.py", "nn.LeakyReLU, 0.2", "nn.LeakyReLU, 0.1", ["adversarial"]),
        # Downloads, progress, health, TensorBoard, plots, labels.
        ("downloads.py", None, None, []),
        ("data/named_sets.py", None, None, []),
        ("models/backbones.py", None, None, []),
        ("srgan_report/pipeline/display.py", None, None, []),
        ("training/observers.py", "wins outright", "is too strong", []),
        ("srgan_report/exhibits/training.py", None, None, []),
        ("srgan_report/exhibits/plotting.py", None, None, []),
        ("srgan_report/exhibits/formulas.py", "least squares", "squares", []),
        ("methods.py", None, None, []),
    ],
)
def test_a_changed_line_trains_again_what_it_decides(file, old, new, trained_again, library, components, generator):
    """Without ``old``, a line is added."""
    before = training_fingerprints(components, generator)
    path = module(library, file)
    edit(path, old, new) if old else path.write_text(path.read_text(encoding="utf-8") + "\nEXTRA = 1\n")
    after = training_fingerprints(components, generator)
    assert [stage for stage in ALL if before[stage] != after[stage]] == trained_again


@pytest.fixture(scope="module")
def components():
    """Of the stages that train, as they are in the project."""
    notebooks = {stage: ROOT / "notebooks" / f"{STAGES[stage].notebook}.ipynb" for stage in ALL}
    return {stage: provenance.stage_components(stage, tiny_params(), notebooks[stage], {}) for stage in ALL}


def training_fingerprints(components, generator):
    return {
        stage: provenance.training_fingerprint(stage, components[stage], [generator] if stage == "adversarial" else [])
        for stage in ALL
    }


@pytest.fixture
def generator(tmp_path):
    """The file of a small SRResNet."""
    config = {"architecture": "srresnet", "channels": 4, "blocks": 1}
    path = tmp_path / "generator.safetensors"
    save_model(path, build_generator(config), config)
    return path


def test_comments_docstrings_and_prose_change_nothing(library):
    before = fingerprints(library)
    losses = library / "srgan_lib/training/losses.py"
    losses.write_text('"""Another docstring."""\n# another comment\n' + losses.read_text().split('"""', 2)[2])
    notebook = library / "notebooks/03_warmup.ipynb"
    document = json.loads(notebook.read_text())
    document["cells"][0]["source"] = "Another sentence."
    code = next(c for c in document["cells"] if c["cell_type"] == "code" and "open_stage" in "".join(c["source"]))
    code["source"] = "".join(code["source"]) + "\n# another comment"
    notebook.write_text(json.dumps(document))
    assert changed(before, fingerprints(library)) == []


@pytest.mark.slow
def test_an_evaluation_parameter_retrains_nothing(library):
    before = fingerprints(library)
    assert changed(before, fingerprints(library, tiny_params(evaluation={"grids": 3}))) == ["evaluation"]


@pytest.mark.slow
def test_threads_and_the_torch_version_rerun_everything(library, monkeypatch):
    before = fingerprints(library)
    assert changed(before, fingerprints(library, tiny_params(shared={"threads": 2}))) == list(STAGES)
    monkeypatch.setattr(provenance, "version", lambda name: "9.9" if name == "torch" else "1.0")
    assert changed(before, fingerprints(library)) == list(STAGES)


@pytest.mark.slow
def test_where_results_go_decides_nothing(library):
    assert changed(fingerprints(library), fingerprints(library, tiny_params(shared={"run_dir": "elsewhere"}))) == []


def test_a_code_cell_reruns_its_stage_and_those_after_it(library):
    before = fingerprints(library)
    notebook = library / "notebooks/03_warmup.ipynb"
    document = json.loads(notebook.read_text())
    document["cells"][-1]["source"] = "".join(document["cells"][-1]["source"]) + "\nextra = 1"
    notebook.write_text(json.dumps(document))
    assert changed(before, fingerprints(library)) == ["warmup", "adversarial", "evaluation"]


def test_changes_are_named():
    notebook = ROOT / "notebooks/03_warmup.ipynb"
    before = provenance.stage_components("warmup", tiny_params(), notebook, {"data": "a"})
    after = provenance.stage_components("warmup", tiny_params(warmup={"steps": 300}), notebook, {"data": "b"})
    assert after.changes_since(vars(before)) == ["parameter steps changed (160 → 300)", "upstream stage data changed"]


@pytest.mark.slow
def test_how_often_a_training_saves_does_not_train_again(generator):
    notebook = ROOT / "notebooks/04_adversarial.ipynb"

    def training(**values):
        params = tiny_params(adversarial=values)
        components = provenance.stage_components("adversarial", params, notebook, {})
        return provenance.training_fingerprint("adversarial", components, [generator])

    assert training(checkpoint_every=7, keep_checkpoints=3, epochs=10) == training()
    assert training(steps=7) != training() and training(log_every=7) != training()


@pytest.mark.slow
@pytest.mark.parametrize("file", ["srgan_report/exhibits/published.csv", "srgan_report/exhibits/plotting.mplstyle"])
def test_data_beside_a_module_is_part_of_it(file, library):
    before = fingerprints(library)
    path = module(library, file)
    path.write_text(path.read_text() + "\n")
    os.utime(path, ns=(1, 1))
    assert "evaluation" in changed(before, fingerprints(library))


@pytest.mark.slow
def test_published_figures_and_other_methods_weights_rerun_the_evaluation_alone(library, tmp_path):
    weights = tmp_path / "theirs.safetensors"
    save_tensors(weights, {"a": torch.ones(1)}, {})
    judged = {"methods": {"theirs": str(weights)}, "lpips_nets": []}
    before = fingerprints(library, tiny_params(evaluation=judged))
    published = fingerprints(library, tiny_params(evaluation=judged, published={"title": "A report"}))
    assert changed(before, published) == ["evaluation"]
    save_tensors(weights, {"a": torch.zeros(1)}, {})
    assert changed(before, fingerprints(library, tiny_params(evaluation=judged))) == ["evaluation"]
    image = tmp_path / "theirs" / "builtin" / "a.png"
    write_atomic(image, b"first")
    folder = tiny_params(evaluation={"methods": {"theirs": str(tmp_path / "theirs")}, "lpips_nets": []})
    before = fingerprints(library, folder)
    image.write_bytes(b"second")
    os.utime(image, ns=(1, 1))
    assert changed(before, fingerprints(library, folder)) == ["evaluation"]


def test_own_code_is_part_of_its_stage_and_training(tmp_path, library, components):
    """The file's bytes count, and so do the library modules that it imports."""
    net = tmp_path / "net.py"
    net.write_text("from srgan_lib.models.generators import ESPCN\n\n\nclass Net(ESPCN):\n    pass\n")
    own = tiny_params(warmup={"generator": f"{net}:Net"})
    notebook = library / "notebooks/03_warmup.ipynb"

    def both():
        pieces = provenance.stage_components("warmup", own, notebook, {})
        return pieces.fingerprint, provenance.training_fingerprint("warmup", pieces, [])

    seen = [both()]
    net.write_text(net.read_text() + "# changed\n")
    seen.append(both())
    edit(library / "srgan_lib/models/generators.py", "nn.Tanh()", "nn.ReLU()")
    seen.append(both())
    stages, trainings = (set(one) for one in zip(*seen, strict=True))
    assert len(stages) == len(trainings) == 3


def test_own_code_is_looked_for_before_anything_runs(tmp_path):
    net = tmp_path / "net.py"
    for content, words in (
        (None, "cannot be read"),
        ("class Net(:", "line 1: not Python"),
        ("class Other:\n    pass\nraise SystemExit('this must not run')", "no class 'Net'; it defines Other"),
    ):
        if content is not None:
            net.write_text(content)
        with pytest.raises(ParameterError, match=words) as error:
            tiny_params(warmup={"generator": f"{net}:Net"})
        assert error.value.parameter == "warmup.generator"
        with pytest.raises(ParameterError, match=words) as error:
            tiny_params(adversarial={"extra_losses": {f"{net}:Net": 1.0}})
        assert error.value.parameter == "adversarial.extra_losses"
