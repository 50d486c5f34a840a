"""A run's cases as a page that Voila serves: one notebook, no other code, and nothing from elsewhere."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcd_utils.explorer.limits import MOST_FILES, MOST_MEGABYTES
from bcd_utils.pipeline.stages.case_explorer import STAGE
from bcd_utils.prediction.columns import NOT_CLINICAL
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import NOTEBOOKS, TEMPLATES, python_path

if TYPE_CHECKING:
    from traitlets.config import Config

TEMPLATE = "bcd_app"
#: A page may ask its own server alone, whatever stands in it.
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def is_local(host: str) -> bool:
    """Whether an address is of this machine alone.

    Examples
    --------
    >>> is_local("localhost"), is_local("127.0.0.2"), is_local("::1"), is_local("0.0.0.0"), is_local("my.server")
    (True, True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check(run: Run, host: str, port: int) -> None:
    """Stop where the page could not be made, before anything is started.

    Raises
    ------
    StudyError
        If Voila is missing, the run lacks what the page shows, or the port is taken.
    """
    for name in STAGE.reads:
        run.artifact(name)
    if find_spec("voila") is None:
        raise StudyError("The app needs Voila, which is not installed", "pip install 'voila>=0.5'")
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as error:
        problem = f"{host}, port {port}, cannot be used: {error.strerror or error}"
        raise StudyError(problem, f"name another, --port {port + 1} say") from None


def serve(run: Run, host: str, port: int) -> None:
    """Serve the page until Ctrl-C; the run stays as it is."""
    os.environ |= {
        "BCD_RUN_DIR": str(run.folder),
        "PYTHONPATH": python_path(),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PATH": os.pathsep.join(
            filter(None, [str(TEMPLATES / "app"), os.environ.get("JUPYTER_PATH")])
        ),
        "JUPYTER_WIDGETS_ECHO": "0",  # else an upload is sent back
    }
    from voila.app import Voila
    from voila.tornado.handler import TornadoVoilaHandler

    from bcd_utils.pipeline.app_visitors import Page

    class App(Voila):  # type: ignore[misc]
        """Voila with a page for a limited number of visitors."""

        def init_handlers(self) -> list[Any]:
            given = super().init_handlers()
            return [(each[0], Page, *each[2:]) if each[1] is TornadoVoilaHandler else each for each in given]

    app = App(config=settings(run, NOTEBOOKS / f"{STAGE.notebook}.ipynb", host, port))
    app.initialize([])
    app.start()


def settings(run: Run, notebook: Path, host: str, port: int) -> Config:
    """Voila's settings; nobody's own settings of Voila are read."""
    from traitlets.config import Config

    from bcd_utils.pipeline.app_visitors import IDLE_SECONDS, POOL, Kernels

    limits = {"files": MOST_FILES, "megabytes": MOST_MEGABYTES, "title": f"Cases of {run.study.title}"}
    kernels = {
        "cull_idle_timeout": IDLE_SECONDS,
        "cull_interval": 30,
        "cull_connected": True,
    }
    return Config(
        {
            "Voila": {
                "notebook_path": str(notebook),
                "root_dir": str(notebook.parent),
                "ip": host,
                "port": port,
                "port_retries": 0,
                "open_browser": False,
                "config_file_paths": [],
                "log_level": logging.ERROR,
                "tornado_settings": {
                    "allow_remote_access": not is_local(
                        host
                    ),  # else a page elsewhere could pose as this machine
                    "headers": {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"},
                    "ws_ping_interval": 30_000,
                    "ws_ping_timeout": 30_000,
                    "websocket_max_message_size": int((MOST_MEGABYTES + 1) * 1e6),
                },
            },
            "VoilaConfiguration": {
                "template": TEMPLATE,
                "file_allowlist": [],  # no file beside the notebook
                "allow_template_override": "NO",
                "allow_theme_override": "NO",
                "preheat_kernel": True,
                "default_pool_size": POOL,
                "multi_kernel_manager_class": Kernels,
                "extension_allowlist": [
                    "@jupyter-widgets/jupyterlab-manager",
                    "@voila-dashboards/widgets-manager8",
                ],
                "resources": {"bcd": {"notice": NOT_CLINICAL, "limits": limits}},
            },
            "VoilaExecutor": {
                "startup_timeout": 120,
                "cell_error_instruction": "The terminal in which bcd app runs says why.",
            },
            "ZMQChannelsWebsocketConnection": {"iopub_data_rate_limit": 1e8},
            "MappingKernelManager": kernels,
        }
    )
