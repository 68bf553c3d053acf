"""Several processes that train one network: each takes its slice of every batch, and all take the same step.

Gradients are averaged over the processes before the step, so that it is the step that one process takes with the whole
batch, but for the order in which floats are added. Two things see their process's slice only: batch normalisation, and
the mean logits of the relativistic loss. Nothing here does anything in a process that trains alone.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, distributed

from srgan_lib.errors import Interrupted, PackageMissing, SrganError
from srgan_lib.log import LIBRARY, Listener

logger = logging.getLogger(__name__)


class ProcessDied(SrganError):
    """One of the processes that train together ended without a word, most likely for lack of memory."""


def rank_and_world_size() -> tuple[int, int]:
    """Return this process's rank and the number of processes."""
    return (distributed.get_rank(), distributed.get_world_size()) if distributed.is_initialized() else (0, 1)


def is_main_process() -> bool:
    """Return True on rank 0, which writes files and logs."""
    return rank_and_world_size()[0] == 0


@contextmanager
def main_process_first() -> Iterator[None]:
    """Let the first process through what is inside before all others."""
    index, count = rank_and_world_size()
    if count > 1 and index > 0:
        distributed.barrier()
    yield
    if count > 1 and index == 0:
        distributed.barrier()


@torch.no_grad()
def all_reduce_mean(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor by its mean over the processes, in one exchange."""
    count = rank_and_world_size()[1]
    if count == 1 or not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    distributed.all_reduce(flat)
    flat.div_(count)
    for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(mean.view_as(tensor))


def launch(count: int, device: str, train: Callable[[Callable], None], on_step: Callable) -> None:
    """Run ``train`` in so many processes, on as many GPUs or sharing the CPU.

    The processes are forked from this one (by ``accelerate.notebook_launcher``, so that this works in a notebook, too)
    and share the memory of the decoded images. This process must not have used a GPU before. What the first of them
    warns of is logged here, and ``on_step`` is called here with what it passes to the function that ``train`` is given.

    Raises ``PackageMissing`` without accelerate, ``Interrupted`` after Ctrl-C (training goes on from the last
    checkpoint) and ``ProcessDied`` if one of them died; any other exception is what the first process raised.
    """
    try:
        from accelerate import PartialState, notebook_launcher
    except ImportError:
        raise PackageMissing(
            "processes: training in several processes needs accelerate, which is not installed; "
            "install it (pip install accelerate), or set shared.processes to 1"
        ) from None
    receiving, sending = multiprocessing.get_context("fork").Pipe(duplex=False)
    failures: list[Exception] = []
    hear: dict[str, Callable] = {"step": on_step, "warning": partial(logger.warning, "%s"), "failed": failures.append}

    def listen() -> None:
        while (message := receiving.recv()) is not None:
            kind, *content = message
            hear[kind](*content)

    def send(*message: Any) -> None:
        if is_main_process():
            sending.send(message)

    def work() -> None:
        PartialState(cpu=device == "cpu")
        # In place of the handlers that came along in the fork, and would show a notebook's reader nothing.
        LIBRARY.handlers, LIBRARY.propagate = [Listener(partial(send, "warning"))], False
        try:
            train(partial(send, "step"))
        except Exception as error:
            if not isinstance(error, SrganError):
                error.add_note(traceback.format_exc())  # a traceback itself does not travel between processes
            send("failed", error)
            raise
        finally:
            distributed.destroy_process_group()

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        notebook_launcher(work, num_processes=count, use_port=str(port))
    except Exception as error:
        if getattr(error, "sigval", None) == signal.SIGINT:
            raise Interrupted("training was stopped; run the same again to go on from the last checkpoint") from None
        failures.append(ProcessDied(f"one of {count} training processes died: {error}"))
    finally:
        sending.send(None)
        listener.join()
    if failures:
        raise failures[0]
