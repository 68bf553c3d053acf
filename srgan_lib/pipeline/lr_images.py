"""Copy the LR images of a run's test sets, for methods outside this project that are to be judged beside its own."""

from __future__ import annotations

from pathlib import Path

from srgan_lib.files import write_atomic
from srgan_lib.layout import LayoutError
from srgan_lib.pipeline.manifests import checked_stages

LR_IMAGES = "images/lr/"  #: where the evaluation has written them


def export_lr(run_dir: Path, target: Path) -> list[Path]:
    """Copy the LR test images of a finished run to ``<target>/<dataset>/<image>.png``.

    Raises
    ------
    OutputsChanged
        Naming the files of the run that are not as they were written.
    LayoutError
        For a target that has files already, and a run of an earlier version, which kept no LR images.
    """
    outputs = checked_stages(run_dir)["evaluation"]["outputs"]
    names = [name.removeprefix(LR_IMAGES) for name in outputs if name.startswith(LR_IMAGES)]
    if not names:
        raise LayoutError(
            f"{run_dir}: the evaluation kept no LR images; run it again (srgan run … --from evaluation)", path=run_dir
        )
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise LayoutError(f"{target}: is there already and not an empty folder; name another one", path=target)
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target / name, (run_dir / "evaluation" / LR_IMAGES / name).read_bytes())
    return [target / name for name in names]
