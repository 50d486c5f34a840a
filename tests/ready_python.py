"""A Python whose libraries are imported: its processes are forked from one that has loaded TensorFlow and the like.

Whole chains start some eighty processes (commands, kernels, workers), and importing libraries is most of what a short
one does. Chains that test what comes out run on this Python; those that test how processes start, die or are stopped
run on the real one. ``bcd_utils`` itself is imported anew by each process. The libraries are imported once for all
processes of a test session, when the first of them asks.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import io
import json
import os
import runpy
import select
import shlex
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

LIBRARIES = (
    "IPython.core.completerlib", "IPython.core.oinspect", "IPython.extensions.storemagic", "IPython.lib.lexers",
    "annotated_types", "cv2", "filelock", "ipykernel.debugger", "ipykernel.kernelapp", "jinja2.ext",
    "joblib.externals.loky", "keras", "matplotlib.backends.backend_agg", "nbconvert", "pandas", "papermill",
    "pydantic.dataclasses", "rich.table", "scipy.signal", "scipy.stats", "seaborn", "skimage.measure",
    "sklearn.decomposition", "sklearn.linear_model", "sklearn.metrics", "sklearn.neighbors", "sklearn.svm",
    "sklearn.tree", "statsmodels.stats.proportion", "tensorflow", "typer",
)  # fmt: skip
LENGTH = struct.Struct("!I")


@contextlib.contextmanager
def ready_python(folder: Path) -> Iterator[str]:
    """Path of a program in ``folder`` that takes ``-m MODULE`` or ``-c CODE`` as Python does, until the block ends."""
    address, program = folder / "socket", folder / "python"
    words = [sys.executable, "-I", "-S", __file__, str(address), sys.executable]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    program.chmod(0o755)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(address))
    listener.listen(64)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    (folder / "compiled").mkdir()  # by XLA: the same small programs, in one process after the other
    environment["TF_XLA_FLAGS"] = f"--tf_xla_persistent_cache_directory={folder / 'compiled'}"
    with open(folder / "stderr", "w") as messages:
        server = subprocess.Popen(
            [sys.executable, __file__, str(listener.fileno()), str(program)],
            stdin=subprocess.PIPE,
            stderr=messages,
            env=environment | {"TF_CPP_MIN_LOG_LEVEL": "3", "OPENBLAS_NUM_THREADS": "1"},
            cwd=folder,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    listener.close()
    try:
        yield str(program)
    finally:
        server.communicate()  # the end of its input is the end of its service


def serve(listener: socket.socket, program: str) -> NoReturn:
    """Run each order in a process of its own that has the libraries, until the input ends."""
    libraries: list[str] = []
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if listener not in ready:
            os._exit(0)
        libraries = libraries or load_libraries()
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            fds, order = receive(client)
            child = os.fork()
            if child == 0:
                client.close()
                become(order, fds, program, libraries)
            note_of(program, order["asked_by"]).write_text(str(child))
            for number in fds:
                os.close(number)
            watch(child, client)
        client.close()


def note_of(program: str, asked_by: int) -> Path:
    """The file that holds the number of the process which a process that asked stands for."""
    return Path(program).with_name(f"{asked_by}.process")


def load_libraries() -> list[str]:
    """Import what chains import; returns where Python looks for it."""
    import gc
    import importlib

    sys.modules["rfc3987_syntax"] = None  # as bcd_utils does
    for name in LIBRARIES:
        importlib.import_module(name)
    from matplotlib.figure import Figure
    from PIL import Image
    from tensorflow.python.client import pywrap_tf_session

    pywrap_tf_session.TF_GetXlaConstantFoldingDisabled()  # has TF_XLA_FLAGS read, which the children have not
    Image.init()
    Figure().subplots().set_title("fonts").figure.savefig(io.BytesIO())
    gc.freeze()
    sys.dont_write_bytecode = False  # else each process compiles bcd_utils for itself
    return sys.path[1:]


def receive(client: socket.socket) -> tuple[list[int], dict]:
    """The open files of who asks, and its words, environment, folder and the files' numbers there."""
    header, fds, _, _ = socket.recv_fds(client, LENGTH.size, 250)
    content = client.makefile("rb", buffering=0).read
    text = b""
    while len(text) < LENGTH.unpack(header)[0]:
        text += content(LENGTH.unpack(header)[0] - len(text))
    return fds, json.loads(text)


def become(order: dict, fds: list[int], program: str, libraries: list[str]) -> NoReturn:
    """Be the process that was asked for."""
    import multiprocessing

    import numpy as np

    os.setsid()
    away = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 300) for number in fds]
    for number in fds:
        os.close(number)
    for number, wanted in zip(away, order["files"], strict=True):
        os.dup2(number, wanted)
        os.close(number)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    paths = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = [os.getcwd(), *paths, *libraries]
    kind, what, *more = order["words"]
    sys.argv = [what if kind == "-m" else kind, *more]
    sys.executable = program
    multiprocessing.set_executable(program)
    np.random.seed()
    code = run_module(what) if kind == "-m" else run(exec, what, {"__name__": "__main__"})
    # What Python does at its end, but for taking the libraries apart, which takes a second.
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def run_module(name: str) -> int:
    """Run a module as ``python -m`` does; returns the exit status."""
    return run(runpy.run_module, name, None, "__main__", True)


def run(program: Callable, *arguments: Any) -> int:
    """Call what a process is to do; returns the exit status."""
    try:
        program(*arguments)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 - as Python itself
        traceback.print_exc()
        return 1
    return 0


def watch(child: int, client: socket.socket) -> None:
    """Pass on signals, tell how the child ended, and end it if who asked is gone."""
    ended = os.pidfd_open(child)
    while True:
        ready, _, _ = select.select([ended, client], [], [])
        if ended in ready:
            with contextlib.suppress(OSError):
                client.sendall(LENGTH.pack(os.waitpid(child, 0)[1]))
            os._exit(0)
        for number in client.recv(64) or [signal.SIGKILL]:
            os.kill(child, number)


def ask(address: str, python: str, words: list[str]) -> None:
    """Have a module run by the server, and end as it ends; what is no module is run by Python itself."""
    while words and words[0] in ("-B", "-u"):
        words = words[1:]
    if words[:1] not in (["-m"], ["-c"]):
        os.execv(python, [python, *words])
    files = [int(name) for name in os.listdir("/proc/self/fd")]
    files = [number for number in files if os.path.exists(f"/proc/self/fd/{number}")]
    server = socket.socket(socket.AF_UNIX)
    server.connect(address)
    order = {
        "words": words,
        "asked_by": os.getpid(),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "files": files,
    }
    text = json.dumps(order).encode()
    socket.send_fds(server, [LENGTH.pack(len(text))], files)
    server.sendall(text)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: server.sendall(bytes([number])))
    code = os.waitstatus_to_exitcode(LENGTH.unpack(server.recv(LENGTH.size))[0])
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    if sys.argv[1].isdigit():
        serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
    else:
        ask(sys.argv[1], sys.argv[2], sys.argv[3:])
