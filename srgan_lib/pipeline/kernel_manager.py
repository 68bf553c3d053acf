"""The manager of a notebook's process, whose own output goes to a file instead of the terminal."""

from __future__ import annotations

from typing import Any

from jupyter_client.manager import AsyncKernelManager
from traitlets import Integer


class QuietKernelManager(AsyncKernelManager):
    """Keep off the terminal what a kernel's process itself writes to stderr.

    A cell's output and errors come as messages. What is left is why it cannot start, which the caller quotes, and
    ipykernel's traceback where its sockets close while it still answers the request to end.
    """

    stderr = Integer(help="descriptor of the file that takes it").tag(config=True)

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        await super()._async_launch_kernel(kernel_cmd, stderr=self.stderr, **options)
