"""``bcd app`` on a run, and a browser in front of it that notes every request."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lab import end, free_port

WAIT = 300_000  # milliseconds, on a machine with much else to do


class App:
    """The page that is served, and a browser to visit it.

    Attributes
    ----------
    address : str
    folder : Path
        The run.
    asked : list of str
        Addresses of all requests so far.
    """

    def __init__(self, address: str, browser: Any, folder: Path):
        self.address, self.browser, self.folder = address, browser, folder
        self.asked: list[str] = []

    def visit(self, width: int = 1280) -> Any:
        """A new visitor's page, which is being loaded."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=False)
        page = context.new_page()
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(self.address, timeout=WAIT, wait_until="commit")
        return page

    def foreign(self) -> list[str]:
        """Requests that went elsewhere."""
        own = (self.address, self.address.replace("http", "ws"), "data:", "blob:")
        return [url for url in self.asked if not url.startswith(own)]


def shown(page: Any) -> None:
    """Wait for the first picture."""
    page.wait_for_selector("img.bcd-picture", timeout=WAIT)


def upload(page: Any, files: Sequence[Path]) -> None:
    """Choose files, as a person does."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="choose images").click()
    chooser.value.set_files([*map(str, files)])


def drop(page: Any, *files: tuple[str, bytes | int]) -> None:
    """Drop files on the page: names with contents, or with a number of zero bytes."""
    given = [
        [name, content if isinstance(content, int) else base64.b64encode(content).decode()]
        for name, content in files
    ]
    page.evaluate(DROP, given)


def ended(page: Any, address: str) -> None:
    """Close a page as a person closes a tab, and wait until its kernel is ended."""
    kernel, asker = page.evaluate(KERNEL), page.context.request
    page.close(run_before_unload=True)
    for _ in range(600):
        if asker.get(f"{address}api/kernels/{kernel}").status == 404:
            return
        time.sleep(0.1)
    raise TimeoutError("its kernel goes on")


@contextlib.contextmanager
def served(run: Path, browser: Any, python: str = sys.executable, **environment: str) -> Iterator[App]:
    """``bcd app`` on a run, in front of a browser, until the block ends."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        messages = stack.enter_context(open(run.parent / f"{run.name}.messages", "w"))
        server = subprocess.Popen(
            [python, "-m", "bcd_utils.cli", "app", str(run), "--port", str(port)],
            env=os.environ | environment,
            stdout=messages,
            stderr=messages,
            start_new_session=True,
        )
        stack.callback(end, server)
        address = f"http://127.0.0.1:{port}/"
        for _ in range(3000):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}voila/static/voila.js").close()
                break
            if server.poll() is not None:
                raise RuntimeError(Path(messages.name).read_text())
            time.sleep(0.1)
        yield App(address, browser, run)


KERNEL = 'JSON.parse(document.getElementById("jupyter-config-data").textContent).kernelId'
#: Files over the page's first heading, let go there.
DROP = """(given) => {
    const dataTransfer = new DataTransfer();
    for (const [name, content] of given) {
        const bytes = typeof content === "number" ? new Uint8Array(content)
            : Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        dataTransfer.items.add(new File([bytes], name));
    }
    for (const kind of ["dragenter", "dragover", "drop"]) {
        document.querySelector("h2").dispatchEvent(
            new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }
}"""
