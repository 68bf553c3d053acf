"""A panel for notebook 5: enlarge an image of one's own, named by its path or uploaded."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets

from srgan_lib.data.images import ImageError, read_image, write_image
from srgan_lib.data.pairs import Pair
from srgan_lib.evaluation.methods import Method
from srgan_lib.interactive.pictures import Picture, show, show_text
from srgan_lib.methods import method_styles

SIDE = 192  #: pixels of the image that are enlarged at most, so that every method answers within seconds


def enlarge_own(methods: Mapping[str, Method], folder: Path) -> ipywidgets.VBox:
    """Build the panel.

    Parameters
    ----------
    methods : what enlarges the image, by name.
    folder : receives the results as PNG files.
    """
    path = ipywidgets.Text(placeholder="path of an image", description="file", continuous_update=False)
    upload = ipywidgets.FileUpload(accept="image/*", multiple=False, description="or upload one")
    output = ipywidgets.HTML()
    show_text(
        output,
        f"The middle of the image, at most {SIDE}×{SIDE} pixels, is enlarged; `srgan upscale` does whole images.",
    )

    def enlarge(name: str, file: Path) -> None:
        try:
            lr = _middle(read_image(file))
        except ImageError as error:
            show_text(output, str(error).replace(str(file), name))
            return
        pictures = [Picture("as it is", lr, f"{lr.shape[1]}×{lr.shape[0]}")]
        for method, style in method_styles(methods).items():
            show_text(output, f"{style.label} …")
            result = methods[method](Pair(name, lr, lr))
            target = folder / f"{Path(name).stem}_{method}.png"
            write_image(target, result)
            pictures.append(Picture(style.label, result, str(target.name)))
        show(output, pictures)

    def from_path(_: object) -> None:
        if path.value:
            enlarge(path.value, Path(path.value).expanduser())

    def from_upload(_: object) -> None:
        if upload.value:
            name, content = uploaded(upload.value)
            with tempfile.NamedTemporaryFile(suffix=Path(name).suffix) as file:
                file.write(content)
                file.flush()
                enlarge(name, Path(file.name))

    path.observe(from_path, "value")
    upload.observe(from_upload, "value")
    return ipywidgets.VBox([ipywidgets.HBox([path, upload]), output])


def uploaded(value: Any) -> tuple[str, bytes]:
    """Name and content of the last file in a ``FileUpload``, whose value ipywidgets 7 (in Colab) and 8 shape differently."""
    if isinstance(value, dict):
        name, file = list(value.items())[-1]
        return name, bytes(file["content"])
    return value[-1]["name"], bytes(value[-1]["content"])


def _middle(image: Any) -> Any:
    top, left = (max(0, size - SIDE) // 2 for size in image.shape[:2])
    return image[top : top + SIDE, left : left + SIDE].copy()
