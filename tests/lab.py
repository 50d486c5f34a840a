"""JupyterLab in a real browser, as a person uses it; run as a program, it photographs what can be clicked through.

PYTHONPATH=tests python tests/lab.py RUN docs/images
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
#: No question about news, and every cell in the page, not those in sight alone.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none", "recordTiming": False},
}


class Notebook:
    """A notebook that is open in JupyterLab.

    Parameters
    ----------
    page : playwright.sync_api.Page
    file : Path
        The notebook's file.
    """

    def __init__(self, page: Any, file: Path):
        self.page, self.file = page, file

    def cell(self, text: str) -> Any:
        """The code cell that holds a text."""
        return self.page.locator(".jp-CodeCell", has_text=text).first

    def menu(self, menu: str, entry: str) -> None:
        """Choose an entry of a menu of the menu bar."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=menu).first.click(timeout=5000)
        self.page.locator(".lm-Menu-itemLabel", has_text=entry).first.click(timeout=5000)

    def settle(self) -> None:
        """Agree to what JupyterLab asks (which kernel, where they are slow to be listed), until it asks no more."""
        question = self.page.locator("dialog .jp-mod-accept:visible")
        calm = 0
        while calm < 15:
            if question.count():
                calm = 0
                with contextlib.suppress(Exception):
                    question.first.click(timeout=2000)
            calm += 1
            self.page.wait_for_timeout(100)

    def save(self) -> nbformat.NotebookNode:
        """Save it, as a person does, and read what was saved."""
        before = self.file.stat().st_mtime_ns
        for tenth in range(200):
            if tenth % 50 == 0:
                self.page.keyboard.press("Control+s")
            time.sleep(0.1)
            with contextlib.suppress(nbformat.reader.NotJSONError):  # which is being written
                if self.file.stat().st_mtime_ns != before:
                    return nbformat.read(self.file, as_version=4)
        raise TimeoutError(f"{self.file.name} was not saved")

    def run_all(self, seconds: float = 300) -> nbformat.NotebookNode:
        """Run all cells; returns the notebook as saved when none waits to be run any more."""
        waiting = self.page.locator(".jp-CodeCell .jp-InputPrompt", has_text="*")
        for _ in range(10):  # a kernel that seems idle may not be connected yet
            self.settle()
            with contextlib.suppress(Exception):
                self.menu("Run", "Run All Cells")
                waiting.first.wait_for(timeout=5000)
                break
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(1)
            if not waiting.count():
                return self.save()
        raise TimeoutError(f"{self.file.name} still runs after {seconds} s")


class Lab:
    """A JupyterLab that ``bcd lab`` has started, and a browser in front of it."""

    def __init__(self, address: str, browser: Any, folder: Path):
        self.address, self.browser, self.folder = address, browser, folder

    @contextlib.contextmanager
    def notebook(self, name: str, width: int = 1300, height: int = 1000) -> Iterator[Notebook]:
        """Open the copy of a notebook, until the block ends; its kernel ends then too."""
        page = self.browser.new_page(viewport={"width": width, "height": height})
        place = f"exploration/notebooks/{name}.ipynb"
        page.goto(f"{self.address}/lab/tree/{place}?reset", timeout=120_000)
        page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=120_000)
        page.wait_for_selector(
            '.jp-NotebookPanel-toolbar [data-status="idle"]', state="attached", timeout=120_000
        )
        try:
            yield Notebook(page, self.folder / place)
        finally:
            page.close()
            for kernel in self.ask("api/kernels"):
                self.ask(f"api/kernels/{kernel['id']}", "DELETE")

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask the server."""
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.address}/{path}", method=method)
        ) as answer:
            return json.loads(answer.read() or b"null")


@contextlib.contextmanager
def opened(run: Path, python: str = sys.executable, **environment: str) -> Iterator[Lab]:
    """``bcd lab`` on a run, with a browser, until the block ends."""
    from playwright.sync_api import sync_playwright

    port = free_port()
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, values in SETTINGS.items():
            file = home / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        words = [
            "--no-browser",
            f"--port={port}",
            "--IdentityProvider.token=",
            "--ServerApp.disable_check_xsrf=True",
        ]
        server = subprocess.Popen(
            [python, "-m", "bcd_utils.cli", "lab", str(run), *words],
            env=os.environ
            | {"JUPYTERLAB_SETTINGS_DIR": str(home), "JUPYTER_RUNTIME_DIR": str(home)}
            | environment,
            stdout=subprocess.DEVNULL,
            stderr=open(home / "messages", "w"),  # noqa: SIM115
            start_new_session=True,
        )
        stack.callback(end, server)
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api").close()
                break
            if server.poll() is not None:
                raise RuntimeError((home / "messages").read_text())
            time.sleep(0.1)
        browsers = stack.enter_context(sync_playwright())
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        stack.callback(browser.close)
        yield Lab(address, browser, run)


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def end(server: subprocess.Popen) -> None:
    """Ctrl-C, twice, as in a terminal."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGINT)
        time.sleep(0.5)
        os.killpg(server.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)


#: Where there is something to click through: notebook, a text of its cell, and the file of its picture.
PARTS = {
    "images": ("01", "explore_images(run"),
    "predictions": ("04", "explore_predictions(run"),
    "threshold": ("04", "explore_threshold(run"),
    "heat_maps": ("05", "explore_predictions(run"),
    "pairs": ("06", "explore_pairs(run"),
    "split": ("07", "explore_splits(run"),
}


def film(run: Path, target: Path) -> None:
    """Photograph each part that can be clicked through, after a click or two."""
    target.mkdir(parents=True, exist_ok=True)
    names = {path.stem[:2]: path.stem for path in sorted((run / "notebooks").glob("*.ipynb"))}
    with opened(run) as lab:
        for number in sorted({number for number, _ in PARTS.values()} & names.keys()):
            with lab.notebook(names[number]) as notebook:
                notebook.run_all()
                for part, (of, text) in PARTS.items():
                    if of == number:
                        area = notebook.cell(text).locator(".jp-OutputArea").first
                        area.scroll_into_view_if_needed()
                        press(part, area)
                        notebook.page.wait_for_timeout(1500)
                        area.screenshot(path=target / f"explore_{part}.png")


def press(part: str, area: Any) -> None:
    """Change what is shown."""
    if part == "threshold":
        area.locator(".noUi-handle").first.focus()
        for _ in range(10):
            area.page.keyboard.press("ArrowLeft")
    elif part == "split":
        area.locator("select").first.select_option(index=1)
    else:
        if part == "heat_maps":
            area.locator("select").nth(1).select_option("malignant")
        for _ in range(3):
            area.locator("button", has=area.page.locator(".fa-chevron-right")).click()
            area.page.wait_for_timeout(300)


if __name__ == "__main__":
    film(Path(sys.argv[1]).absolute(), Path(sys.argv[2]))
