"""Write the tensors of a pickled file as safetensors: ``python -P unpickle.py SOURCE TARGET``, in a process of its own.

PyTorch's restricted unpickler knows tensors and plain containers; of a pickle that asks for anything else nothing runs.
What is wrong with a file is printed and the exit code is 2. It imports nothing of this project.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from contextlib import suppress
from typing import Any, NoReturn

import torch

WRONG = 2  #: exit code where the file is no pickle of tensors
SECONDS = 180  #: that the process may take, most of them for loading PyTorch on a busy machine
MEMORY = 4 * 2**30  #: bytes that it may use, and as many again as eight files of the size read
WAY_ON = "in the program that made it save the weights alone: torch.save(model.state_dict(), 'weights.pth')"


def read(source: str) -> Any:
    """Read a pickled file; ends the process with a reason where it holds more than tensors."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles in a newer protocol, which are read or refused below
            return torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises errors of any kind
        asked = re.search(r"GLOBAL ([\w.]+)", str(error))
        if asked:
            refuse(f"it asks for {asked[1]}, which weights do not need and which was not run; {WAY_ON}")
        refuse(f"it is no file of weights that PyTorch's restricted unpickler reads, or it is damaged; {WAY_ON}")


def tensors_of(content: Any) -> dict[str, torch.Tensor]:
    """Find the network's tensors by name, within the containers and without the prefixes that trainers add."""
    from spandrel import canonicalize_state_dict

    state = canonicalize_state_dict(content) if isinstance(content, dict) else {}
    # Tensors that share memory in the pickle are written one by one.
    return {name: value.clone().contiguous() for name, value in state.items() if isinstance(value, torch.Tensor)}


def bound(size: int) -> None:
    """Let this process use no more than :data:`MEMORY` and what a file of ``size`` bytes needs, on Linux."""
    with suppress(ImportError):
        import resource

        most = MEMORY + 8 * size
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def refuse(reason: str) -> NoReturn:
    """End the process, saying why."""
    print(reason)
    sys.exit(WRONG)


if __name__ == "__main__":
    from safetensors.torch import save_file

    bound(os.path.getsize(sys.argv[1]))
    found = tensors_of(read(sys.argv[1]))
    if not found:
        refuse(f"it holds no network's weights; {WAY_ON}")
    save_file(found, sys.argv[2])
