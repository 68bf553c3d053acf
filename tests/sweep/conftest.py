"""A throw-away project with a sweep in it: stages write files that a comparison can be made of, without torch."""

import shutil
import textwrap
from pathlib import Path

import pytest
import yaml

from srgan_lib.layout import COMPARISON
from tests.project import make_project

ROOT = Path(__file__).parents[2]

# What the stages leave: figures that follow from the parameters, so that a test can tell what a comparison must say.
TRAINING = """
rows = ["step,psnr_y,ssim_y,psnr_y_bicubic,ssim_y_bicubic"]
rows += [f"{step},{25 + step / 10},{0.7 + step / 100},24.5,0.7" for step in (0, 1, 2)]
(stage.directory / "validation.csv").write_text("\\n".join(rows) + "\\n")
open(stage.run.directory.parent / "computed.txt", "a").write(f"{stage.name} {stage.fingerprint[:8]}\\n")
"""
EVALUATION = """
import json, math
adversarial = json.loads((stage.run.directory / "adversarial" / "weight.json").read_text())
weight, seed = math.log10(adversarial["weight"]), stage.params.shared.seed
rows = ["dataset,image,method,psnr_y,ssim_y,lpips_alex,lpips_squeeze"]
for image, base in (("one", 0.0), ("two", 1.0)):
    rows.append(f"heldout,{image},bicubic,{26 + base},0.75,0.40,0.35")
    rows.append(f"heldout,{image},warmup,{26.5 + base},0.76,0.38,0.33")
    rows.append(f"heldout,{image},srgan,{25 - 0.5 * weight + base + 0.01 * seed},0.74,\
{0.3 - 0.02 * weight + 0.001 * (seed - 1) ** 2},{0.2 - 0.01 * weight}")
rows.append(f"validation,three,bicubic,{25.5 + 0.1 * (stage.params.shared.dataset != 'builtin')},0.73,0.41,0.36")
rows.append(f"validation,three,srgan,{24.8 - 0.5 * weight},0.73,0.31,{0.21 - 0.01 * weight}")
text = "\\n".join(rows) + "\\n"
for name in ("metrics.csv", "metrics.txt"):
    (stage.directory / name).write_text(text)
(stage.directory / "metrics_summary.csv").write_text(
    "dataset,method,metric,mean,difference\\nheldout,bicubic,psnr_y,26.5,0\\nheldout,srgan,psnr_y,25.5,-1\\n")
(stage.directory / "conclusion.txt").write_text("SRGAN is judged.\\n")
from PIL import Image
(stage.directory / "viewer").mkdir(exist_ok=True)
files = {method: f"00_{method}.png" for method in ("lr", "bicubic", "srgan", "hr")}
for method, name in files.items():
    side = 2 if method == "lr" else 8
    Image.new("RGB", (side, side), (90, 120, 60)).save(stage.directory / "viewer" / name)
index = [{"dataset": "heldout", "image": f"test_image_of_seed_{seed}", "methods": files}]
(stage.directory / "viewer" / "index.json").write_text(json.dumps(index))
open(stage.run.directory.parent / "computed.txt", "a").write(f"{stage.name} {stage.fingerprint[:8]}\\n")
"""
ADVERSARIAL = (
    TRAINING
    + """
import json
weight = stage.params.adversarial.adversarial_weight
(stage.directory / "weight.json").write_text(json.dumps({"weight": weight}))
(stage.directory / "generator.safetensors").write_text("weights")
if weight == 0.5 and not (stage.run.directory.parents[2] / "mended").exists():
    from srgan_lib.errors import SrganError
    raise SrganError("this weight is broken on purpose")
"""
)
BODIES = {"srcnn": TRAINING, "warmup": TRAINING, "adversarial": ADVERSARIAL, "evaluation": EVALUATION}
QUIET = {
    "shared": {"threads": 1, "dtype": "float32", "device": "cpu"},
    "warmup": {"content_weight": 0},
    "adversarial": {"content_weight": 0},
    "evaluation": {"lpips_nets": []},
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose stages compute nothing but figures; the working folder, without a network."""
    root = make_project(tmp_path / "project", {name: textwrap.dedent(body) for name, body in BODIES.items()})
    (root / "params" / "demo.yaml").write_text(yaml.safe_dump(QUIET))
    shutil.copy(ROOT / "notebooks" / f"{COMPARISON.notebook}.ipynb", root / "notebooks")
    monkeypatch.chdir(root)
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    return root


def write_sweep(root: Path, **content) -> Path:
    """A sweep file in the project."""
    path = root / "params" / "sweeps" / "study.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump({"base": "../demo.yaml", **content}, sort_keys=False))
    return path


def computed(root: Path) -> list[str]:
    """The stages that were computed, each with the beginning of its fingerprint."""
    path = root / "results" / "sweeps" / "study" / "computed.txt"
    return path.read_text().splitlines() if path.exists() else []
