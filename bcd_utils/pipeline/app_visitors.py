"""How many look at the app at once, whose page is made first, and what ends when they leave."""

from __future__ import annotations

import os
from typing import Any

import psutil
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from voila.tornado.handler import TornadoVoilaHandler

POOL = 1  # kernels that have run the notebook before anyone asks
GIGABYTES = 2.0  # that a visitor's kernel holds, ResNet50 in it


def room(memory: float) -> int:
    """For how many visitors a machine has room, twelve at most.

    Parameters
    ----------
    memory : float
        GB in all.

    Examples
    --------
    >>> room(4), room(25), room(512)
    (1, 11, 12)
    """
    return int(min(12, max(1, memory / GIGABYTES - POOL)))


MOST_VISITORS = room(psutil.virtual_memory().total / 1e9)
AT_ONCE = max(
    1, (os.cpu_count() or 1) // 2
)  # pages in the making: each begins its kernel and the pool's next
IDLE_SECONDS = 30 * 60  # after which a kernel that does nothing is ended
GONE_SECONDS = 2 * 60  # after which it is where no page is open: one that crashed, or was left unfinished


class Page(TornadoVoilaHandler):  # type: ignore[misc]
    """The page, for as many visitors as the machine has room for; the others are told to wait, and ask again."""

    making = 0

    async def get(self, path: str | None = None) -> None:
        """Make a page.

        Raises
        ------
        HTTPError
            503, which ``error.html`` answers with a page that asks again by itself.
        """
        if len(self.kernel_manager) + Page.making >= MOST_VISITORS + POOL:
            raise HTTPError(503, f"There is room for {MOST_VISITORS} visitors at once, and so many are here.")
        if Page.making >= AT_ONCE:
            raise HTTPError(503, "The pages of other visitors are being made.")
        Page.making += 1
        _ = (
            self.xsrf_token
        )  # sets the cookie without which the server does not believe a page that it is left
        try:
            await super().get(path)
        finally:
            Page.making -= 1


class Kernels(AsyncMappingKernelManager):
    """Kernels that end soon after their visitors: a browser that is killed does not say that it leaves."""

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]
        """Start one that writes nothing of its own into the terminal; what fails in the notebook, Voila does."""
        quiet = {"extra_arguments": ["--IPKernelApp.log_level=CRITICAL"]}
        return str(await super().start_kernel(**quiet | options))

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that has done nothing for too long."""
        self.cull_idle_timeout = IDLE_SECONDS if self._kernel_connections.get(kernel_id) else GONE_SECONDS
        await super().cull_kernel_if_idle(kernel_id)  # type: ignore[no-untyped-call]
